"""Logistic regression that is drawn towards weights known beforehand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_STEPS = 50
_HALVINGS = 32
_CLOSE = 1e-6
_FLAT = 1e-6
"""Ridge of the intercept: only so much that the system can always be solved."""


def ridge_logistic(
    inputs: Floats, shown: NDArray[np.bool_], mean: Floats, penalty: Floats
) -> tuple[Floats, Floats]:
    """Fit several regressions side by side, by Newton's method.

    Minimises the negative log-likelihood plus half of ``penalty * (weights - mean) ** 2``.

    Parameters
    ----------
    inputs : ndarray
        Of each regression, shape (m, films, d).
    shown : ndarray
        Shape (m, films), bool.
    mean : ndarray
        Weights that are right where nothing is learnt, shape (m, d).
    penalty : ndarray
        How firmly, shape (m, d), above 0.

    Returns
    -------
    tuple of (ndarray, ndarray)
        Weights, shape (m, d), and intercepts, shape (m,).
    """
    ones = np.ones((*inputs.shape[:2], 1))
    design = np.concatenate([inputs, ones], axis=2)
    turned = design.transpose(0, 2, 1)
    towards = np.pad(mean, ((0, 0), (0, 1)))
    pull = np.pad(penalty, ((0, 0), (0, 1)), constant_values=_FLAT)
    weights = np.column_stack([mean, _start(inputs, shown, mean)])
    diagonal = np.eye(design.shape[2])
    for _ in range(_STEPS):
        said = logistic((design @ weights[:, :, None])[:, :, 0])
        slope = (turned @ (said - shown)[:, :, None])[:, :, 0] + pull * (weights - towards)
        curve = (turned * (said * (1 - said))[:, None, :]) @ design + pull[:, :, None] * diagonal
        step = np.linalg.solve(curve, slope[:, :, None])[:, :, 0]
        weights = weights - step
        if np.abs(step).max() < _CLOSE:
            break
    return weights[:, :-1], weights[:, -1]


def _start(inputs: Floats, shown: NDArray[np.bool_], mean: Floats) -> Floats:
    """Guess the intercepts, shape (m,): right where all inputs are at their mean."""
    films = shown.shape[1]
    share = (shown.sum(axis=1) + 0.5) / (films + 1)
    said = (inputs.mean(axis=1) * mean).sum(axis=1)
    return np.asarray(np.log(share) - np.log1p(-share) - said)


def intercept(log_odds: Floats, share: float) -> float:
    """Find what has to be added to log-odds for their mean probability to be `share`.

    Parameters
    ----------
    log_odds : ndarray
        Shape (films,).
    share : float
        Kept half a film away from 0 and 1.

    Returns
    -------
    float
    """
    edge = 0.5 / (len(log_odds) + 1)
    wanted = float(np.clip(share, edge, 1 - edge))
    base = np.log(wanted / (1 - wanted))
    low, high = base - log_odds.max(), base - log_odds.min()
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if logistic(log_odds + middle).mean() < wanted:
            low = middle
        else:
            high = middle
    return float((low + high) / 2)


def logistic(log_odds: Floats) -> Floats:
    """Turn log-odds into probabilities, same shape."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * log_odds)))
