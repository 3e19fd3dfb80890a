"""One linear head a finding: least squares on noisy labels, strongly shrunk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.data import patient_folds
from training.metrics import mean_over_findings

SHRINKAGES = (3e3, 1e4, 3e4, 1e5, 3e5)
FOLDS = 5


@dataclass(frozen=True)
class Heads:
    """Linear scores of pooled features, standardised on films that the fit did not see.

    Attributes
    ----------
    weights : ndarray
        Shape (features, findings), float64.
    offsets : ndarray
        Shape (findings,), float64.
    """

    weights: NDArray[np.float64]
    offsets: NDArray[np.float64]

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Score films, shape (n, features) to (n, findings)."""
        return features @ self.weights + self.offsets


def fit(features: NDArray[np.float32], labels: NDArray[np.bool_], shrinkage: float) -> Heads:
    """Fit the heads on films as taken and mirrored.

    Least squares stands in for logistic regression: on these labels the two rank films
    equally well, and this one has a closed form that gives the same weights everywhere.

    Parameters
    ----------
    features : ndarray
        Shape (2, n, features).
    labels : ndarray
        Shape (n, findings), bool.
    shrinkage : float
        Ridge penalty on standardised features.

    Returns
    -------
    Heads
    """
    rows = np.concatenate([features[0], features[1]]).astype(np.float64)
    centre, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    rows = (rows - centre) / spread
    targets = np.concatenate([labels, labels]).astype(np.float64)
    prior = targets.mean(axis=0)
    kernel = rows @ rows.T + shrinkage * np.eye(len(rows))
    weights = rows.T @ np.linalg.solve(kernel, targets - prior) / spread[:, np.newaxis]
    return Heads(weights, prior - centre @ weights)


def out_of_fold(
    features: NDArray[np.float32],
    labels: NDArray[np.bool_],
    patients: NDArray[np.str_],
    shrinkage: float,
    repeat: int = 0,
) -> NDArray[np.float64]:
    """Score every film with heads that saw none of its patient's films, shape (n, findings)."""
    scores = np.empty(labels.shape)
    folds = patient_folds(patients, FOLDS, repeat)
    for fold in range(FOLDS):
        held = folds == fold
        heads = fit(features[:, ~held], labels[~held], shrinkage)
        scores[held] = heads.scores(features[0, held])
    return scores


def choose_shrinkage(
    features: NDArray[np.float32], labels: NDArray[np.bool_], patients: NDArray[np.str_]
) -> float:
    """Choose the shrinkage with the best mean AUC on patients that the fit did not see."""
    return max(
        SHRINKAGES,
        key=lambda s: mean_over_findings(labels, out_of_fold(features, labels, patients, s)).auc,
    )


def standardise(heads: Heads, held_out: NDArray[np.float64]) -> Heads:
    """Rescale so that scores of unseen films have mean 0 and standard deviation 1.

    Parameters
    ----------
    heads : Heads
    held_out : ndarray
        Shape (n, findings), scores of films by heads that had not seen their patients.

    Returns
    -------
    Heads
    """
    centre, spread = held_out.mean(axis=0), held_out.std(axis=0)
    return Heads(heads.weights / spread, (heads.offsets - centre) / spread)
