"""Where in a film an encoder sees a finding: colour over the film, which stays visible.

One colour that gets stronger over grey: the order is seen without a key, on the bright parts
of a film as on the dark ones, and also by those who do not tell red from green. A line runs
around what is above half of the most, for prints without colour. The vermilion is that of the
colour-blind safe palette of Okabe and Ito (Color Universal Design, 2008).
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmrag.encoders.base import GreyImage

CAPTION = (
    "Where the encoder sees it: the stronger the colour, the more this place speaks for the "
    "finding, compared with the rest of this film; the line is at half of the most. It does not "
    "say whether the finding is there."
)
"""What has to stand beside heat maps."""

SCALE_HEIGHT = 10
"""Height of the scale below the film, in pixels: nothing at the left, most at the right."""

OVERLAY = 512
"""Longest side of a drawing that is laid over a film, in pixels."""

_VERMILION = np.array([213, 94, 0], np.float32)
_MOST_COVERED = 0.7
_LINE_AT = 0.5
_GAP = 2
_SCALE_GREY = 128.0


def draw_heat(film: GreyImage, heat: NDArray[np.float32], size: int) -> bytes:
    """Draw a film with its heat over it, and a scale below, as a JPEG file.

    Parameters are those of `heated`. A PNG file would be six times as large.
    """
    buffer = io.BytesIO()
    picture = Image.fromarray(heated(film, heat, size))
    # lines of one pixel would lose their colour to chroma subsampling
    picture.save(buffer, "JPEG", quality=85, subsampling=0, optimize=True)
    return buffer.getvalue()


def heated(film: GreyImage, heat: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
    """Colour a film by its heat, and put a scale below.

    Parameters
    ----------
    film : ndarray
        Shape (height, width), dtype uint8.
    heat : ndarray
        Shape (rows, columns), float32: a coarse grid over the whole film, as
        `mmrag.encoders.base.ExplainsFilms.heat_map` gives it. What is not above 0 speaks
        against the finding and stays without colour.
    size : int
        Longest side of the film in pixels; a smaller film keeps its size.

    Returns
    -------
    ndarray
        Shape (height, width, 3), dtype uint8, RGB.
    """
    grey = Image.fromarray(film)
    grey.thumbnail((size, size), Image.Resampling.LANCZOS)
    strength = _strength(heat, grey.size)
    overlaid = _coloured(np.asarray(grey, np.float32), strength)
    overlaid[_line(strength)] = _VERMILION
    scale = np.tile(np.linspace(0, 1, grey.width, dtype=np.float32), (SCALE_HEIGHT, 1))
    parts = [
        overlaid,
        np.full((_GAP, grey.width, 3), 255, np.uint8),
        _coloured(np.full(scale.shape, _SCALE_GREY, np.float32), scale),
    ]
    return np.concatenate(parts)


def draw_overlay(heat: NDArray[np.float32], width: int, height: int) -> bytes:
    """Draw the heat alone, to be laid over a film.

    Parameters
    ----------
    heat : ndarray
        As for `heated`.
    width, height : int
        Of the film, for its proportions; the drawing has `OVERLAY` pixels at most.

    Returns
    -------
    bytes
        A PNG file, transparent where nothing speaks for the finding.
    """
    scale = min(1.0, OVERLAY / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    strength = _strength(heat, size)
    opacity = _MOST_COVERED * strength
    opacity[_line(strength)] = 1.0
    drawn = np.empty((size[1], size[0], 4), np.uint8)
    drawn[..., :3] = _VERMILION
    drawn[..., 3] = np.rint(255 * opacity)
    buffer = io.BytesIO()
    Image.fromarray(drawn).save(buffer, "PNG")
    return buffer.getvalue()


def _strength(heat: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Bring a coarse grid to the film's size, 0 for nothing and 1 for its most."""
    positive = np.clip(np.nan_to_num(heat.astype(np.float32)), 0, None)
    most = float(positive.max(initial=0))
    if most > 0:
        positive = positive / most
    grid = Image.fromarray(positive, mode="F")
    smooth = np.asarray(grid.resize(size, Image.Resampling.BICUBIC), np.float32)
    return np.clip(smooth, 0, 1)


def _coloured(grey: NDArray[np.float32], strength: NDArray[np.float32]) -> NDArray[np.uint8]:
    covered = _MOST_COVERED * strength[..., None]
    mixed = grey[..., None] * (1 - covered) + _VERMILION * covered
    return np.asarray(np.rint(mixed), np.uint8)


def _line(strength: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Mark the outermost pixels of what is above the line."""
    inside = np.pad(strength >= _LINE_AT, 1, mode="edge")
    core = inside[1:-1, 1:-1]
    surrounded = inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
    return core & ~surrounded
