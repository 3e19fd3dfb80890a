"""How far int8 towers agree with fp32, and how far they have to before they may be used.

The limits follow from what a user may lose, not from what any model reached:

- A film's score is the product of its vector with a question's. Vectors whose mean-removed
  cosine with the exact ones is c give scores that correlate by about c with the exact ones,
  the rest being noise, and that noise shrinks the distance d' between films with and without a
  finding by the factor c. Where exact vectors separate them with an AUC of 0.80, c = 0.99
  leaves 0.798: less than a quarter of a hundredth, which no test set of a few hundred films
  can tell from nothing (AUC = Phi(d' / sqrt 2): Green and Swets, Signal Detection Theory and
  Psychophysics, 1966).
- Films and questions both carry noise, so that both are held to the same limit.
- The cosine is an average, and the near neighbours are what is shown. Of ten films that exact
  vectors would show, eight have to be there.

The mean is taken away first, because all chest films have most of their vector in common: it
would make every plain cosine look good.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmrag.encoders.base import Vectors

LEAST_COSINE = 0.99
"""Least mean-removed cosine with fp32, on average, of films and of texts."""

LEAST_OVERLAP = 0.80
"""Least share of the ten nearest films on which int8 and fp32 agree, on average."""

NEAREST = 10


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far int8 agrees with fp32, on films and texts that did not calibrate it.

    Attributes
    ----------
    films : int
        Films that were compared.
    film_cosine, text_cosine : float
        Mean cosine after the fp32 vectors' mean is taken away from both.
    film_overlap, text_overlap : float
        Share of the ten nearest films on which both agree, for films and for texts as
        questions.
    """

    films: int
    film_cosine: float
    text_cosine: float
    film_overlap: float
    text_overlap: float

    @classmethod
    def of(cls, films: tuple[Vectors, Vectors], texts: tuple[Vectors, Vectors]) -> Agreement:
        """Compare vectors.

        Parameters
        ----------
        films, texts : tuple of ndarray
            Those of fp32 and the others, each of shape (n, dimension), float32, unit norm.

        Returns
        -------
        Agreement
        """
        (film32, film8), (text32, text8) = films, texts
        return cls(
            films=len(film32),
            film_cosine=mean_removed_cosine(film32, film8),
            text_cosine=mean_removed_cosine(text32, text8),
            film_overlap=overlap(film32 @ film32.T, film8 @ film8.T, apart=True),
            text_overlap=overlap(text32 @ film32.T, text8 @ film8.T),
        )

    @property
    def film_shortcomings(self) -> list[str]:
        """What lies below its limit in the image tower, in words."""
        return _below(
            ("mean-removed cosine of films", self.film_cosine, LEAST_COSINE),
            ("overlap of the ten nearest films for films", self.film_overlap, LEAST_OVERLAP),
        )

    @property
    def text_shortcomings(self) -> list[str]:
        """What lies below its limit where texts ask, in words."""
        return _below(
            ("mean-removed cosine of texts", self.text_cosine, LEAST_COSINE),
            ("overlap of the ten nearest films for texts", self.text_overlap, LEAST_OVERLAP),
        )


def mean_removed_cosine(reference: Vectors, other: Vectors) -> float:
    """Mean cosine after taking the reference's mean away from both.

    Parameters
    ----------
    reference, other : ndarray
        Shape (n, dimension).

    Returns
    -------
    float
    """
    mean = reference.mean(axis=0, dtype=np.float64)
    a, b = reference - mean, other - mean
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(np.mean(np.sum(a * b, axis=1) / np.maximum(lengths, 1e-30)))


def overlap(
    reference: NDArray[np.float32], other: NDArray[np.float32], *, apart: bool = False
) -> float:
    """Share of the ten nearest on which two tables of scores agree.

    Parameters
    ----------
    reference, other : ndarray
        Scores of shape (questions, films).
    apart : bool
        Whether questions are the films themselves, which are then no answer to themselves.

    Returns
    -------
    float
    """
    first, second = (_nearest(scores, apart) for scores in (reference, other))
    shared = [len(a & b) / len(a) for a, b in zip(first, second, strict=True)]
    return float(np.mean(shared))


def _below(*measured: tuple[str, float, float]) -> list[str]:
    return [
        f"{what} {value:.3f} (at least {least})"
        for what, value, least in measured
        if not value >= least
    ]


def _nearest(scores: NDArray[np.float32], apart: bool) -> list[set[int]]:
    scores = scores.copy()
    if apart:
        np.fill_diagonal(scores, -np.inf)
    ranked = np.argsort(-scores, axis=1, kind="stable")[:, :NEAREST]
    return [set(row) for row in ranked.tolist()]
