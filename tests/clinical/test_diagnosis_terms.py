from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.diagnosis_terms import diagnoses_of_people, stated_diagnoses
from mmrag.clinical.words import Region


def everywhere(text: str) -> list[Region]:
    """A laboratory term somewhere else, so that people with something are a population."""
    return [Region(len(text), len(text) + 1)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("diagnosed with asthma", [("asthma",)]),
        ("people diagnosed with chronic sinusitis, PA view", [("chronic sinusitis",)]),
        ("women over 60 with a history of hypertension", [("hypertension",)]),
        ("with a past medical history of atrial fibrillation", [("atrial fibrillation",)]),
        ("with a diagnosis of gout and asthma", [("gout",), ("asthma",)]),
        ("diagnosed with gout or asthma", [("gout", "asthma")]),
        ("known history of stroke in women", [("stroke",)]),
        ("pneumonia", []),
        ("the history of medicine", [("medicine",)]),
    ],
)
def test_stated_diagnoses(text: str, names: list[tuple[str, ...]]) -> None:
    assert [mention.term.names for mention in stated_diagnoses(text)] == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("WBC in patients with diabetes", [("diabetes",)]),
        ("WBC in patients with known diabetes", [("diabetes",)]),
        ("WBC among elderly women with heart failure over 80", [("heart failure",)]),
        ("WBC in women aged 40 to 60 with hypertension", [("hypertension",)]),
        ("WBC of people who have Alzheimer's disease", [("Alzheimer's disease",)]),
        ("WBC in children with asthma and gout", [("asthma",), ("gout",)]),
        ("WBC in children with asthma or gout", [("asthma", "gout")]),
        ("WBC in diabetics", [("diabetes",)]),
        ("WBC in hypertensive men", [("hypertension",)]),
        ("WBC with diabetic retinopathy", []),
        ("WBC in the morning with coffee", []),
        ("WBC in patients", []),
        ("WBC in patients with ", []),
    ],
)
def test_diagnoses_of_people(text: str, names: list[tuple[str, ...]]) -> None:
    found = diagnoses_of_people(text, everywhere(text), [])
    assert [mention.term.names for mention in found] == names


@pytest.mark.parametrize(
    "text",
    [
        "WBC in patients without diabetes",
        "WBC in patients who do not have diabetes",
        "WBC, no history of diabetes",
    ],
)
def test_a_diagnosis_may_be_ruled_out(text: str) -> None:
    found = [*stated_diagnoses(text), *diagnoses_of_people(text, everywhere(text), [])]
    assert [(m.term.names, m.term.negated) for m in found] == [(("diabetes",), True)]


def test_people_alone_are_no_population() -> None:
    text = "in patients with pneumonia"
    assert diagnoses_of_people(text, [], [Region(17, 26)]) == []
    assert diagnoses_of_people("effusion " + text, [], [Region(0, 8), Region(26, 35)]) != []


WORDS = "in among patients women with without who have history of diagnosed diabetes and or , no a"


@given(st.lists(st.sampled_from(WORDS.split()), max_size=20))
def test_places_are_in_the_text(words: list[str]) -> None:
    text = " ".join(words)
    for mention in (*stated_diagnoses(text), *diagnoses_of_people(text, everywhere(text), [])):
        assert 0 <= mention.start < mention.end <= len(text)
        assert all(name in text or name == "diabetes" for name in mention.term.names)
        assert mention.term.names
