"""A small judged collection: made-up vectors, a text side that knows the findings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mmrag.clinical.findings import finding_names
from mmrag.clinical.prompts import anchor_prompts
from mmrag.encoders.compact import CompactEncoder
from mmrag.evaluation.bench import Bench, Effort, lot
from mmrag.evaluation.collection import Collection
from mmrag.evaluation.estimate import patient_weights
from mmrag.evaluation.judges import expert_judge
from mmrag.evaluation.learnt import cross_fitted
from mmrag.evaluation.teaching import reads_of
from mmrag.evidence.fit import FULL
from mmrag.fusion import FusionWeights, anchors_from_prompts, normalize
from mmrag.records import Film, Provenance
from mmrag.sources.nih_reads import Read

FEW = Effort(resamplings=40, draws=2, orders=4)
FILMS = 120


def film(number: int, findings: tuple[str, ...] | None, patient: str) -> Film:
    return Film(
        id=f"{number:08}_000.png",
        provenance=Provenance("nih", f"/films/{number}.png"),
        patient=patient,
        findings=findings,
        view="PA" if number % 2 else "AP",
        age=20.0 + number % 60,
        sex="F" if number % 3 else "M",
    )


def make_bench(shown: Sequence[tuple[str, ...]], labels: Sequence[tuple[str, ...] | None]) -> Bench:
    """Films whose pixels hint at what they show; two films a patient."""
    rng = np.random.default_rng(7)
    encode = CompactEncoder().encode_texts
    anchors = anchors_from_prompts(anchor_prompts(), encode)
    films = tuple(film(n, labels[n], f"nih:{n // 2}") for n in range(len(shown)))
    hints = np.stack(
        [sum((anchors.by_finding[f] for f in names), np.zeros(512, np.float32)) for names in shown]
    )
    noise = 0.6 * rng.normal(size=hints.shape)
    collection = Collection(
        films=films,
        pixels=normalize(hints + noise),
        blank=normalize(np.ones_like(hints)),
        pictures=tuple(str(n) for n in range(len(films))),
    )
    reads = {f.id: Read(frozenset(s), bool(s)) for f, s in zip(films, shown, strict=True)}
    taught = reads_of(collection, reads, anchors, lot("folds"))
    return Bench(
        collection=collection,
        judge=expert_judge(films, reads),
        anchors=anchors,
        encode_texts=encode,
        fusion=FusionWeights(),
        learnt=cross_fitted(taught, collection.patients, FULL, similarity=0.1),
        weights=patient_weights(collection.patients, FEW.resamplings, lot("patients")),
        effort=FEW,
    )


@pytest.fixture(scope="session")
def bench() -> Bench:
    """Three findings on some films each; labels right two times in three."""
    rng = np.random.default_rng(3)
    names = ("Effusion", "Cardiomegaly", "Mass")
    shown = [tuple(n for n in names if rng.random() < 0.3) for _ in range(FILMS)]
    # a patient's second film mostly shows what the first one does
    shown[1::2] = [
        a if rng.random() < 0.8 else b for a, b in zip(shown[::2], shown[1::2], strict=True)
    ]
    labels = [s if rng.random() < 0.66 else tuple(rng.choice(names, 1)) for s in shown]
    assert set(names) <= set(finding_names())
    return make_bench(shown, labels)
