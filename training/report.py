"""Every figure of the model card, measured anew.

Run as ``python -m training.report [folder of the NIH data]``: writes the tables into
``docs/compact-encoder.md`` and the same figures into ``training/figures.json``. Films that experts
read are judged by the vectors of ``training/out_of_fold.npz``: by weights that never saw their
patient.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmrag.encoders.compact import SHIPPED, CompactEncoder
from mmrag.encoders.compact_space import FINDINGS, anchor, normal_anchor
from mmrag.evaluation.recorded import read_recorded
from mmrag.fusion import Anchors, FusionWeights, fuse
from training.data import Films, read_experts, read_films, read_pixels
from training.faithful import HIDDEN, deletion
from training.groups import FEWEST as GROUP_FEWEST
from training.groups import area_of_group, groups_of
from training.lessons import deal, read_children
from training.metrics import Figures, area_under_roc, figures, mean_over_findings
from training.page import write_into
from training.places import pointing
from training.resampling import drawn_films

ROOT = Path(__file__).resolve().parents[1]
NIH = ROOT.parent / "shared" / "data" / "nih"
CARD = ROOT / "docs" / "compact-encoder.md"
FIGURES = ROOT / "training" / "figures.json"
OUT_OF_FOLD = ROOT / "training" / "out_of_fold.npz"
REPEATS = 5
RESAMPLES = 500
NEIGHBOURS = 10
FEWEST = 5
"""Findings that experts saw on fewer films than this are left out of the tables."""

COUNTED = 15
"""Films on which experts saw a finding, from which it counts in the means."""

BEGIN = "<!-- figures: python -m training.report -->"

Results = dict[str, Any]


def on_patients_aside(films: Films) -> Results:
    """Judge the shipped weights against text-mined labels of patients they did not learn from."""
    scores = CompactEncoder().encode_films([read_pixels(file) for file in films.files])
    judged = np.flatnonzero(films.labels.sum(axis=0) >= FEWEST)
    truth, scores = films.labels[:, judged], scores[:, judged].astype(np.float64)
    return {
        "films": len(films),
        "patients": len(set(films.patients)),
        "judged": [FINDINGS[i] for i in judged],
        "chance": float(truth.mean()),
        "mean": asdict(mean_over_findings(truth, scores))
        | {"interval": _intervals(truth, scores, films.patients)},
    }


def against_experts(films: Films, folder: Path) -> Results:
    """Judge films that experts read, each by weights that never saw its patient."""
    experts = read_experts(folder, films)
    read = films.take(experts.seen)
    truth = experts.findings[experts.seen]
    recorded = read_recorded(OUT_OF_FOLD, CompactEncoder())
    pixels = np.stack([recorded[file.name] for file in read.files])
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
    counted = np.flatnonzero(truth.sum(axis=0) >= COUNTED)
    alone = scores["pixels alone"]
    effusion = FINDINGS.index("Effusion")
    healthy = ~experts.abnormal[experts.seen]
    return {
        "films": len(read),
        "patients": len(set(read.patients)),
        "counted": [FINDINGS[i] for i in counted],
        "chance": float(truth[:, counted].mean()),
        "effusion chance": float(truth[:, effusion].mean()),
        "healthy chance": float(healthy.mean()),
        "mean": {
            way: asdict(mean_over_findings(truth[:, counted], score[:, counted]))
            | {"interval": _intervals(truth[:, counted], score[:, counted], read.patients)}
            for way, score in scores.items()
        },
        "findings": {
            FINDINGS[i]: {
                way: asdict(figures(truth[:, i], score[:, i])) for way, score in scores.items()
            }
            | {"positive": int(truth[:, i].sum())}
            for i in judged
        },
        "Effusion": {
            way: asdict(figures(truth[:, effusion], score[:, effusion]))
            for way, score in scores.items()
        },
        "normal chest": {
            way: asdict(figures(healthy, vectors.astype(np.float64) @ normal_anchor()))
            for way, vectors in ways.items()
        },
        "groups": {
            group: area_of_group(truth[rows], alone[rows], read.patients[rows])
            for group, rows in groups_of(folder, read).items()
        },
        "film to film": _likeness(pixels, truth, read.patients),
        "spread": float(scores["pixels alone"].std(axis=0).mean()),
    }


def on_children(folder: Path) -> Results:
    """Judge the shipped weights on films of the children from whom nothing was learnt."""
    children = read_children(folder)
    rows = np.flatnonzero(children.judged)
    pneumonia = children.pneumonia[rows]
    vectors = CompactEncoder().encode_films([read_pixels(children.files[row]) for row in rows])
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


def _intervals(
    truth: NDArray[np.bool_], scores: NDArray[np.float64], patients: NDArray[np.str_]
) -> dict[str, list[float]]:
    """95% intervals of the means, patients drawn anew with replacement."""
    draws = drawn_films(patients)
    drawn: list[Figures] = []
    while len(drawn) < RESAMPLES:
        rows = next(draws)
        if truth[rows].any(axis=0).all():
            drawn.append(mean_over_findings(truth[rows], scores[rows]))
    return {
        name: [float(q) for q in np.quantile([getattr(d, name) for d in drawn], [0.025, 0.975])]
        for name in ("ap", "auc", "p10")
    }


def tables(results: Results) -> str:
    """Set the figures as Markdown."""
    aside, experts = results["patients aside"], results["experts"]
    children = results["children"]
    lines = [
        f"Experts' reads, {experts['films']} films of {experts['patients']} patients that the "
        f"weights never saw; mean over the {len(experts['counted'])} findings that experts saw on "
        f"{COUNTED} films or more (95% interval, patients resampled):",
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
        f"Each finding that experts saw on {FEWEST} films or more:",
        "",
        "| finding | films with it | AP: chance | pixels alone | labels alone | both, fused | "
        "AUC: pixels alone | both, fused |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *(_one_finding(name, experts) for name in experts["findings"]),
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
        "The same films by group, pixels alone; AUC, mean over the findings that a group has on "
        f"{GROUP_FEWEST} films or more, so each group's mean is of other findings:",
        "",
        "| | films | findings | AUC |",
        "| --- | --- | --- | --- |",
        *(
            f"| {group} | {row['films']} | {row['findings']} | {_with_interval(row, 'auc', 3)} |"
            for group, row in experts["groups"].items()
        ),
        "",
        _places(results["places"]),
        "",
        _hidden(results["hidden"]),
        "",
        f"A film as the question, pixels alone: the {NEIGHBOURS} nearest films of other patients "
        f"share {experts['film to film']['nearest']:.3f} of the experts' findings "
        f"(overlap; chance {experts['film to film']['chance']:.3f}). Along a finding's axis "
        f"these films spread by {experts['spread']:.2f} (standard deviation, mean over findings).",
        "",
        f"Text-mined labels, {aside['films']} films of {aside['patients']} patients kept aside, "
        f"pixels alone, mean over the {len(aside['judged'])} findings with {FEWEST} films or more: "
        f"AP {_with_interval(aside['mean'], 'ap', 3)}, chance {aside['chance']:.3f}; "
        f"AUC {_with_interval(aside['mean'], 'auc', 3)}.",
        "",
        f"Films of children from whom nothing was learnt ({children['films']}, pneumonia or "
        "nothing, pixels alone), AUC: the "
        f'question "pneumonia" {children["pneumonia"]:.3f}, the question "normal chest" '
        f"{children['normal chest']:.3f}.",
    ]
    return "\n".join(lines)


def _places(row: dict[str, int]) -> str:
    return (
        f"Heat maps: of {row['boxes']} boxes that radiologists drew (official list of the set; "
        f"{row['apart']} on films of patients whom the weights never saw, no weights were taught a "
        f"box), {row['peak']} hold the highest place of their finding's map, {row['guess']} the "
        f"place where most boxes of other patients lie, and {row['centre']} the middle of the film."
    )


def _hidden(row: dict[str, float]) -> str:
    return (
        f"Faithfulness, {row['films']} films kept aside, each with its likeliest finding: hiding a "
        f"square of {HIDDEN:.0%} of the film's side at the map's peak lowers the coordinate of the "
        f"finding by {row['peak']:.3f} on average, at a place drawn evenly over the film by "
        f"{row['elsewhere']:.3f}; on {row['larger']:.0%} of the films by more at the peak."
    )


def _one_finding(name: str, experts: Results) -> str:
    row = experts["findings"][name]
    pixels, labels, fused = row["pixels alone"], row["labels alone"], row["both, fused"]
    return (
        f"| {name} | {row['positive']} | {row['positive'] / experts['films']:.3f} | "
        f"{pixels['ap']:.3f} | {labels['ap']:.3f} | {fused['ap']:.3f} | "
        f"{pixels['auc']:.3f} | {fused['auc']:.3f} |"
    )


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


def main() -> None:
    """Read the arguments, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=NIH)
    folder = parser.parse_args().folder
    films = read_films(folder)
    read = films.patients[read_experts(folder, films).seen]
    aside = films.take(deal(films, read) < 0)
    results = {
        "weights": SHIPPED.with_name(SHIPPED.name + ".sha256").read_text("ascii").split()[0],
        "patients aside": on_patients_aside(aside),
        "experts": against_experts(films, folder),
        "children": on_children(folder.parent / "pediatric"),
        "places": pointing(OUT_OF_FOLD, folder.parent / "labels" / "BBox_List_2017.csv.gz"),
        "hidden": deletion([read_pixels(file) for file in aside.files], CompactEncoder()),
    }
    FIGURES.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    write_into(CARD, BEGIN, tables(results))
    print(tables(results))


if __name__ == "__main__":
    main()
