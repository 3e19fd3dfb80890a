"""Everything that the measuring of one judge's films has in common."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmrag.evaluation.collection import Collection
from mmrag.evaluation.conditions import Labels
from mmrag.evaluation.estimate import Estimate, estimate, rankings
from mmrag.evaluation.judges import Judge
from mmrag.evaluation.learnt import Learnt
from mmrag.evaluation.measures import Weights
from mmrag.evaluation.methods import Evidence, Method
from mmrag.evaluation.questions import Question
from mmrag.fusion import Anchors, FusionWeights, Matrix

SEED = 20261130
"""The one seed of a run."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is drawn by lot.

    Attributes
    ----------
    resamplings : int
        Of the patients, for intervals.
    draws : int
        Of the films that keep their labels, averaged.
    orders : int
        Of equals, averaged.
    """

    resamplings: int = 1000
    draws: int = 4
    orders: int = 16


QUICK = Effort(resamplings=100, draws=2, orders=4)


@dataclass(frozen=True)
class Bench:
    """One judge's films, ready to be ranked and judged.

    Attributes
    ----------
    collection : Collection
    judge : Judge
    anchors : Anchors
    encode_texts : callable
    fusion : FusionWeights
    learnt : Learnt
    weights : ndarray
        Of the films under resampled patients; see `patient_weights`.
    effort : Effort
    """

    collection: Collection
    judge: Judge
    anchors: Anchors
    encode_texts: Callable[[Sequence[str]], Matrix]
    fusion: FusionWeights
    learnt: Learnt
    weights: Weights
    effort: Effort

    def evidence(self, told: Labels, pixels: Matrix | None = None) -> Evidence:
        """Give what methods may see under a condition, with other pixels where they are given.

        The films' own labels are taken off them, so that no method can look past `told`: the
        labels of the films and of their patients' other films, as of `Collection.told`.
        """
        return Evidence(
            films=tuple(replace(film, findings=None) for film in self.collection.films),
            labels=told[: len(self.collection)],
            histories=self.collection.histories(told),
            pixels=self.collection.pixels if pixels is None else pixels,
            anchors=self.anchors,
            encode_texts=self.encode_texts,
            weights=self.fusion,
            learnt=self.learnt,
        )

    def judged(self, method: Method, question: Question, seen: Sequence[Evidence]) -> Estimate:
        """Judge a method's answer, averaged over several draws of what it may see."""
        draws = [method(evidence, question) for evidence in seen]
        ranked = rankings(draws, self.effort.orders, lot("equals", question.text))
        return estimate(question, ranked, self.weights)


def lot(*names: str) -> np.random.Generator:
    """Make a generator for one purpose, so that no draw depends on another."""
    return np.random.default_rng([SEED, zlib.crc32("\n".join(names).encode())])
