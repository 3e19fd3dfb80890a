"""A brief says from which state of which records it was made."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mmrag import Engine
from mmrag.brief import compose
from mmrag.brief.provenance import content_hash
from mmrag.store.terms import RecordKey
from tests.brief.made import Shelf, answer, asking, film, panel


def test_every_cited_record_has_its_hash_once() -> None:
    result = answer(asking("Effusion"), (film(1), film(2, None)), (panel(1), panel(2)))
    brief = compose(result, Shelf(result))
    cited = {r for c in brief.claims for r in c.records if r.startswith(("film:", "lab:"))}
    named = [each.record for each in brief.records]
    assert set(named) == cited
    assert len(named) == len(set(named))
    assert all((each.sha256 is None) == each.record.startswith("lab:") for each in brief.records)


def test_two_sources_with_one_identifier_are_told_apart() -> None:
    films = (film(1, id="a.png"), film(2, id="a.png", source="demo", made_up=True))
    result = answer(asking("Effusion"), films)
    brief = compose(result, Shelf(result))
    assert {(each.record, each.source) for each in brief.records} == {
        ("film:a.png", "nih"),
        ("film:a.png", "demo"),
    }


def test_a_record_that_is_gone_has_no_hash() -> None:
    result = answer(asking("Effusion"), (film(1), film(2)))
    shelf = Shelf(result)
    del shelf.films[RecordKey("nih", result.films[0].id)]
    assert [r.record for r in compose(result, shelf).records] == [f"film:{result.films[1].id}"]


def test_the_moment_is_now_in_utc_and_the_version_is_ours() -> None:
    result = answer(asking("Effusion"))
    made = compose(result, Shelf(result)).made
    assert abs((datetime.now(UTC) - made.at).total_seconds()) < 60
    assert made.software == "med-multimodal-rag"
    assert made.version[0].isdigit()


@pytest.mark.parametrize("question", ["pneumonia with pleural effusion", "platelets below 1"])
def test_a_film_has_the_hash_of_its_file(engine: Engine, question: str) -> None:
    brief = engine.brief(question, films=3, labs=3)
    for each in brief.records:
        film = engine.film(each.record.partition(":")[2])
        if each.sha256 is not None:
            assert film is not None
            assert each.sha256 == hashlib.sha256(Path(film.file).read_bytes()).hexdigest()
    assert brief.records


def test_content_counts_and_its_place_does_not() -> None:
    result = answer(asking("Effusion"), (film(1, taken_on=date(2021, 8, 1)),), (panel(1),))
    shelf = Shelf(result)
    (one,) = shelf.films.values()
    elsewhere = replace(one, provenance=replace(one.provenance, file="/other/a.png", row=7))
    assert content_hash(elsewhere) == content_hash(one)
    for other in (
        replace(one, findings=None),
        replace(one, findings=()),
        replace(one, taken_on=date(2021, 8, 2)),
        replace(one, provenance=replace(one.provenance, source="other")),
        replace(one, provenance=replace(one.provenance, made_up=True)),
    ):
        assert content_hash(other) != content_hash(one)
    (report,) = shelf.reports.values()
    changed = replace(report.observations[0], value=15.21)
    assert content_hash(replace(report, observations=(changed,))) != content_hash(report)


def test_records_that_are_not_stored_have_no_hash(engine: Engine) -> None:
    store = engine._opened.store
    nobody = [RecordKey("demo", "nobody"), RecordKey("x' OR 1=1; --", "\x00")]
    assert store.films.hashes(nobody) == {}
    assert store.films.hashes([]) == {}
