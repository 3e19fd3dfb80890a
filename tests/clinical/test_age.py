from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.age import Bounds, find_ages


def bounds(text: str) -> Bounds | None:
    ages = find_ages(text)
    return ages[0].bounds if ages else None


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("women over 60", "(60, None)"),
        ("women > 60", "(60, None)"),
        ("patients who are over the age of 60", "(60, None)"),
        ("older than 75", "(75, None)"),
        ("effusion over 60", "(60, None)"),
        ("over-70s", "(70, None)"),
        ("patients under 18 with pneumonia", "(None, 18)"),
        ("younger than 40", "(None, 40)"),
        ("aged less than 5", "(None, 5)"),
        ("at least 65 years old", "[65, None)"),
        ("\u2265 65 years", "[65, None)"),
        ("aged 65+", "[65, None)"),
        ("80 years or older", "[80, None)"),
        ("patients 60 and over", "[60, None)"),
        ("70 and older", "[70, None)"),
        ("up to 30 years", "(None, 30]"),
        ("30 or younger", "(None, 30]"),
        ("aged 40 to 50", "[40, 50]"),
        ("patients aged between 40 and 50", "[40, 50]"),
        ("18-25 years old", "[18, 25]"),
        ("between 50 and 40 years", "[40, 50]"),
        ("65-year-old man", "[65, 66)"),
        ("65 yo F", "[65, 66)"),
        ("age: 54", "[54, 55)"),
        ("aged 54", "[54, 55)"),
        ("in his 60s", "[60, 70)"),
        ("a woman in her early 70s", "[70, 74)"),
        ("in their late 40s", "[47, 50)"),
        ("72M with PTX", "[72, 73)"),
        ("a 6 month old infant", "[0.5, 0.5833)"),
        ("under 3 months of age", "(None, 0.25)"),
    ],
)
def test_ages(text: str, interval: str) -> None:
    found = bounds(text)
    assert found is not None
    opening = "[" if found.low_included and found.low is not None else "("
    closing = "]" if found.high_included and found.high is not None else ")"
    low, high = (None if b is None else round(b, 4) for b in found[:2])
    said = ", ".join("None" if b is None else f"{b:g}" for b in (low, high))
    assert f"{opening}{said}{closing}" == interval


@pytest.mark.parametrize(
    "text",
    [
        "nodule over 5 mm",
        "larger than 30 mm",
        "pneumonia in the last 5 years",
        "T12 to 14",
        "cardiothoracic ratio over 50%",
        "between 3 and 5",
        "over 600",
        "aged 200",
        "the 1960s",
        "1.5 M",
        "",
    ],
)
def test_other_numbers_are_no_ages(text: str) -> None:
    assert bounds(text) is None


@pytest.mark.parametrize(("text", "sex"), [("72M", "M"), ("65 yo F", "F"), ("65 yo", None)])
def test_sex_behind_an_age(text: str, sex: str | None) -> None:
    assert [age.sex for age in find_ages(text)] == [sex]


@given(st.text(alphabet="0123456789 agedoverunderyears-<>+MF.,", max_size=80))
def test_ages_are_ordered_and_in_range(text: str) -> None:
    end = 0
    for age in find_ages(text):
        assert end <= age.start < age.end <= len(text)
        assert age.bounds.low is None or 0 <= age.bounds.low <= 131
        assert age.bounds.holds_for_someone or age.bounds == (0, 0, True, False)
        end = age.end


@given(st.integers(1, 110))
def test_over_and_under_leave_the_year_itself_to_neither(years: int) -> None:
    assert bounds(f"women over {years}") == Bounds(low=years, low_included=False)
    assert bounds(f"women under {years}") == Bounds(high=years, high_included=False)
    assert bounds(f"women {years} and over") == Bounds(low=years)
