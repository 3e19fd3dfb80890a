"""Out-of-fold vectors from a file: films judged by weights that never saw their patient.

The shipped weights of an encoder may have learnt from the very films that are judged. The file
holds, for such films, the vectors that other weights gave, trained alike without the film's
patient, in the coordinates of the shipped ones.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mmrag.encoders.base import Encoder
from mmrag.errors import SourceError, SpaceMismatch
from mmrag.fusion import normalize

Recorded = Mapping[str, NDArray[np.float32]]
"""Vectors by film name, each of shape (dimension,), float32, unit norm."""

NOTHING: Recorded = MappingProxyType({})


@runtime_checkable
class NamesItsFilmWeights(Protocol):
    """An encoder that can name the weights behind its films' vectors."""

    @property
    def film_weights(self) -> str:
        """SHA-256 of the file that turns films into vectors."""
        ...


@dataclass(frozen=True)
class _Recorded:
    weights: str
    films: tuple[str, ...]
    vectors: NDArray[np.float32]


def read_recorded(file: Path, encoder: Encoder) -> Recorded:
    """Read out-of-fold vectors that belong to an encoder.

    Parameters
    ----------
    file : pathlib.Path
        NumPy archive of ``weights``, the hash of the encoder's file; ``films``, shape (n,);
        and ``vectors``, shape (n, used), whose further coordinates are zero.
    encoder : Encoder

    Returns
    -------
    mapping of str to ndarray
        By film name: shape (dimension,), float32, unit norm.

    Raises
    ------
    SourceError
        When the file cannot be read.
    SpaceMismatch
        When the vectors belong to other weights than the encoder's.
    """
    recorded = _read(file)
    own = encoder.film_weights if isinstance(encoder, NamesItsFilmWeights) else None
    if own != recorded.weights:
        raise SpaceMismatch(
            f"{file}: vectors of the weights {recorded.weights[:12]}, the encoder's are "
            f"{'not named' if own is None else own[:12]}: make the file again with these weights"
        )
    used = recorded.vectors.shape[1]
    if used > encoder.dimension:
        raise SourceError(
            f"{file}: vectors of {used} coordinates, the encoder has {encoder.dimension}: make "
            "the file again"
        )
    whole = np.zeros((len(recorded.films), encoder.dimension), np.float32)
    whole[:, :used] = recorded.vectors
    return dict(zip(recorded.films, normalize(whole), strict=True))


def _read(file: Path) -> _Recorded:
    try:
        with np.load(file, allow_pickle=False) as archive:
            recorded = _Recorded(
                str(archive["weights"]),
                tuple(archive["films"].astype(str).tolist()),
                archive["vectors"].astype(np.float32),
            )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise SourceError(
            f"{file}: no file of out-of-fold vectors ({error}): give the one made with the weights"
        ) from error
    if recorded.vectors.ndim != 2 or len(recorded.vectors) != len(recorded.films):
        raise SourceError(
            f"{file}: {len(recorded.films)} films and vectors of shape "
            f"{recorded.vectors.shape}: make the file again"
        )
    return recorded
