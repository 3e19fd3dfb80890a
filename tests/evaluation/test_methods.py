"""Ranking methods; `mmrag` ranks as the real search does over a real store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmrag import Engine, Settings
from mmrag.clinical.prompts import anchor_prompts
from mmrag.encoders import open_encoder
from mmrag.encoders.base import Encoder
from mmrag.errors import QueryError
from mmrag.evaluation.bench import Bench
from mmrag.evaluation.collection import encode_collection, films_of
from mmrag.evaluation.learnt import Learnt, as_it_is
from mmrag.evaluation.methods import METHODS, PRODUCT, Evidence
from mmrag.evaluation.questions import Question, by_name, unlisted_paraphrases
from mmrag.evidence import evidence_model_for
from mmrag.fusion import FusionWeights, anchors_from_prompts
from mmrag.sources.demo import DemoFolders


def ask(text: str, films: int, *present: str, absent: tuple[str, ...] = ()) -> Question:
    return Question("name", text, text, present, np.zeros(films, bool), absent)


@pytest.fixture(scope="module")
def demo_evidence(made_up: DemoFolders) -> Evidence:
    encoder = open_encoder("compact")
    films, others = films_of(made_up.films)
    collection = encode_collection(films, encoder, lambda _: None, others=others)
    return Evidence(
        films=collection.films,
        labels=collection.labels,
        histories=collection.histories(collection.told),
        pixels=collection.pixels,
        anchors=anchors_from_prompts(anchor_prompts(), encoder.encode_texts),
        encode_texts=encoder.encode_texts,
        weights=FusionWeights(),
        learnt=as_shipped(encoder),
    )


def as_shipped(encoder: Encoder) -> Learnt:
    shipped = encoder.fingerprint
    return as_it_is(evidence_model_for(shipped.name, shipped.weights))


def as_searched(evidence: Evidence, text: str) -> list[str]:
    scores = METHODS[PRODUCT](evidence, ask(text, len(evidence.films)))
    ranked = sorted(
        (-score, film.provenance.source, film.id)
        for score, film in zip(scores, evidence.films, strict=True)
        if np.isfinite(score)
    )
    return [name for _, _, name in ranked]


@pytest.mark.parametrize(
    "text",
    [
        "pleural effusion",
        "cardiomegaly without pleural effusion",
        "pneumonia with pleural effusion",
        "no effusion",
        "normal chest",
        "pneumothorax in women over 60",
        "effusion on an AP film in men under 50",
        "possible mass",
        "streaky something",
        "platelets above 300",
        *unlisted_paraphrases()["Cardiomegaly"],
    ],
)
def test_mmrag_ranks_as_the_search_over_a_store_does(
    engine: Engine, demo_evidence: Evidence, text: str
) -> None:
    found = [hit.id for hit in engine.search(text, films=1000, labs=0).films]
    assert as_searched(demo_evidence, text) == found


def test_a_question_that_a_search_refuses_finds_no_film(
    engine: Engine, demo_evidence: Evidence
) -> None:
    text = "index above 0.5"
    with pytest.raises(QueryError):
        engine.search(text)
    assert as_searched(demo_evidence, text) == []


def test_mmrag_ranks_real_films_as_the_search_does(shared_data: Path, tmp_path: Path) -> None:
    some = tmp_path / "films"
    (some / "images").mkdir(parents=True)
    table = shared_data / "nih" / "Data_Entry_2017.csv"
    (some / table.name).write_text(table.read_text(encoding="utf-8"), encoding="utf-8")
    for film in films_of(shared_data / "nih")[0][::40]:
        (some / "images" / film.id).symlink_to(film.path)
    encoder = open_encoder("compact")
    films, others = films_of(some)
    collection = encode_collection(films, encoder, lambda _: None, others=others)
    evidence = Evidence(
        films=collection.films,
        labels=collection.labels,
        histories=collection.histories(collection.told),
        pixels=collection.pixels,
        anchors=anchors_from_prompts(anchor_prompts(), encoder.encode_texts),
        encode_texts=encoder.encode_texts,
        weights=FusionWeights(),
        learnt=as_shipped(encoder),
    )
    with Engine.open(settings=Settings(home=tmp_path / "home", dsn=None)) as engine:
        engine.ingest("nih", some)
        for text in ("pleural effusion", "lung nodule without pneumothorax", "big heart"):
            found = [hit.id for hit in engine.search(text, films=1000, labs=0).films]
            assert as_searched(evidence, text) == found


def test_a_method_cannot_see_labels_that_are_hidden(bench: Bench) -> None:
    hidden = bench.evidence((None,) * len(bench.collection))
    assert all(film.findings is None for film in hidden.films)
    for name in ("label filter", "BM25 of descriptions", "label text only"):
        for question in by_name(bench.judge):
            assert len(np.unique(METHODS[name](hidden, question))) == 1, name


def test_every_method_beats_chance_where_labels_are_right(bench: Bench) -> None:
    shown = tuple(
        tuple(n for n in ("Effusion", "Cardiomegaly", "Mass") if bench.judge.has(n)[row])
        for row in range(len(bench.collection))
    )
    seen = bench.evidence(shown)
    for name, method in METHODS.items():
        for question in by_name(bench.judge):
            ap = bench.judged(method, question, [seen]).interval("AP").value
            assert (ap > question.answer.mean() + 0.1) == (name != "random"), name


def test_a_filter_does_what_it_is_told(bench: Bench) -> None:
    labels = (("Mass", "Effusion"), ("Mass",), (), None)
    seen = replace(
        bench.evidence(bench.collection.told),
        films=bench.collection.films[:4],
        labels=labels,
        pixels=bench.collection.pixels[:4],
    )
    both = ask("", 4, "Mass", "Effusion")
    without = ask("", 4, "Mass", absent=("Effusion",))
    normal = replace(ask("", 4), kind="normal")
    expected = {0: both, 1: without, 2: normal}
    for row, question in expected.items():
        scores = METHODS["label filter"](seen, question)
        assert np.flatnonzero(scores).tolist() == [row]
        assert np.argmax(METHODS["label filter, then pixels"](seen, question)) == row
