"""What a network learns from: films of three sets, what to answer, and what it is worth.

The patients of the NIH sets are dealt into folds. A member that learns from experts' reads
belongs to a fold and sees none of the fold's patients; a member that learns from labels alone
sees no patient of whom an expert read a film. So each film that experts read can be judged by
members that never saw its patient. The patients kept aside to standardise the scores, and the
children kept aside to judge, are learnt from by none.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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

READ = (0.02, 0.97)
"""Targets of an expert's read: absent, present."""

TRUSTED = (0.03, 0.93)
"""Targets of a text-mined label that is taken at its word: absent, present."""

KINDS = ("nih", "small", "sick", "sound")
"""Large NIH films, those of 64 pixels, children with pneumonia, sound children."""


Targets = tuple[float | NDArray[np.float64], float | NDArray[np.float64]]
"""What to answer where a finding is absent and where it is present, at large or by finding."""


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
    """

    files: tuple[Path, ...]
    targets: NDArray[np.float32]
    worth: NDArray[np.float32]
    kinds: NDArray[np.str_]

    @property
    def patients(self) -> frozenset[str]:
        """Numbers of the NIH patients whose films are among these."""
        named = zip(self.files, self.kinds.tolist(), strict=True)
        return frozenset(patient_of(file) for file, kind in named if kind in ("nih", "small"))

    def epoch(self, random: np.random.Generator, counts: Mapping[str, int]) -> NDArray[np.int64]:
        """Draw the films of one epoch, in the order in which they are shown.

        Parameters
        ----------
        random : numpy.random.Generator
        counts : mapping of str to int
            Films to draw of a kind; of a kind that is not named, all.
        """
        drawn = [
            random.permutation(np.flatnonzero(self.kinds == kind))[: counts.get(kind)]
            for kind in KINDS
        ]
        return random.permutation(np.concatenate(drawn))

    def first(self, count: int) -> Lessons:
        """Keep the first `count` films of each kind."""
        rows = [np.flatnonzero(self.kinds == kind)[:count] for kind in np.unique(self.kinds)]
        return self._keep(np.sort(np.concatenate(rows)))

    def part(self, share: float) -> Lessons:
        """Keep a share of the patients."""
        lot = np.array([zlib.crc32(patient_of(file).encode()) for file in self.files])
        return self._keep(np.flatnonzero(lot < share * 2**32))

    def _keep(self, rows: NDArray[np.int64]) -> Lessons:
        files = tuple(self.files[row] for row in rows)
        return Lessons(files, self.targets[rows], self.worth[rows], self.kinds[rows])


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


def lessons_of_reads(folder: Path, fold: int) -> Lessons:
    """List what a member learns that believes experts, and labels as far as experts bear them out.

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
    films = read_films(folder)
    experts = read_experts(folder, films)
    read = np.unique(films.patients[experts.seen])
    sides = deal(films, read)
    learnt = (sides >= 0) & (sides != fold)
    told = learnt & experts.seen
    chance = chance_of_truth(films.labels[told], experts.findings[told])
    large = _targets(films.labels, (chance[0], chance[1]))
    large[told] = _targets(experts.findings[told], READ)
    worth = np.where(told, EXPERT_WEIGHT, 1.0)[learnt]

    small = read_films(folder.parent / "nih_64px")
    sides = deal(small, read)
    small = small.take((sides >= 0) & (sides != fold))
    return _joined(
        _evenly(films.take(learnt).files, large[learnt], worth, "nih"),
        _evenly(small.files, _targets(small.labels, (chance[0], chance[1])), SMALL_WEIGHT, "small"),
        *_of_children(folder.parent / "pediatric", READ),
    )


def lessons_of_labels(folder: Path) -> Lessons:
    """List what a member learns that takes labels at their word and knows no expert's patient.

    Parameters
    ----------
    folder : pathlib.Path
        As of `lessons_of_reads`.

    Returns
    -------
    Lessons
    """
    films = read_films(folder)
    read = np.unique(films.patients[read_experts(folder, films).seen])
    parts = []
    for kind, every, worth in (
        ("nih", films, 1.0),
        ("small", read_films(folder.parent / "nih_64px"), SMALL_WEIGHT),
    ):
        learnt = every.take((deal(every, read) >= 0) & ~np.isin(every.patients, read))
        parts.append(_evenly(learnt.files, _targets(learnt.labels, TRUSTED), worth, kind))
    return _joined(*parts, *_of_children(folder.parent / "pediatric", TRUSTED))


def _of_children(folder: Path, targets: Targets) -> Iterator[Lessons]:
    children = read_children(folder)
    column = FINDINGS.index("Pneumonia")
    for kind, chosen in (("sick", children.pneumonia), ("sound", ~children.pneumonia)):
        rows = np.flatnonzero(chosen & ~children.judged)
        shown = np.zeros((len(rows), len(FINDINGS)), bool)
        shown[:, column] = kind == "sick"
        taught = _evenly(
            tuple(children.files[row] for row in rows), _targets(shown, targets), CHILD_WEIGHT, kind
        )
        if kind == "sick":
            # a file name that says pneumonia says nothing of the other findings
            taught.worth[:, np.arange(len(FINDINGS)) != column] = 0.0
        yield taught


def _targets(shown: NDArray[np.bool_], targets: Targets) -> NDArray[np.float64]:
    absent, present = targets
    taught: NDArray[np.float64] = np.where(shown, present, absent)
    return taught


def _evenly(
    files: tuple[Path, ...],
    targets: NDArray[np.float64],
    worth: float | NDArray[np.float64],
    kind: str,
) -> Lessons:
    each = np.ones((len(files), 1)) * np.reshape(worth, (-1, 1)) * np.ones(len(FINDINGS))
    return Lessons(
        files, targets.astype(np.float32), each.astype(np.float32), np.array([kind] * len(files))
    )


def _joined(*parts: Lessons) -> Lessons:
    return Lessons(
        tuple(file for part in parts for file in part.files),
        np.concatenate([part.targets for part in parts]),
        np.concatenate([part.worth for part in parts]),
        np.concatenate([part.kinds for part in parts]),
    )
