from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.age import STRICTLY, find_ages


def bounds(text: str) -> tuple[float | None, float | None] | None:
    ages = find_ages(text)
    return ages[0].bounds if ages else None


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("women over 60", 60 + STRICTLY, None),
        ("women > 60", 60 + STRICTLY, None),
        ("patients who are over the age of 60", 60 + STRICTLY, None),
        ("older than 75", 75 + STRICTLY, None),
        ("effusion over 60", 60 + STRICTLY, None),
        ("over-70s", 70 + STRICTLY, None),
        ("patients under 18 with pneumonia", None, 18 - STRICTLY),
        ("younger than 40", None, 40 - STRICTLY),
        ("aged less than 5", None, 5 - STRICTLY),
        ("at least 65 years old", 65, None),
        ("\u2265 65 years", 65, None),
        ("aged 65+", 65, None),
        ("80 years or older", 80, None),
        ("patients 60 and over", 60, None),
        ("70 and older", 70, None),
        ("up to 30 years", None, 30),
        ("30 or younger", None, 30),
        ("aged 40 to 50", 40, 50),
        ("patients aged between 40 and 50", 40, 50),
        ("18-25 years old", 18, 25),
        ("between 50 and 40 years", 40, 50),
        ("65-year-old man", 65, 66 - STRICTLY),
        ("65 yo F", 65, 66 - STRICTLY),
        ("age: 54", 54, 55 - STRICTLY),
        ("aged 54", 54, 55 - STRICTLY),
        ("in his 60s", 60, 70 - STRICTLY),
        ("a woman in her early 70s", 70, 74 - STRICTLY),
        ("in their late 40s", 47, 50 - STRICTLY),
        ("72M with PTX", 72, 73 - STRICTLY),
        ("a 6 month old infant", 0.5, 0.5823),
        ("under 3 months of age", None, 0.249),
    ],
)
def test_ages(text: str, low: float | None, high: float | None) -> None:
    found = bounds(text)
    assert found is not None
    for given_bound, wanted in zip(found, (low, high), strict=True):
        assert (given_bound is None) == (wanted is None)
        assert given_bound is None or given_bound == pytest.approx(wanted, abs=2e-4)


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
        low, high = age.bounds
        assert low is None or 0 <= low <= 131
        assert low is None or high is None or low <= high
        end = age.end


@given(st.integers(1, 110))
def test_over_and_under_leave_no_whole_year_twice(years: int) -> None:
    over, under = bounds(f"women over {years}"), bounds(f"women under {years}")
    assert over is not None
    assert under is not None
    assert over[0] is not None
    assert under[1] is not None
    assert under[1] < years < over[0]
