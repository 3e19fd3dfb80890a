"""From a decoded film of any size to the square grey tensor that the image tower reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmrag.encoders.base import GreyImage
from mmrag.errors import BadFilm

VERSION = 2
"""Raised whenever this module's code changes a tensor."""


def to_tensor(film: GreyImage, side: int) -> NDArray[np.uint8]:
    """Resize one film to the image tower's input.

    The film is squeezed to a square, as in training; it stays grey throughout.

    Parameters
    ----------
    film : ndarray
        Shape (height, width), dtype uint8.
    side : int
        Of the result, in pixels.

    Returns
    -------
    ndarray
        Shape (1, 1, side, side), dtype uint8.

    Raises
    ------
    BadFilm
        When the array is not a grey 8-bit image with at least one pixel.
    """
    if film.ndim != 2 or film.dtype != np.uint8 or film.size == 0:
        raise BadFilm(
            f"a film must be a non-empty grey image of 8 bits, this is {film.dtype} of shape "
            f"{film.shape}: decode it to (height, width) uint8 first"
        )
    if film.shape != (side, side):
        resized = Image.fromarray(film).resize((side, side), Image.Resampling.BILINEAR)
        film = np.asarray(resized)
    return np.ascontiguousarray(film)[np.newaxis, np.newaxis]
