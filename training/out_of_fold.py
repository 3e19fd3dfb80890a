"""What weights that never saw a film's patient make of the film, in the shipped coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mmrag.encoders.compact_space import FINDINGS, WORDS
from training.boxes import Box
from training.data import Films, read_tensors
from training.layout import Placed

USED = WORDS.start
"""Coordinates that a film uses."""

Archive = dict[str, NDArray[np.generic]]


def collect(
    films: Films,
    folds: NDArray[np.int64],
    apart: Sequence[Placed],
    shipped: Placed,
    boxes: Sequence[Box],
) -> Archive:
    """Take each film from the tower of its own fold; those of no fold from the shipped one.

    Parameters
    ----------
    films : Films
    folds : ndarray
        Shape (films,), -1 for patients kept aside.
    apart : sequence of Placed
        One tower a fold, which did not learn from the fold's patients.
    shipped : Placed
    boxes : sequence of Box
        Whose films are explained, each with the map of the box's finding.

    Returns
    -------
    dict of str to ndarray
        ``films``, ``patients``, ``folds`` and ``vectors`` (films, USED), float16; ``boxed`` and
        ``boxed_findings``, and ``maps`` (boxes, rows, columns), float16.
    """
    vectors = np.empty((len(films), USED), np.float16)
    for fold, placed in _sides(apart, shipped):
        rows = np.flatnonzero(folds == fold)
        vectors[rows] = placed.vectors(rows)[:, :USED]
    names = [file.name for file in films.files]
    towers = dict(_sides(apart, shipped))
    shown = [box for box in boxes if box.film in names and box.finding in FINDINGS]
    maps = []
    for box in shown:
        row = names.index(box.film)
        maps.append(_map(towers[int(folds[row])], films.files[row], box.finding))
    return {
        "films": np.array(names),
        "patients": films.patients,
        "folds": folds.astype(np.int8),
        "vectors": vectors,
        "boxed": np.array([box.film for box in shown]),
        "boxed_findings": np.array([box.finding for box in shown]),
        "maps": np.array(maps, np.float16),
    }


def write(archive: Archive, weights: str, file: Path) -> None:
    """Write an archive that belongs to the weights of a hash."""
    with file.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, weights=np.array(weights), **archive)


def _sides(apart: Sequence[Placed], shipped: Placed) -> list[tuple[int, Placed]]:
    return [*enumerate(apart), (-1, shipped)]


def _map(placed: Placed, file: Path, finding: str) -> NDArray[np.float32]:
    with torch.inference_mode():
        maps = placed.tower(torch.from_numpy(read_tensors([file])))[1]
    heat: NDArray[np.float32] = maps[0, FINDINGS.index(finding)].numpy()
    return heat
