"""int8 towers from the user's own films, and whether they may be used.

The image tower is what takes the time, so that without it there is no int8. The text tower
takes the fastest arithmetic that stays within the limits, fp32 in the end.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmrag.clinical.analytes import analytes
from mmrag.clinical.prompts import anchor_prompts
from mmrag.encoders.agreement import Agreement
from mmrag.encoders.base import GreyImage, Vectors
from mmrag.encoders.exported import (
    FILM_TOWER,
    INT8,
    INT8_FILM_TOWER,
    INT8_REPORT,
    INT8_TEXT_TOWER,
    TEXT_TOWER,
    Exported,
)
from mmrag.encoders.openclip_encoder import FILM_BATCH, unit
from mmrag.encoders.openclip_folder import file_sha256
from mmrag.encoders.openclip_identity import Precision, Rest
from mmrag.encoders.openvino_towers import OpenVinoTowers, best_rest
from mmrag.encoders.text_batches import batches
from mmrag.encoders.towers import Towers
from mmrag.encoders.wordpieces import Wordpieces
from mmrag.errors import InputError, MissingExtra

FEWEST_FILMS = 100
"""Half of them are compared: among fewer, ten neighbours would agree by chance."""

MOST_FILMS = 256
"""Half of the films calibrate, the other half are compared."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What came out.

    Attributes
    ----------
    agreement : Agreement
        Of the towers as they would be used.
    text_tower : str
        Arithmetic of the text tower.
    rest : str
        Arithmetic of what is not int8 inside int8 towers.
    turned_down : list of str
        Why the text tower does not run in a faster arithmetic; empty when it is int8.
    """

    agreement: Agreement
    text_tower: Precision
    rest: Rest
    turned_down: list[str]

    @property
    def shortcomings(self) -> list[str]:
        """Why int8 is refused altogether, in words; empty when the towers were kept."""
        return self.agreement.film_shortcomings + self.agreement.text_shortcomings


@dataclass(frozen=True, slots=True)
class _Material:
    """Films, framed, and token ids of texts."""

    films: Sequence[NDArray[np.uint8]]
    texts: Sequence[Sequence[int]]

    def half(self, which: int) -> _Material:
        return _Material(self.films[which::2], self.texts[which::2])


def calibrate(exported: Exported, films: Iterable[GreyImage]) -> Calibration:
    """Make int8 towers, compare them with fp32, and keep them only when they agree.

    Parameters
    ----------
    exported : Exported
    films : iterable of ndarray
        The user's own films, each of shape (height, width), dtype uint8. At most
        `MOST_FILMS` are taken.

    Returns
    -------
    Calibration
        Towers were kept only when it has no shortcomings.

    Raises
    ------
    InputError
        When there are too few films.
    MissingExtra
        When NNCF or OpenVINO is not installed.
    """
    material = _Material(_framed(exported, films), _token_ids(exported))
    target = exported.path / INT8
    draft = exported.path / f".{INT8}-{os.getpid()}"
    draft.mkdir()
    try:
        _quantise(exported, material.half(0), draft)
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    calibration = _judge(exported, material.half(1))
    if calibration.shortcomings:
        shutil.rmtree(target)
    else:
        _write_report(target, calibration)
    return calibration


def _judge(exported: Exported, material: _Material) -> Calibration:
    """Compare, and find the text tower's arithmetic; an int8 tower that is not it goes."""
    rest = best_rest()
    exact = OpenVinoTowers(exported.path, "fp32")
    films = _films(exact, material), _films(OpenVinoTowers(exported.path, "int8", rest), material)
    texts = _texts(exported, exact, material)
    turned_down: list[str] = []
    candidates: dict[Precision, None] = dict.fromkeys(("int8", rest, "fp32"))
    for precision in candidates:
        towers = OpenVinoTowers(exported.path, precision, rest)
        agreement = Agreement.of(films, (texts, _texts(exported, towers, material)))
        if agreement.film_shortcomings or not agreement.text_shortcomings:
            break
        turned_down += [f"{precision}: {line}" for line in agreement.text_shortcomings]
    if precision != "int8":
        for file in (exported.path / INT8).glob(f"{Path(INT8_TEXT_TOWER).stem}.*"):
            file.unlink()
    return Calibration(agreement, precision, rest, turned_down)


def _films(towers: Towers, material: _Material) -> Vectors:
    films = material.films
    return np.concatenate(
        [
            unit(towers.films(np.stack(films[start : start + FILM_BATCH])))
            for start in range(0, len(films), FILM_BATCH)
        ]
    )


def _texts(exported: Exported, towers: Towers, material: _Material) -> Vectors:
    identity = exported.identity
    vectors = np.empty((len(material.texts), identity.dimension), np.float32)
    for rows, ids in batches(material.texts, identity.context, exported.pad):
        vectors[rows] = unit(towers.texts(ids))
    return vectors


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


def _token_ids(exported: Exported) -> Sequence[Sequence[int]]:
    tokenizer = exported.path / exported.tokenizer
    return Wordpieces(tokenizer, exported.identity.context).encode(_wordings())


def _quantise(exported: Exported, material: _Material, into: Path) -> None:
    nncf, openvino = _import_nncf()
    samples: dict[tuple[str, str], list[NDArray[Any]]] = {
        (FILM_TOWER, INT8_FILM_TOWER): [film[np.newaxis] for film in material.films],
        (TEXT_TOWER, INT8_TEXT_TOWER): [np.asarray([row], np.int64) for row in material.texts],
    }
    core = openvino.Core()
    for (full, small), inputs in samples.items():
        with redirect_stdout(sys.stderr):  # for its progress; standard output is the answer's
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


def _write_report(folder: Path, calibration: Calibration) -> None:
    arithmetic = f"texts {calibration.text_tower}, rest {calibration.rest}\n"
    digest = hashlib.sha256(arithmetic.encode())
    for file in sorted(folder.iterdir()):
        digest.update(f"{file.name} {file_sha256(file)}\n".encode())
    content = {"sha256": digest.hexdigest(), **asdict(calibration)}
    (folder / INT8_REPORT).write_text(json.dumps(content, indent=2), "utf-8")
