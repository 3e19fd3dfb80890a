"""Words that state a diagnosis or give advice, and words that only look like it."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.overstatement import KINDS, overstatements


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Effusion, consistent with heart failure.", "diagnosis"),
        ("This SUGGESTS an infection.", "diagnosis"),
        ("Findings in  keeping-with oedema.", "diagnosis"),
        ("Most likely malignant.", "diagnosis"),
        ("Diagnostic of tuberculosis.", "diagnosis"),
        ("A CT is recommended.", "advice"),
        ("The patient should be seen.", "advice"),
        ("Follow up in six weeks; follow-up imaging.", "advice"),
        ("Start antibiotics.", "advice"),
        ("Clinical correlation advised.", "advice"),
    ],
)
def test_diagnosis_and_advice_are_found(text: str, kind: str) -> None:
    found = overstatements(text)
    assert kind in {each.kind for each in found}
    assert all(each.written in text for each in found)


@pytest.mark.parametrize(
    "text",
    [
        "Film #1 is labelled Pneumonia (text-mined label).",
        "Pneumonia, which the question rules out, is not among the labels of film #1.",
        "Every other film and panel shown stands alone: no other patient has both.",
        "they say that a report mentions a finding, not that a radiologist confirmed it.",
        "Panel #1 (2020-12-04): Mustard allergen 1.0 kU/L, high (flag H).",
        "",
    ],
)
def test_statements_of_records_are_none(text: str) -> None:
    assert overstatements(text) == ()


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    assert all(each.kind in KINDS and each.written in text for each in overstatements(text))


def test_every_list_names_sources_that_are_given() -> None:
    file = resources.files("mmrag.clinical") / "overstatement.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    for kind in KINDS:
        assert table[kind]["sources"]
        assert set(table[kind]["sources"]) <= set(table["sources"])
