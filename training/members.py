"""The members of the encoder: who is taught what, and which of them are averaged.

Two members take text-mined labels at their word and see no patient of whom an expert read a
film. Two members a fold learn from experts' reads of the other folds. The network of a fold
starts as the average of both kinds, each kind a half.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from training.finetune import Course, Manner
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


def courses_of(fold: int, every: Iterable[tuple[int | None, Course]]) -> list[Course]:
    """Choose the members that make up a fold's network: those by labels, and the fold's."""
    return [member for of, member in every if of is None or of == fold]


def courses(folder: Path, effort: Effort) -> Iterator[tuple[int | None, Course]]:
    """Give every member's course, with its fold; None for those who learn from labels alone."""
    lessons = some(lessons_of_labels(folder), effort)
    for seed in range(effort.seeds):
        yield None, course(f"labels, seed {seed}", (seed,), lessons, BY_LABELS, effort)
    for fold in range(FOLDS):
        lessons = some(lessons_of_reads(folder, fold), effort)
        for seed in range(effort.seeds):
            name = f"fold {fold}, seed {seed}"
            yield fold, course(name, (fold, seed), lessons, BY_READS, effort)


def course(
    name: str, lot: tuple[int, ...], lessons: Lessons, manner: Manner, effort: Effort
) -> Course:
    """Give a member's course, kept under a name that holds its recipe's hash."""
    stem = "-".join(["member", *map(str, lot), key(lessons, manner, effort.epochs)])
    return Course(name, lot, lessons, manner, effort.epochs, effort.cache / f"{stem}.pt")


def some(lessons: Lessons, effort: Effort) -> Lessons:
    """Keep as many lessons as the effort allows."""
    return lessons if effort.films is None else lessons.first(effort.films)
