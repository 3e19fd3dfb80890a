"""What an encoder is: films and texts in, unit vectors of one clinical space out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

GreyImage = NDArray[np.uint8]
"""A decoded film, shape (height, width), dtype uint8, 0 = black, bone bright."""

Vectors = NDArray[np.float32]
"""Unit vectors, shape (n, dimension), dtype float32."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Names an embedding space; two spaces are one only when all parts are equal.

    Attributes
    ----------
    name : str
        Encoder name, e.g. ``compact``.
    weights : str
        SHA-256 of whatever determines the vectors (weights, preprocessing, vocabulary).
    precision : str
        Arithmetic of the forward pass, e.g. ``fp32``.
    """

    name: str
    weights: str
    precision: str

    def __str__(self) -> str:
        return f"{self.name}:{self.weights[:12]}:{self.precision}"


@runtime_checkable
class Encoder(Protocol):
    """Encodes films and texts into one space.

    Vectors are L2-normalised, and do not depend on what else is in the batch.
    """

    @property
    def fingerprint(self) -> Fingerprint:
        """Identity of the space."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def encode_films(self, films: Sequence[GreyImage]) -> Vectors:
        """Encode decoded films of any sizes.

        Parameters
        ----------
        films : sequence of ndarray
            Each of shape (height, width), dtype uint8.

        Returns
        -------
        ndarray
            Shape (len(films), dimension), float32, unit norm.
        """
        ...

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode texts.

        Parameters
        ----------
        texts : sequence of str

        Returns
        -------
        ndarray
            Shape (len(texts), dimension), float32, unit norm.
        """
        ...


@runtime_checkable
class ExplainsFilms(Protocol):
    """An encoder that can show where in a film it sees a finding."""

    def heat_map(self, film: GreyImage, finding: str) -> NDArray[np.float32]:
        """Score every place of a film for a finding.

        Parameters
        ----------
        film : ndarray
            Shape (height, width), dtype uint8.
        finding : str
            Name of one of the 14 findings, as in `mmrag.clinical.findings`.

        Returns
        -------
        ndarray
            Shape (rows, columns), float32: a coarse grid over the whole film, to be resized to
            its height and width. In units of the finding's score: their mean is the score of
            the film.

        Raises
        ------
        QueryError
            When the finding is none of the 14.
        BadFilm
            When the array is not a grey 8-bit image.
        """
        ...
