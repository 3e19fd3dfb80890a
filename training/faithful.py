"""Whether a heat map's peak is a place that the score hangs on: hide it, and the score falls.

Needs no radiologist's box. Says that the map tells the truth of the network, not that the
network looks at the finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from mmrag.encoders.base import GreyImage, Vectors
from mmrag.encoders.compact_space import FINDINGS
from training.boxes import Point, peak
from training.data import SEED

HIDDEN = 0.25
"""Side of the square that is hidden, in shares of the film's width and height."""

BLUR = 1 / 12
"""Radius of the blur that hides, in shares of the film's width: grey like what is around, and
without an edge that could be taken for something."""

ELSEWHERE = 4
"""Other places that are hidden, one at a time; drawn evenly over the film."""


class Explaining(Protocol):
    """What is asked of an encoder."""

    def encode_films(self, films: Sequence[GreyImage]) -> Vectors:
        """Encode films; the first coordinates are those of the findings."""
        ...

    def heat_map(self, film: GreyImage, finding: str) -> NDArray[np.float32]:
        """Score the places of a film."""
        ...


def deletion(films: Sequence[GreyImage], encoder: Explaining) -> dict[str, float]:
    """Hide the peak of each film's likeliest finding, and other places, and score again.

    Parameters
    ----------
    films : sequence of ndarray
        Each of shape (height, width), dtype uint8.
    encoder : Explaining

    Returns
    -------
    dict of str to float
        ``films``; mean fall of the coordinate of the finding when the ``peak`` is hidden, and
        when a place ``elsewhere`` is; share of films where the peak's is ``larger`` than the
        mean of the others'.
    """
    random = np.random.default_rng(SEED)
    before = encoder.encode_films(films)[:, : len(FINDINGS)]
    likeliest = before.argmax(axis=1)
    at_peak, elsewhere = np.empty(len(films)), np.empty(len(films))
    for row, film in enumerate(films):
        finding = likeliest[row]
        places = [peak(encoder.heat_map(film, FINDINGS[finding]))]
        places += [(float(a), float(b)) for a, b in _evenly(random)]
        after = encoder.encode_films([hide(film, place) for place in places])
        falls = before[row, finding].astype(np.float64) - after[:, finding]
        at_peak[row], elsewhere[row] = falls[0], falls[1:].mean()
    return {
        "films": len(films),
        "peak": float(at_peak.mean()),
        "elsewhere": float(elsewhere.mean()),
        "larger": float((at_peak > elsewhere).mean()),
    }


def hide(film: GreyImage, place: Point) -> GreyImage:
    """Blur a square around a place (across, down)."""
    height, width = film.shape
    across, down = int(place[0] * width), int(place[1] * height)
    right, below = int(HIDDEN * width / 2), int(HIDDEN * height / 2)
    box = (
        slice(max(0, down - below), down + below),
        slice(max(0, across - right), across + right),
    )
    blurred = Image.fromarray(film).filter(ImageFilter.GaussianBlur(BLUR * width))
    hidden = film.copy()
    hidden[box] = np.asarray(blurred)[box]
    return hidden


def _evenly(random: np.random.Generator) -> NDArray[np.float64]:
    return random.uniform(HIDDEN / 2, 1 - HIDDEN / 2, (ELSEWHERE, 2))
