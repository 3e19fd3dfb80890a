"""A brief says from which state of which records it was made."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mmrag import Engine
from mmrag.brief import compose
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
def test_the_stores_own_hashes_are_those_of_the_ingest(engine: Engine, question: str) -> None:
    brief = engine.brief(question, films=3, labs=3)
    store = engine._opened_store()
    for each in brief.records:
        id_ = each.record.partition(":")[2]
        if each.sha256 is None:
            assert store.labs.known(each.source)[id_] == each.record_hash
        else:
            assert store.films.known(each.source)[id_] == (each.sha256, each.record_hash)
    assert brief.records


def test_records_that_are_not_stored_have_no_hash(engine: Engine) -> None:
    store = engine._opened_store()
    nobody = [RecordKey("demo", "nobody"), RecordKey("x' OR 1=1; --", "\x00")]
    assert store.films.hashes(nobody) == {}
    assert store.labs.hashes(nobody) == {}
    assert store.films.hashes([]) == {}
