"""Both towers to ONNX once, and the proof that they say what torch says."""

from __future__ import annotations

import logging
import os
import shutil
import warnings
from contextlib import redirect_stdout
from dataclasses import replace
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from mmrag.encoders.exported import (
    FILM_TOWER,
    MANIFEST,
    TEXT_TOWER,
    Exported,
    WeightsSeen,
)
from mmrag.encoders.framing import Framing
from mmrag.encoders.last_block import class_token_alone
from mmrag.encoders.onnx_towers import OnnxTowers
from mmrag.encoders.openclip_folder import ModelFolder, file_sha256
from mmrag.encoders.openclip_identity import Identity
from mmrag.encoders.openclip_load import EXTRA, import_open_clip, pad_id
from mmrag.encoders.torch_towers import TorchTowers, scale_and_shift
from mmrag.encoders.towers import Features, Towers
from mmrag.errors import EncoderError, MissingExtra

LEAST_COSINE = 0.99999
"""An exported tower that differs more from torch is thrown away."""

_LARGEST_FILE = 1_800_000_000
"""Bytes of weights above which they go into a file of their own; ONNX ends at 2 GB."""

_log = logging.getLogger(__name__)


def export(name: str, folder: ModelFolder, target: Path) -> Exported:
    """Export a model, check it against torch, and only then put it in its place.

    Parameters
    ----------
    name : str
        Encoder name, part of the fingerprint.
    folder : ModelFolder
    target : pathlib.Path
        Folder to make; exported towers that are there already are replaced.

    Returns
    -------
    Exported

    Raises
    ------
    EncoderError
        When the model has no tokenizer file, when the folder is in the way, or when a tower
        differs from torch.
    MissingExtra
        When a package is missing.
    """
    import_open_clip()
    if find_spec("onnxscript") is None:
        raise MissingExtra("onnxscript", EXTRA)
    if folder.tokenizer is None:
        raise EncoderError(
            f"{folder.path}: this text tower has open_clip's own tokenizer, which needs torch: "
            "use it with MMRAG_RUNTIME=torch"
        )
    if target.exists() and not (target / MANIFEST).is_file() and any(target.iterdir()):
        raise EncoderError(f"{target}: holds other files: choose an empty folder")
    _log.warning("exporting %s to %s, once: about a minute", name, target)
    identity = Identity.of(name, folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}-{os.getpid()}")
    draft.mkdir()
    try:
        exported = _export_into(draft, identity, folder)
        if target.exists():
            shutil.rmtree(target)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return replace(exported, path=target)


def _export_into(draft: Path, identity: Identity, folder: ModelFolder) -> Exported:
    tokenizer = folder.tokenizer
    if tokenizer is None:
        raise AssertionError("only models with a tokenizer file are exported")
    towers = TorchTowers(folder, "fp32")
    _write_towers(draft, towers.model, folder)
    shutil.copy(tokenizer, draft)
    settings = tokenizer.with_name("tokenizer_config.json")
    if settings.is_file():
        shutil.copy(settings, draft)
    pad = pad_id(towers.model)
    measured = compare(towers, OnnxTowers(draft), folder.framing.side, folder.context, pad)
    for part, cosine in measured.items():
        if cosine < LEAST_COSINE:
            raise EncoderError(
                f"{folder.path}: the exported {part} tower differs from torch (cosine "
                f"{cosine:.6f}, at least {LEAST_COSINE} is wanted): use MMRAG_RUNTIME=torch"
            )
    files = {file.name: file_sha256(file) for file in sorted(draft.iterdir())}
    exported = Exported(
        draft, identity, tokenizer.name, pad, WeightsSeen.of(folder.weights), files, measured
    )
    exported.write()
    return exported


def compare(
    reference: Towers, candidate: Towers, side: int, context: int, pad: int
) -> dict[str, float]:
    """Run two sets of towers on the same inputs, batched and padded in different ways.

    Parameters
    ----------
    reference, candidate : Towers
        The reference gets every film and text alone, the candidate also in batches.
    side : int
        Of the films, in pixels.
    context : int
        Longest text, in tokens.
    pad : int
        Token id that fills up a batch.

    Returns
    -------
    dict of str to float
        Least cosine of ``film`` and of ``text``.
    """
    rng = np.random.default_rng(0)
    films = np.stack([_made_film(rng, side) for _ in range(5)])
    lengths = sorted({3, 7, 12, 40, context} & set(range(1, context + 1)))
    texts = [rng.integers(1_000, 2_000, length) for length in lengths]
    film_cosines, text_cosines = [], []
    alone = np.concatenate([reference.films(film[np.newaxis]) for film in films])
    for batch in (1, len(films)):
        parts = [candidate.films(films[i : i + batch]) for i in range(0, len(films), batch)]
        film_cosines.append(_least_cosine(alone, np.concatenate(parts)))
    alone = np.concatenate([reference.texts(text[np.newaxis]) for text in texts])
    for padding in (0, 9):
        width = min(context, max(lengths) + padding)
        padded = np.full((len(texts), width), pad, np.int64)
        for row, text in enumerate(texts):
            padded[row, : len(text)] = text
        text_cosines.append(_least_cosine(alone, candidate.texts(padded)))
        shorter = min(width, lengths[-2] + padding)
        text_cosines.append(_least_cosine(alone[:-1], candidate.texts(padded[:-1, :shorter])))
    return {"film": min(film_cosines), "text": min(text_cosines)}


def _least_cosine(first: Features, second: Features) -> float:
    a, b = first.astype(np.float64), second.astype(np.float64)
    cosines = np.sum(a * b, 1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))
    return float(cosines.min())


def _made_film(rng: np.random.Generator, side: int) -> Any:
    coarse = rng.integers(0, 256, (1, 7, 7), dtype=np.uint8)
    block = -(-side // 7)
    return np.kron(coarse, np.ones((1, block, block), np.uint8))[:, :side, :side]


def _write_towers(draft: Path, model: Any, folder: ModelFolder) -> None:
    import torch

    film = _film_tower(model.visual, folder.framing)
    side = folder.framing.side
    pixels = torch.zeros((2, 1, side, side), dtype=torch.uint8)
    ids = torch.tensor([[101, 2000, 3000, 102], [101, 2000, 102, pad_id(model)]])
    with class_token_alone(model.visual):
        _write(film, pixels, "pixels", {0: "films"}, draft / FILM_TOWER)
    _write(model.text, ids, "ids", {0: "texts", 1: "length"}, draft / TEXT_TOWER)


def _film_tower(visual: Any, framing: Framing) -> Any:
    """Put the normalisation in front of the image tower, so that it takes grey bytes."""
    import torch

    class FilmTower(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.visual = visual
            scale, shift = scale_and_shift(framing)
            self.register_buffer("scale", scale)
            self.register_buffer("shift", shift)

        def forward(self, pixels: Any) -> Any:
            return self.visual(pixels.float() * self.scale + self.shift)

    return FilmTower().eval()


def _write(tower: Any, example: Any, given: str, axes: dict[int, str], file: Path) -> None:
    import torch

    size = sum(p.numel() * p.element_size() for p in tower.parameters())
    free = dict.fromkeys(axes, torch.export.Dim.DYNAMIC)
    quiet = logging.getLogger("torch.onnx")
    before = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                tower,
                (example,),
                file,
                dynamo=True,
                input_names=[given],
                output_names=["features"],
                dynamic_shapes=(free,),
                external_data=size > _LARGEST_FILE,
                verbose=False,
            )
    finally:
        quiet.setLevel(before)
