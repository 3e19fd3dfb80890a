"""int8 towers from the user's own films, and whether they may be used."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmrag.clinical.analytes import analytes
from mmrag.clinical.prompts import anchor_prompts
from mmrag.encoders.base import GreyImage, Vectors
from mmrag.encoders.exported import (
    COMPILED,
    FILM_TOWER,
    INT8,
    INT8_FILM_TOWER,
    INT8_REPORT,
    INT8_TEXT_TOWER,
    TEXT_TOWER,
    Exported,
)
from mmrag.encoders.openclip_encoder import OpenClipEncoder
from mmrag.encoders.openclip_folder import file_sha256
from mmrag.encoders.openclip_identity import Precision
from mmrag.encoders.openvino_towers import OpenVinoTowers
from mmrag.encoders.wordpieces import Wordpieces
from mmrag.errors import InputError, MissingExtra

FEWEST_FILMS = 40
MOST_FILMS = 256
"""Half of the films calibrate, the other half are compared."""

LEAST_FILM_COSINE = 0.97
LEAST_TEXT_COSINE = 0.90
"""Least mean-removed cosine between int8 and fp32, on average."""

LEAST_OVERLAP = 0.90
"""Least share of the ten nearest films that int8 and fp32 agree on."""

NEAREST = 10


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far int8 agrees with fp32, on films and texts that did not calibrate it.

    Attributes
    ----------
    films : int
        Films that were compared.
    film_cosine, text_cosine : float
        Mean cosine after the fp32 vectors' mean is taken away from both: what all chest
        films have in common would hide every difference.
    film_overlap, text_overlap : float
        Share of the ten nearest films on which both agree, for films and for texts as
        questions.
    """

    films: int
    film_cosine: float
    text_cosine: float
    film_overlap: float
    text_overlap: float

    @property
    def shortcomings(self) -> list[str]:
        """What lies below its limit, in words; empty when int8 may be used."""
        measured = {
            "mean-removed cosine of films": (self.film_cosine, LEAST_FILM_COSINE),
            "mean-removed cosine of texts": (self.text_cosine, LEAST_TEXT_COSINE),
            "overlap of the ten nearest films for films": (self.film_overlap, LEAST_OVERLAP),
            "overlap of the ten nearest films for texts": (self.text_overlap, LEAST_OVERLAP),
        }
        return [
            f"{what} {value:.3f} (at least {least})"
            for what, (value, least) in measured.items()
            if not value >= least
        ]


def calibrate(exported: Exported, films: Iterable[GreyImage]) -> Agreement:
    """Make int8 towers, compare them with fp32, and keep them only when they agree.

    Parameters
    ----------
    exported : Exported
    films : iterable of ndarray
        The user's own films, each of shape (height, width), dtype uint8. At most
        `MOST_FILMS` are taken.

    Returns
    -------
    Agreement
        The towers were kept only when it has no shortcomings.

    Raises
    ------
    InputError
        When there are too few films.
    MissingExtra
        When NNCF or OpenVINO is not installed.
    """
    framed = _framed(exported, films)
    wordings = _wordings()
    target = exported.path / INT8
    draft = exported.path / f".{INT8}-{os.getpid()}"
    draft.mkdir()
    try:
        _quantise(exported, framed[0::2], wordings[0::2], draft)
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    agreement = compare(exported, framed[1::2], wordings[1::2])
    if agreement.shortcomings:
        shutil.rmtree(target)
    else:
        _write_report(target, agreement)
    return agreement


def compare(
    exported: Exported, framed: Sequence[NDArray[np.uint8]], texts: Sequence[str]
) -> Agreement:
    """Measure how far the int8 towers agree with fp32.

    Parameters
    ----------
    exported : Exported
        With int8 towers.
    framed : sequence of ndarray
        Films, each of shape (1, side, side), dtype uint8.
    texts : sequence of str

    Returns
    -------
    Agreement
    """
    films = [film[0] for film in framed]
    full, small = (_encoder(exported, precision) for precision in ("fp32", "int8"))
    film32, film8 = full.encode_films(films), small.encode_films(films)
    text32, text8 = full.encode_texts(texts), small.encode_texts(texts)
    return Agreement(
        films=len(films),
        film_cosine=mean_removed_cosine(film32, film8),
        text_cosine=mean_removed_cosine(text32, text8),
        film_overlap=overlap(film32 @ film32.T, film8 @ film8.T, apart=True),
        text_overlap=overlap(text32 @ film32.T, text8 @ film8.T),
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


def _nearest(scores: NDArray[np.float32], apart: bool) -> list[set[int]]:
    scores = scores.copy()
    if apart:
        np.fill_diagonal(scores, -np.inf)
    ranked = np.argsort(-scores, axis=1, kind="stable")[:, :NEAREST]
    return [set(row) for row in ranked.tolist()]


def _encoder(exported: Exported, precision: Precision) -> OpenClipEncoder:
    identity = exported.identity
    return OpenClipEncoder(
        identity,
        precision,
        OpenVinoTowers(exported.path, precision),
        lambda: Wordpieces(exported.path / exported.tokenizer, identity.context, exported.pad),
        exported.path / COMPILED / "no-prompts",
    )


def _framed(exported: Exported, films: Iterable[GreyImage]) -> list[NDArray[np.uint8]]:
    framed = []
    for film in films:
        framed.append(exported.identity.framing.apply(film))
        if len(framed) == MOST_FILMS:
            break
    if len(framed) < FEWEST_FILMS:
        raise InputError(
            f"{len(framed)} readable films are too few to calibrate with: give a folder of at "
            f"least {FEWEST_FILMS}"
        )
    return framed


def _wordings() -> list[str]:
    """Texts of the kind that is encoded: prompts, and panels of three results each."""
    prompts = {text for pair in anchor_prompts().values() for texts in pair for text in texts}
    phrases = [
        phrase
        for analyte in analytes().values()
        for phrase in (*analyte.high[:1], *analyte.low[:1], f"{analyte.name} normal")
    ]
    panels = {"; ".join(phrases[start::71][:3]) for start in range(0, len(phrases), 2)}
    return sorted(prompts | panels)


def _quantise(
    exported: Exported, films: Sequence[NDArray[np.uint8]], texts: Sequence[str], into: Path
) -> None:
    nncf, openvino = _import_nncf()
    identity = exported.identity
    rows = Wordpieces(exported.path / exported.tokenizer, identity.context).encode(texts)
    samples: dict[tuple[str, str], list[NDArray[Any]]] = {
        (FILM_TOWER, INT8_FILM_TOWER): [film[np.newaxis] for film in films],
        (TEXT_TOWER, INT8_TEXT_TOWER): [np.asarray([row], np.int64) for row in rows],
    }
    core = openvino.Core()
    for (full, small), inputs in samples.items():
        tower = nncf.quantize(
            core.read_model(str(exported.path / full)),
            nncf.Dataset(inputs),
            model_type=nncf.ModelType.TRANSFORMER,
            subset_size=len(inputs),
        )
        openvino.save_model(tower, str(into / small), compress_to_fp16=False)


def _import_nncf() -> tuple[Any, Any]:
    # NNCF reports its use to its makers unless it believes to run in a test machine
    os.environ.setdefault("NNCF_CI", "1")
    try:
        import nncf
        import openvino
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "nncf", "biomedclip-int8") from error
    logging.getLogger("nncf").setLevel(logging.ERROR)
    return nncf, openvino


def _write_report(folder: Path, agreement: Agreement) -> None:
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        digest.update(f"{file.name} {file_sha256(file)}\n".encode())
    content = {"sha256": digest.hexdigest(), "agreement": asdict(agreement)}
    (folder / INT8_REPORT).write_text(json.dumps(content, indent=2), "utf-8")
