"""Where on a film the compact encoder sees what it sees, from the scores of the film's places."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Maps = NDArray[np.float32]
"""Shape (findings, rows, columns), scores of the places of one film."""


def heat_maps(
    score_places: Callable[[NDArray[np.uint8]], Maps], pixels: NDArray[np.uint8], usual: Maps
) -> Maps:
    """Score the places of a film, against what these places score on films at large.

    A place that lights up on every film says nothing of this one, so what is usual is taken
    off. Places are coarse and the network is not quite the same from left to right, so the film
    and its mirror image are looked at. Neither changes the mean of a map: it stays the score of
    the film as it is.

    Parameters
    ----------
    score_places : callable
        Gives the maps of one film.
    pixels : ndarray
        Shape (1, 1, side, side), dtype uint8.
    usual : ndarray
        Shape (findings, rows, columns), mean 0 over the places of each finding.

    Returns
    -------
    ndarray
        Shape (findings, rows, columns), float32.
    """
    film = score_places(pixels)
    mirrored = score_places(np.ascontiguousarray(pixels[..., ::-1]))[..., ::-1]
    both = (film + mirrored) / 2
    kept = film.mean((1, 2), keepdims=True) - both.mean((1, 2), keepdims=True)
    heat: Maps = (both + kept - usual).astype(np.float32)
    return heat
