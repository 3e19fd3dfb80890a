"""What a ranking method is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mmrag.evaluation.conditions import Labels
from mmrag.evaluation.learnt import Learnt, Weigher
from mmrag.evaluation.questions import Question
from mmrag.evidence import NAMES
from mmrag.fusion import Anchors, FusionWeights, Matrix, Vector, fuse
from mmrag.records import Film, History

Scores = NDArray[np.float64]
"""Shape (films,): higher comes first, equals in any order, minus infinity is left out."""


@dataclass(frozen=True)
class Evidence:
    """The films as a method may see them; what is true of them is not among it.

    Attributes
    ----------
    films : tuple of Film
        For their view, age and sex; their own labels must not be used.
    labels : Labels
        The labels that may be seen.
    histories : tuple of History
        What may be seen of the labels of each one's patient's other films.
    pixels : ndarray
        ``V_pixel``, shape (films, dimension), float32.
    anchors : Anchors
        The findings' text directions.
    encode_texts : callable
        The encoder's text side.
    weights : FusionWeights
    learnt : Learnt
        Parameters of evidence that learnt nothing from a film's own patient.
    """

    films: tuple[Film, ...]
    labels: Labels
    histories: tuple[History, ...]
    pixels: Matrix
    anchors: Anchors
    encode_texts: Callable[[Sequence[str]], Matrix]
    weights: FusionWeights
    learnt: Learnt

    @property
    def patients(self) -> tuple[str, ...]:
        """Each film's patient; a film without one stands for a patient of its own."""
        return tuple(film.patient or f"film {film.id}" for film in self.films)

    @cached_property
    def scores(self) -> Scores:
        """Cosine of each film's pixels with the anchors of `NAMES`, shape (films, n)."""
        anchors = np.stack([self.anchors.by_finding[name] for name in NAMES]).astype(np.float64)
        # one by one, as films are weighed when they are stored: equal to the last bit
        return np.stack([anchors @ pixel.astype(np.float64) for pixel in self.pixels])

    @cached_property
    def log_odds(self) -> Scores:
        """Evidence for each of `NAMES`, shape (films, n), as a search weighs it."""
        return self.weighed(self.learnt.full)

    def weighed(self, weigher: Weigher, neighbours: Scores | None = None) -> Scores:
        """Evidence by other parameters, or with that of other films, shape (films, n)."""
        known = self._known.get(id(weigher))
        if neighbours is None and known is not None:
            return known[1]
        seen = (self.patients, self.scores, self.labels, self.histories)
        weighed = weigher.log_odds(*seen, neighbours)
        if neighbours is None:
            self._known[id(weigher)] = (weigher, weighed)
        return weighed

    @cached_property
    def _known(self) -> dict[int, tuple[Weigher, Scores]]:
        """What each weigher said, since many questions ask it; each is kept, so that its id is."""
        return {}

    @cached_property
    def fused(self) -> Matrix:
        """``V_fused``, shape (films, dimension), float32, as ingest writes it."""
        vectors = [
            fuse(pixel, label, self.weights)
            for pixel, label in zip(self.pixels, self.label_vectors, strict=True)
        ]
        return np.stack(vectors)

    @cached_property
    def label_vectors(self) -> tuple[Vector | None, ...]:
        """``V_label`` of each film; None for an unlabelled one."""
        known = {names: self.anchors.label_vector(names) for names in set(self.labels)}
        return tuple(known[names] for names in self.labels)


Method = Callable[[Evidence, Question], Scores]
"""Orders the films for one question."""
