"""Ranking figures that treat equal scores as equal, whatever order they come in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Truth = NDArray[np.bool_]
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Figures:
    """Average precision, area under the ROC curve and precision of the first 10 and 20."""

    ap: float
    auc: float
    p10: float
    p20: float


def average_precision(truth: Truth, scores: Scores) -> float:
    """Precision at each distinct score, weighted by the recall gained there."""
    found, looked_at = _steps(truth, scores)
    gained = np.diff(found, prepend=0)
    return float(np.sum(gained * found / looked_at) / truth.sum())


def area_under_roc(truth: Truth, scores: Scores) -> float:
    """Chance that a film with the finding outscores one without it; ties count half."""
    found, looked_at = _steps(truth, scores)
    missed = looked_at - found
    right = np.concatenate([[0], found])
    wrong = np.concatenate([[0], missed])
    return float(np.trapezoid(right, wrong) / (right[-1] * wrong[-1]))


def precision_at(truth: Truth, scores: Scores, depth: int) -> float:
    """Precision of the first `depth` films, expected over the order of equal scores."""
    found, looked_at = _steps(truth, scores)
    return float(np.interp(depth, np.append(0, looked_at), np.append(0, found)) / depth)


def figures(truth: Truth, scores: Scores) -> Figures:
    """All figures of one finding."""
    return Figures(
        average_precision(truth, scores),
        area_under_roc(truth, scores),
        precision_at(truth, scores, 10),
        precision_at(truth, scores, 20),
    )


def mean_over_findings(truth: Truth, scores: Scores) -> Figures:
    """Mean of each figure over the columns, shape (n, findings) both."""
    columns = [figures(truth[:, i], scores[:, i]) for i in range(truth.shape[1])]
    return Figures(
        *(
            float(np.mean([getattr(column, name) for column in columns]))
            for name in ("ap", "auc", "p10", "p20")
        )
    )


def _steps(truth: Truth, scores: Scores) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    order = np.argsort(-scores, kind="stable")
    last_of_ties = np.append(np.diff(scores[order]) != 0, True)
    found = np.cumsum(truth[order])[last_of_ties]
    return found, np.flatnonzero(last_of_ties) + 1
