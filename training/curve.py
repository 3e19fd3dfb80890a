"""The learning curve: how well one member ranks that learnt from a share of the patients.

Run as ``python -m training.curve [folder of the NIH data]`` after `training.train`, whose members
stand for all patients. Prints a Markdown table and changes no file but ``training/cache``.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from training.backbone import Network
from training.data import Films, read_experts, read_films, read_tensors
from training.finetune import Course, Weights, train_members
from training.lessons import FOLDS
from training.members import EPOCHS, Effort, course, courses
from training.metrics import mean_over_findings
from training.train import CACHE, NIH, dealt

SHARES = (0.25, 0.5, 1.0)
COUNTED = 15
"""Films on which experts saw a finding, from which it counts in the mean."""

BATCH = 8

ONE_MEMBER = Effort(EPOCHS, 1, None, CACHE)


def main() -> None:
    """Read the argument, train, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=NIH)
    folder = parser.parse_args().folder
    films = read_films(folder)
    experts = read_experts(folder, films)
    _, folds = dealt(films, folder)
    print("| share of patients | films of adults learnt from | AP | P@10 | AUC |")
    print("| --- | --- | --- | --- | --- |")
    for share in SHARES:
        members = [_part(member, share) for member in _by_reads(folder)]
        weights = train_members(members)
        scores = np.zeros((len(films), experts.findings.shape[1]))
        for fold, member in enumerate(weights):
            rows = np.flatnonzero(experts.seen & (folds == fold))
            told = _scores(member, films, rows)
            scores[rows] = (told - told.mean(axis=0)) / told.std(axis=0)
        truth = experts.findings[experts.seen]
        counted = np.flatnonzero(truth.sum(axis=0) >= COUNTED)
        figures = mean_over_findings(truth[:, counted], scores[experts.seen][:, counted])
        learnt = np.mean([(m.lessons.kinds == "nih").sum() for m in members])
        print(
            f"| {share:.0%} | {learnt:.0f} | {figures.ap:.3f} | {figures.p10:.3f} | "
            f"{figures.auc:.3f} |",
            flush=True,
        )


def _by_reads(folder: Path) -> list[Course]:
    """First member of each fold."""
    found = [member for fold, member in courses(folder, ONE_MEMBER) if fold is not None]
    assert len(found) == FOLDS
    return found


def _part(member: Course, share: float) -> Course:
    if share == 1.0:
        return member
    counts = {kind: round(count * share) for kind, count in member.manner.counts.items()}
    manner = replace(member.manner, counts=counts)
    return course(member.name, member.lot, member.lessons.part(share), manner, ONE_MEMBER)


def _scores(member: Weights, films: Films, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    network = Network(len(films.labels[0]))
    network.load_state_dict(member)
    network.to(memory_format=torch.channels_last).eval()
    told = []
    with torch.inference_mode():
        for start in range(0, len(rows), BATCH):
            files = [films.files[row] for row in rows[start : start + BATCH]]
            pixels = torch.from_numpy(read_tensors(files))
            told.append(network(pixels.contiguous(memory_format=torch.channels_last)).numpy())
    return np.concatenate(told).astype(np.float64)


if __name__ == "__main__":
    main()
