"""Finish an averaged network: taught on, by its members too, and with films shown larger.

The dear part of training is done by members that see films small. Their average is taught on for
a few epochs at a higher resolution, from experts' reads as they are, and from labels halfway to
what the members think (`training.teacher`).
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR

from mmrag.encoders.compact_space import FINDINGS
from training.augment import varied
from training.backbone import Network
from training.data import SEED, read_tensors

# finetune's names are in the hash of the members that are trained: they stay as they are
from training.finetune import (
    BATCH,
    DECAY,
    Course,
    Weights,
    _keep,
    _loss,
    _resume,
    averaged,
)
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


def finish_all(finishes: Sequence[Finish]) -> list[Weights]:
    """Finish networks, as many side by side as there are cores."""
    with ProcessPoolExecutor(
        min(len(finishes), os.cpu_count() or 1), multiprocessing.get_context("spawn")
    ) as pool:
        return list(pool.map(finish, finishes))


def finish(whole: Finish) -> Weights:
    """Finish one network, from where a broken run left off; one thread, as for a member.

    Products are of 16 bits (bfloat16): at this resolution they save a fifth of the time.
    """
    course = whole.course
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision(course.manner.precision)
    if is_done(course):
        return weights_of(course)
    members = [weights_of(member) for member in whole.teacher.members]
    start = averaged(members, course.lessons, BY_READS).state_dict()
    lessons = whole.teacher.teach(course.lessons)
    pixels = read_tensors(lessons.files, course.manner.side)
    orders = [
        lessons.epoch(course.draws(epoch), course.manner.counts) for epoch in range(course.epochs)
    ]
    network = Network(len(FINDINGS))
    network.load_state_dict(start)
    network.to(memory_format=torch.channels_last).backbone.hold_still()
    body = [p for p in network.backbone.parameters() if p.requires_grad]
    optimiser = AdamW(
        [{"params": body}, {"params": network.heads.parameters()}], weight_decay=DECAY
    )
    steps = sum(len(order) // BATCH for order in orders)
    schedule = OneCycleLR(optimiser, [BODY_RATE, HEAD_RATE], steps)
    parts = {"network": network, "optimiser": optimiser, "schedule": schedule}
    for epoch in range(_resume(course.kept, parts), course.epochs):
        started, losses = time.monotonic(), []
        random = course.variations(epoch)
        torch.manual_seed(SEED + 100 * course.lot[0] + epoch)
        network.train()
        for rows in np.array_split(orders[epoch], len(orders[epoch]) // BATCH):
            films = varied(torch.from_numpy(pixels[rows]), random, course.manner.crop)
            with torch.autocast("cpu", torch.bfloat16):
                loss = _loss(network, films, lessons, rows)
            loss.backward()
            optimiser.step()
            schedule.step()
            optimiser.zero_grad(set_to_none=True)
            losses.append(loss.item())
        _keep(course.kept, parts, epoch + 1)
        print(
            f"{course.name}, epoch {epoch + 1} of {course.epochs}: "
            f"loss {np.mean(losses):.4f}, {time.monotonic() - started:.0f} s",
            flush=True,
        )
    return {name: value.contiguous() for name, value in network.state_dict().items()}


def is_done(course: Course) -> bool:
    """Tell whether a network was taught to the end."""
    if not course.kept.is_file():
        return False
    return int(torch.load(course.kept, weights_only=True, mmap=True)["epoch"]) == course.epochs
