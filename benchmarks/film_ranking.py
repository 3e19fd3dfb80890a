"""What it costs to rank films by a compound question, beyond the search of the vector index.

Made-up films in a real embedded PostgreSQL: probabilities from a long-tailed distribution,
vectors that agree with them as an encoder's do. The index search alone, as for a question
without findings, and the search by evidence and vector run by turns in one process, so that
whatever else the machine does meets both. Counting how many films qualify is timed apart.

    python benchmarks/film_ranking.py [--quick] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmrag.clinical.query import compile_query
from mmrag.encoders.base import Fingerprint
from mmrag.evidence import evidence_model_for
from mmrag.fusion import normalize
from mmrag.records import Film, Provenance
from mmrag.retrieval.film_leg import film_filter
from mmrag.retrieval.film_score import film_order
from mmrag.settings import Settings
from mmrag.store import EVIDENCE, FilmEntry, FilmEvidence, Store

FILMS, QUICK_FILMS = 112_120, 10_000
"""The first is how many films the NIH set has."""

DIMENSION = 512
BATCH = 2000
ROUNDS, QUICK_ROUNDS = 15, 7
WANTED = 10
QUESTIONS = (
    "effusion and pneumonia without pneumothorax",
    "effusion without pneumothorax",
    "airspace opacity, no mass",
    "isolated cardiomegaly",
    "cardiomegaly with effusion in women over 60",
)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of one question, medians over rounds.

    Attributes
    ----------
    question : str
    index : float
        The search of the vector index alone.
    ranking : float
        The search by evidence and vector.
    beyond : float
        The median of their difference, round by round.
    survey : float
        Counting what qualifies.
    """

    question: str
    index: float
    ranking: float
    beyond: float
    survey: float


def main() -> None:
    """Fill a store, time the questions, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_FILMS:,} films")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    films = QUICK_FILMS if given.quick else FILMS
    rounds = QUICK_ROUNDS if given.quick else ROUNDS
    with tempfile.TemporaryDirectory(prefix="mmrag-ranking-") as home:
        settings = Settings(home=Path(home), dsn=None)
        with Store.open(settings, DIMENSION) as store:
            fill(store, films)
            costs = [time_question(store, question, rounds) for question in QUESTIONS]
    if given.json:
        print(json.dumps({"films": films, "costs": [asdict(cost) for cost in costs]}, indent=2))
        return
    print(f"{films:,} films, milliseconds, medians of {rounds} rounds")
    print(f"{'index':>8}{'ranking':>9}{'beyond':>8}{'survey':>8}  question")
    for cost in costs:
        numbers = f"{cost.index:8.1f}{cost.ranking:9.1f}{cost.beyond:8.1f}{cost.survey:8.1f}"
        print(f"{numbers}  {cost.question}")


def fill(store: Store, films: int) -> None:
    """Write made-up films in batches."""
    store.claim_space(Fingerprint("made-up", "0" * 64, "fp32"), DIMENSION, 0.7, 0.3)
    random = np.random.default_rng(0)
    with store.bulk():
        for start in range(0, films, BATCH):
            numbers = range(start, min(films, start + BATCH))
            chances = random.beta(0.3, 1.5, (len(numbers), len(EVIDENCE))).astype(np.float32)
            vectors = vectors_for(chances, random)
            entries = [entry(number, chances[number - start]) for number in numbers]
            store.films.write(entries, vectors, vectors, FilmEvidence(chances, chances))


def vectors_for(chances: Floats, random: np.random.Generator) -> Floats:
    """Let each finding have an axis, and the look of a film the others."""
    look = random.standard_normal((len(chances), DIMENSION)) / np.sqrt(DIMENSION)
    look[:, : len(EVIDENCE)] += chances
    return normalize(look)


def entry(number: int, chances: Floats) -> FilmEntry:
    """Make a film up whose labels are its likeliest findings."""
    labels = [name for name, p in zip(EVIDENCE[:-1], chances, strict=False) if p > 0.7]
    film = Film(
        id=f"{number:08}_000.png",
        provenance=Provenance("made-up", f"/films/{number}.png", None, made_up=True),
        patient=f"made-up:{number // 4}",
        findings=tuple(labels) if number % 4 else None,
        view="PA" if number % 3 else "AP",
        age=float(number % 90),
        sex="F" if number % 2 else "M",
    )
    return FilmEntry(film, f"{number:064x}", str(number))


def time_question(store: Store, question: str, rounds: int) -> Cost:
    """Time both searches by turns."""
    query = compile_query(question)
    order, where = film_order(query, evidence_model_for("made-up", "")), film_filter(query)
    wanted = np.zeros((1, DIMENSION))
    for clause in order.clauses:
        for name in clause.names:
            wanted[0, EVIDENCE.index(name)] += 1.0 if clause.present else -1.0
    vector = normalize(wanted)[0]
    index, ranking, survey = [], [], []
    for turn in range(rounds + 1):
        passed = (
            milliseconds(lambda: store.films.search(vector, WANTED)),
            milliseconds(lambda: store.films.search(vector, WANTED, where, order)),
            milliseconds(lambda: store.films.survey(where, order)),
        )
        if turn:  # the first one warms caches
            for series, value in zip((index, ranking, survey), passed, strict=True):
                series.append(value)
    return Cost(
        question,
        statistics.median(index),
        statistics.median(ranking),
        statistics.median(b - a for a, b in zip(index, ranking, strict=True)),
        statistics.median(survey),
    )


def milliseconds(work: Callable[[], object]) -> float:
    """Time one piece of work."""
    begin = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
