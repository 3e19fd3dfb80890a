"""A claim that the stored rows do not bear out is dropped and counted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pytest

from mmrag.brief import Brief, Citation, compose
from mmrag.brief.checks import AsCited
from mmrag.brief.claims import Draft
from mmrag.brief.rows import Rows
from mmrag.brief.verify import verify
from mmrag.records import ReferenceRange
from mmrag.store.terms import RecordKey
from tests.brief.made import Shelf, answer, asking, film, leukocytes, panel

SAME = {"patient": "covid:7", "source": "covid"}
RESULT = answer(
    asking("Pneumonia"),
    (film(1, ("Pneumonia",), **SAME), film(2, None)),
    (panel(1, leukocytes(), leukocytes(7.0, "N", loinc="26464-8"), **SAME),),
)


def kinds(brief: Brief) -> set[str]:
    return {claim.kind for claim in brief.claims}


def test_nothing_is_dropped_from_an_honest_store() -> None:
    assert compose(RESULT, Shelf(RESULT)).dropped == 0


@pytest.mark.parametrize(
    ("fields", "lost"),
    [
        ({"findings": ("Mass",)}, "finding-shown"),
        ({"findings": ()}, "finding-shown"),
        ({"findings": None}, "finding-shown"),
        ({"findings": ("Pneumonia", "Mass")}, "finding-shown"),
        ({"patient": "covid:8"}, "agreement"),
        ({"patient": None}, "contradiction"),
    ],
)
def test_a_changed_film_takes_its_claims_with_it(fields: dict[str, Any], lost: str) -> None:
    shelf = Shelf(RESULT)
    shelf.change_film(**fields)
    brief = compose(RESULT, shelf)
    assert lost not in kinds(brief)
    assert brief.dropped > 0
    assert [claim.id for claim in brief.claims] == [f"c{n + 1}" for n in range(len(brief.claims))]


@pytest.mark.parametrize(
    "fields",
    [
        {"value": 12.2},
        {"value": None},
        {"unit": "10*9/L"},
        {"flag": None},
        {"name": "Something else"},
        {"reference": None},
        {"reference": ReferenceRange(4.5, 11.0, "another source")},
        {"reference": ReferenceRange(4.5, 20.0, "A cited table of ranges, 2020")},
        {"loinc": "777-3"},
    ],
)
def test_a_changed_result_takes_its_claims_with_it(fields: dict[str, Any]) -> None:
    shelf = Shelf(RESULT)
    shelf.change_results(**fields)
    brief = compose(RESULT, shelf)
    assert not kinds(brief) & {"lab-abnormal", "lab-normal", "agreement", "contradiction"}
    assert brief.dropped > 0


def test_records_that_are_gone_take_their_claims_with_them() -> None:
    shelf = Shelf(RESULT)
    shelf.films, shelf.reports = {}, {}
    assert compose(RESULT, shelf).claims == ()


def test_strangers_who_turn_out_to_be_one_are_not_called_strangers() -> None:
    result = answer(asking("Effusion"), (film(),), (panel(),))
    shelf = Shelf(result)
    shelf.change_film(patient="synthea:p1")
    assert not any("different people" in c.text for c in compose(result, shelf).claims)


@pytest.mark.parametrize("searched", [3, 1101, 1103])
def test_figures_that_the_store_does_not_give_are_dropped(searched: int) -> None:
    result = answer(asking("Hernia"))
    shelf = Shelf(result)
    films = result.coverage.films.model_copy(update={"searched": searched})
    shelf.counted = result.coverage.model_copy(update={"films": films})
    brief = compose(result, shelf)
    assert not any("1102" in claim.text for claim in brief.claims)
    assert brief.dropped > 0


def test_the_checker_reads_each_row_from_the_store_once() -> None:
    class Counting(Shelf):
        reads = 0

        def read_films(self, keys: Collection[RecordKey]) -> Any:
            self.reads += len(keys)
            return super().read_films(keys)

    shelf = Counting(RESULT)
    compose(RESULT, shelf)
    assert shelf.reads == len(RESULT.films) + 1  # the composer looks for a note of its own


@pytest.mark.parametrize(
    ("record", "field", "value"),
    [
        ("film:00000001_000.png", "findings", ["Mass"]),
        ("film:00000001_000.png", "rank", 2),
        ("film:other.png", "findings", ["Pneumonia"]),
        ("lab:panel-1", "observations[6690-2].value", 15.3),
        ("lab:panel-1", "observations[0-0].value", 15.2),
        ("lab:panel-2", "patient", "covid:7"),
        ("patient:covid:7", "records", ["film:other.png"]),
        ("coverage:films", "searched", 1103),
        ("coverage:elsewhere", "searched", 1102),
        ("elsewhere", "x", None),
    ],
)
def test_a_citation_that_lies_is_caught(record: str, field: str, value: Any) -> None:
    draft = Draft(
        kind="limit",
        section="context",
        text="A lie.",
        citations=(Citation(record=record, field=field, value=value),),
        check=AsCited(),
        films=(RecordKey("covid", "00000001_000.png"),),
        reports=(RecordKey("covid", "panel-1"),),
    )
    assert verify([draft], Rows(Shelf(RESULT), RESULT)) == ((), 1)


def test_a_claim_without_a_citation_is_not_printed() -> None:
    draft = Draft(kind="limit", section="context", text="Trust me.", citations=(), check=AsCited())
    assert verify([draft], Rows(Shelf(RESULT), RESULT)) == ((), 1)


def test_two_sources_may_use_one_identifier() -> None:
    films = (
        film(1, ("Pneumonia",), id="a.png"),
        film(2, None, id="a.png", source="demo", made_up=True),
    )
    result = answer(asking("Pneumonia"), films)
    shelf = Shelf(result)
    assert compose(result, shelf).dropped == 0
    real = RecordKey("nih", "a.png")
    shelf.films[real] = replace(shelf.films[real], findings=None)
    assert "finding-shown" not in kinds(compose(result, shelf))
