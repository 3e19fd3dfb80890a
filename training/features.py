"""Backbone features of every film, kept in a cache because they are what takes time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mmrag.encoders.preprocess import SIDE, to_tensor
from training.backbone import FEATURES, GreyBackbone
from training.data import Films, read_pixels

CACHE = Path(__file__).parent / "cache"
BATCH = 8


def extract(films: Films) -> NDArray[np.float32]:
    """Compute the features of films and of their mirror images, or read them from the cache.

    Parameters
    ----------
    films : Films

    Returns
    -------
    ndarray
        Shape (2, n, FEATURES), float32: as taken, then mirrored left to right.
    """
    cached = CACHE / f"features-{_key(films)}.npy"
    if cached.is_file():
        known: NDArray[np.float32] = np.load(cached)
        return known
    backbone = GreyBackbone()
    features = np.empty((2, len(films), FEATURES), np.float32)
    with torch.inference_mode():
        for start in range(0, len(films), BATCH):
            files = films.files[start : start + BATCH]
            pixels = torch.from_numpy(np.concatenate([to_tensor(read_pixels(f)) for f in files]))
            features[0, start : start + BATCH] = backbone(pixels).numpy()
            features[1, start : start + BATCH] = backbone(pixels.flip(-1)).numpy()
    CACHE.mkdir(exist_ok=True)
    np.save(cached, features)
    return features


def _key(films: Films) -> str:
    digest = hashlib.sha256(f"lite2 {SIDE}".encode())
    for file in films.files:
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
