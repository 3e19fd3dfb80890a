"""Make the compact encoder: members, networks, space, ONNX file, vectors out of fold.

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
from training.finished import SIDE, train_networks
from training.layout import Placed, place
from training.lessons import FOLDS, deal, lessons_of_reads
from training.members import EPOCHS, SEEDS, Effort
from training.out_of_fold import collect, write

ROOT = Path(__file__).resolve().parents[1]
NIH = ROOT.parent / "shared" / "data" / "nih"
CACHE = ROOT / "training" / "cache"
SHIPPED = ROOT / "src" / "mmrag" / "encoders" / "data" / "compact.onnx"
APART = ROOT / "training" / "out_of_fold.npz"
CHECKED = 64
SMOKE, SMOKE_FILMS = 16, 240
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
    read, folds = dealt(films, arguments.folder)
    effort = Effort(EPOCHS, SEEDS, None, CACHE)
    if arguments.smoke:
        effort = Effort(1, 1, SMOKE, arguments.out.parent)
        few = np.arange(len(films)) < SMOKE_FILMS
        films, read, folds = films.take(few), read[few], folds[few]
    networks = train_networks(arguments.folder, effort)
    shipped, apart = placed(networks, films, folds)
    learnt = lessons_of_reads(arguments.folder, FOLDS).patients
    digest = export(shipped.tower, learnt, SIDE, arguments.out)
    boxes = read_boxes(arguments.folder.parent / "labels" / "BBox_List_2017.csv.gz")
    archive = collect(films, folds, read | (folds < 0), [*apart, shipped], boxes, SIDE)
    write(archive, digest, arguments.apart)
    cosines = parity(shipped.tower, arguments.out, read_tensors(films.files[:CHECKED], SIDE))
    print(
        f"{arguments.out.name}: {arguments.out.stat().st_size / 1e6:.1f} MB; cosine with the "
        f"unrounded tower over {len(cosines)} films: mean {cosines.mean():.7f}, "
        f"least {cosines.min():.7f}"
    )


def dealt(films: Films, folder: Path) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Tell films of patients of whom an expert read one, and each film's fold (-1 kept aside)."""
    experts = read_experts(folder, films)
    patients = np.unique(films.patients[experts.seen])
    return np.isin(films.patients, patients), deal(films, patients)


def placed(
    networks: list[Network], films: Films, folds: NDArray[np.int64]
) -> tuple[Placed, list[Placed]]:
    """Lay out the space of the network that ships, and of each fold's in its coordinates."""
    aside = folds < 0
    shipped = place(networks[-1], films, ~aside, aside, SIDE)
    apart = [
        place(network, films, ~aside & (folds != fold), aside, SIDE, shipped)
        for fold, network in enumerate(networks[:-1])
    ]
    return shipped, apart


if __name__ == "__main__":
    torch.set_num_threads(2)
    main()
