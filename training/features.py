"""Pooled features of films."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from training.backbone import FEATURES, GreyBackbone
from training.data import read_tensors

BATCH = 8


def extract(backbone: GreyBackbone, files: Sequence[Path], side: int) -> NDArray[np.float32]:
    """Compute the features of films.

    Parameters
    ----------
    backbone : GreyBackbone
        In evaluation mode.
    files : sequence of pathlib.Path
    side : int
        To which films are squeezed, in pixels.

    Returns
    -------
    ndarray
        Shape (n, FEATURES), float32.
    """
    features = np.empty((len(files), FEATURES), np.float32)
    with torch.inference_mode():
        for start in range(0, len(files), BATCH):
            pixels = torch.from_numpy(read_tensors(files[start : start + BATCH], side))
            pixels = pixels.contiguous(memory_format=torch.channels_last)
            features[start : start + BATCH] = backbone(pixels).numpy()
    return features
