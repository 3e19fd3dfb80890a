"""A folder of exported towers: what the fast path runs from, without torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_args

from mmrag.encoders.framing import Framing
from mmrag.encoders.openclip_folder import file_sha256
from mmrag.encoders.openclip_identity import Identity, Precision, Rest
from mmrag.errors import EncoderError

MANIFEST = "export.json"
LAYOUT = 1

FILM_TOWER = "film.onnx"
TEXT_TOWER = "text.onnx"
COMPILED = "compiled"
"""Subfolder in which OpenVINO keeps compiled towers; may be removed at any time."""

INT8 = "int8"
INT8_REPORT = "calibration.json"
INT8_FILM_TOWER = "film.xml"
INT8_TEXT_TOWER = "text.xml"

MEND = "run mmrag encoder export again"


@dataclass(frozen=True, slots=True)
class WeightsSeen:
    """The weight file at the time of the export, to notice another one cheaply.

    Attributes
    ----------
    path : str
    size : int
        Bytes.
    mtime_ns : int
    """

    path: str
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, weights: Path) -> WeightsSeen:
        """Look at a weight file."""
        stat = weights.stat()
        return cls(str(weights.resolve()), stat.st_size, stat.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Exported:
    """Exported towers of one model.

    Attributes
    ----------
    path : pathlib.Path
    identity : Identity
    tokenizer : str
        Name of the tokenizer file.
    pad : int
        Token id that fills up a batch.
    seen : WeightsSeen
    files : mapping of str to str
        SHA-256 of every file.
    measured : mapping of str to float
        Least cosine with torch of the films and of the texts that were compared.
    """

    path: Path
    identity: Identity
    tokenizer: str
    pad: int
    seen: WeightsSeen
    files: Mapping[str, str]
    measured: Mapping[str, float] = field(default_factory=dict)

    def write(self) -> None:
        """Write the manifest, last of all files."""
        content: dict[str, Any] = asdict(self) | {"layout": LAYOUT}
        del content["path"]
        (self.path / MANIFEST).write_text(json.dumps(content, indent=2), "utf-8")

    def damaged(self) -> list[str]:
        """Names of the files that are not what was exported; reads all of them."""
        return [
            name
            for name, digest in self.files.items()
            if not (self.path / name).is_file() or file_sha256(self.path / name) != digest
        ]


def is_exported(path: Path) -> bool:
    """Whether a folder holds exported towers."""
    return (path / MANIFEST).is_file()


def read_exported(path: Path) -> Exported:
    """Read the manifest of exported towers.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    Exported

    Raises
    ------
    EncoderError
        When nothing is exported there, or the manifest is damaged, of another version, or
        names files that are missing.
    """
    if not is_exported(path):
        raise EncoderError(f"{path}: no exported towers here: run mmrag encoder export")
    try:
        content = json.loads((path / MANIFEST).read_text("utf-8"))
        if content.pop("layout") != LAYOUT:
            raise EncoderError(f"{path}: exported by another version: {MEND}")
        identity = content.pop("identity")
        framing = identity.pop("framing")
        framing["mean"], framing["std"] = tuple(framing["mean"]), tuple(framing["std"])
        exported = Exported(
            path=path,
            identity=Identity(framing=Framing(**framing), **identity),
            seen=WeightsSeen(**content.pop("seen")),
            **content,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EncoderError(f"{path / MANIFEST}: damaged: {MEND}") from error
    missing = [name for name in exported.files if not (path / name).is_file()]
    if missing:
        raise EncoderError(f"{path}: {', '.join(missing)} missing: {MEND}")
    return exported


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What a calibration left beside exported towers.

    Attributes
    ----------
    sha256 : str
        Hash of the int8 towers and of what follows.
    text_tower : str
        Arithmetic of the text tower; the image tower is int8.
    rest : str
        Arithmetic of what is not int8 inside int8 towers: ``bf16`` or ``fp32``.
    """

    sha256: str
    text_tower: Precision
    rest: Rest


def read_calibrated(exported: Exported) -> Calibrated:
    """Read what a calibration left.

    Raises
    ------
    EncoderError
        When the model was never calibrated, or its report is damaged.
    """
    folder = exported.path / INT8
    mend = "run mmrag encoder calibrate with a folder of your own films, or use another precision"
    try:
        report = json.loads((folder / INT8_REPORT).read_text("utf-8"))
        calibrated = Calibrated(str(report["sha256"]), report["text_tower"], report["rest"])
    except OSError as error:
        raise EncoderError(f"{exported.path}: not calibrated for int8: {mend}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise EncoderError(f"{folder / INT8_REPORT}: damaged: {mend}") from error
    if calibrated.text_tower not in get_args(Precision) or calibrated.rest not in get_args(Rest):
        raise EncoderError(f"{folder / INT8_REPORT}: damaged: {mend}")
    return calibrated
