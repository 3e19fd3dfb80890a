"""Whether a score can be believed: turned into a probability, and held against the truth.

Scores are no probabilities. Two numbers a finding turn them into such: the only thing that is
fitted here, always on other patients than those it is tried on, and used in no ranking.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmrag.evaluation.bench import Bench, lot
from mmrag.evaluation.conditions import covered
from mmrag.evaluation.estimate import LEVEL, Interval
from mmrag.evaluation.judges import Truth
from mmrag.evaluation.measures import Weights
from mmrag.evaluation.methods import METHODS, PRODUCT, Evidence, Scores
from mmrag.evaluation.patients import FOLDS, folds
from mmrag.evaluation.questions import Question, by_name, counted_findings
from mmrag.evaluation.results import Reliability, Tenth
from mmrag.evaluation.tables import coverage_name

Probabilities = NDArray[np.float64]

_TENTHS = 10
_STEPS = 50
_RIDGE = 1e-2


def reliability_of(bench: Bench) -> tuple[Reliability, ...]:
    """Try the product's scores without labels and with all of them.

    Parameters
    ----------
    bench : Bench

    Returns
    -------
    tuple of Reliability
        Empty where no finding has films enough.
    """
    counted = counted_findings(bench.judge)
    questions = [question for question in by_name(bench.judge) if question.subject in counted]
    if not questions:
        return ()
    return tuple(
        _tried(
            bench,
            questions,
            coverage_name(share),
            bench.evidence(covered(bench.collection.labels, share, lot("reliability"))),
        )
        for share in (0.0, 1.0)
    )


def calibrated(scores: Scores, answer: Truth, patients: Sequence[str]) -> Probabilities:
    """Turn scores into probabilities, each film's by what other folds' patients taught.

    Parameters
    ----------
    scores : ndarray
        Shape (films,), finite.
    answer : ndarray
        Shape (films,), bool.
    patients : sequence of str
        Of each film.

    Returns
    -------
    ndarray
        Shape (films,), between 0 and 1.
    """
    fold = folds(patients, lot("folds"))
    probabilities = np.empty(len(scores))
    for side in range(FOLDS):
        held_out = fold == side
        slope, base = _fit(scores[~held_out], answer[~held_out])
        probabilities[held_out] = _logistic(slope * scores[held_out] + base)
    return probabilities


def _tried(
    bench: Bench, questions: Sequence[Question], condition: str, evidence: Evidence
) -> Reliability:
    method = METHODS[PRODUCT]
    patients = bench.collection.patients
    said = np.stack([calibrated(method(evidence, q), q.answer, patients) for q in questions])
    shown = np.stack([question.answer for question in questions]).astype(np.float64)
    base = shown.mean(axis=1, keepdims=True)
    tenths = _tenths(said.ravel(), shown.ravel(), np.tile(bench.weights, (len(questions), 1)))
    return Reliability(
        condition=condition,
        tenths=tenths,
        error=float(np.mean([abs(each.predicted - each.seen.value) for each in tenths])),
        brier=float(np.mean((said - shown) ** 2)),
        brier_of_base_rate=float(np.mean((base - shown) ** 2)),
    )


def _tenths(said: Probabilities, shown: Probabilities, weights: Weights) -> tuple[Tenth, ...]:
    parts = np.array_split(np.argsort(said, kind="stable"), _TENTHS)
    return tuple(
        Tenth(predicted=float(said[part].mean()), seen=_share(shown[part], weights[part]))
        for part in parts
    )


def _share(shown: Probabilities, weights: Weights) -> Interval:
    with np.errstate(invalid="ignore"):
        shares = shown @ weights / weights.sum(axis=0)
    low, high = np.nanpercentile(shares[1:], LEVEL)
    return Interval(value=float(shares[0]), low=float(low), high=float(high))


def _fit(scores: Scores, answer: Truth) -> tuple[float, float]:
    """Logistic regression on one score, by Newton's method; the ridge keeps it finite."""
    middle, spread = scores.mean(), scores.std() or 1.0
    inputs = np.stack([(scores - middle) / spread, np.ones_like(scores)], axis=1)
    weights = np.zeros(2)
    for _ in range(_STEPS):
        said = _logistic(inputs @ weights)
        slope = inputs.T @ (said - answer) + _RIDGE * weights
        curve = (inputs * (said * (1 - said))[:, None]).T @ inputs + _RIDGE * np.eye(2)
        weights -= np.linalg.solve(curve, slope)
    return float(weights[0] / spread), float(weights[1] - weights[0] * middle / spread)


def _logistic(value: Probabilities) -> Probabilities:
    return np.asarray(1 / (1 + np.exp(-np.clip(value, -30, 30))))
