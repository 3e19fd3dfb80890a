"""Make the compact encoder: members, their average, space, ONNX file, vectors out of fold.

Run as ``python -m training.train [folder of the NIH data] [--out FILE] [--apart FILE] [--smoke]``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from training.backbone import Network
from training.boxes import read_boxes
from training.data import Films, read_experts, read_films, read_tensors
from training.export import export, parity
from training.finetune import EPOCHS, Course, averaged, train_members
from training.layout import Placed, place
from training.lessons import FOLDS, Lessons, deal, read_lessons
from training.out_of_fold import collect, write
from training.recipe import key

ROOT = Path(__file__).resolve().parents[1]
NIH = ROOT.parent / "shared" / "data" / "nih"
CACHE = ROOT / "training" / "cache"
SHIPPED = ROOT / "src" / "mmrag" / "encoders" / "data" / "compact.onnx"
APART = ROOT / "training" / "out_of_fold.npz"
SEEDS = 2
"""Members a fold."""

CHECKED = 64
SMOKE, SMOKE_FILMS = 16, 160
"""Films of each kind that a trial run learns from, and films that it lays the space around."""


def main() -> None:
    """Read the arguments, train, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=NIH)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--apart", type=Path, default=APART)
    parser.add_argument(
        "--smoke", action="store_true", help="one epoch on few films, to see that it runs"
    )
    arguments = parser.parse_args()
    films = read_films(arguments.folder)
    folds = dealt(films, arguments.folder)
    if arguments.smoke:
        few = np.arange(len(films)) < SMOKE_FILMS
        films, folds = films.take(few), folds[few]
    networks = trained(arguments.folder, arguments.out.parent, smoke=arguments.smoke)
    shipped, apart = placed(networks, films, folds)
    learnt = read_lessons(arguments.folder, FOLDS).patients
    digest = export(shipped.tower, learnt, arguments.out)
    boxes = read_boxes(arguments.folder.parent / "labels" / "BBox_List_2017.csv.gz")
    write(collect(films, folds, apart, shipped, boxes), digest, arguments.apart)
    cosines = parity(shipped.tower, arguments.out, read_tensors(films.files[:CHECKED]))
    print(
        f"{arguments.out.name}: {arguments.out.stat().st_size / 1e6:.1f} MB; cosine with the "
        f"unrounded tower over {len(cosines)} films: mean {cosines.mean():.7f}, "
        f"least {cosines.min():.7f}"
    )


def dealt(films: Films, folder: Path) -> NDArray[np.int64]:
    """Fold of each film, -1 for patients kept aside, shape (n,)."""
    experts = read_experts(folder, films)
    return deal(films, np.unique(films.patients[experts.seen]))


def trained(folder: Path, beside: Path, *, smoke: bool) -> list[Network]:
    """Train all members; average those of each fold, and last all of them.

    Parameters
    ----------
    folder : pathlib.Path
        The NIH folder.
    beside : pathlib.Path
        Where a trial run keeps its members.
    smoke : bool

    Returns
    -------
    list of Network
        One a fold, which did not learn from it, and the one of all members.
    """
    lessons = [read_lessons(folder, fold) for fold in range(FOLDS + 1)]
    if smoke:
        lessons = [each.first(SMOKE) for each in lessons]
    courses = [
        course(lessons[fold], fold, seed, beside if smoke else CACHE, epochs=1 if smoke else EPOCHS)
        for seed in range(1 if smoke else SEEDS)
        for fold in range(FOLDS)
    ]
    members = train_members(courses)
    groups = [members[fold::FOLDS] for fold in range(FOLDS)]
    return [
        averaged(group, taught) for group, taught in zip([*groups, members], lessons, strict=True)
    ]


def course(lessons: Lessons, fold: int, seed: int, cache: Path, *, epochs: int) -> Course:
    """Set up a member's course; a changed recipe is kept in another file."""
    kept = cache / f"member-{fold}-{seed}-{key(lessons, epochs)}.pt"
    return Course(lessons, fold, seed, epochs, kept)


def placed(
    networks: list[Network], films: Films, folds: NDArray[np.int64]
) -> tuple[Placed, list[Placed]]:
    """Lay out the space of the network of all members, and of each fold's in its coordinates."""
    aside = folds < 0
    shipped = place(networks[-1], films, ~aside, aside)
    apart = [
        place(network, films, ~aside & (folds != fold), aside, shipped)
        for fold, network in enumerate(networks[:-1])
    ]
    return shipped, apart


if __name__ == "__main__":
    torch.set_num_threads(2)
    main()
