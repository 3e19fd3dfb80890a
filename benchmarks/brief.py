"""What the brief adds to a search: composing the claims and checking them against the store.

Films and panels are made up: random vectors, random labels, values around their ranges. One
film patient in five has panels too. The encoder's text side and both searches run as they do
for a person; the brief is composed from their answer, with every check. Beside the
milliseconds stands the ratio to the search that it follows, measured in the same round.

    python benchmarks/brief.py [--quick] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmrag.brief import StoredRecords, compose
from mmrag.clinical.analytes import analytes
from mmrag.clinical.findings import finding_names
from mmrag.clinical.interpret import interpret
from mmrag.clinical.panel_text import panel_text
from mmrag.clinical.prompts import anchor_prompts
from mmrag.encoders import open_encoder
from mmrag.evidence import evidence_model_for
from mmrag.fusion import FusionWeights, anchors_from_prompts
from mmrag.ingest.fusing import Fusing, name_of
from mmrag.records import NO_HISTORY, Film, LabReport, Provenance, Sex
from mmrag.retrieval import search
from mmrag.retrieval.room import Room
from mmrag.settings import Settings
from mmrag.store import FilmEntry, LabEntry, Store

FILMS, OBSERVATIONS = 100_000, 300_000
QUICK_FILMS, QUICK_OBSERVATIONS = 4_000, 12_000
PANEL = ("leukocytes", "neutrophils", "crp", "procalcitonin", "haemoglobin", "platelets",
         "creatinine", "albumin", "sodium", "potassium")  # fmt: skip
"""Ten results a panel."""

BATCH = 2_000
LIMIT_MS = 150.0
"""What a brief may add to the two searches and the encoder."""

QUESTIONS = (
    "pneumonia with pleural effusion",
    "effusion without cardiomegaly in a woman over 60",
    "leukocytosis",
    "consolidation with CRP above 100",
)

SOURCE = "made"
START = datetime(2015, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cost:
    """Times of one question, medians over the rounds.

    Attributes
    ----------
    question : str
    search_ms, brief_ms : float
        The encoder and both searches; what the brief adds.
    ratio : float
        Of the two.
    worst_ms : float
        The slowest brief.
    claims : int
    """

    question: str
    search_ms: float
    brief_ms: float
    ratio: float
    worst_ms: float
    claims: int


def main() -> None:
    """Fill a store, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="A small store, under a minute.")
    parser.add_argument("--json", action="store_true", help="Print one JSON object.")
    options = parser.parse_args()
    films = QUICK_FILMS if options.quick else FILMS
    observations = QUICK_OBSERVATIONS if options.quick else OBSERVATIONS
    rounds = 3 if options.quick else 9
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        room = _room(Settings(home=Path(home), dsn=None))
        with room.store as store:
            _fill(room, films, observations)
            costs = [_cost(room, store, question, rounds) for question in QUESTIONS]
    worst = max(cost.brief_ms for cost in costs)
    if options.json:
        print(
            json.dumps(
                {
                    "films": films,
                    "observations": observations,
                    "rounds": rounds,
                    "limit_ms": LIMIT_MS,
                    "worst_median_ms": worst,
                    "questions": [asdict(cost) for cost in costs],
                }
            )
        )
        return
    print(f"{films:,} films, {observations:,} observations, medians of {rounds} rounds")
    print(f"{'question':<50} {'search':>9} {'brief':>9} {'ratio':>6} {'worst':>9} {'claims':>6}")
    for cost in costs:
        print(
            f"{cost.question:<50} {cost.search_ms:>6.1f} ms {cost.brief_ms:>6.1f} ms "
            f"{cost.ratio:>6.2f} {cost.worst_ms:>6.1f} ms {cost.claims:>6}"
        )
    print(f"the brief adds {worst:.0f} ms at most; allowed are {LIMIT_MS:.0f} ms")


def _room(settings: Settings) -> Room:
    encoder = open_encoder("compact", settings)
    store = Store.open(settings, encoder.dimension)
    name = encoder.fingerprint
    store.claim_space(name, encoder.dimension, settings.w_pixel, settings.w_label)
    model = evidence_model_for(name.name, name.weights)
    return Room(
        store=store,
        anchors=anchors_from_prompts(anchor_prompts(), encoder.encode_texts),
        encode_texts=encoder.encode_texts,
        space=store.claim_evidence(name_of(model), settings.fusion),
        model=model,
    )


def _fill(room: Room, films: int, observations: int) -> None:
    rng = np.random.default_rng(7)
    weights = FusionWeights(room.space.w_pixel, room.space.w_label)
    fusing = Fusing(room.anchors, room.model, weights, room.space.fusion)
    dimension = room.space.dimension
    with room.store.bulk():
        for first in range(0, films, BATCH):
            batch = [_film(rng, n) for n in range(first, min(first + BATCH, films))]
            pixels = _unit_vectors(rng, len(batch), dimension)
            fused, evidence = fusing.fuse(
                [film.findings for film in batch],
                [film.labels_by for film in batch],
                [NO_HISTORY] * len(batch),
                pixels,
            )
            entries = [FilmEntry(film, f"sha-{film.id}", f"hash-{film.id}") for film in batch]
            room.store.films.write(entries, pixels, fused, evidence)
        for panels in _batches(rng, observations // len(PANEL)):
            vectors = _unit_vectors(rng, len(panels), dimension)
            texts = {entry.panel: vector for entry, vector in zip(panels, vectors, strict=True)}
            known = room.store.labs.vectors_of(texts)
            room.store.labs.write(
                panels, np.stack([(texts | known)[entry.panel] for entry in panels])
            )


def _batches(rng: np.random.Generator, panels: int) -> Iterator[list[LabEntry]]:
    for first in range(0, panels, BATCH):
        reports = [_report(rng, n) for n in range(first, min(first + BATCH, panels))]
        yield [LabEntry(r, panel_text(r.observations), f"hash-{r.id}") for r in reports]


def _unit_vectors(rng: np.random.Generator, rows: int, dimension: int) -> NDArray[np.float32]:
    vectors = rng.standard_normal((rows, dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _film(rng: np.random.Generator, number: int) -> Film:
    count = int(rng.choice([0, 1, 2, 3], p=[0.5, 0.3, 0.15, 0.05]))
    named = rng.choice(finding_names(), count, replace=False)
    return Film(
        id=f"{number:07}.png",
        provenance=Provenance(SOURCE, f"/nowhere/{number}.png", made_up=True),
        patient=f"{SOURCE}:{number // 3}",
        findings=None if number % 20 == 0 else tuple(map(str, named)),
        view="PA" if number % 2 else "AP",
        age=float(number % 90),
        sex="F" if number % 3 else "M",
        taken_on=(START + timedelta(days=number % 2000)).date(),
    )


def _report(rng: np.random.Generator, number: int) -> LabReport:
    age = 18.0 + number % 70
    sex: Sex = "F" if number % 3 else "M"
    observations = []
    for key in PANEL:
        known = analytes()[key]
        row = next(r for r in known.ranges if r.holds_for(age, sex, known.loinc[0]))
        low, high = row.low or 0.0, row.high or 2 * (row.low or 1.0)
        value = round(abs(rng.normal((low + high) / 2, (high - low) / 2.5)), 2)
        observations.append(
            interpret(known.loinc[0], known.name, value, None, known.unit, "laboratory", age, sex)
        )
    return LabReport(
        id=f"{SOURCE}:r{number}",
        provenance=Provenance(SOURCE, "/nowhere/labs.csv", number + 2, made_up=True),
        # one film patient in five has blood, five panels each
        patient=f"{SOURCE}:{number // 5 * 5}",
        effective_at=START + timedelta(days=int(rng.integers(0, 2000)), minutes=number % 1440),
        age=age,
        sex=sex,
        observations=tuple(observations),
    )


def _cost(room: Room, store: Store, question: str, rounds: int) -> Cost:
    searches, briefs, claims = [], [], 0
    for turn in range(rounds + 1):
        start = time.perf_counter()
        search(room, question, image=None, films=10, labs=10)
        searched = time.perf_counter() - start
        # as `Engine.brief` does it, with what the brief alone asks of the search
        start = time.perf_counter()
        counted_at = store.moment()
        result = search(room, question, image=None, films=10, labs=10, explain=True)
        brief = compose(result, StoredRecords(store, room.model, counted_at))
        added = time.perf_counter() - start - searched
        claims = len(brief.claims)
        if brief.dropped:
            raise SystemExit(f"{question}: {brief.dropped} claims dropped in an untouched store")
        if turn:  # the first round warms up
            searches.append(1000 * searched)
            briefs.append(1000 * added)
    return Cost(
        question=question,
        search_ms=statistics.median(searches),
        brief_ms=statistics.median(briefs),
        ratio=statistics.median(b / s for b, s in zip(briefs, searches, strict=True)),
        worst_ms=max(briefs),
        claims=claims,
    )


if __name__ == "__main__":
    main()
