"""Every figure of the model card, measured anew.

Run as ``python -m training.report [folder of the NIH data]``: writes the tables into
``docs/compact-encoder.md`` and the same figures into ``training/figures.json``.
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmrag.encoders.compact import SHIPPED, CompactEncoder
from mmrag.encoders.compact_space import FINDINGS, anchor, normal_anchor
from mmrag.fusion import Anchors, FusionWeights, fuse
from training import heads as linear
from training.data import SEED, Films, read_experts, read_films, read_pixels, unseen_patients
from training.features import extract
from training.metrics import Figures, area_under_roc, figures, mean_over_findings
from training.train import NIH, ROOT

CARD = ROOT / "docs" / "compact-encoder.md"
FIGURES = ROOT / "training" / "figures.json"
REPEATS = 5
RESAMPLES = 500
NEIGHBOURS = 10
FEWEST = 5
"""Findings that experts saw on fewer films than this are left out of the means."""

BEGIN, END = "<!-- figures: python -m training.report -->", "<!-- end of figures -->"

Results = dict[str, Any]


def cross_validated(films: Films, features: NDArray[np.float32]) -> Results:
    """Judge heads against text-mined labels of patients that they did not see."""
    shrinkage = linear.choose_shrinkage(features, films.labels, films.patients)
    runs = [
        linear.out_of_fold(features, films.labels, films.patients, shrinkage, repeat)
        for repeat in range(1, REPEATS + 1)
    ]
    return {
        "films": len(films),
        "patients": len(set(films.patients)),
        "shrinkage": shrinkage,
        "mean": _average([mean_over_findings(films.labels, run) for run in runs]),
        "chance": float(films.labels.mean()),
        "findings": {
            name: _average([figures(films.labels[:, i], run[:, i]) for run in runs])
            | {"chance": float(films.labels[:, i].mean())}
            for i, name in enumerate(FINDINGS)
        },
    }


def against_experts(films: Films, folder: Path) -> Results:
    """Judge the shipped weights on the films that experts read."""
    experts = read_experts(folder, films)
    read = films.take(experts.seen)
    truth = experts.findings[experts.seen]
    pixels = CompactEncoder().encode_films([read_pixels(file) for file in read.files])
    anchors = Anchors(
        {name: anchor(name).astype(np.float32) for name in FINDINGS}
        | {"No Finding": normal_anchor().astype(np.float32)}
    )
    names = [[FINDINGS[i] for i in np.flatnonzero(row)] for row in read.labels]
    labels = [anchors.label_vector(named) for named in names]
    weights = FusionWeights()
    fused = [fuse(p, label, weights) for p, label in zip(pixels, labels, strict=True)]
    ways = {
        "pixels alone": pixels,
        "labels alone": np.stack([label for label in labels if label is not None]),
        "both, fused": np.stack(fused),
    }
    scores = {way: vectors[:, : len(FINDINGS)].astype(np.float64) for way, vectors in ways.items()}
    judged = np.flatnonzero(truth.sum(axis=0) >= FEWEST)
    effusion = FINDINGS.index("Effusion")
    healthy = ~experts.abnormal[experts.seen]
    return {
        "films": len(read),
        "patients": len(set(read.patients)),
        "judged": [FINDINGS[i] for i in judged],
        "chance": float(truth[:, judged].mean()),
        "effusion chance": float(truth[:, effusion].mean()),
        "healthy chance": float(healthy.mean()),
        "mean": {
            way: asdict(mean_over_findings(truth[:, judged], score[:, judged]))
            | {"interval": _intervals(truth[:, judged], score[:, judged], read.patients)}
            for way, score in scores.items()
        },
        "Effusion": {
            way: asdict(figures(truth[:, effusion], score[:, effusion]))
            for way, score in scores.items()
        },
        "normal chest": {
            way: asdict(figures(healthy, vectors.astype(np.float64) @ normal_anchor()))
            for way, vectors in ways.items()
        },
        "film to film": _likeness(pixels, truth, read.patients),
        "spread": float(scores["pixels alone"].std(axis=0).mean()),
    }


def on_children(folder: Path) -> Results:
    """Judge the shipped weights on films of children, a population they never met."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    files = [folder / "images" / row["image"] for row in rows]
    vectors = CompactEncoder().encode_films([read_pixels(file) for file in files])
    pneumonia = np.array([row["finding"] != "No Finding" for row in rows])
    scores = vectors.astype(np.float64)
    return {
        "films": len(rows),
        "pneumonia": area_under_roc(pneumonia, scores @ anchor("Pneumonia")),
        "normal chest": area_under_roc(~pneumonia, scores @ normal_anchor()),
    }


def _likeness(
    pixels: NDArray[np.float32], truth: NDArray[np.bool_], patients: NDArray[np.str_]
) -> dict[str, float]:
    """Overlap of experts' findings between a film and those nearest to it, by pixels alone.

    Overlap is findings in common by findings of either; two films without any overlap wholly.
    Films of the same patient don't count.
    """
    common = (truth[:, np.newaxis] & truth).sum(axis=2)
    either = (truth[:, np.newaxis] | truth).sum(axis=2)
    overlap = np.where(either == 0, 1.0, common / np.maximum(either, 1))
    others = patients[:, np.newaxis] != patients
    likeness = np.where(others, pixels @ pixels.T, -np.inf)
    nearest = np.argsort(-likeness, axis=1, kind="stable")[:, :NEIGHBOURS]
    return {
        "nearest": float(np.take_along_axis(overlap, nearest, axis=1).mean()),
        "chance": float(overlap[others].mean()),
    }


def _average(runs: list[Figures]) -> dict[str, float]:
    return {
        name: float(np.mean([getattr(run, name) for run in runs])) for name in ("ap", "auc", "p10")
    }


def _intervals(
    truth: NDArray[np.bool_], scores: NDArray[np.float64], patients: NDArray[np.str_]
) -> dict[str, list[float]]:
    """95% intervals of the means, patients drawn anew with replacement."""
    random = np.random.default_rng(SEED)
    films_of = [np.flatnonzero(patients == patient) for patient in np.unique(patients)]
    drawn: list[Figures] = []
    while len(drawn) < RESAMPLES:
        picks = random.integers(len(films_of), size=len(films_of))
        rows = np.concatenate([films_of[pick] for pick in picks])
        if truth[rows].any(axis=0).all():
            drawn.append(mean_over_findings(truth[rows], scores[rows]))
    return {
        name: [float(q) for q in np.quantile([getattr(d, name) for d in drawn], [0.025, 0.975])]
        for name in ("ap", "auc", "p10")
    }


def tables(results: Results) -> str:
    """Set the figures as Markdown."""
    labels, experts = results["text-mined labels"], results["experts"]
    children = results["children"]
    lines = [
        f"Text-mined labels, {labels['films']} films of {labels['patients']} patients, "
        f"{linear.FOLDS}-fold cross-validation split by patient, mean of {REPEATS} deals; "
        "pixels alone:",
        "",
        "| finding | chance (AP) | AP | AUC |",
        "| --- | --- | --- | --- |",
        *(
            f"| {name} | {row['chance']:.3f} | {row['ap']:.3f} | {row['auc']:.3f} |"
            for name, row in labels["findings"].items()
        ),
        f"| **mean** | {labels['chance']:.3f} | **{labels['mean']['ap']:.3f}** | "
        f"**{labels['mean']['auc']:.3f}** |",
        "",
        f"Experts' reads, {experts['films']} films of {experts['patients']} patients that the "
        f"weights never saw; mean over the {len(experts['judged'])} findings that experts saw on "
        f"{FEWEST} films or more (95% interval, patients resampled):",
        "",
        "| | AP | P@10 | AUC |",
        "| --- | --- | --- | --- |",
        f"| chance | {experts['chance']:.3f} | {experts['chance']:.2f} | .500 |",
        *(
            f"| {way} | {_with_interval(row, 'ap', 3)} | {_with_interval(row, 'p10', 2)} | "
            f"{_with_interval(row, 'auc', 3)} |"
            for way, row in experts["mean"].items()
        ),
        "",
        "Two questions over the same films:",
        "",
        "| | pleural effusion: AP | P@10 | P@20 | AUC | normal chest: AP | P@20 | AUC |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        f"| chance | {experts['effusion chance']:.3f} | {experts['effusion chance']:.2f} | "
        f"{experts['effusion chance']:.2f} | .500 | {experts['healthy chance']:.3f} | "
        f"{experts['healthy chance']:.2f} | .500 |",
        *(_two_questions(way, experts) for way in experts["mean"]),
        "",
        f"A film as the question, pixels alone: the {NEIGHBOURS} nearest films of other patients "
        f"share {experts['film to film']['nearest']:.3f} of the experts' findings "
        f"(overlap; chance {experts['film to film']['chance']:.3f}). Along a finding's axis "
        f"these films spread by {experts['spread']:.2f} (standard deviation, mean over findings).",
        "",
        f"Films of children ({children['films']}, pneumonia or nothing, pixels alone), AUC: the "
        f'question "pneumonia" {children["pneumonia"]:.3f}, the question "normal chest" '
        f"{children['normal chest']:.3f}.",
    ]
    return "\n".join(lines)


def _two_questions(way: str, experts: Results) -> str:
    effusion, healthy = experts["Effusion"][way], experts["normal chest"][way]
    return (
        f"| {way} | {effusion['ap']:.3f} | {effusion['p10']:.2f} | {effusion['p20']:.2f} | "
        f"{effusion['auc']:.3f} | {healthy['ap']:.3f} | {healthy['p20']:.2f} | "
        f"{healthy['auc']:.3f} |"
    )


def _with_interval(row: Results, name: str, digits: int) -> str:
    low, high = row["interval"][name]
    return f"{row[name]:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def write_into_card(text: str) -> None:
    """Replace what stands between the two marks of the model card."""
    card = CARD.read_text(encoding="utf-8")
    head, rest = card.split(BEGIN)
    _, tail = rest.split(END)
    CARD.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", encoding="utf-8")


def main() -> None:
    """Read the arguments, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=NIH)
    folder = parser.parse_args().folder
    films = read_films(folder)
    learnt = unseen_patients(films, read_experts(folder, films))
    results = {
        "weights": SHIPPED.with_name(SHIPPED.name + ".sha256").read_text("ascii").split()[0],
        "text-mined labels": cross_validated(films.take(learnt), extract(films)[:, learnt]),
        "experts": against_experts(films, folder),
        "children": on_children(folder.parent / "pediatric"),
    }
    FIGURES.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    write_into_card(tables(results))
    print(tables(results))


if __name__ == "__main__":
    main()
