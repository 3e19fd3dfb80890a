"""Finish an averaged network: taught on, by its members too, and with films shown larger.

The dear part of training is done by members that see films small. Their average is taught on for
a few epochs at a higher resolution, from experts' reads as they are, and from labels halfway to
what the members think (`training.teacher`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from mmrag.encoders.compact_space import FINDINGS
from training.backbone import Network
from training.data import SEED
from training.finetune import Course, Weights, averaged, teach
from training.members import BY_READS
from training.teacher import Teacher, weights_of

BODY_RATE, HEAD_RATE = 1e-4, 5e-4


@dataclass(frozen=True)
class Finish:
    """What the average of a fold's members is taught.

    Attributes
    ----------
    course : Course
        With the lessons of the members by reads.
    teacher : Teacher
        The members.
    """

    course: Course
    teacher: Teacher


def finish(whole: Finish) -> Weights:
    """Finish one network, from where a broken run left off.

    It computes in 16 bits where the hardware has them: at this resolution they save a fifth of
    the time.
    """
    course = whole.course
    if is_done(course):
        return weights_of(course)
    torch.set_float32_matmul_precision(course.manner.precision)
    members = [weights_of(member) for member in whole.teacher.members]
    start = averaged(members, course.lessons, BY_READS).state_dict()
    taught = replace(course, lessons=whole.teacher.teach(course.lessons))
    network = Network(len(FINDINGS))
    network.load_state_dict(start)
    network.to(memory_format=torch.channels_last)
    seed = SEED + 100 * course.lot[0]
    return teach(network, taught, (BODY_RATE, HEAD_RATE), seed, half=True)


def is_done(course: Course) -> bool:
    """Tell whether a network was taught to the end."""
    if not course.kept.is_file():
        return False
    return (
        int(torch.load(course.kept, map_location="cpu", weights_only=True, mmap=True)["epoch"])
        == course.epochs
    )
