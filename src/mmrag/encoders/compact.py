"""The compact encoder: ships in the package, needs no hub, no torch and no graphics card."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mmrag.encoders import compact_text
from mmrag.encoders.base import Fingerprint, GreyImage, Vectors
from mmrag.encoders.compact_heat import Maps, heat_maps
from mmrag.encoders.compact_space import DIMENSION, FINDINGS
from mmrag.encoders.preprocess import VERSION as PREPROCESS_VERSION
from mmrag.encoders.preprocess import to_tensor
from mmrag.errors import EncoderError, QueryError

if TYPE_CHECKING:
    import onnxruntime

SHIPPED = Path(__file__).with_name("data") / "compact.onnx"
_MEND = "install med-multimodal-rag again"


class CompactEncoder:
    """EfficientNet-Lite2 tuned on films for films, findings and hashed words for texts.

    Loading is put off until the first film: a question in words needs no image tower.

    Parameters
    ----------
    weights : pathlib.Path
        ONNX file, with its hash in ``<name>.sha256`` beside it.

    Raises
    ------
    EncoderError
        When the weights are missing, damaged or do not fit.
    """

    def __init__(self, weights: Path = SHIPPED) -> None:
        self._content = _read(weights)
        self._weights = weights
        digest = hashlib.sha256(self._content)
        self._film_weights = digest.hexdigest()
        digest.update(f"film {PREPROCESS_VERSION} text {compact_text.tables_hash()}".encode())
        self._fingerprint = Fingerprint("compact", digest.hexdigest(), "fp32")

    @property
    def fingerprint(self) -> Fingerprint:
        """Identity of the space."""
        return self._fingerprint

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return DIMENSION

    @property
    def film_weights(self) -> str:
        """SHA-256 of the file that turns films into vectors."""
        return self._film_weights

    def encode_films(self, films: Sequence[GreyImage]) -> Vectors:
        """Encode decoded films of any sizes.

        Each film goes through on its own, films side by side on the cores at hand: as fast
        as batches, and a vector can't depend on its neighbours.

        Parameters
        ----------
        films : sequence of ndarray
            Each of shape (height, width), dtype uint8.

        Returns
        -------
        ndarray
            Shape (len(films), DIMENSION), float32, unit norm.

        Raises
        ------
        BadFilm
            When an array is not a grey 8-bit image.
        """
        vectors = np.empty((len(films), DIMENSION), np.float32)
        session, side = self._session, self.side  # loaded before threads ask for them
        with ThreadPoolExecutor(_cores()) as pool:
            for row, vector in enumerate(
                pool.map(lambda f: _run(session, to_tensor(f, side)), films)
            ):
                vectors[row] = vector
        return vectors

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode texts; see `mmrag.encoders.compact_text.encode`.

        Parameters
        ----------
        texts : sequence of str

        Returns
        -------
        ndarray
            Shape (len(texts), DIMENSION), float32, unit norm.
        """
        return compact_text.encode(texts)

    def heat_map(self, film: GreyImage, finding: str) -> NDArray[np.float32]:
        """Score every place of a film for a finding; see `mmrag.encoders.base.ExplainsFilms`.

        The score of a film is the mean over its places of one linear score a place, and so is
        the mean of the map. What a place scores on films at large is taken off, and the film is
        looked at from both sides (`mmrag.encoders.compact_heat`). A place sees much of the film
        around it.

        Parameters
        ----------
        film : ndarray
            Shape (height, width), dtype uint8.
        finding : str
            One of `mmrag.encoders.compact_space.FINDINGS`.

        Returns
        -------
        ndarray
            Shape (rows, columns), float32, in standard deviations of the finding's score over
            films that training had not seen.

        Raises
        ------
        QueryError
            When the finding is none of the 14.
        BadFilm
            When the array is not a grey 8-bit image.
        """
        if finding not in FINDINGS:
            raise QueryError(
                f"no heat map of {finding!r}: name one of the findings {', '.join(FINDINGS)}"
            )
        maps = heat_maps(self._score_places, to_tensor(film, self.side), self._usual)
        heat: NDArray[np.float32] = maps[FINDINGS.index(finding)]
        return heat

    @cached_property
    def learnt_patients(self) -> frozenset[str]:
        """Patients whose films the weights have seen in training, as ``source:identifier``."""
        listed = self._session.get_modelmeta().custom_metadata_map.get("learnt patients")
        if listed is None:
            raise EncoderError(f"{self._weights}: does not say what it learnt from: {_MEND}")
        return frozenset(listed.split())

    @cached_property
    def side(self) -> int:
        """Side of the square that a film is squeezed to, in pixels: the file's own."""
        return int(self._session.get_inputs()[0].shape[-1])

    def _score_places(self, pixels: NDArray[np.uint8]) -> Maps:
        maps: Maps = self._session.run(["maps"], {"pixels": pixels})[0][0]
        return maps

    @cached_property
    def _usual(self) -> Maps:
        nothing = np.zeros((1, 1, self.side, self.side), np.uint8)
        usual: Maps = self._session.run(["usual"], {"pixels": nothing})[0]
        return usual

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        import onnxruntime  # its threads must not be there before a film is

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            return onnxruntime.InferenceSession(
                self._content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the runtime's own errors share no base class
            raise EncoderError(f"{self._weights}: cannot be loaded: {_MEND}") from error


def _run(session: onnxruntime.InferenceSession, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    vector: NDArray[np.float32] = session.run(["vectors"], {"pixels": pixels})[0][0]
    return vector


def _read(weights: Path) -> bytes:
    listed = weights.with_name(weights.name + ".sha256")
    try:
        content, expected = weights.read_bytes(), listed.read_text("ascii").split()[0]
    except (OSError, UnicodeDecodeError, IndexError) as error:
        raise EncoderError(f"{weights}: missing or without its hash: {_MEND}") from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise EncoderError(f"{weights}: damaged, its hash is not the one shipped: {_MEND}")
    return content


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
