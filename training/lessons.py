"""What a network learns from: films of three sets, what to answer, and what it is worth.

The patients of the NIH sets are dealt into folds. A member of a fold learns from none of the
fold's patients, so that each film can be judged by a member that never saw its patient. The
patients kept aside to standardise the scores, and the children kept aside to judge, are learnt
from by none.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmrag.encoders.compact_space import FINDINGS
from training.data import Films, patient_folds, read_experts, read_films
from training.noise import chance_of_truth

FOLDS = 4
ASIDE = 7
"""One in so many patients whom no expert read is kept aside to standardise the scores."""

EXPERT_WEIGHT, SMALL_WEIGHT, CHILD_WEIGHT = 3.0, 0.5, 0.5
"""What an expert's read, or a label of a film of 64 pixels or of a child's film, is worth
beside the text-mined label of a large film."""

ABSENT, PRESENT = 0.02, 0.97
"""Targets of an expert's read, and of a child's diagnosis."""

AN_EPOCH = {"small": 150, "sick": 40, "sound": 60}
"""Films of 64 pixels, of children with pneumonia and of sound children that an epoch draws."""


@dataclass(frozen=True)
class Children:
    """Films of children in the order of their table.

    Attributes
    ----------
    files : tuple of pathlib.Path
    pneumonia : ndarray
        Shape (n,), bool; the others have no finding.
    judged : ndarray
        Shape (n,), bool: films of the half of the children from whom nothing is learnt.
    """

    files: tuple[Path, ...]
    pneumonia: NDArray[np.bool_]
    judged: NDArray[np.bool_]


@dataclass(frozen=True)
class Lessons:
    """All films that one member learns from.

    Attributes
    ----------
    files : tuple of pathlib.Path
    targets : ndarray
        Shape (n, 14), float32: chance that the film shows the finding.
    worth : ndarray
        Shape (n, 14), float32: what a target is worth, 0 where it says nothing.
    kinds : ndarray
        Shape (n,): nih, small, sick or sound.
    an_epoch : mapping of str to int
        Films of a kind that an epoch draws; of other kinds it shows all.
    """

    files: tuple[Path, ...]
    targets: NDArray[np.float32]
    worth: NDArray[np.float32]
    kinds: NDArray[np.str_]
    an_epoch: Mapping[str, int] = field(default_factory=lambda: AN_EPOCH)

    @property
    def patients(self) -> frozenset[str]:
        """Numbers of the NIH patients whose films are among these."""
        named = zip(self.files, self.kinds.tolist(), strict=True)
        return frozenset(patient_of(file) for file, kind in named if kind in ("nih", "small"))

    def epoch(self, random: np.random.Generator) -> NDArray[np.int64]:
        """Draw the films of one epoch, in the order in which they are shown."""
        drawn = [
            random.permutation(np.flatnonzero(self.kinds == kind))[: self.an_epoch.get(kind)]
            for kind in ("nih", *AN_EPOCH)
        ]
        return random.permutation(np.concatenate(drawn))

    def first(self, count: int) -> Lessons:
        """Keep the first `count` films of each kind."""
        rows = [np.flatnonzero(self.kinds == kind)[:count] for kind in np.unique(self.kinds)]
        return self._keep(np.sort(np.concatenate(rows)), self.an_epoch)

    def part(self, share: float) -> Lessons:
        """Keep a share of the patients, and of the films that an epoch draws."""
        lot = np.array([zlib.crc32(patient_of(file).encode()) for file in self.files])
        an_epoch = {kind: round(count * share) for kind, count in self.an_epoch.items()}
        return self._keep(np.flatnonzero(lot < share * 2**32), an_epoch)

    def _keep(self, rows: NDArray[np.int64], an_epoch: Mapping[str, int]) -> Lessons:
        files = tuple(self.files[row] for row in rows)
        return Lessons(files, self.targets[rows], self.worth[rows], self.kinds[rows], an_epoch)


def patient_of(film: Path) -> str:
    """Patient of a film by its name; a child's film without one stands for a child of its own."""
    return film.stem.split("_")[0].lstrip("0")


def deal(films: Films, read: NDArray[np.str_]) -> NDArray[np.int64]:
    """Deal films into folds by patient.

    The patient alone decides, so that a patient with films in two sets is on the same side in
    both.

    Parameters
    ----------
    films : Films
    read : ndarray
        Patients of whom experts read a film; none of them is kept aside.

    Returns
    -------
    ndarray
        Shape (n,): the fold of each film, -1 for patients kept aside.
    """
    number = films.patients.astype(np.int64)
    aside = (number % ASIDE == 0) & ~np.isin(films.patients, read)
    # a multiplicative hash: numbers of a patient's neighbours must not follow each other
    return np.where(aside, -1, (number * 2654435761 >> 16) % FOLDS)


def read_children(folder: Path) -> Children:
    """Read the table of a folder of children's films."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    return Children(
        tuple(folder / "images" / row["image"] for row in rows),
        np.array([row["finding"] != "No Finding" for row in rows]),
        patient_folds(np.array([row["patient"] for row in rows]), 2) == 1,
    )


def read_lessons(folder: Path, fold: int) -> Lessons:
    """List all films that a member of a fold learns from.

    Parameters
    ----------
    folder : pathlib.Path
        The NIH folder; ``nih_64px`` and ``pediatric`` lie beside it.
    fold : int
        Its patients are left out; with `FOLDS` none is.

    Returns
    -------
    Lessons
    """
    parts = list(_parts(folder, fold))
    return Lessons(
        tuple(file for part in parts for file in part.files),
        np.concatenate([part.targets for part in parts]),
        np.concatenate([part.worth for part in parts]),
        np.concatenate([part.kinds for part in parts]),
    )


def _parts(folder: Path, fold: int) -> Iterator[Lessons]:
    films = read_films(folder)
    experts = read_experts(folder, films)
    read = np.unique(films.patients[experts.seen])
    sides = deal(films, read)
    learnt = (sides >= 0) & (sides != fold)
    told = learnt & experts.seen
    chance = chance_of_truth(films.labels[told], experts.findings[told])

    targets = np.where(films.labels, chance[1], chance[0])
    targets[told] = np.where(experts.findings[told], PRESENT, ABSENT)
    worth = np.where(told, EXPERT_WEIGHT, 1.0)[:, np.newaxis] * np.ones(targets.shape)
    yield _lessons(films.take(learnt).files, targets[learnt], worth[learnt], "nih")

    small = read_films(folder.parent / "nih_64px")
    sides = deal(small, read)
    small = small.take((sides >= 0) & (sides != fold))
    targets = np.where(small.labels, chance[1], chance[0])
    yield _lessons(small.files, targets, np.full(targets.shape, SMALL_WEIGHT), "small")

    children = read_children(folder.parent / "pediatric")
    for kind, chosen in (("sick", children.pneumonia), ("sound", ~children.pneumonia)):
        rows = np.flatnonzero(chosen & ~children.judged)
        targets = np.full((len(rows), len(FINDINGS)), ABSENT)
        worth = np.full(targets.shape, CHILD_WEIGHT)
        if kind == "sick":
            # a file name that says pneumonia says nothing of the other findings
            column = FINDINGS.index("Pneumonia")
            targets[:, column] = PRESENT
            worth[:, np.arange(len(FINDINGS)) != column] = 0.0
        yield _lessons(tuple(children.files[row] for row in rows), targets, worth, kind)


def _lessons(
    files: tuple[Path, ...], targets: NDArray[np.float64], worth: NDArray[np.float64], kind: str
) -> Lessons:
    return Lessons(
        files, targets.astype(np.float32), worth.astype(np.float32), np.array([kind] * len(files))
    )
