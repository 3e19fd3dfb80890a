"""From pooled features to the vector of the clinical space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import conv2d

from mmrag.encoders.compact_space import DIMENSION, FINDINGS, LOOK, WORDS
from training.backbone import GreyBackbone
from training.heads import Heads

GAIN = 1.25
"""Slope of the squash; unseen films then spread by about .16 along each finding's axis."""

REACH = float(np.sqrt(0.96 / len(FINDINGS)))
"""Largest coordinate of a finding: all at their largest still leave room for the rest."""

LOOK_SHARE = 0.25
"""Share of what the findings leave of the squared norm that goes to a film's look."""


@dataclass(frozen=True)
class Look:
    """Projection of features on what varies between films once the findings are taken out.

    Attributes
    ----------
    weights : ndarray
        Shape (features, dimensions), float64, whitened.
    offsets : ndarray
        Shape (dimensions,), float64.
    """

    weights: NDArray[np.float64]
    offsets: NDArray[np.float64]


def fit_look(features: NDArray[np.float32], heads: Heads) -> Look:
    """Principal directions of standardised features, orthogonal to every head.

    Parameters
    ----------
    features : ndarray
        Shape (n, features), films as taken.
    heads : Heads

    Returns
    -------
    Look
    """
    rows = features.astype(np.float64)
    centre, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    rows = (rows - centre) / spread
    told, _ = np.linalg.qr(heads.weights * spread[:, np.newaxis])
    rows -= (rows @ told) @ told.T
    _, lengths, directions = np.linalg.svd(rows, full_matrices=False)
    kept = LOOK.stop - LOOK.start
    axes = directions[:kept].T
    axes *= np.where(axes[np.abs(axes).argmax(axis=0), np.arange(kept)] < 0, -1.0, 1.0)
    weights = axes / lengths[:kept] * np.sqrt(len(rows))
    weights -= told @ (told.T @ weights)
    weights /= spread[:, np.newaxis]
    return Look(weights, -(centre @ weights))


def aligned(look: Look, features: NDArray[np.float32], wanted: NDArray[np.float64]) -> Look:
    """Turn a look so that it agrees with another network's, as far as turning can.

    Coordinates of a look mean nothing by themselves: two networks that see the same may give
    them in another order or sign. The turn is the orthogonal one with the least squared
    distance (Schoenemann, Psychometrika 1966), so likeness of film to film stays as it is.

    Parameters
    ----------
    look : Look
    features : ndarray
        Shape (n, features), of films that both networks learnt from.
    wanted : ndarray
        Shape (n, dimensions), the other network's look of the same films.

    Returns
    -------
    Look
    """
    left, _, right = np.linalg.svd((features @ look.weights + look.offsets).T @ wanted)
    turn = left @ right
    return Look(look.weights @ turn, look.offsets @ turn)


class FilmTower(nn.Module):
    """Grey pixels to a unit vector, and to the scores of every place of the film.

    The score of a film for a finding is the mean of the scores of its places. Each score passes
    through one rising curve and becomes the coordinate on its finding's axis, so the cosine
    with a finding's anchor orders films exactly as the score does. The rest of the unit norm is
    shared between the film axis and the film's look.

    Parameters
    ----------
    backbone : GreyBackbone
    heads : Heads
    look : Look
    usual : ndarray
        Shape (findings, rows, columns), what places score on films at large.
    """

    usual: Tensor

    def __init__(
        self, backbone: GreyBackbone, heads: Heads, look: Look, usual: NDArray[np.float32]
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.heads = linear(heads.weights, heads.offsets)
        self.look = linear(look.weights, look.offsets)
        self.register_buffer("usual", torch.from_numpy(usual))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Encode films.

        Parameters
        ----------
        pixels : Tensor
            Shape (n, 1, side, side), uint8.

        Returns
        -------
        vectors : Tensor
            Shape (n, DIMENSION), float32, unit norm.
        maps : Tensor
            Shape (n, findings, rows, columns), float32.
        usual : Tensor
            Shape (findings, rows, columns), float32, the same whatever the films.
        """
        places = self.backbone.places(pixels)
        maps = conv2d(places, self.heads.weight[:, :, None, None], self.heads.bias)
        vectors = self.place(maps.mean((2, 3)), self.look(places.mean((2, 3))))
        return vectors, maps, self.usual.clone()

    def place(self, scores: Tensor, look: Tensor) -> Tensor:
        """Put scores (n, findings) and look (n, dimensions) on their axes."""
        steep = GAIN * scores
        findings = REACH * steep / torch.sqrt(1.0 + steep * steep)
        rest = torch.sqrt(1.0 - (findings * findings).sum(dim=1, keepdim=True))
        length = torch.sqrt((look * look).sum(dim=1, keepdim=True) + 1e-12)
        film = (1.0 - LOOK_SHARE) ** 0.5 * rest
        look = LOOK_SHARE**0.5 * rest * look / length
        words = torch.zeros_like(film).expand(-1, DIMENSION - WORDS.start)
        return torch.cat([findings, film, look, words], dim=1)


def linear(weights: NDArray[np.float64], offsets: NDArray[np.float64]) -> nn.Linear:
    """Make a layer of weights (inputs, outputs) and offsets (outputs,)."""
    layer = nn.Linear(*weights.shape)
    layer.weight = nn.Parameter(torch.from_numpy(weights.T.astype(np.float32)), False)
    layer.bias = nn.Parameter(torch.from_numpy(offsets.astype(np.float32)), False)
    return layer
