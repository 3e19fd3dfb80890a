"""Films whose truth is known, to learn the weights of evidence from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mmrag.records import NO_HISTORY, History


@dataclass(frozen=True)
class Reads:
    """Films as an encoder and their labels see them, and as experts read them.

    Attributes
    ----------
    scores : ndarray
        Cosine of each film's pixel vector with the anchors of `mmrag.evidence.NAMES`, shape
        (films, n), float64.
    labels : tuple of (tuple of str or None)
        Of each film; empty for "No Finding", None for an unlabelled one.
    histories : tuple of History
        Labels of the other films of each one's patient.
    shown : ndarray
        What experts saw, shape (films, n), bool.
    fold : ndarray
        Shape (films,), int: patients are dealt into folds, all films of one into the same.
    """

    scores: NDArray[np.float64]
    labels: tuple[Sequence[str] | None, ...]
    histories: tuple[History, ...]
    shown: NDArray[np.bool_]
    fold: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Films with labels, shape (films,)."""
        return np.array([names is not None for names in self.labels], np.bool_)

    @property
    def with_history(self) -> NDArray[np.bool_]:
        """Films whose patients have other films with labels, shape (films,)."""
        return np.array([history.films > 0 for history in self.histories], np.bool_)

    def without_history(self) -> Reads:
        """Take the histories off all films."""
        return replace(self, histories=(NO_HISTORY,) * len(self))

    def unlabelled(self) -> Reads:
        """Take the labels off all films."""
        return replace(self, labels=(None,) * len(self))

    def take(self, chosen: NDArray[np.bool_]) -> Reads:
        """Keep the films where `chosen`, shape (films,), is true."""
        rows = np.flatnonzero(chosen)
        return Reads(
            self.scores[rows],
            tuple(self.labels[row] for row in rows),
            tuple(self.histories[row] for row in rows),
            self.shown[rows],
            self.fold[rows],
        )
