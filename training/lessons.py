"""What the network learns from: films of three sets, their labels, and what each label is worth.

No film of a patient whom an expert read is among them, nor one of the patients kept aside to
standardise the scores, nor one of the children kept aside to judge.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmrag.encoders.compact_space import FINDINGS
from training.data import Films, patient_folds, read_experts, read_films, unseen_patients

ASIDE = 7
"""One in so many patients is kept aside to standardise the scores."""

SMALL_WEIGHT, CHILD_WEIGHT = 0.5, 0.5
"""What a label of a film of 64 pixels, or of a child's film, is worth beside one of the rest."""

AN_EPOCH = {"small": 300, "sick": 60, "sound": 90}
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
    """All films to learn from.

    Attributes
    ----------
    files : tuple of pathlib.Path
    labels : ndarray
        Shape (n, 14), bool.
    worth : ndarray
        Shape (n, 14), float32: what a label is worth, 0 where it says nothing.
    kinds : ndarray
        Shape (n,): nih, small, sick or sound.
    """

    files: tuple[Path, ...]
    labels: NDArray[np.bool_]
    worth: NDArray[np.float32]
    kinds: NDArray[np.str_]

    def epoch(self, random: np.random.Generator) -> NDArray[np.int64]:
        """Draw the films of one epoch, in the order in which they are shown."""
        drawn = [
            random.permutation(np.flatnonzero(self.kinds == kind))[: AN_EPOCH.get(kind)]
            for kind in ("nih", *AN_EPOCH)
        ]
        return random.permutation(np.concatenate(drawn))

    def first(self, count: int) -> Lessons:
        """Keep the first `count` films of each kind."""
        rows = [np.flatnonzero(self.kinds == kind)[:count] for kind in np.unique(self.kinds)]
        kept = np.sort(np.concatenate(rows))
        files = tuple(self.files[row] for row in kept)
        return Lessons(files, self.labels[kept], self.worth[kept], self.kinds[kept])


def kept_aside(films: Films) -> NDArray[np.bool_]:
    """Films of the patients kept aside, shape (n,).

    The patient's number decides, so that a patient with films in two sets is on the same side
    in both.
    """
    return np.array([int(patient) % ASIDE == 0 for patient in films.patients])


def read_children(folder: Path) -> Children:
    """Read the table of a folder of children's films."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    return Children(
        tuple(folder / "images" / row["image"] for row in rows),
        np.array([row["finding"] != "No Finding" for row in rows]),
        patient_folds(np.array([row["patient"] for row in rows]), 2) == 1,
    )


def read_lessons(folder: Path) -> Lessons:
    """List all films to learn from.

    Parameters
    ----------
    folder : pathlib.Path
        The NIH folder; ``nih_64px`` and ``pediatric`` lie beside it.

    Returns
    -------
    Lessons
    """
    parts = list(_parts(folder))
    return Lessons(
        tuple(file for part in parts for file in part.files),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.worth for part in parts]),
        np.concatenate([part.kinds for part in parts]),
    )


def _parts(folder: Path) -> Iterator[Lessons]:
    every = read_films(folder)
    experts = read_experts(folder, every)
    films = every.take(unseen_patients(every, experts) & ~kept_aside(every))
    yield _lessons(films.files, films.labels, np.ones(films.labels.shape), "nih")

    small = read_films(folder.parent / "nih_64px")
    judged = np.isin(small.patients, every.patients[experts.seen])
    small = small.take(~judged & ~kept_aside(small))
    yield _lessons(small.files, small.labels, np.full(small.labels.shape, SMALL_WEIGHT), "small")

    children = read_children(folder.parent / "pediatric")
    for kind, chosen in (("sick", children.pneumonia), ("sound", ~children.pneumonia)):
        rows = np.flatnonzero(chosen & ~children.judged)
        labels = np.zeros((len(rows), len(FINDINGS)), bool)
        worth = np.full(labels.shape, CHILD_WEIGHT)
        if kind == "sick":
            # a file name that says pneumonia says nothing of the other findings
            column = FINDINGS.index("Pneumonia")
            labels[:, column] = True
            worth[:, np.arange(len(FINDINGS)) != column] = 0.0
        yield _lessons(tuple(children.files[row] for row in rows), labels, worth, kind)


def _lessons(
    files: tuple[Path, ...], labels: NDArray[np.bool_], worth: NDArray[np.float64], kind: str
) -> Lessons:
    return Lessons(files, labels, worth.astype(np.float32), np.array([kind] * len(files)))
