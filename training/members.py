"""The members of the encoder: who is taught what, and which of them are averaged.

Two members take text-mined labels at their word and see no patient of whom an expert read a
film. Two members a fold learn from experts' reads of the other folds. The network of a fold is
the average of both kinds, each kind a half; so is the one that ships, of all members.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from training.backbone import Network
from training.finetune import Course, Manner, Weights, averaged, train_members
from training.lessons import FOLDS, Lessons, lessons_of_labels, lessons_of_reads
from training.recipe import key

EPOCHS = 7
SEEDS = 2
"""Members that are taught the same and differ by chance."""

BY_LABELS = Manner(288, 256, {"small": 300, "sick": 60, "sound": 90}, "highest")
BY_READS = Manner(320, 288, {"small": 150, "sick": 40, "sound": 60}, "medium")


@dataclass(frozen=True)
class Effort:
    """How much is trained.

    Attributes
    ----------
    epochs, seeds : int
    films : int or None
        Of each kind to learn from; None for all.
    cache : pathlib.Path
        Folder of what is kept after each epoch.
    """

    epochs: int
    seeds: int
    films: int | None
    cache: Path


def train_networks(folder: Path, effort: Effort) -> list[Network]:
    """Train all members and average them.

    Parameters
    ----------
    folder : pathlib.Path
        The NIH folder.
    effort : Effort

    Returns
    -------
    list of Network
        One a fold, which saw no expert's read of the fold and no other film of its patients,
        and last the one of all members.
    """
    every = list(courses(folder, effort))
    taught = train_members([course for _, course in every])
    by_labels = [weights for (fold, _), weights in zip(every, taught, strict=True) if fold is None]
    by_reads = {
        fold: [w for (of, _), w in zip(every, taught, strict=True) if of == fold]
        for fold in range(FOLDS)
    }
    networks = [
        _network(by_labels, members, _some(lessons_of_reads(folder, fold), effort))
        for fold, members in by_reads.items()
    ]
    of_all = [weights for members in by_reads.values() for weights in members]
    whole = _some(lessons_of_reads(folder, FOLDS), effort)
    return [*networks, _network(by_labels, of_all, whole)]


def _network(by_labels: list[Weights], by_reads: list[Weights], lessons: Lessons) -> Network:
    halves = by_labels * (len(by_reads) // len(by_labels))
    return averaged([*halves, *by_reads], lessons, BY_READS)


def courses(folder: Path, effort: Effort) -> Iterator[tuple[int | None, Course]]:
    """Give every member's course, with its fold; None for those who learn from labels alone."""
    lessons = _some(lessons_of_labels(folder), effort)
    for seed in range(effort.seeds):
        yield None, _course(f"labels, seed {seed}", (seed,), lessons, BY_LABELS, effort)
    for fold in range(FOLDS):
        lessons = _some(lessons_of_reads(folder, fold), effort)
        for seed in range(effort.seeds):
            name = f"fold {fold}, seed {seed}"
            yield fold, _course(name, (fold, seed), lessons, BY_READS, effort)


def _course(
    name: str, lot: tuple[int, ...], lessons: Lessons, manner: Manner, effort: Effort
) -> Course:
    stem = "-".join(["member", *map(str, lot), key(lessons, manner, effort.epochs)])
    return Course(name, lot, lessons, manner, effort.epochs, effort.cache / f"{stem}.pt")


def _some(lessons: Lessons, effort: Effort) -> Lessons:
    return lessons if effort.films is None else lessons.first(effort.films)
