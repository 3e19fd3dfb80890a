"""Train the members: networks that differ in what they are taught, to be averaged afterwards."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR

from mmrag.encoders.compact_space import FINDINGS
from training.augment import varied
from training.backbone import Network, average
from training.data import SEED, read_tensors
from training.hardware import DEVICE, at_once, in_16_bits
from training.lessons import Lessons

BATCH = 16
BODY_RATE, HEAD_RATE = 2e-4, 2e-3
DECAY = 0.01
SETTLING = 40
"""Batches from which an averaged network takes its batch statistics anew."""

KEEPING_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**34)}
"""Makes glibc keep a batch's memory for the next one in the processes that train: given back and
fetched anew it takes a tenth of the time."""

Weights = dict[str, Tensor]

T = TypeVar("T")


@dataclass(frozen=True)
class Manner:
    """How films are shown.

    Attributes
    ----------
    side, crop : int
        Of a film, and of what is taken from it, in pixels.
    counts : mapping of str to int
        Films to show in an epoch, of the kinds of which not all are shown.
    precision : {"highest", "medium"}
        Of products: 32 bits, or 16 where the processor has them.
    """

    side: int
    crop: int
    counts: Mapping[str, int]
    precision: str


@dataclass(frozen=True)
class Course:
    """What one member is taught, and how.

    Attributes
    ----------
    name : str
        For people.
    lot : tuple of int
        Tells the member's draws from others'.
    lessons : Lessons
    manner : Manner
    epochs : int
    kept : pathlib.Path
        File of what is kept after each epoch, so that a broken run can go on.
    """

    name: str
    lot: tuple[int, ...]
    lessons: Lessons
    manner: Manner
    epochs: int
    kept: Path

    def draws(self, epoch: int) -> np.random.Generator:
        """Make the generator of an epoch's order."""
        return np.random.default_rng([SEED, *self.lot, epoch])

    def variations(self, epoch: int) -> np.random.Generator:
        """Make the generator of an epoch's variations of films."""
        return np.random.default_rng([SEED, *self.lot, self.epochs + epoch])


def train_members(courses: Sequence[Course]) -> list[Weights]:
    """Train members, as many side by side as the hardware takes."""
    return side_by_side(train_member, courses)


def side_by_side(train: Callable[[T], Weights], wanted: Sequence[T]) -> list[Weights]:
    """Train networks, each in a process of its own, as many at once as the hardware takes.

    One thread each: two networks fill two cores without waiting for each other, and sums come
    in one order, so that the same machine gives the same weights.
    """
    os.environ.update(KEEPING_MEMORY)
    with ProcessPoolExecutor(
        min(len(wanted), at_once()),
        multiprocessing.get_context("spawn"),
        torch.set_num_threads,
        (1,),
    ) as pool:
        return list(pool.map(train, wanted))


def train_member(course: Course) -> Weights:
    """Train one member, from where a broken run left off."""
    network = Network(len(FINDINGS)).to(memory_format=torch.channels_last)
    seed = SEED + 1000 * course.lot[-1] + 100 * sum(course.lot[:-1])
    return teach(network, course, (BODY_RATE, HEAD_RATE), seed)


def teach(
    network: Network, course: Course, rates: tuple[float, float], seed: int, *, half: bool = False
) -> Weights:
    """Teach a network, from where a broken run left off.

    Parameters
    ----------
    network : Network
        As it starts.
    course : Course
    rates : tuple of float
        Highest learning rates of the body and of the heads.
    seed : int
        Of what chance decides inside the network; the epoch is added.
    half : bool
        Whether it computes in 16 bits (bfloat16), where the hardware has them.

    Returns
    -------
    dict of str to Tensor
        On the processor, wherever it was taught.
    """
    torch.set_float32_matmul_precision(course.manner.precision)
    pixels = read_tensors(course.lessons.files, course.manner.side)
    orders = [
        course.lessons.epoch(course.draws(epoch), course.manner.counts)
        for epoch in range(course.epochs)
    ]
    network.to(DEVICE).backbone.hold_still()
    body = [p for p in network.backbone.parameters() if p.requires_grad]
    optimiser = AdamW(
        [{"params": body}, {"params": network.heads.parameters()}], weight_decay=DECAY
    )
    steps = sum(len(order) // BATCH for order in orders)
    schedule = OneCycleLR(optimiser, list(rates), steps)
    parts = {"network": network, "optimiser": optimiser, "schedule": schedule}
    for epoch in range(_resume(course.kept, parts), course.epochs):
        started, losses = time.monotonic(), []
        random = course.variations(epoch)
        torch.manual_seed(seed + epoch)
        network.train()
        for rows in np.array_split(orders[epoch], len(orders[epoch]) // BATCH):
            films = varied(torch.from_numpy(pixels[rows]).to(DEVICE), random, course.manner.crop)
            with in_16_bits(half):
                loss = _loss(network, films, course.lessons, rows)
            loss.backward()
            optimiser.step()
            schedule.step()
            optimiser.zero_grad(set_to_none=True)
            losses.append(loss.item())
            end_with_parent()
        _keep(course.kept, parts, epoch + 1)
        print(
            f"{course.name}, epoch {epoch + 1} of {course.epochs}: "
            f"loss {np.mean(losses):.4f}, {time.monotonic() - started:.0f} s",
            flush=True,
        )
    return {name: value.cpu().contiguous() for name, value in network.state_dict().items()}


def end_with_parent() -> None:
    """End a process that trains for one that is gone, which would else go on unseen for long."""
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        os._exit(1)  # an exception would be kept for the parent, and waited with


def averaged(members: Sequence[Weights], lessons: Lessons, manner: Manner) -> Network:
    """Average members' weights and take batch statistics of the result anew.

    Parameters
    ----------
    members : sequence of dict
        A member that stands twice counts twice.
    lessons : Lessons
    manner : Manner
        How the average is shown films.

    Returns
    -------
    Network
        In evaluation mode, on the processor.
    """
    torch.manual_seed(SEED + len(members))  # paths are dropped while statistics are taken, too
    network = Network(len(FINDINGS))
    network.load_state_dict(average(members))
    network.to(DEVICE, memory_format=torch.channels_last).train()
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d) and layer.training:
            layer.reset_running_stats()
            layer.momentum = None
    random = np.random.default_rng([SEED, len(members)])
    order = lessons.epoch(random, manner.counts)[: SETTLING * BATCH]
    with torch.inference_mode():
        for start in range(0, len(order), BATCH):
            files = [lessons.files[row] for row in order[start : start + BATCH]]
            films = torch.from_numpy(read_tensors(files, manner.side)).to(DEVICE)
            films = varied(films, random, manner.crop)
            network(films.contiguous(memory_format=torch.channels_last))
    return network.cpu().eval()


def _loss(network: Network, films: Tensor, lessons: Lessons, rows: NDArray[np.int64]) -> Tensor:
    targets, worth = (
        torch.from_numpy(table[rows]).to(films.device) for table in (lessons.targets, lessons.worth)
    )
    scores = network(films.contiguous(memory_format=torch.channels_last))
    return binary_cross_entropy_with_logits(scores, targets, worth)


def _resume(kept: Path, parts: dict[str, torch.nn.Module | AdamW | OneCycleLR]) -> int:
    """Load what was kept, if anything; returns the epochs that are done."""
    if not kept.is_file():
        return 0
    state = torch.load(kept, map_location=DEVICE, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return int(state["epoch"])


def _keep(kept: Path, parts: dict[str, torch.nn.Module | AdamW | OneCycleLR], epoch: int) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    state = {name: part.state_dict() for name, part in parts.items()} | {"epoch": epoch}
    torch.save(state, kept.with_suffix(".tmp"))
    kept.with_suffix(".tmp").replace(kept)
