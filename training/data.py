"""The NIH films with text-mined labels to learn from and experts' reads to judge by."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmrag.encoders.compact_space import FINDINGS
from mmrag.encoders.preprocess import to_tensor

SEED = 20261124
"""The one seed of the recipe."""

SIDE = 288
"""Side in pixels at which members look at a film that is not varied."""


@dataclass(frozen=True)
class Films:
    """Films in the order of the table.

    Attributes
    ----------
    files : tuple of pathlib.Path
    patients : ndarray
        Shape (n,), the patient of each film.
    labels : ndarray
        Shape (n, 14), bool: text-mined labels in the order of ``FINDINGS``.
    """

    files: tuple[Path, ...]
    patients: NDArray[np.str_]
    labels: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.files)

    def take(self, chosen: NDArray[np.bool_]) -> Films:
        """Keep the films where `chosen`, shape (n,), is true."""
        kept = tuple(f for f, keep in zip(self.files, chosen, strict=True) if keep)
        return Films(kept, self.patients[chosen], self.labels[chosen])


@dataclass(frozen=True)
class ExpertReads:
    """Majority reads of radiologists for the films they saw.

    Attributes
    ----------
    seen : ndarray
        Shape (n,), bool: True for films that were read.
    findings : ndarray
        Shape (n, 14), bool; False where not read.
    abnormal : ndarray
        Shape (n,), bool; False where not read.
    """

    seen: NDArray[np.bool_]
    findings: NDArray[np.bool_]
    abnormal: NDArray[np.bool_]


def read_films(folder: Path) -> Films:
    """Read the table of an NIH folder.

    Parameters
    ----------
    folder : pathlib.Path
        Holds ``images`` and ``Data_Entry_2017.csv``.

    Returns
    -------
    Films
    """
    with (folder / "Data_Entry_2017.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    named = [set(row["Finding Labels"].split("|")) for row in rows]
    return Films(
        tuple(folder / "images" / row["Image Index"] for row in rows),
        np.array([row["Patient ID"] for row in rows]),
        np.array([[finding in names for finding in FINDINGS] for names in named]),
    )


def read_experts(folder: Path, films: Films) -> ExpertReads:
    """Read ``expert_labels.csv`` beside the table of `films`."""
    with (folder / "expert_labels.csv").open(encoding="utf-8", newline="") as table:
        reads = {row["Image ID"]: row for row in csv.DictReader(table)}
    rows = [reads.get(file.name) for file in films.files]
    columns = [finding.replace("_", " ") for finding in FINDINGS]
    return ExpertReads(
        np.array([row is not None for row in rows]),
        np.array([[row is not None and row[name] == "YES" for name in columns] for row in rows]),
        np.array([row is not None and row["Abnormal"] == "YES" for row in rows]),
    )


def patient_folds(patients: NDArray[np.str_], folds: int, repeat: int = 0) -> NDArray[np.int64]:
    """Deal patients, never films, into folds.

    Parameters
    ----------
    patients : ndarray
        Shape (n,).
    folds : int
    repeat : int
        Another number deals another hand.

    Returns
    -------
    ndarray
        Shape (n,), the fold of each film.
    """
    unique, inverse = np.unique(patients, return_inverse=True)
    order = np.random.default_rng([SEED, repeat]).permutation(len(unique))
    return (order % folds)[inverse]


def read_pixels(file: Path) -> NDArray[np.uint8]:
    """Decode one film, shape (height, width), uint8."""
    with Image.open(file) as image:
        return np.asarray(image.convert("L"))


def read_tensors(files: Sequence[Path], side: int = SIDE) -> NDArray[np.uint8]:
    """Decode films as the image tower reads them, shape (n, 1, side, side), uint8."""
    return np.concatenate([to_tensor(read_pixels(file), side) for file in files])
