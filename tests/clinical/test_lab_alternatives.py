from __future__ import annotations

import pytest

from mmrag.clinical.lab_terms import find_lab_terms


def groups(text: str) -> list[tuple[str, bool]]:
    return [(m.term.analyte, m.term.group is not None) for m in find_lab_terms(text)]


@pytest.mark.parametrize(
    "text",
    [
        "high WBC or high CRP",
        "WBC above 11 or CRP above 10",
        "leukocytosis or a raised CRP",
        "WBC or CRP elevated",
        "leukocytosis and/or elevated CRP",
        "leukocytosis in men over 60 or elevated CRP",
    ],
)
def test_or_joins_alternatives(text: str) -> None:
    assert groups(text) == [("leukocytes", True), ("crp", True)]
    assert len({mention.term.group for mention in find_lab_terms(text)}) == 1


def test_a_list_that_ends_in_or_is_one_group() -> None:
    text = "low platelets, anaemia or fever with high CRP"
    assert groups(text) == [
        ("platelets", True),
        ("haemoglobin", True),
        ("body_temperature", True),
        ("crp", False),
    ]


@pytest.mark.parametrize(
    "text", ["WBC below 4 or above 11", "WBC either above 11 or below 4", "WBC < 4 or > 11"]
)
def test_two_sides_are_alternatives(text: str) -> None:
    assert groups(text) == [("leukocytes", True), ("leukocytes", True)]


@pytest.mark.parametrize(
    "text",
    [
        *("high WBC and high CRP", "WBC above 4 and below 11", "high WBC, high CRP"),
        *("high WBC in men or women with high CRP", "WBC 12 or more and high CRP"),
    ],
)
def test_and_joins_none(text: str) -> None:
    assert not any(grouped for _, grouped in groups(text))


def test_what_is_denied_is_not_an_alternative() -> None:
    found = find_lab_terms("no anaemia or leukocytosis")
    assert all(m.term.negated and m.term.group is None for m in found)
