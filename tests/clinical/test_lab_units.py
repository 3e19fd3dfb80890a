"""Intervals that a term asks for."""

from __future__ import annotations

import pytest

from mmrag.clinical.lab_terms import find_lab_terms
from mmrag.clinical.lab_units import Interval, interval_of
from mmrag.errors import UnknownUnit


def interval(text: str) -> Interval:
    (mention,) = find_lab_terms(text)
    found = interval_of(mention.term)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("WBC above 12", [12.0001, 50], [12, 11]),
        ("WBC above 12000", [12.0001], [12]),
        ("WBC at least 12 x10^9/L", [12, 13], [11.999]),
        ("haemoglobin under 110 g/L", [10.9], [11, 12]),
        ("haemoglobin at most 110 g/L", [11], [11.01]),
        ("platelets between 50 and 100", [50, 75, 100], [49.9, 100.1]),
        ("WBC = 12", [12], [11.9, 12.1]),
        ("temperature over 100.4", [38.1], [38]),
    ],
)
def test_bounds_are_exact(text: str, inside: list[float], outside: list[float]) -> None:
    found = interval(text)
    assert all(found.holds(value) for value in inside)
    assert not any(found.holds(value) for value in outside)


def test_a_unit_of_something_else_is_refused_when_the_interval_is_asked_for() -> None:
    (mention,) = find_lab_terms("platelets above 100 mmol/L")
    with pytest.raises(UnknownUnit, match="mmol/L"):
        interval_of(mention.term)
