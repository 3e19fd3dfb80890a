"""Figures with intervals: resampled patients, averaged over orders that are equally right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from mmrag.evaluation.measures import (
    Ranking,
    Weights,
    check_agreement,
    under_weights,
)
from mmrag.evaluation.methods.base import Scores
from mmrag.evaluation.questions import Question

LEVEL = (2.5, 97.5)
"""Percentiles of a 95% interval."""


class Interval(BaseModel):
    """A figure and its 95% interval.

    Attributes
    ----------
    value : float
        On the films as they are.
    low, high : float
        Percentiles over resampled patients.
    """

    model_config = ConfigDict(frozen=True)

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether a difference is beyond what the choice of patients explains."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Estimate:
    """Figures of one method: on the films as they are, and under each resampling.

    Attributes
    ----------
    replicates : mapping of str to ndarray
        By measure, shape (1 + resamplings,); the first counts every film once.
    """

    replicates: Mapping[str, NDArray[np.float64]]

    def interval(self, measure: str) -> Interval:
        """Value and 95% interval of one measure."""
        return _interval(self.replicates[measure])

    def less(self, other: Estimate, measure: str) -> Interval:
        """Paired difference: both under the same resampled patients."""
        return _interval(self.replicates[measure] - other.replicates[measure])


def patient_weights(patients: Sequence[str], resamplings: int, rng: np.random.Generator) -> Weights:
    """Draw patients with replacement; all films of a patient come and go together.

    Parameters
    ----------
    patients : sequence of str
        Of each film.
    resamplings : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray
        Shape (films, 1 + resamplings): how often each film counts, once each in the first column.
    """
    unique, place = np.unique(np.asarray(patients), return_inverse=True)
    drawn = rng.multinomial(len(unique), np.full(len(unique), 1 / len(unique)), resamplings)
    return np.column_stack([np.ones(len(patients)), drawn.T[place]])


def rankings(draws: Sequence[Scores], orders: int, rng: np.random.Generator) -> list[Ranking]:
    """Turn scores into orders; equals are put in several orders drawn by lot.

    Parameters
    ----------
    draws : sequence of ndarray
        Scores of one method for one question, once for each draw of the labels.
    orders : int
        Orders in all where there are equals; one a draw where there are none.
    rng : numpy.random.Generator

    Returns
    -------
    list of Ranking
    """
    repeats = max(1, orders // len(draws))
    return [
        _ranking(scores, rng)
        for scores in draws
        for _ in range(repeats if _has_equals(scores) else 1)
    ]


def estimate(question: Question, ranked: Sequence[Ranking], weights: Weights) -> Estimate:
    """Judge one question, averaged over equally right orders.

    Parameters
    ----------
    question : Question
    ranked : sequence of Ranking
    weights : ndarray
        As `patient_weights` gives them.

    Returns
    -------
    Estimate

    Raises
    ------
    MmragError
        When ir-measures answers otherwise.
    """
    total: dict[str, NDArray[np.float64]] = {}
    for ranking in ranked:
        figures = under_weights(ranking, question.answer, weights, question.ruled_out)
        check_agreement(ranking, question.answer, figures)
        for name, values in figures.items():
            total[name] = total.get(name, 0.0) + values / len(ranked)
    return Estimate(total)


def mean(estimates: Iterable[Estimate]) -> Estimate:
    """Average of several; a resampling that left a question without answer skips it there."""
    several = list(estimates)
    means = {}
    for name in several[0].replicates:
        stacked = np.stack([each.replicates[name] for each in several])
        answered = np.count_nonzero(~np.isnan(stacked), axis=0)
        with np.errstate(invalid="ignore"):
            means[name] = np.nansum(stacked, axis=0) / answered
    return Estimate(means)


def _ranking(scores: Scores, rng: np.random.Generator) -> Ranking:
    lot = rng.permutation(len(scores))
    order = lot[np.argsort(-scores[lot], kind="stable")]
    return Ranking(order, int(np.isfinite(scores).sum()))


def _has_equals(scores: Scores) -> bool:
    return len(np.unique(scores)) < len(scores)


def _interval(replicates: NDArray[np.float64]) -> Interval:
    low, high = np.nanpercentile(replicates[1:], LEVEL)
    return Interval(value=float(replicates[0]), low=float(low), high=float(high))
