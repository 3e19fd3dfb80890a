"""Make the shipped parameters of evidence, and the tables of docs/evidence.md.

Run as ``python -m training.evidence [folder of the NIH data]``; beside the folder lies
``labels/`` with the table of all films. Where ``training/out_of_fold.npz`` lies, films are
seen through it: by weights that never learnt from their patient.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mmrag.clinical.prompts import NORMAL, anchor_prompts
from mmrag.encoders import open_encoder
from mmrag.evaluation.bench import Bench, Effort, lot
from mmrag.evaluation.collection import encode_collection, films_of, labels_besides
from mmrag.evaluation.estimate import patient_weights
from mmrag.evaluation.judges import expert_judge, read_expert_table
from mmrag.evaluation.learnt import cross_fitted
from mmrag.evaluation.recorded import NOTHING, read_recorded
from mmrag.evaluation.teaching import reads_of
from mmrag.evidence import EvidenceModel
from mmrag.evidence.fit import FULL, Form, fit_evidence
from mmrag.evidence.history import DATA, fit_persistence, histories_of, write_persistence
from mmrag.evidence.population import at_rates, expected_rates
from mmrag.evidence.reads import Reads
from mmrag.evidence.shipped import LABELS_ONLY, write_model
from mmrag.evidence_cli import SIMILARITY
from mmrag.fusion import FusionWeights, anchors_from_prompts
from mmrag.records import History
from training.evidence_tables import FourFindings, tables
from training.page import write_into

ROOT = Path(__file__).resolve().parents[1]
NIH = ROOT.parent / "shared" / "data" / "nih"
OUT_OF_FOLD = ROOT / "training" / "out_of_fold.npz"
SHIPPED = ROOT / "src" / "mmrag" / "evidence" / "data"
PAGE = ROOT / "docs" / "evidence.md"
TABLE = "Data_Entry_2017_v2020.csv.gz"
FOUR_FINDINGS = "four_findings_expert_labels_validation.csv"
BEGIN = "<!-- figures: python -m training.evidence -->"

SIMILARITY_OF_LABELS = 0.5
"""Of an encoder whose pixels nobody fitted: its vectors are all that its pixels say."""

_EFFORT = Effort(resamplings=2, draws=4, orders=4)


@dataclass(frozen=True)
class Archive:
    """What the official table says of every film.

    Attributes
    ----------
    films, patients : tuple of str
        Names and patients of the films.
    labels : tuple of (tuple of str)
        Of each; empty for "No Finding".
    """

    films: tuple[str, ...]
    patients: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]

    @property
    def frequencies(self) -> Mapping[str, float]:
        """Share of the films whose labels name each finding, or none."""
        named = Counter(name for names in self.labels for name in names or (NORMAL,))
        return {name: count / len(self.labels) for name, count in named.items()}

    @property
    def histories(self) -> Mapping[str, History]:
        """Labels of the other films of each film's patient, by the film's name."""
        return dict(zip(self.films, histories_of(self.patients, self.labels), strict=True))


def read_archive(table: Path) -> Archive:
    """Read the official table, compressed by gzip."""
    with gzip.open(table, "rt", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    cells = [row["Finding Labels"].split("|") for row in rows]
    return Archive(
        tuple(row["Image Index"] for row in rows),
        tuple(row["Patient ID"] for row in rows),
        tuple(tuple(name for name in names if name != NORMAL) for names in cells),
    )


def bench_of(folder: Path) -> tuple[Bench, Reads]:
    """Encode the films that experts read, and learn from them out of fold."""
    encoder = open_encoder("compact")
    reads = read_expert_table(folder)
    recorded = read_recorded(OUT_OF_FOLD, encoder) if OUT_OF_FOLD.is_file() else NOTHING
    every, rows = films_of(folder, folder.parent / "labels" / TABLE)
    films = [film for film in every if film.id in reads]
    others = (*rows, *labels_besides(films, every))
    collection = encode_collection(films, encoder, lambda _: None, recorded, others)
    anchors = anchors_from_prompts(anchor_prompts(), encoder.encode_texts)
    taught = reads_of(collection, reads, anchors, lot("folds"))
    bench = Bench(
        collection=collection,
        judge=expert_judge(collection.films, reads),
        anchors=anchors,
        encode_texts=encoder.encode_texts,
        fusion=FusionWeights(),
        learnt=cross_fitted(taught, collection.patients, FULL, SIMILARITY),
        weights=patient_weights(collection.patients, _EFFORT.resamplings, lot("patients")),
        effort=_EFFORT,
    )
    return bench, taught


def write_parameters(taught: Reads, frequencies: Mapping[str, float]) -> EvidenceModel:
    """Fit both shipped models, let them speak of the archive, and return that of labels alone."""
    fingerprint = open_encoder("compact").fingerprint
    rates = expected_rates(taught, frequencies)
    compact = fit_evidence(taught, f"{fingerprint.name}:{fingerprint.weights}", SIMILARITY)
    blind = replace(taught, scores=np.zeros_like(taught.scores))
    labels = fit_evidence(blind, LABELS_ONLY, SIMILARITY_OF_LABELS, Form(pixels="none"))
    for model, name in ((compact, fingerprint.name), (labels, LABELS_ONLY)):
        text = write_model(at_rates(model, rates, frequencies))
        (SHIPPED / f"{name}.json").write_text(text, encoding="utf-8")
    return at_rates(labels, rates, frequencies)


def main() -> None:
    """Read the argument, fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=NIH)
    folder = parser.parse_args().folder
    labels = folder.parent / "labels"
    archive = read_archive(labels / TABLE)
    persistence = write_persistence(fit_persistence(archive.patients, archive.labels), TABLE)
    (SHIPPED / DATA).write_text(persistence, encoding="utf-8")
    bench, taught = bench_of(folder)
    alone = write_parameters(taught, archive.frequencies)
    read = FourFindings(labels / FOUR_FINDINGS, archive.histories)
    text = tables(bench, taught, archive.frequencies, alone, read)
    write_into(PAGE, BEGIN, text)
    print(text)


if __name__ == "__main__":
    main()
