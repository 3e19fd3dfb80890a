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
from training.members import BY_READS, Effort, courses, courses_of, some
from training.recipe import key, told
from training.teacher import Teacher

FINISHED = Manner(384, 352, BY_READS.counts, "medium")
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
    every = list(courses(folder, effort))
    finishes = [_finish(fold, courses_of(fold, every), folder, effort) for fold in range(FOLDS)]
    if not all(is_done(each.course) for each in finishes):
        train_members([course for _, course in every])
    finished = side_by_side(finish, finishes)
    networks = [
        averaged([weights], each.course.lessons, FINISHED)
        for weights, each in zip(finished, finishes, strict=True)
    ]
    whole = some(lessons_of_reads(folder, FOLDS), effort)
    return [*networks, averaged(finished, whole, FINISHED)]


def _finish(fold: int, members: Sequence[Course], folder: Path, effort: Effort) -> Finish:
    lessons = some(lessons_of_reads(folder, fold), effort)
    epochs = min(EPOCHS, effort.epochs)
    recipe = hashlib.sha256(key(lessons, FINISHED, epochs).encode())
    recipe.update("".join(member.kept.stem for member in members).encode())
    recipe.update("".join(map(told, (finishing, teacher))).encode())
    kept = effort.cache / f"finished-{fold}-{recipe.hexdigest()[:12]}.pt"
    course = Course(f"fold {fold}, finishing", (fold,), lessons, FINISHED, epochs, kept)
    return Finish(course, Teacher(members, effort.cache))
