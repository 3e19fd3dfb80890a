"""The members of the encoder: who is taught what, and from where.

The first two learn from labels alone and see no patient of whom an expert read a film, so their
average can be the ground of every fold. Two members a fold are taught on from there by experts'
reads of the other folds. Films are shown larger from stage to stage: what is learnt from small
ones at a third of the time need not be learnt again, and once the first blocks know films
they are held still.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from training.backbone import STILL_BLOCKS
from training.finetune import Course, Manner, averaged, train_members
from training.lessons import Lessons, lessons_of_labels, lessons_of_reads
from training.recipe import key

EPOCHS, EPOCHS_ON = 6, 3
"""Of members by labels, and of those that are taught on from them."""

SEEDS = 2
"""Members that are taught the same and differ by chance."""

BY_LABELS = Manner(256, 224, {"small": 300, "sick": 60, "sound": 90}, still=STILL_BLOCKS)
BY_READS = Manner(288, 256, {"small": 150, "sick": 40, "sound": 60}, still=7)


@dataclass(frozen=True)
class Effort:
    """How much is trained.

    Attributes
    ----------
    epochs : int
        At most, of each stage.
    seeds : int
    films : int or None
        Of each kind to learn from; None for all.
    cache : pathlib.Path
        Folder of what is kept after each epoch.
    share : float
        Of the patients to learn from.
    """

    epochs: int
    seeds: int
    films: int | None
    cache: Path
    share: float = 1.0


def courses_by_labels(folder: Path, effort: Effort) -> list[Course]:
    """Give the courses of the members that learn from labels alone."""
    lessons = some(lessons_of_labels(folder), effort)
    return [
        _course(f"labels, seed {seed}", (seed,), lessons, BY_LABELS, effort)
        for seed in range(effort.seeds)
    ]


def ground_of(members: Sequence[Course]) -> Path:
    """Name the file of the average of members."""
    digest = hashlib.sha256("".join(member.kept.stem for member in members).encode())
    return members[0].kept.with_name(f"ground-{digest.hexdigest()[:12]}.pt")


def lay_ground(members: Sequence[Course]) -> Path:
    """Train members and keep their average, unless that is done."""
    ground = ground_of(members)
    if not ground.is_file():
        first = members[0]
        network = averaged(train_members(members), first.lessons, first.manner)
        torch.save(network.state_dict(), ground.with_suffix(".tmp"))
        ground.with_suffix(".tmp").replace(ground)
    return ground


def courses_by_reads(folder: Path, fold: int, ground: Path, effort: Effort) -> list[Course]:
    """Give the courses of a fold's members, who are taught on from `ground`."""
    lessons = some(lessons_of_reads(folder, fold), effort)
    return [
        _course(f"fold {fold}, seed {seed}", (fold, seed), lessons, BY_READS, effort, ground)
        for seed in range(effort.seeds)
    ]


def _course(
    name: str,
    lot: tuple[int, ...],
    lessons: Lessons,
    manner: Manner,
    effort: Effort,
    ground: Path | None = None,
) -> Course:
    counts = {kind: round(count * effort.share) for kind, count in manner.counts.items()}
    manner = replace(manner, counts=counts)
    epochs = min(effort.epochs, EPOCHS if ground is None else EPOCHS_ON)
    recipe = key(lessons, manner, epochs)
    if ground is not None:
        recipe = f"{recipe}-{ground.stem.removeprefix('ground-')}"
    stem = "-".join(["member", *map(str, lot), recipe])
    return Course(name, lot, lessons, manner, epochs, effort.cache / f"{stem}.pt", ground)


def some(lessons: Lessons, effort: Effort) -> Lessons:
    """Keep as many lessons as the effort allows."""
    part = lessons if effort.share == 1.0 else lessons.part(effort.share)
    return part if effort.films is None else part.first(effort.films)
