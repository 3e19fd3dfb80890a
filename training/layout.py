"""Lay out the space around trained networks: one shipped, and one a fold beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from training.backbone import Network
from training.data import Films
from training.features import extract
from training.heads import Heads, standardise
from training.heat import usual_maps
from training.space import FilmTower, Look, aligned, fit_look, linear


@dataclass(frozen=True)
class Placed:
    """A tower, and what it makes of every film.

    Attributes
    ----------
    tower : FilmTower
    features : ndarray
        Shape (films, features).
    look : ndarray
        Shape (films, dimensions), before it is scaled.
    """

    tower: FilmTower
    features: NDArray[np.float32]
    look: NDArray[np.float64]

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Vectors of some of the films, shape (n, DIMENSION)."""
        features = torch.from_numpy(self.features[rows])
        with torch.inference_mode():
            scores, look = self.tower.heads(features), self.tower.look(features)
            placed: NDArray[np.float32] = self.tower.place(scores, look).numpy()
        return placed


def place(
    network: Network,
    films: Films,
    learnt: NDArray[np.bool_],
    aside: NDArray[np.bool_],
    side: int,
    model: Placed | None = None,
) -> Placed:
    """Lay out the space around a trained network.

    Parameters
    ----------
    network : Network
        In evaluation mode; its backbone is folded in place.
    films : Films
    learnt : ndarray
        Shape (films,): those that the network learnt from. Its look is fitted on them.
    aside : ndarray
        Shape (films,): those of patients from whom no network learnt. Scores are standardised
        on them, and their maps are what is usual.
    side : int
        To which films are squeezed, in pixels.
    model : Placed, optional
        Another tower with whose look this one's is to agree; it learnt from the same films
        and others.

    Returns
    -------
    Placed
    """
    network.backbone.fold()
    features = extract(network.backbone, films.files, side)
    heads = Heads(
        network.heads.weight.detach().numpy().T.astype(np.float64),
        network.heads.bias.detach().numpy().astype(np.float64),
    )
    heads = standardise(heads, features[aside])
    look = fit_look(features[learnt], heads)
    if model is not None:
        look = aligned(look, features[learnt], model.look[learnt])
    usual = usual_maps(
        network.backbone, linear(heads.weights, heads.offsets), films.take(aside).files, side
    )
    tower = FilmTower(network.backbone, heads, look, usual).eval()
    return Placed(tower, features, _seen(look, features))


def _seen(look: Look, features: NDArray[np.float32]) -> NDArray[np.float64]:
    seen: NDArray[np.float64] = features @ look.weights + look.offsets
    return seen
