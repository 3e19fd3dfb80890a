"""Figures of a ranking: through ir-measures, and the same under resampled patients.

The figures of the report come from ir-measures. Intervals need each of them a thousand times
over, with films that count several times or not at all; for that they are worked out here in
one sweep, and every run holds this sweep against ir-measures where each film counts once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ir_measures
import numpy as np
from numpy.typing import NDArray

from mmrag.errors import MmragError
from mmrag.evaluation.judges import Truth

MEASURES = ("AP", "P@10", "nDCG@10", "R@20", "AUC")
"""The first four as ir-measures names them; AUC and violation@10 are worked out here."""

VIOLATION = "violation@10"

_FIRST = 10
_FURTHER = 20
_AGREE = 1e-9

Order = NDArray[np.intp]
"""Films from first to last, shape (films,)."""

Weights = NDArray[np.float64]
"""How often each film counts, shape (films, replicates)."""

Figures = Mapping[str, NDArray[np.float64]]
"""By measure, shape (replicates,)."""


@dataclass(frozen=True)
class Ranking:
    """Films in an order, and how many of them were returned at all.

    Attributes
    ----------
    order : ndarray
        All films; those that were left out stand last.
    returned : int
    """

    order: Order
    returned: int


def from_ir_measures(ranking: Ranking, answer: Truth) -> dict[str, float]:
    """Let ir-measures judge one ranking.

    Parameters
    ----------
    ranking : Ranking
    answer : ndarray
        Shape (films,), bool, at least one true.

    Returns
    -------
    dict of str to float
        All of `MEASURES` but AUC, which ir-measures does not have.
    """
    # pytrec_eval answers nothing for an empty run, so a film that no judge knows stands for it
    found = ranking.order[: ranking.returned]
    run = {str(film): -float(place) for place, film in enumerate(found)} or {"none": 0.0}
    relevant = {str(film): 1 for film in np.flatnonzero(answer)}
    wanted = [ir_measures.parse_measure(name) for name in MEASURES if name != "AUC"]
    answered = ir_measures.iter_calc(wanted, {"q": relevant}, {"q": run})
    return {str(metric.measure): float(metric.value) for metric in answered}


def under_weights(
    ranking: Ranking, answer: Truth, weights: Weights, ruled_out: Truth | None = None
) -> Figures:
    """Work out every figure under several weightings of the films.

    A film that counts several times stands several times in the ranking. In average
    precision its copies do not vouch for each other, else resampling alone would raise it.

    Parameters
    ----------
    ranking : Ranking
    answer : ndarray
        Shape (films,), bool.
    weights : ndarray
        Shape (films, replicates), whole numbers of at least 0.
    ruled_out : ndarray, optional
        Shape (films,), bool; adds `VIOLATION`, the share of them among the first ten.

    Returns
    -------
    mapping of str to ndarray
        Shape (replicates,) each; not a number where no film answers, and in AUC where all do.
    """
    counts, right = weights[ranking.order], answer[ranking.order]
    returned = np.arange(len(right)) < ranking.returned
    after = np.cumsum(counts, axis=0)
    before = after - counts
    shown, found = np.flatnonzero(right), np.flatnonzero(right & returned)
    right_before = np.cumsum(counts[shown], axis=0) - counts[shown]
    total, every = counts[shown].sum(axis=0), after[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = (right_before[: len(found)] + 1) / (before[found] + 1)
        above = (counts[shown] * (before[shown] - right_before)).sum(axis=0)
        figures = {
            "AP": (counts[found] * precision).sum(axis=0) / total,
            "P@10": _among(_FIRST, found, before, after) / _FIRST,
            "nDCG@10": _gain(found, before, after) / _IDEAL[np.minimum(total, _FIRST).astype(int)],
            "R@20": _among(_FURTHER, found, before, after) / total,
            "AUC": 1 - above / (total * (every - total)),
        }
    if ruled_out is not None:
        wrong = np.flatnonzero(ruled_out[ranking.order] & returned)
        figures[VIOLATION] = _among(_FIRST, wrong, before, after) / _FIRST
    return {name: np.where(total > 0, values, np.nan) for name, values in figures.items()}


def check_agreement(ranking: Ranking, answer: Truth, figures: Figures) -> None:
    """Hold the sweep's figures, where each film counts once, against ir-measures.

    Raises
    ------
    MmragError
        When they differ: then one of the two is wrong, and no figure may be printed.
    """
    for name, value in from_ir_measures(ranking, answer).items():
        own = float(figures[name][0])
        if abs(own - value) > _AGREE:
            raise MmragError(
                f"{name} is {own:.6f} here and {value:.6f} by ir-measures: report this as a bug"
            )


_IDEAL = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, _FIRST + 2)))])
"""Best discounted gain of the first 0, 1 ... 10 films."""


def _among(first: int, rows: Order, before: Weights, after: Weights) -> Weights:
    """Count the first places that the films of these rows take."""
    near = rows[: _reach(first, rows, before)]
    taken: Weights = (np.minimum(after[near], first) - np.minimum(before[near], first)).sum(axis=0)
    return taken


def _gain(rows: Order, before: Weights, after: Weights) -> Weights:
    near = rows[: _reach(_FIRST, rows, before)]
    start, end = (np.minimum(each[near], _FIRST).astype(int) for each in (before, after))
    gain: Weights = (_IDEAL[end] - _IDEAL[start]).sum(axis=0)
    return gain


def _reach(first: int, rows: Order, before: Weights) -> int:
    """Find the row beyond which no weighting has anything left to put into the first places."""
    # places before a row never fall from row to row
    return int(np.searchsorted(before[rows].min(axis=1), first)) if len(rows) else 0
