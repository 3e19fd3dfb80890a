"""What a fold's members think of the films that no expert read, to teach one network with.

A member alone errs in its own way; the mean of all of them is nearer to what experts see than a
label mined from a report, and says how sure it is. It teaches beside the label, not instead of
it. The members of a fold saw no patient of the fold, so neither does what they teach.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mmrag.encoders.compact_space import FINDINGS
from training.backbone import Network
from training.data import read_tensors
from training.finetune import Course, Weights
from training.hardware import DEVICE, in_16_bits
from training.lessons import EXPERT_WEIGHT, Lessons

BATCH = 16
SHARE = 0.5
"""Of the target, what the teacher says; the rest is the label."""


@dataclass(frozen=True)
class Teacher:
    """The members of a fold.

    Attributes
    ----------
    members : sequence of Course
        That have been trained: their weights are what they kept.
    cache : pathlib.Path
        Folder of what members said of films.
    """

    members: Sequence[Course]
    cache: Path

    def teach(self, lessons: Lessons) -> Lessons:
        """Move the targets of large films of adults towards what the members think.

        Experts' reads stay as they are, and so do films of 64 pixels, of which members see
        little more than the label they were told, and films of children.
        """
        rows = np.flatnonzero((lessons.kinds == "nih") & (lessons.worth[:, 0] < EXPERT_WEIGHT))
        files = [lessons.files[row] for row in rows]
        said = np.mean([self._said(member, files) for member in self.members], axis=0)
        targets = lessons.targets.copy()
        targets[rows] = (1.0 - SHARE) * targets[rows] + SHARE * said
        return replace(lessons, targets=targets)

    def _said(self, member: Course, files: Sequence[Path]) -> NDArray[np.float32]:
        named = hashlib.sha256("\n".join(file.name for file in files).encode()).hexdigest()[:12]
        kept = self.cache / f"said-{member.kept.stem}-{named}.npy"
        if not kept.is_file():
            part = kept.with_suffix(f".{os.getpid()}")  # two folds may ask for one member's
            with part.open("wb") as stream:
                np.save(stream, said_by(weights_of(member), files))
            part.replace(kept)
        told: NDArray[np.float32] = np.load(kept)
        return told


def weights_of(course: Course) -> Weights:
    """Read what a trained member kept."""
    weights: Weights = torch.load(course.kept, map_location="cpu", weights_only=True)["network"]
    return weights


def said_by(weights: Weights, files: Sequence[Path]) -> NDArray[np.float32]:
    """Probabilities of the findings, mean over each film and its mirror image.

    Parameters
    ----------
    weights : dict
        Of a trained member.
    files : sequence of pathlib.Path

    Returns
    -------
    ndarray
        Shape (n, 14), float32.
    """
    network = Network(len(FINDINGS))
    network.load_state_dict(weights)
    network.to(DEVICE, memory_format=torch.channels_last).eval().backbone.fold()
    said = np.empty((len(files), len(FINDINGS)), np.float32)
    with torch.inference_mode(), in_16_bits():
        for start in range(0, len(files), BATCH):
            films = torch.from_numpy(read_tensors(files[start : start + BATCH])).to(DEVICE)
            both = torch.stack([torch.sigmoid(network(f).float()) for f in (films, films.flip(3))])
            said[start : start + BATCH] = both.mean(0).cpu().numpy()
    return said
