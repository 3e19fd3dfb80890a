"""Vectors of the findings' prompts, encoded once for each space and kept in a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import numpy as np

from mmrag.clinical.prompts import anchor_prompts
from mmrag.encoders.base import Fingerprint, Vectors

Encode = Callable[[Sequence[str]], Vectors]


class RememberedPrompts:
    """The prompt set of a space.

    The fingerprint covers model, precision and prompts, so that a file of its name is right
    or damaged, never out of date; a damaged one is made again.

    Parameters
    ----------
    folder : pathlib.Path
        Where the files are; made when it is missing. A folder that cannot be written to
        costs the time to encode, and nothing else.
    fingerprint : Fingerprint
    dimension : int
        Length of a vector.
    """

    def __init__(self, folder: Path, fingerprint: Fingerprint, dimension: int) -> None:
        name = f"{fingerprint.name}-{fingerprint.weights[:24]}-{fingerprint.precision}.npy"
        self._file = folder / name
        self._dimension = dimension

    def __contains__(self, text: str) -> bool:
        """Whether a text is one of the prompts."""
        return text in self._rows

    def vectors(self, texts: Sequence[str], encode: Encode) -> Vectors:
        """Vectors of prompts.

        Parameters
        ----------
        texts : sequence of str
            Each one of the prompts.
        encode : callable
            Encodes the whole set where no file holds it.

        Returns
        -------
        ndarray
            Shape (len(texts), dimension), float32, unit norm.
        """
        known = self._read()
        if known is None:
            known = encode(list(self._rows))
            self._write(known)
        return known[[self._rows[text] for text in texts]]

    @cached_property
    def _rows(self) -> dict[str, int]:
        prompts = [text for pair in anchor_prompts().values() for texts in pair for text in texts]
        return {text: row for row, text in enumerate(dict.fromkeys(prompts))}

    def _read(self) -> Vectors | None:
        try:
            vectors = np.load(self._file, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        wanted = (len(self._rows), self._dimension)
        fits = vectors.shape == wanted and vectors.dtype == np.float32
        return vectors if fits and np.isfinite(vectors).all() else None

    def _write(self, vectors: Vectors) -> None:
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            draft = self._file.with_suffix(f".{os.getpid()}.part")
            with draft.open("wb") as stream:
                np.save(stream, vectors)
            draft.replace(self._file)
