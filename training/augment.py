"""Films as they might have been taken: shifted, turned, mirrored, other exposure, coarser."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate

TURN = 7.0
"""Largest rotation in degrees."""
COARSE = 0.2
"""Share of films that lose resolution, down to that of the films of 64 pixels."""


def varied(films: Tensor, random: np.random.Generator, crop: int) -> Tensor:
    """Vary each film of a batch in its own way.

    Parameters
    ----------
    films : Tensor
        Shape (n, 1, side, side), uint8.
    random : numpy.random.Generator
    crop : int
        Side of what is taken from each, in pixels.

    Returns
    -------
    Tensor
        Shape (n, 1, crop, crop), float32, grey values 0 to 255, where `films` are.
    """
    count, side = len(films), films.shape[-1]
    share = crop / side * random.uniform(0.9, 1.1, count)
    angle = np.deg2rad(random.uniform(-TURN, TURN, count))
    mirrored = np.where(random.random(count) < 0.5, -1.0, 1.0)
    room = np.maximum(1.0 - share, 0.04)
    shift = random.uniform(-1.0, 1.0, (count, 2)) * room[:, np.newaxis]
    rows = np.stack(
        [
            np.stack([share * mirrored * np.cos(angle), -share * np.sin(angle), shift[:, 0]], 1),
            np.stack([share * mirrored * np.sin(angle), share * np.cos(angle), shift[:, 1]], 1),
        ],
        axis=1,
    )
    turned = torch.from_numpy(rows.astype(np.float32)).to(films.device)
    grid = affine_grid(turned, [count, 1, crop, crop], align_corners=False)
    taken = grid_sample(films.float() / 255.0, grid, align_corners=False)
    return _coarser(_exposed(taken, random), random) * 255.0


def _exposed(films: Tensor, random: np.random.Generator) -> Tensor:
    def draw(low: float, high: float) -> Tensor:
        drawn = random.uniform(low, high, (len(films), 1, 1, 1))
        return torch.from_numpy(drawn.astype(np.float32)).to(films.device)

    centre = films.mean((1, 2, 3), keepdim=True)
    films = (films - centre) * draw(0.8, 1.25) + centre + draw(-0.1, 0.1)
    return films.clamp(1e-4, 1.0) ** draw(0.8, 1.25)


def _coarser(films: Tensor, random: np.random.Generator) -> Tensor:
    for row in np.flatnonzero(random.random(len(films)) < COARSE):
        side = int(random.integers(64, 192))
        coarse = interpolate(films[row : row + 1], (side, side), mode="area")
        films[row : row + 1] = interpolate(
            coarse, films.shape[-2:], mode="bilinear", align_corners=False
        )
    return films
