"""Make the compact encoder: features, heads, space, ONNX file.

Run as ``python -m training.train [folder of the NIH data] [--out FILE]``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from mmrag.encoders.preprocess import to_tensor
from training import heads as linear
from training.backbone import GreyBackbone
from training.data import SEED, read_experts, read_films, read_pixels, unseen_patients
from training.export import export, parity
from training.features import extract
from training.space import FilmTower, fit_look

ROOT = Path(__file__).resolve().parents[1]
NIH = ROOT.parent / "shared" / "data" / "nih"
CHECKED = 64
SHIPPED = ROOT / "src" / "mmrag" / "encoders" / "data" / "compact.onnx"


def build(folder: Path) -> FilmTower:
    """Fit everything on films of patients whom no expert read.

    Parameters
    ----------
    folder : pathlib.Path
        The NIH folder.

    Returns
    -------
    FilmTower
    """
    every = read_films(folder)
    learnt = unseen_patients(every, read_experts(folder, every))
    films = every.take(learnt)
    features = extract(every)[:, learnt]
    shrinkage = linear.choose_shrinkage(features, films.labels, films.patients)
    held_out = linear.out_of_fold(features, films.labels, films.patients, shrinkage)
    heads = linear.standardise(linear.fit(features, films.labels, shrinkage), held_out)
    print(f"{len(films)} films, {len(set(films.patients))} patients, shrinkage {shrinkage:g}")
    return FilmTower(GreyBackbone(), heads, fit_look(features[0], heads))


def main() -> None:
    """Read the arguments, train, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=NIH)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    tower = build(arguments.folder)
    export(tower, arguments.out)
    some = read_films(arguments.folder).files[:CHECKED]
    pixels = np.concatenate([to_tensor(read_pixels(file)) for file in some])
    cosines = parity(tower, arguments.out, pixels)
    print(
        f"{arguments.out.name}: {arguments.out.stat().st_size / 1e6:.1f} MB; cosine with the "
        f"unrounded tower over {len(some)} films: mean {cosines.mean():.7f}, "
        f"least {cosines.min():.7f}"
    )


if __name__ == "__main__":
    main()
