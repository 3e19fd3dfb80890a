"""BiomedCLIP and other open_clip models as an encoder, whichever runtime is underneath."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np

from mmrag.encoders.base import Fingerprint, GreyImage, Vectors
from mmrag.encoders.openclip_identity import Identity, Precision
from mmrag.encoders.remembered_prompts import RememberedPrompts
from mmrag.encoders.text_batches import batches
from mmrag.encoders.towers import Features, Towers
from mmrag.encoders.wordpieces import Tokenizer

FILM_BATCH = 8
"""More films at once gain nothing on a CPU."""

FRAMERS = 2


class OpenClipEncoder:
    """An open_clip model.

    Parameters
    ----------
    identity : Identity
    precision : str
        Arithmetic of the towers.
    towers : Towers
    open_tokenizer : callable
        Opens the tokenizer when the first text comes.
    prompts_in : pathlib.Path
        Folder in which the prompts' vectors are kept.
    film_batch : int
        Films that go through the tower at once.
    calibration : str
        Hash of the calibrated towers, for int8.
    """

    def __init__(
        self,
        identity: Identity,
        precision: Precision,
        towers: Towers,
        open_tokenizer: Callable[[], Tokenizer],
        prompts_in: Path,
        *,
        film_batch: int = FILM_BATCH,
        calibration: str = "",
    ) -> None:
        self._identity = identity
        self._towers = towers
        self._open_tokenizer = open_tokenizer
        self._film_batch = film_batch
        self._fingerprint = identity.fingerprint(precision, calibration)
        self._prompts = RememberedPrompts(prompts_in, self._fingerprint, identity.dimension)

    @property
    def fingerprint(self) -> Fingerprint:
        """Identity of the space."""
        return self._fingerprint

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._identity.dimension

    def encode_films(self, films: Sequence[GreyImage]) -> Vectors:
        """Encode decoded films of any sizes.

        Threads frame the next films while a batch is in the tower.

        Parameters
        ----------
        films : sequence of ndarray
            Each of shape (height, width), dtype uint8.

        Returns
        -------
        ndarray
            Shape (len(films), dimension), float32, unit norm.

        Raises
        ------
        BadFilm
            When an array is not a grey 8-bit image.
        """
        vectors = np.empty((len(films), self.dimension), np.float32)
        with ThreadPoolExecutor(min(FRAMERS, os.cpu_count() or 1)) as pool:
            framed = pool.map(self._identity.framing.apply, films)
            for start in range(0, len(films), self._film_batch):
                rows = range(start, min(start + self._film_batch, len(films)))
                pixels = np.stack([next(framed) for _ in rows])
                vectors[rows.start : rows.stop] = unit(self._towers.films(pixels))
        return vectors

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode texts, each distinct one once; prompts of findings come from their file.

        Parameters
        ----------
        texts : sequence of str

        Returns
        -------
        ndarray
            Shape (len(texts), dimension), float32, unit norm.
        """
        distinct = list(dict.fromkeys(texts))
        prompts = [text for text in distinct if text in self._prompts]
        others = [text for text in distinct if text not in self._prompts]
        vectors = np.concatenate(
            [
                self._prompts.vectors(prompts, self._run) if prompts else self._run(()),
                self._run(others),
            ]
        )
        row_of = {text: row for row, text in enumerate(prompts + others)}
        return vectors[[row_of[text] for text in texts]]

    def _run(self, texts: Sequence[str]) -> Vectors:
        vectors = np.empty((len(texts), self.dimension), np.float32)
        if not texts:
            return vectors
        rows = self._tokenizer.encode(texts)
        for chosen, ids in batches(rows, self._identity.context, self._tokenizer.pad):
            vectors[chosen] = unit(self._towers.texts(ids))
        return vectors

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return self._open_tokenizer()


def unit(features: Features) -> Vectors:
    """Bring what a tower says to length 1; exact in float64 until the end."""
    exact = features.astype(np.float64)
    length = np.linalg.norm(exact, axis=1, keepdims=True)
    unit: Vectors = (exact / np.maximum(length, np.finfo(np.float64).tiny)).astype(np.float32)
    return unit
