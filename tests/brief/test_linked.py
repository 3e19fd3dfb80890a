"""Film and blood of patients who are declared to be one person."""

from __future__ import annotations

from datetime import date
from typing import Any

from mmrag.brief import Brief, Claim, compose
from mmrag.brief.fhir import bundle
from mmrag.brief.timeline import common_clock, days_between
from mmrag.brief.writer.pseudonyms import Pseudonyms
from mmrag.retrieval.declared import DeclaredLink
from mmrag.retrieval.results import SearchResult
from tests.brief.made import Shelf, answer, asking, film, leukocytes, panel

FILM: dict[str, Any] = {"patient": "nih:7"}
BLOOD: dict[str, Any] = {"patient": "synthea:p7"}


def linked(films: tuple[Any, ...], labs: tuple[Any, ...]) -> SearchResult:
    link = DeclaredLink(
        film_patient="nih:7",
        lab_patient="synthea:p7",
        declared_by="somebody",
        declared_at=None,
        file="links.csv",
        row=2,
    )
    return answer(asking("Pneumonia"), films, labs).model_copy(
        update={"links": (link,), "linkage": "same-patient"}
    )


def brief_of(films: tuple[Any, ...], labs: tuple[Any, ...]) -> Brief:
    result = linked(films, labs)
    return compose(result, Shelf(result))


def of_one_patient(brief: Brief) -> list[Claim]:
    return [claim for claim in brief.claims if claim.patient is not None]


def test_they_are_one_patient_and_the_claim_says_by_what() -> None:
    films = (film(1, ("Pneumonia",), taken_on=date(2021, 7, 30), **FILM), film(2, ("Mass",)))
    brief = brief_of(films, (panel(1, leukocytes(), **BLOOD), panel(2)))
    first, agreement = of_one_patient(brief)
    assert first.text == (
        "Patient nih:7 (declared to be one person with synthea:p7) has film #1 and panel #1; in "
        "the order of time: film #1 (2021-07-30), panel #1 2 days later (2021-08-01)."
    )
    assert agreement.kind == "agreement"
    assert agreement.text.startswith("Patient nih:7 (declared to be one person with synthea:p7): f")
    assert [(c.record, c.field, c.value) for c in first.citations[:3]] == [
        ("patient:nih:7", "records", ["film:00000001_000.png"]),
        ("patient:synthea:p7", "records", ["lab:panel-1"]),
        ("patient:nih:7", "linked", ["synthea:p7"]),
    ]
    (rest,) = [c for c in brief.claims if "stands alone" in c.text]
    assert set(rest.records) == {"film:00000002_000.png", "lab:panel-2"}
    assert brief.dropped == 0


def test_what_the_store_no_longer_links_is_not_said() -> None:
    result = linked((film(1, ("Pneumonia",), **FILM),), (panel(1, leukocytes(), **BLOOD),))
    shelf = Shelf(result)
    shelf.links = []
    brief = compose(result, shelf)
    assert of_one_patient(brief) == []
    assert brief.dropped >= 2


def test_a_cohort_is_not_said_of_those_the_store_links_by_now() -> None:
    result = linked((film(1, ("Pneumonia",), **FILM),), (panel(1, leukocytes(), **BLOOD),))
    shelf = Shelf(result)
    brief = compose(result.model_copy(update={"links": (), "linkage": "cohort"}), shelf)
    assert not any("different people" in claim.text for claim in brief.claims)
    assert brief.dropped >= 1


def test_days_of_two_sources_are_no_common_clock() -> None:
    taken = film(1, ("Pneumonia",), day=3.0, **FILM)
    drawn = panel(1, leukocytes(), effective_at=None, day=5.0, **BLOOD)
    assert common_clock([taken], [drawn]) is None
    assert days_between(taken, drawn) is None
    (first, *_) = of_one_patient(brief_of((taken,), (drawn,)))
    assert "which came first is not known" in first.text
    same = taken.model_copy(update={"patient": "synthea:p7"})
    assert days_between(same, drawn) == 2.0


def test_the_half_that_is_not_shown_is_named() -> None:
    result = linked((), (panel(1, leukocytes(), **BLOOD),))
    shelf = Shelf(result)
    unshown = answer(asking(), (film(3, taken_on=date(2021, 7, 30), **FILM),))
    shelf.films |= Shelf(unshown).films
    brief = compose(result, shelf)
    (claim,) = of_one_patient(brief)
    assert claim.text == (
        "Of patient nih:7 (declared to be one person with synthea:p7), panel #1 is shown; the "
        "store also holds 1 film of the same patient that is not shown: 00000003_000.png, 2 days "
        "earlier."
    )
    assert claim.patient == "nih:7"


def test_fhir_points_from_one_patient_to_the_other() -> None:
    brief = brief_of((film(1, ("Pneumonia",), **FILM),), (panel(1, leukocytes(), **BLOOD),))
    entries = bundle(brief)["entry"]
    patients = {
        entry["fullUrl"]: entry["resource"]
        for entry in entries
        if entry["resource"]["resourceType"] == "Patient"
    }
    others = {url: each["link"][0]["other"]["reference"] for url, each in patients.items()}
    assert len(others) == 2
    assert set(others.values()) == set(others)
    assert all(others[other] == url for url, other in others.items())


def test_no_name_of_a_linked_patient_leaves_the_process() -> None:
    brief = brief_of((film(1, ("Pneumonia",), **FILM),), (panel(1, leukocytes(), **BLOOD),))
    names = Pseudonyms(brief)
    for claim in brief.claims:
        hidden = names.hide(claim.text)
        assert "nih:7" not in hidden
        assert "synthea:p7" not in hidden
        assert names.show(hidden) == claim.text
