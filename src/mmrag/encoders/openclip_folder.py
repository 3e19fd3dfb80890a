"""A model folder in the hub's layout: what is in it, and what is missing."""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from mmrag.encoders import wordpieces
from mmrag.encoders.framing import Framing
from mmrag.errors import EncoderError

CONFIG = "open_clip_config.json"
WEIGHTS = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pth",
    "model.safetensors",
    "pytorch_model.bin",
)
"""Weight files that open_clip takes from a folder, in its own order of preference."""

_SMALLEST_WEIGHTS = 4096
_LONGEST_HEADER = 100_000_000
"""Bytes; safetensors refuses longer ones."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder from which open_clip can load a model.

    Attributes
    ----------
    path : pathlib.Path
    weights : pathlib.Path
        The weight file that is loaded.
    tokenizer : pathlib.Path or None
        ``tokenizer.json`` or ``vocab.txt``; None for a text tower with open_clip's own
        tokenizer.
    model_cfg : mapping
        Architecture, as in ``open_clip_config.json``.
    framing : Framing
    """

    path: Path
    weights: Path
    tokenizer: Path | None
    model_cfg: Mapping[str, Any]
    framing: Framing

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self.model_cfg["embed_dim"])

    @property
    def context(self) -> int:
        """Longest text, in tokens."""
        return int(self.text_cfg.get("context_length", 77))

    @property
    def text_cfg(self) -> Mapping[str, Any]:
        """Architecture of the text tower."""
        text_cfg: Mapping[str, Any] = self.model_cfg["text_cfg"]
        return text_cfg


def read_folder(path: Path, mend: str, tokenizer_in: Path | None = None) -> ModelFolder:
    """Look through a model folder.

    Parameters
    ----------
    path : pathlib.Path
    mend : str
        What to do about a missing file, for the error.
    tokenizer_in : pathlib.Path, optional
        Folder of the tokenizer files, where they are not beside the weights.

    Returns
    -------
    ModelFolder

    Raises
    ------
    EncoderError
        When files are missing, damaged, or of a kind that cannot be used.
    """
    if not path.is_dir():
        raise EncoderError(f"{path}: there is no such folder: {mend}")
    config = _read_config(path / CONFIG, mend)
    model_cfg = config["model_cfg"]
    weights = next((path / name for name in WEIGHTS if (path / name).is_file()), None)
    own_tokenizer = "hf_tokenizer_name" not in model_cfg["text_cfg"]
    places = [path] if tokenizer_in is None else [path, tokenizer_in]
    found = [place / name for place in places for name in wordpieces.FILES]
    tokenizer = next((file for file in found if file.is_file()), None)
    missing = [] if weights else [f"weights ({WEIGHTS[0]} or {WEIGHTS[2]})"]
    missing += [] if tokenizer or own_tokenizer else [wordpieces.FILES[0]]
    if weights is None or missing:
        raise EncoderError(f"{path}: {' and '.join(missing)} missing: {mend}")
    _refuse_pointer(weights)
    _refuse_cut_off(weights, mend)
    return ModelFolder(
        path=path,
        weights=weights,
        tokenizer=None if own_tokenizer else tokenizer,
        model_cfg=model_cfg,
        framing=Framing.of(
            model_cfg["vision_cfg"].get("image_size", 224), config.get("preprocess_cfg") or {}
        ),
    )


def file_sha256(file: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_config(file: Path, mend: str) -> Mapping[str, Any]:
    if not file.is_file():
        raise EncoderError(f"{file.parent}: {file.name} missing: {mend}")
    try:
        config = json.loads(file.read_text("utf-8"))
        model_cfg = config["model_cfg"]
        unfit = not all(isinstance(model_cfg[part], dict) for part in ("vision_cfg", "text_cfg"))
        unfit |= int(model_cfg["embed_dim"]) < 1
    except (ValueError, KeyError, TypeError) as error:
        raise EncoderError(f"{file}: damaged, it describes no open_clip model: {mend}") from error
    if unfit or "multimodal_cfg" in model_cfg:
        raise EncoderError(f"{file}: only models of one image and one text tower can be used")
    checked: Mapping[str, Any] = config
    return checked


def _refuse_pointer(weights: Path) -> None:
    """Git without its LFS extension leaves a few lines of text where the weights should be."""
    if weights.stat().st_size < _SMALLEST_WEIGHTS:
        raise EncoderError(
            f"{weights}: {weights.stat().st_size} bytes are no weights, perhaps a Git LFS "
            "pointer: run 'git lfs pull' in that folder, or copy the file itself"
        )


def _refuse_cut_off(weights: Path, mend: str) -> None:
    """Notice half a download by what the file says of its own length."""
    with weights.open("rb") as stream:
        if weights.suffix == ".safetensors":
            whole = _safetensors_length(stream) == weights.stat().st_size
        else:
            # a zip, whose table stands at its end; torch's older format says nothing
            whole = stream.read(2) != b"PK" or zipfile.is_zipfile(weights)
    if not whole:
        raise EncoderError(
            f"{weights}: damaged or cut off while it was copied: remove it, and {mend}"
        )


def _safetensors_length(stream: IO[bytes]) -> int | None:
    """Length of a safetensors file by its header: eight bytes, that many of JSON, the data."""
    (size,) = struct.unpack("<Q", stream.read(8))
    try:
        header = json.loads(stream.read(min(size, _LONGEST_HEADER)))
        ends = [each["data_offsets"][1] for name, each in header.items() if name[:2] != "__"]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None
    return 8 + int(size) + max(ends, default=0)
