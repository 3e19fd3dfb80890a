from __future__ import annotations

import pytest

from mmrag.clinical.patient_terms import read_patient, read_view
from mmrag.errors import QueryError


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("a woman with effusion", "F"),
        ("women", "F"),
        ("female patients", "F"),
        ("girls", "F"),
        ("a man's film", "M"),
        ("elderly gentleman", "M"),
        ("72M", "M"),
        ("men and women", None),
        ("women, some men", None),
        ("patients", None),
        ("manual, mention, womanly", None),
    ],
)
def test_sex(text: str, sex: str | None) -> None:
    assert read_patient(text).patient.sex == sex


@pytest.mark.parametrize(
    ("text", "low", "high", "strict"),
    [
        ("neonate", None, 0.0834, "high"),
        ("infants", None, 2, "high"),
        ("toddler", 2, 6, "high"),
        ("children", None, 18, "high"),
        ("paediatric film", None, 18, "high"),
        ("teenagers", 13, 19, "high"),
        ("adults", 18, None, ""),
        ("young adults", 19, 25, "high"),
        ("middle-aged men", 45, 65, "high"),
        ("the elderly", 65, None, ""),
        ("older women", 65, None, ""),
        ("children under 5", None, 5, "high"),  # the number says more
        ("elderly, aged 70 to 80", 70, 80, ""),
        ("women over 60 and under 80", 60, 80, "low high"),
        ("over 60 and 60 or older", 60, None, "low"),
    ],
)
def test_age(text: str, low: float | None, high: float | None, strict: str) -> None:
    patient = read_patient(text).patient
    assert (patient.age_min, patient.age_max) == (low, high)
    assert patient.age_min_inclusive == ("low" not in strict)
    assert patient.age_max_inclusive == ("high" not in strict)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("over 60 and under 50", "no age meets"),
        ("under 20 or over 70", "no age meets"),
        ("elderly children", "no age meets"),
        ("women or children", "two kinds of patients"),
        ("men over 60 or women over 70", "two kinds of patients"),
    ],
)
def test_people_who_cannot_be_asked_for_at_once_are_refused(text: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        read_patient(text)


@pytest.mark.parametrize(
    "text", ["men or women over 60", "boys or girls", "60-year-old men or women"]
)
def test_both_sexes_are_one_kind_of_people(text: str) -> None:
    assert read_patient(text).patient.sex is None


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("PA view", "PA"),
        ("posteroanterior radiograph", "PA"),
        ("AP film", "AP"),
        ("antero-posterior", "AP"),
        ("lateral view", "LATERAL"),
        ("lateral chest x-ray", "LATERAL"),
        ("PA and lateral", None),
        ("PA pressure", None),
        ("AP diameter", None),
        ("lateral wall", None),
        ("paper, apical", None),
    ],
)
def test_view(text: str, view: str | None) -> None:
    assert read_view(text).view == view


def test_regions_cover_the_words_that_said_it() -> None:
    text = "PA film of a woman over 60 with effusion"
    said = [text[r.start : r.end] for r in (*read_patient(text).regions, *read_view(text).regions)]
    assert sorted(said) == ["PA film", "woman", "woman over 60"]
