"""Official boxes of findings, and whether a map's peak lies in them."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

OFFICIAL_SIDE = 1024.0
"""Side in pixels of the films on which the boxes were drawn."""

CELLS = 128
"""Cells a side of the grid on which peaks are looked for."""

_NAMES = {"Infiltrate": "Infiltration"}
"""The boxes' name of a finding, where it is not the labels'."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """Where radiologists saw a finding; places in shares of the film's width and height.

    Attributes
    ----------
    film, finding : str
    left, top, right, bottom : float
    """

    film: str
    finding: str
    left: float
    top: float
    right: float
    bottom: float

    def holds(self, point: Point) -> bool:
        """Tell whether a point (across, down) lies in the box."""
        across, down = point
        return self.left <= across <= self.right and self.top <= down <= self.bottom


def read_boxes(file: Path) -> list[Box]:
    """Read ``BBox_List_2017.csv.gz``."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as table:
        rows = list(csv.reader(table))[1:]
    boxes = []
    for film, finding, *numbers in rows:
        left, top, width, height = (float(number) / OFFICIAL_SIDE for number in numbers[:4])
        name = _NAMES.get(finding, finding)
        boxes.append(Box(film, name, left, top, left + width, top + height))
    return boxes


def peak(heat: NDArray[np.floating]) -> Point:
    """Find the highest place of a map that is drawn smoothly over the film.

    Parameters
    ----------
    heat : ndarray
        Shape (rows, columns).

    Returns
    -------
    tuple of float
        Across and down, in shares of width and height.
    """
    smooth = Image.fromarray(heat.astype(np.float32)).resize(
        (CELLS, CELLS), Image.Resampling.BICUBIC
    )
    row, column = np.unravel_index(np.asarray(smooth).argmax(), (CELLS, CELLS))
    return (float(column) + 0.5) / CELLS, (float(row) + 0.5) / CELLS


def mean_of_boxes(boxes: list[Box]) -> NDArray[np.float64]:
    """Share of boxes that hold each place, shape (CELLS, CELLS)."""
    places = (np.arange(CELLS) + 0.5) / CELLS
    held = np.zeros((CELLS, CELLS))
    for box in boxes:
        down = (places >= box.top) & (places <= box.bottom)
        across = (places >= box.left) & (places <= box.right)
        held += down[:, np.newaxis] & across
    return held / max(len(boxes), 1)
