from __future__ import annotations

import pytest

from mmrag.clinical.patient_terms import read_patient, read_view


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
    ("text", "low", "high"),
    [
        ("neonate", None, 0.0824),
        ("infants", None, 1.999),
        ("toddler", 2, 5.999),
        ("children", None, 17.999),
        ("paediatric film", None, 17.999),
        ("teenagers", 13, 18.999),
        ("adults", 18, None),
        ("young adults", 18, 44.999),
        ("middle-aged men", 45, 64.999),
        ("the elderly", 65, None),
        ("older women", 65, None),
        ("children under 5", None, 4.999),  # the number says more
        ("elderly, aged 70 to 80", 70, 80),
        ("women over 60 and under 80", 60.001, 79.999),
        ("over 60 and under 50", 60.001, None),  # both cannot hold: the first stays
    ],
)
def test_age(text: str, low: float | None, high: float | None) -> None:
    patient = read_patient(text).patient
    assert (patient.age_min, patient.age_max) == (low, high)


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
