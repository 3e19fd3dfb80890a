"""What the brief claims, and what it must never claim."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.brief import DISCLAIMER, Brief, Claim, compose
from mmrag.clinical.question import ClinicalQuery, FindingTerm
from mmrag.retrieval.results import FilmHistory, FilmWhy
from tests.brief.made import (
    RANGE,
    Shelf,
    answer,
    asking,
    film,
    leukocytes,
    panel,
    platelets,
)

NAMES = ("Effusion", "Pneumonia", "Mass", "Hernia")


def brief_of(query: Any, films: Any = (), labs: Any = (), **more: Any) -> Brief:
    result = answer(query, tuple(films), tuple(labs), **more)
    return compose(result, Shelf(result))


def of_kind(brief: Brief, kind: str) -> list[Claim]:
    return [claim for claim in brief.claims if claim.kind == kind]


def test_a_brief_is_the_search_object_with_claims_beside_it() -> None:
    result = answer(asking("Effusion"), (film(),), (panel(),))
    brief = compose(result, Shelf(result))
    printed = brief.model_dump(mode="json")
    assert {k: printed[k] for k in result.model_dump(mode="json")} == result.model_dump(mode="json")
    assert set(printed) - set(result.model_dump()) == {
        *("claims", "dropped", "records", "made", "written", "disclaimer"),
    }
    assert brief.disclaimer == DISCLAIMER
    assert [claim.id for claim in brief.claims] == [f"c{n + 1}" for n in range(len(brief.claims))]
    assert all(claim.checked and claim.citations for claim in brief.claims)
    assert {claim.section for claim in brief.claims} == {"imaging", "laboratory", "context"}


def test_a_film_that_was_read_otherwise_is_not_near_by_its_pixels() -> None:
    brief = brief_of(asking("Effusion"), [film(1, ("Mass",), labels_by="radiologists")])
    texts = [claim.text for claim in brief.claims]
    assert (
        "Film #1 was not read so: its labels are Mass, without Effusion (read by radiologists)."
        in texts
    )
    assert not any("pixels" in text or "Text-mined" in text for text in texts)


@pytest.mark.parametrize(
    ("labels_by", "made_up", "origin"),
    [
        ("reports", False, "text-mined label"),
        ("reports", True, "label of the made-up set"),
        ("radiologists", False, "read by radiologists"),
        ("radiologists", True, "label of the made-up set"),
        ("source", False, "label as given"),
    ],
)
def test_a_shown_finding_says_where_its_label_comes_from(
    labels_by: str, made_up: bool, origin: str
) -> None:
    brief = brief_of(asking("Effusion"), [film(labels_by=labels_by, made_up=made_up)])
    (shown,) = of_kind(brief, "finding-shown")
    assert "Effusion" in shown.text
    assert f"({origin})" in shown.text
    assert shown.text.startswith("Made-up film" if made_up else "Film")
    assert shown.value("findings") == ["Effusion"]
    assert shown.records == ("film:00000001_000.png",)


@pytest.mark.parametrize(
    ("findings", "kind", "words"),
    [
        (None, "limit", "has no label; its pixels alone rank it #1"),
        (("Mass",), "limit", "near by its pixels only"),
        ((), "finding-absent", "does not prove absence"),
    ],
)
def test_a_film_without_the_label_is_never_said_to_show_the_finding(
    findings: tuple[str, ...] | None, kind: str, words: str
) -> None:
    brief = brief_of(asking("Effusion"), [film(findings=findings)])
    assert not of_kind(brief, "finding-shown")
    assert any(c.kind == kind and words in c.text and c.section == "imaging" for c in brief.claims)
    assert any("not labelled Effusion" in c.text for c in of_kind(brief, "nothing-found"))


def others(films: int, **named: int) -> FilmWhy:
    history = FilmHistory(films=films, named=named)
    return FilmWhy(pixel=0.6, label=0.3, without_labels=0.6, history=history)


@pytest.mark.parametrize(
    ("findings", "why", "words"),
    [
        (
            None,
            others(12, Effusion=5),
            "has no label; its pixels and the labels of its patient's other films (Effusion on 5 "
            "of 12 that have labels) rank it #1.",
        ),
        (
            None,
            others(12, Mass=1),
            "its pixels and the labels of its patient's other films (Effusion on 0 of 12 that "
            "have labels) rank it #1.",
        ),
        (
            ("Mass",),
            others(12, Effusion=5),
            "is near by its pixels and by the labels of its patient's other films (Effusion on 5 "
            "of 12 that have labels) only: its labels are Mass",
        ),
        (("Mass",), others(12, Mass=1), "is near by its pixels only: its labels are Mass"),
    ],
)
def test_a_film_that_is_near_by_its_patients_other_films_says_so(
    findings: tuple[str, ...] | None, why: FilmWhy, words: str
) -> None:
    result = answer(asking("Effusion"), (film(findings=findings, why=why),), ())
    shelf = Shelf(result)
    (said,) = (c for c in compose(result, shelf).claims if words in c.text)
    cited = {each.field: each.value for each in said.citations if "history" in each.field}
    assert why.history is not None
    is_said = "other films" in words
    named = why.history.named.get("Effusion", 0)
    assert cited == ({"history[Effusion]": named, "history.films": 12} if is_said else {})
    shelf.histories.clear()
    assert is_said != any(words in claim.text for claim in compose(result, shelf).claims)


def test_findings_that_a_film_lacks_are_named_as_missing_labels_only() -> None:
    films = [film(1, ("Effusion", "Pneumonia")), film(2, ("Effusion",)), film(3, ("Effusion",))]
    brief = brief_of(asking("Effusion", "Pneumonia"), films)
    (absent,) = of_kind(brief, "finding-absent")
    assert absent.text.startswith("Pneumonia, also asked for, is not among the labels of films")
    assert "#2 and #3" in absent.text
    assert "does not prove absence" in absent.text
    assert absent.records == ("film:00000002_000.png", "film:00000003_000.png")


def test_a_finding_that_the_question_rules_out_is_told_apart() -> None:
    films = [film(1, ("Effusion",)), film(2, ("Effusion", "Mass"))]
    brief = brief_of(asking("Effusion", absent=("Mass",)), films)
    (absent,) = of_kind(brief, "finding-absent")
    assert absent.records == ("film:00000001_000.png",)
    assert any(
        "labelled Mass, which the question rules out" in claim.text
        for claim in of_kind(brief, "finding-shown")
    )


def test_findings_of_a_wider_word_are_alternatives() -> None:
    group = {"group": "airspace disease"}
    terms = (FindingTerm(finding="Mass", **group), FindingTerm(finding="Hernia", **group))
    query = ClinicalQuery(text="x", findings=terms)
    brief = brief_of(query, [film(1, ("Mass",)), film(2, ("Hernia",))])
    assert len(of_kind(brief, "finding-shown")) == 2
    assert not of_kind(brief, "finding-absent")
    assert not [
        c for c in of_kind(brief, "nothing-found") if "film" in c.text and "shown" in c.text
    ]
    assert "2 labelled airspace disease." in of_kind(brief, "cohort")[0].text
    nothing = of_kind(brief_of(query, [film(1, ())]), "nothing-found")
    assert any("not labelled Mass or Hernia" in claim.text for claim in nothing)


def test_labels_that_the_same_films_miss_share_a_sentence() -> None:
    films = [film(1, ("Effusion",)), film(2, ("Effusion",)), film(3, ("Effusion", "Mass"))]
    brief = brief_of(asking("Effusion", absent=("Mass", "Hernia", "Pneumonia")), films)
    texts = [claim.text for claim in of_kind(brief, "finding-absent")]
    assert texts[0].startswith("Mass, which the question rules out, is not among")
    assert texts[1].startswith("Hernia and Pneumonia, which the question rules out, are not among")
    assert len(texts) == 2


def test_an_uncertain_finding_is_looked_for_too() -> None:
    query = ClinicalQuery(text="x", findings=(FindingTerm(finding="Mass", assertion="uncertain"),))
    assert of_kind(brief_of(query, [film(1, ("Mass",))]), "finding-shown")


def test_the_cohort_line_counts_labels() -> None:
    films = [film(1, ("Effusion", "Pneumonia")), film(2, ("Effusion",)), film(3, None)]
    brief = brief_of(asking("Effusion", "Pneumonia"), films)
    text = next(c.text for c in of_kind(brief, "cohort") if c.section == "imaging")
    assert text == (
        "1102 films searched, 3 qualify, 3 shown, of these 2 labelled Effusion, "
        "1 labelled Pneumonia, 1 labelled both and 1 without a label."
    )


def test_an_abnormal_result_is_printed_as_stored_with_range_and_source() -> None:
    brief = brief_of(asking("Pneumonia"), (), [panel(1, leukocytes(12.10, "H"))])
    (claim,) = of_kind(brief, "lab-abnormal")
    assert "12.1 10*3/uL, high (flag H)" in claim.text
    assert f"4.5 to 11.0 ({RANGE})" in claim.text
    assert claim.value("value") == 12.1
    assert claim.citations[0].record == "lab:panel-1"


def test_normal_is_called_normal_and_stands_after_every_abnormal_result() -> None:
    labs = [panel(1, leukocytes(7.0, "N")), panel(2, leukocytes()), panel(3, platelets())]
    brief = brief_of(asking("Pneumonia"), (), labs)
    kinds = [c.kind for c in brief.claims if c.kind.startswith("lab-")]
    assert kinds == ["lab-abnormal", "lab-normal"]  # platelets bear on nothing that was asked
    assert "normal (flag N)" in of_kind(brief, "lab-normal")[0].text


@pytest.mark.parametrize(
    "observation",
    [
        leukocytes(7.0, "H", matched=True),
        leukocytes(15.0, "N", matched=True),
        leukocytes(15.0, "L", matched=True),
        leukocytes(15.0, None, matched=True),
        leukocytes(math.nan, "H", matched=True),
    ],
)
def test_flag_and_range_at_odds_make_a_result_neither_normal_nor_abnormal(
    observation: Any,
) -> None:
    brief = brief_of(asking("Pneumonia"), (), [panel(1, observation)])
    assert not of_kind(brief, "lab-abnormal")
    assert not of_kind(brief, "lab-normal")
    if not math.isnan(observation.value):
        assert any("neither normal nor abnormal" in c.text for c in of_kind(brief, "limit"))


def test_a_flag_without_a_range_is_believed_and_its_origin_said() -> None:
    bare = leukocytes(
        None, "HH", text="> 100", low=None, high=None, range_source=None, flag_source="the record"
    )
    (claim,) = of_kind(brief_of(asking("Pneumonia"), (), [panel(1, bare)]), "lab-abnormal")
    assert "> 100 10*3/uL, critically high (flag HH)" in claim.text
    assert "no reference range stored; flag by the record" in claim.text


def test_panels_without_anything_abnormal_say_so() -> None:
    labs = [panel(1, leukocytes(7.0, "N")), panel(2, leukocytes(8.0, "N"))]
    texts = [c.text for c in of_kind(brief_of(asking("Pneumonia"), (), labs), "nothing-found")]
    assert "None of the 2 panels shown holds a result called abnormal." in texts


def test_empty_legs_say_how_far_they_looked_and_how_near_they_came() -> None:
    brief = brief_of(asking("Hernia"), nearest="leukocytes 10.5 10*3/uL")
    for section, noun, searched in (("imaging", "film", 1102), ("laboratory", "panel", 59)):
        (claim,) = [c for c in of_kind(brief, "nothing-found") if c.section == section]
        assert claim.text == (
            f"No {noun} found: {searched} {noun}s searched, none qualifies. "
            "Nearest: leukocytes 10.5 10*3/uL."
        )
    assert any("nothing to link" in claim.text for claim in of_kind(brief, "limit"))


def test_a_leg_that_was_left_out_is_no_finding() -> None:
    brief = brief_of(asking("Hernia"), requested=0)
    assert not of_kind(brief, "nothing-found")
    assert sum("left out" in claim.text for claim in of_kind(brief, "limit")) == 2


def test_different_people_are_called_different_people() -> None:
    brief = brief_of(asking("Effusion"), [film()], [panel()])
    assert any("come from different people" in c.text for c in of_kind(brief, "limit"))
    assert not any(claim.patient for claim in brief.claims)


def test_one_patients_film_and_blood_are_compared_and_the_order_in_time_is_not_invented() -> None:
    same = {"patient": "covid:7", "source": "covid"}
    labs = [
        panel(1, leukocytes(7.0, "N"), **same),
        panel(2, leukocytes(), **same),
        panel(3, leukocytes()),
    ]
    brief = brief_of(asking("Pneumonia"), [film(1, ("Pneumonia",), **same)], labs)
    linked, *compared = [claim for claim in brief.claims if claim.patient == "covid:7"]
    assert "panels #1 (2021-08-01) and #2 (2021-08-02)" in linked.text
    assert "the film carries no date" in linked.text
    assert [claim.kind for claim in compared] == ["agreement", "contradiction"]
    assert "15.2 10*3/uL, high (flag H)" in compared[0].text
    assert "7.0 10*3/uL, normal (flag N), where high would go with Pneumonia" in compared[1].text
    assert all("lab:panel-3" not in claim.records for claim in (linked, *compared))
    assert any("Every other film and panel" in claim.text for claim in of_kind(brief, "limit"))


def test_strangers_results_are_never_compared() -> None:
    brief = brief_of(asking("Pneumonia"), [film(1, ("Pneumonia",))], [panel(1)])
    assert not of_kind(brief, "agreement")
    assert not of_kind(brief, "contradiction")


def test_made_up_records_are_called_so_in_every_sentence_about_one() -> None:
    made_up = {"made_up": True, "source": "demo", "patient": "demo:1"}
    brief = brief_of(
        asking("Pneumonia"), [film(1, ("Pneumonia",), **made_up)], [panel(1, **made_up)]
    )
    for claim in brief.claims:
        about_one = any(not record.startswith("coverage:") for record in claim.records)
        if about_one and claim.kind not in ("cohort", "nothing-found"):
            assert "made-up" in claim.text.lower() or "made up" in claim.text


labels = st.none() | st.lists(st.sampled_from(NAMES), unique=True).map(tuple)
flags = st.sampled_from([None, "LL", "L", "N", "H", "HH"])
bounds = st.none() | st.floats(0, 20)


@given(
    asked=st.lists(st.sampled_from(NAMES), unique=True, max_size=3),
    absent=st.lists(st.sampled_from(NAMES), unique=True, max_size=2),
    films=st.lists(labels, max_size=4),
)
def test_no_film_ever_shows_what_its_label_lacks(
    asked: list[str], absent: list[str], films: list[tuple[str, ...] | None]
) -> None:
    query = asking(*asked, absent=tuple(absent))
    brief = brief_of(query, [film(n + 1, f) for n, f in enumerate(films)])
    assert brief.dropped == 0
    for claim in of_kind(brief, "finding-shown"):
        rank = claim.value("rank")
        stored = films[int(str(rank)) - 1]
        assert stored is not None
        assert {name for name in NAMES if name in claim.text} <= set(stored)


@given(
    value=st.none() | st.floats(0, 20), low=bounds, high=bounds, flag=flags, matched=st.booleans()
)
def test_no_value_inside_its_range_is_ever_abnormal_and_none_outside_normal(
    value: float | None, low: float | None, high: float | None, flag: Any, matched: bool
) -> None:
    observation = leukocytes(value, flag, low=low, high=high, matched=matched)
    brief = brief_of(asking("Pneumonia"), (), [panel(1, observation)])
    assert brief.dropped == 0
    if value is None or (low is None and high is None):
        return
    outside = (low is not None and value < low) or (high is not None and value > high)
    assert outside or not of_kind(brief, "lab-abnormal")
    assert not (outside and of_kind(brief, "lab-normal"))
