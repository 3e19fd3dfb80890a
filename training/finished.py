"""The networks of the encoder: one a fold, finished, and the average of them, which ships."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from training import finishing, teacher
from training.backbone import Network
from training.finetune import Course, Manner, averaged, side_by_side, train_members
from training.finishing import Finish, finish, is_done
from training.lessons import FOLDS, lessons_of_reads
from training.members import (
    BY_READS,
    Effort,
    courses_by_labels,
    courses_by_reads,
    ground_of,
    lay_ground,
    some,
)
from training.recipe import key, told
from training.teacher import Teacher

FINISHED = Manner(384, 352, BY_READS.counts, BY_READS.still)
EPOCHS = 4
SIDE = FINISHED.crop
"""To which the encoder squeezes a film, in pixels."""


def train_networks(folder: Path, effort: Effort) -> list[Network]:
    """Train all members, finish the average of each fold's.

    Parameters
    ----------
    folder : pathlib.Path
        The NIH folder.
    effort : Effort

    Returns
    -------
    list of Network
        One a fold, which saw no expert's read of the fold and no other film of its patients,
        and last the average of these, which has seen them all.
    """
    first = courses_by_labels(folder, effort)
    ground = ground_of(first)
    members = [courses_by_reads(folder, fold, ground, effort) for fold in range(FOLDS)]
    finishes = [_finish(each, effort) for each in members]
    if not all(is_done(each.course) for each in finishes):
        lay_ground(first)
        train_members([course for each in members for course in each])
    finished = side_by_side(finish, finishes)
    networks = [
        averaged([weights], each.course.lessons, FINISHED)
        for weights, each in zip(finished, finishes, strict=True)
    ]
    whole = some(lessons_of_reads(folder, FOLDS), effort)
    return [*networks, averaged(finished, whole, FINISHED)]


def _finish(members: Sequence[Course], effort: Effort) -> Finish:
    first = members[0]
    lessons, fold = first.lessons, first.lot[0]
    epochs = min(EPOCHS, effort.epochs)
    recipe = hashlib.sha256(key(lessons, FINISHED, epochs).encode())
    recipe.update("".join(member.kept.stem for member in members).encode())
    recipe.update("".join(map(told, (finishing, teacher))).encode())
    kept = effort.cache / f"finished-{fold}-{recipe.hexdigest()[:12]}.pt"
    name = f"fold {fold}, finishing"
    course = Course(name, (fold,), lessons, FINISHED, epochs, kept, first.start)
    return Finish(course, Teacher(members, effort.cache))
