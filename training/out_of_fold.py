"""What weights that never saw a film's patient make of the film, in the shipped coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmrag.encoders.compact_heat import heat_maps
from mmrag.encoders.compact_space import FINDINGS, WORDS
from training.boxes import Box
from training.data import Films, read_tensors
from training.heat import scored_places
from training.layout import Placed

USED = WORDS.start
"""Coordinates that a film uses."""

Archive = dict[str, NDArray[np.generic]]


def collect(
    films: Films,
    folds: NDArray[np.int64],
    apart: NDArray[np.bool_],
    placed: Sequence[Placed],
    boxes: Sequence[Box],
    side: int,
) -> Archive:
    """Take each film from the tower of its own fold; those of no fold from the shipped one.

    Parameters
    ----------
    films : Films
    folds : ndarray
        Shape (films,), -1 for patients kept aside.
    apart : ndarray
        Shape (films,): those whose patient the tower of their fold never saw. Others, of
        patients known by labels alone, are left out.
    placed : sequence of Placed
        One tower a fold, and last the shipped one.
    boxes : sequence of Box
        Whose films are explained, each with the map of the box's finding; ``boxed_apart``
        tells whose patient the tower never saw. No tower was taught a box.
    side : int
        To which films are squeezed, in pixels.

    Returns
    -------
    dict of str to ndarray
        ``films``, ``patients``, ``folds`` and ``vectors`` (films, USED), float16; ``boxed``,
        ``boxed_findings``, ``boxed_apart``, and ``maps`` (boxes, rows, columns), float16.
    """
    vectors = np.empty((len(films), USED), np.float16)
    for fold in np.unique(folds):
        rows = np.flatnonzero(folds == fold)
        vectors[rows] = placed[fold].vectors(rows)[:, :USED]
    row_of = {file.name: row for row, file in enumerate(films.files)}
    shown = [box for box in boxes if box.film in row_of and box.finding in FINDINGS]
    rows = np.array([row_of[box.film] for box in shown], np.int64)
    maps = [
        _map(placed[folds[row]], read_tensors([films.files[row]], side), box.finding)
        for row, box in zip(rows, shown, strict=True)
    ]
    kept = np.flatnonzero(apart)
    return {
        "films": np.array([films.files[row].name for row in kept]),
        "patients": films.patients[kept],
        "folds": folds[kept].astype(np.int8),
        "vectors": vectors[kept],
        "boxed": np.array([box.film for box in shown]),
        "boxed_findings": np.array([box.finding for box in shown]),
        "boxed_apart": apart[rows],
        "maps": np.array(maps, np.float16),
    }


def write(archive: Archive, weights: str, file: Path) -> None:
    """Write an archive that belongs to the weights of a hash."""
    with file.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, weights=np.array(weights), **archive)


def _map(placed: Placed, pixels: NDArray[np.uint8], finding: str) -> NDArray[np.float32]:
    tower = placed.tower
    maps = heat_maps(
        lambda film: scored_places(tower.backbone, tower.heads, film), pixels, tower.usual.numpy()
    )
    heat: NDArray[np.float32] = maps[FINDINGS.index(finding)]
    return heat
