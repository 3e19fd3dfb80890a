"""Label and pixels that contradict each other are said, and fall with either."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag import Engine
from mmrag.brief import Claim, StoredRecords, compose
from mmrag.brief.pixels import pixels_say
from mmrag.evidence import evidence_model_for
from mmrag.retrieval.results import FilmWhy, FindingEvidence, SearchResult, Wanted
from mmrag.store import EVIDENCE, Store
from mmrag.store.terms import RecordKey
from tests.brief.made import Shelf, answer, asking, film

USUAL = dict.fromkeys(EVIDENCE, 0.2)
UNCLEAR = dict.fromkeys(EVIDENCE, 0.2)


def why(*names: str, wanted: Wanted = "present") -> FilmWhy:
    """The evidence for what a question names."""
    evidence = tuple(
        FindingEvidence(finding=n, wanted=wanted, probability=0.2, pixels_only=0.2, label=0.0)
        for n in names
    )
    return FilmWhy(pixel=0.6, label=0.3, without_labels=0.6, evidence=evidence)


def shelf_of(result: SearchResult, **seen: float) -> Shelf:
    """A store in which every film's pixels say this."""
    shelf = Shelf(result)
    shelf.usual = USUAL
    named = {name.replace("No_", "No "): number for name, number in seen.items()}
    shelf.pixels = {key: {**UNCLEAR, **named} for key in shelf.films}
    return shelf


def contradictions(result: SearchResult, shelf: Shelf) -> list[Claim]:
    brief = compose(result, shelf)
    return [claim for claim in brief.claims if claim.kind == "contradiction"]


def one(findings: tuple[str, ...] | None = ("Effusion",), **other: Any) -> SearchResult:
    fields = {"why": why("Effusion"), **other}
    return answer(asking("Effusion"), (film(1, findings, **fields),))


def test_a_label_that_the_pixels_do_not_bear_out_is_said() -> None:
    result = one(("Effusion", "Mass"))
    (claim,) = contradictions(result, shelf_of(result, Effusion=0.01))
    assert claim.text == (
        "Film #1 is labelled Effusion (text-mined label); its pixels alone say otherwise "
        "(probability 0.010, on an average film 0.200)."
    )
    assert claim.section == "imaging"
    cited = {(c.field, str(c.value)) for c in claim.citations}
    assert {
        ("evidence[Effusion].pixels_only", "0.01"),
        ("evidence[Effusion].average", "0.2"),
        ("labels_by", "reports"),
    } <= cited


@pytest.mark.parametrize(
    ("findings", "labelled"), [((), "No Finding"), (("Mass", "Nodule"), "Mass and Nodule")]
)
def test_what_the_pixels_say_and_the_label_does_not_is_said(
    findings: tuple[str, ...], labelled: str
) -> None:
    result = one(findings)
    (claim,) = contradictions(result, shelf_of(result, Effusion=0.9))
    assert claim.text == (
        "The pixels of film #1 alone say Effusion (probability 0.900, on an average film 0.200); "
        f"it is labelled {labelled} (text-mined label; a missing label does not prove absence)."
    )


def test_what_nobody_asked_for_is_held_against_labels_that_say_nothing_is_there() -> None:
    assert not contradictions(one(), shelf_of(one(), Mass=0.9))
    assert contradictions(one(()), shelf_of(one(()), Mass=0.9))


def test_pixels_without_a_finding_contradict_a_label() -> None:
    (claim,) = contradictions(one(), shelf_of(one(), No_Finding=0.9))
    assert "alone say No Finding" in claim.text
    assert "does not prove absence" not in claim.text


def test_what_is_ruled_out_and_seen_is_said_and_what_a_shown_film_shows_is_not() -> None:
    out = one(("Mass",), why=why("Effusion", wanted="absent"))
    assert contradictions(out, shelf_of(out, Effusion=0.9))
    alike = one(("Mass",), why=why("Effusion", wanted="alike"))
    assert not contradictions(alike, shelf_of(alike, Effusion=0.9))


@pytest.mark.parametrize(
    "other",
    [
        {"made_up": True},
        {"source": "covid", "patient": "covid:1"},
        {"labels_by": "radiologists"},
        {"findings": None},
    ],
)
def test_only_mined_labels_are_held_against_pixels(other: dict[str, Any]) -> None:
    result = one(**other)
    assert not contradictions(result, shelf_of(result, Effusion=0.001, Mass=0.99))


def test_nothing_is_said_where_no_evidence_is_fitted() -> None:
    shelf = shelf_of(one(), Effusion=0.001)
    shelf.usual = {}
    assert not contradictions(one(), shelf)


@pytest.mark.parametrize(
    "change",
    [
        lambda shelf: shelf.change_film(findings=("Mass",)),
        lambda shelf: shelf.change_film(findings=None),
        lambda shelf: shelf.pixels.update({k: {**UNCLEAR, "Effusion": 0.02} for k in shelf.films}),
        lambda shelf: shelf.pixels.clear(),
        lambda shelf: shelf.films.clear(),
    ],
)
def test_it_falls_with_label_and_pixels(change: Any) -> None:
    result = one()
    shelf = shelf_of(result, Effusion=0.01)
    first, spoilt = compose(result, shelf), shelf_of(result, Effusion=0.01)
    change(spoilt)

    class Late(Shelf):
        """What the composer read first, and the checker finds changed."""

        reads = 0

        def read_pixels(self, keys: Any) -> Any:
            self.reads += 1
            return (shelf if self.reads == 1 else spoilt).read_pixels(keys)

        def read_films(self, keys: Any) -> Any:
            return spoilt.read_films(keys)

    late = Late(result)
    late.usual = USUAL
    (claim,) = (c for c in first.claims if c.kind == "contradiction")
    assert claim.text not in {c.text for c in compose(result, late).claims}


@given(
    st.floats(min_value=0, max_value=1),
    st.floats(min_value=0.001, max_value=0.9),
)
def test_pixels_speak_for_or_against_and_never_both(probability: float, average: float) -> None:
    said = pixels_say(probability, average)
    if said == "there":
        assert probability >= 0.5
        assert probability > average
    if said == "not there":
        assert probability < average
    assert pixels_say(average, average) is None


def test_the_store_gives_what_the_search_returned(engine: Engine) -> None:
    hits = engine.search("pleural effusion", films=5, labs=0).films
    store = Store.open_existing(engine._settings)
    assert store is not None
    with store:
        space = store.space
        assert space is not None
        model = evidence_model_for(space.encoder, space.weights)
        records = StoredRecords(store, model)
        pixels = records.read_pixels([RecordKey(h.source, h.id) for h in hits])
        for hit in hits:
            (asked,) = (e for e in hit.why.evidence if e.finding == "Effusion")
            assert pixels[RecordKey(hit.source, hit.id)]["Effusion"] == asked.pixels_only
        assert list(records.averages().values()) == model.base_rate.tolist()
        assert records.read_pixels([RecordKey("demo", "nobody"), RecordKey("x", "\x00")]) == {}
