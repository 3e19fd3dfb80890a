"""Towers in torch: on a graphics card, and as the yardstick of every other runtime."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np

from mmrag.encoders.framing import Framing
from mmrag.encoders.openclip_folder import ModelFolder
from mmrag.encoders.openclip_load import import_open_clip, load_model, pad_id
from mmrag.encoders.towers import Features, Ids, Pixels
from mmrag.encoders.wordpieces import Tokenizer, Wordpieces
from mmrag.errors import EncoderError

Device = Literal["cpu", "cuda"]


class TorchTowers:
    """Both towers in torch.

    In bf16 the weights themselves are bf16, and pictures lie channels last; on a graphics
    card batches go over from pinned memory.

    Parameters
    ----------
    folder : ModelFolder
    precision : str
        ``fp32`` or ``bf16``.
    device : str
        ``cpu`` or ``cuda``.
    """

    def __init__(self, folder: ModelFolder, precision: str, device: Device = "cpu") -> None:
        if precision not in ("fp32", "bf16"):
            raise EncoderError(f"torch runs in fp32 or bf16, not in {precision}")
        self._folder = folder
        self._half = precision == "bf16"
        self._device = device

    @cached_property
    def model(self) -> Any:
        """The open_clip model, loaded when it is first needed."""
        import torch

        model = load_model(self._folder)
        if self._half:
            model = model.to(torch.bfloat16)
        return model.to(self._device, memory_format=torch.channels_last)

    @cached_property
    def _scale_and_shift(self) -> tuple[Any, Any]:
        import torch

        scale, shift = scale_and_shift(self._folder.framing)
        return scale.to(self._device, torch.float32), shift.to(self._device, torch.float32)

    def films(self, pixels: Pixels) -> Features:
        """Run the image tower on framed films."""
        import torch

        with torch.inference_mode():
            scale, shift = self._scale_and_shift
            coloured = self._moved(pixels).float() * scale + shift
            if self._half:
                coloured = coloured.to(torch.bfloat16)
            coloured = coloured.contiguous(memory_format=torch.channels_last)
            return _to_numpy(self.model.encode_image(coloured))

    def texts(self, ids: Ids) -> Features:
        """Run the text tower on token ids."""
        import torch

        with torch.inference_mode():
            return _to_numpy(self.model.encode_text(self._moved(ids)))

    def _moved(self, array: Pixels | Ids) -> Any:
        import torch

        tensor = torch.from_numpy(np.ascontiguousarray(array))
        if self._device == "cpu":
            return tensor
        return tensor.pin_memory().to(self._device, non_blocking=True)


class OpenClipTokens:
    """open_clip's own byte-pair tokenizer, for text towers that come with no tokenizer file.

    Their towers read the whole context, so that every text has its full length.

    Parameters
    ----------
    folder : ModelFolder
    """

    pad = 0

    def __init__(self, folder: ModelFolder) -> None:
        self._tokenize = import_open_clip().get_tokenizer(f"local-dir:{folder.path}")

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, filled up to the context."""
        rows: list[list[int]] = self._tokenize(list(texts)).tolist()
        return rows


def open_tokenizer(folder: ModelFolder, towers: TorchTowers) -> Tokenizer:
    """Open the tokenizer that goes with a folder's text tower."""
    if folder.tokenizer is None:
        return OpenClipTokens(folder)
    return Wordpieces(folder.tokenizer, folder.context, pad_id(towers.model))


def scale_and_shift(framing: Framing) -> tuple[Any, Any]:
    """Turn grey bytes into normalised colours by one multiplication and one addition.

    Parameters
    ----------
    framing : Framing

    Returns
    -------
    tuple of torch.Tensor
        Each of shape (1, 3, 1, 1), float32.
    """
    import torch

    mean, std = (torch.tensor(v, dtype=torch.float64) for v in (framing.mean, framing.std))
    scale, shift = 1.0 / (255.0 * std), -mean / std
    return scale.float().view(1, -1, 1, 1), shift.float().view(1, -1, 1, 1)


def cuda_is_available() -> bool:
    """Whether torch can use a graphics card."""
    try:
        import torch
    except ModuleNotFoundError:
        return False
    return bool(torch.cuda.is_available())


def _to_numpy(features: Any) -> Features:
    array: Features = features.float().cpu().numpy()
    return array
