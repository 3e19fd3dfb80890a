from __future__ import annotations

import pytest

from mmrag.clinical.query import compile_query


def said(text: str) -> list[tuple[str, str | None, str | None]]:
    return [(t.finding, t.side, t.severity) for t in compile_query(text).findings]


@pytest.mark.parametrize(
    ("text", "side", "severity"),
    [
        ("right lung mass", "right", None),
        ("left-sided mass", "left", None),
        ("mass of the left lung", "left", None),
        ("mass, right", "right", None),
        ("mass is seen on the left", "left", None),
        ("left and right mass", "bilateral", None),
        ("left mass, right mass", "bilateral", None),
        ("left or right mass", None, None),
        ("LUL mass", "left", None),
        ("new small, left apical mass", "left", "small"),
        ("mass is large", None, "large"),
        ("small to moderate mass", None, "moderate"),
        ("small mass, large mass", None, "large"),
        # said of somebody or something else
        ("mass, left hip pain", None, None),
        ("mass in small children", None, None),
        ("mass, severe sepsis", None, None),
        ("mass with left ventricular failure", None, None),
        ("left; mass", None, None),
        ("mass, not on the left", None, None),
        ("mass in a left-handed man", None, None),
    ],
)
def test_side_and_size_of_a_mass(text: str, side: str | None, severity: str | None) -> None:
    assert said(text)[0] == ("Mass", side, severity)


def test_what_stands_between_two_findings_belongs_to_the_second() -> None:
    assert said("effusion left pneumothorax") == [
        ("Effusion", None, None),
        ("Pneumothorax", "left", None),
    ]


def test_preferences_are_told_in_words_and_leave_nothing_over() -> None:
    query = compile_query("large right effusion without small left pneumothorax")
    assert query.preferences == ("large right Effusion", "no small left Pneumothorax")
    assert query.free_text is None
    assert compile_query("effusion").preferences == ()
