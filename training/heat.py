"""What places of films score, and what they score on films at large."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import conv2d

from mmrag.encoders.compact_heat import Maps, heat_maps
from training.backbone import GreyBackbone
from training.data import read_tensors


def scored_places(backbone: GreyBackbone, heads: nn.Linear, pixels: NDArray[np.uint8]) -> Maps:
    """Score the places of one film, shape (findings, rows, columns)."""
    with torch.inference_mode():
        places = backbone.places(torch.from_numpy(pixels))
        maps: Maps = conv2d(places, heads.weight[:, :, None, None], heads.bias)[0].numpy()
    return maps


def usual_maps(
    backbone: GreyBackbone, heads: nn.Linear, files: Sequence[Path], side: int
) -> NDArray[np.float32]:
    """Average the maps of films, less each map's mean.

    Parameters
    ----------
    backbone : GreyBackbone
        In evaluation mode.
    heads : nn.Linear
        Of the findings.
    files : sequence of pathlib.Path
        Films of patients that training did not see.
    side : int
        To which films are squeezed, in pixels.

    Returns
    -------
    ndarray
        Shape (findings, rows, columns), float32.
    """
    nothing = np.zeros((1, 1, 1), np.float32)
    maps = np.mean(
        [
            heat_maps(lambda film: scored_places(backbone, heads, film), pixels, nothing)
            for pixels in (read_tensors([file], side) for file in files)
        ],
        axis=0,
    )
    usual: NDArray[np.float32] = (maps - maps.mean((1, 2), keepdims=True)).astype(np.float32)
    return usual
