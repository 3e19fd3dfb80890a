"""Make the compact encoder: members, their average, space, ONNX file.

Run as ``python -m training.train [folder of the NIH data] [--out FILE] [--smoke]``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from training.backbone import Network
from training.data import read_experts, read_films, read_tensors, unseen_patients
from training.export import export, parity
from training.features import extract
from training.finetune import CACHE, EPOCHS, Course, averaged, train_members
from training.heads import Heads, standardise
from training.lessons import kept_aside, read_lessons
from training.space import FilmTower, fit_look

ROOT = Path(__file__).resolve().parents[1]
NIH = ROOT.parent / "shared" / "data" / "nih"
CHECKED = 64
SMOKE = 16
"""Films of each kind in a trial run."""
SHIPPED = ROOT / "src" / "mmrag" / "encoders" / "data" / "compact.onnx"


def build(network: Network, folder: Path) -> FilmTower:
    """Lay out the space around a trained network.

    Scores are standardised on the patients kept aside; the look takes in every film of a
    patient whom no expert read.

    Parameters
    ----------
    network : Network
        In evaluation mode; its backbone is folded in place.
    folder : pathlib.Path
        The NIH folder.

    Returns
    -------
    FilmTower
    """
    every = read_films(folder)
    films = every.take(unseen_patients(every, read_experts(folder, every)))
    network.backbone.fold()
    features = extract(network.backbone, films.files)
    heads = Heads(
        network.heads.weight.detach().numpy().T.astype(np.float64),
        network.heads.bias.detach().numpy().astype(np.float64),
    )
    heads = standardise(heads, features[kept_aside(films)])
    return FilmTower(network.backbone, heads, fit_look(features, heads))


def main() -> None:
    """Read the arguments, train, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=NIH)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument(
        "--smoke", action="store_true", help="one epoch on few films, to see that it runs"
    )
    arguments = parser.parse_args()
    lessons = read_lessons(arguments.folder)
    course = Course(lessons, EPOCHS, CACHE)
    if arguments.smoke:
        course = Course(lessons.first(SMOKE), 1, arguments.out.parent)
    network = averaged(train_members(course), course.lessons)
    tower = build(network, arguments.folder)
    export(tower, arguments.out)
    some = read_films(arguments.folder).files[:CHECKED]
    cosines = parity(tower, arguments.out, read_tensors(some))
    print(
        f"{arguments.out.name}: {arguments.out.stat().st_size / 1e6:.1f} MB; cosine with the "
        f"unrounded tower over {len(some)} films: mean {cosines.mean():.7f}, "
        f"least {cosines.min():.7f}"
    )


if __name__ == "__main__":
    torch.set_num_threads(2)
    main()
