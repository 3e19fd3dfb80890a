"""The right range for the right person."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.analytes import analytes
from mmrag.clinical.ranges import (
    age_in_years,
    certain_bound,
    range_in_unit,
    reference_range,
)
from mmrag.records import Sex


def bounds(
    key: str, age: float | None, sex: Sex | None
) -> tuple[float | None, float | None] | None:
    found = reference_range(key, age, sex)
    return None if found is None else (found.low, found.high)


@pytest.mark.parametrize(
    ("key", "age", "sex", "expected"),
    [
        ("leukocytes", 40, None, (4.5, 11.0)),
        ("leukocytes", 0.0, "M", (9.0, 30.0)),
        ("leukocytes", 3, "F", (5.5, 15.5)),
        ("leukocytes", 17.999, "F", (4.5, 13.0)),
        ("leukocytes", 18, "F", (4.5, 11.0)),
        ("haemoglobin", 40, "F", (12.0, 16.0)),
        ("haemoglobin", 40, "M", (13.0, 17.5)),
        ("haemoglobin", 1, "M", (10.5, 13.5)),
        ("haemoglobin", 14.99, "M", (12.0, 16.0)),
        ("haemoglobin", 15, "M", (13.0, 16.0)),
        ("platelets", 70, None, (150.0, 450.0)),
        ("potassium", 40, None, (3.5, 5.0)),
        ("body_temperature", 40, None, (36.1, 38.0)),
        ("bmi", 40, None, (18.5, 24.99)),
    ],
)
def test_known_people(key: str, age: float, sex: Sex | None, expected: tuple[float, float]) -> None:
    assert bounds(key, age, sex) == expected


def test_an_unknown_sex_or_age_has_no_range_that_depends_on_it() -> None:
    assert bounds("haemoglobin", 40, None) is None
    assert bounds("leukocytes", None, "F") is None
    assert bounds("creatinine", None, None) is None


def test_who_is_unknown_has_a_bound_only_beyond_everyones() -> None:
    low = certain_bound("lymphocytes", 0.9, None, "M")
    assert low is not None
    assert (low.low, low.high, low.critical_low) == (1.0, None, None)
    assert low.source.startswith("lowest of all, age unknown: ")
    assert certain_bound("lymphocytes", 1.0, None, "M") is None  # normal in an adult
    high = certain_bound("leukocytes", 30.5, None, "M")
    assert high is not None
    assert (high.low, high.high) == (None, 30.0)  # a newborn's
    assert certain_bound("leukocytes", 12.0, None, "M") is None  # normal in a child
    either = certain_bound("haemoglobin", 11.0, 40, None)
    assert either is not None
    assert either.low == 12.0
    assert "sex unknown" in either.source
    assert certain_bound("haemoglobin", 12.5, 40, None) is None  # normal in a woman


def test_nothing_is_certain_where_somebody_has_no_range() -> None:
    assert certain_bound("inr", 9.0, None, "F") is None  # no range below 18 years
    assert certain_bound("leukocytes", 0.1, -1.0, None) is None


@given(
    st.sampled_from([key for key, known in analytes().items() if known.ranges]),
    st.floats(0, 120),
    st.sampled_from(["F", "M"]),
    st.floats(0, 1000),
)
def test_a_certain_bound_never_contradicts_the_range_of_who_it_was(
    key: str, age: float, sex: Sex, value: float
) -> None:
    own = reference_range(key, age, sex)
    for known_age, known_sex in ((None, sex), (age, None), (None, None)):
        bound = certain_bound(key, value, known_age, known_sex)
        if bound is not None:
            assert own is not None
            assert bound.low is None or (own.low is not None and value < own.low)
            assert bound.high is None or (own.high is not None and value > own.high)


def test_an_adult_range_is_not_lent_to_a_child() -> None:
    assert bounds("inr", 5, "F") is None
    assert bounds("inr", 18, "F") == (0.9, 1.2)
    assert bounds("leukocytes", -0.1, "F") is None


def test_the_range_may_depend_on_the_test() -> None:
    women = reference_range("troponin_i", 60, "F", "89579-7")
    men = reference_range("troponin_i", 60, "M", "89579-7")
    conventional = reference_range("troponin_i", 60, "M", "10839-9")
    assert women is not None
    assert men is not None
    assert conventional is not None
    assert (women.high, men.high, conventional.high) == (16, 34, 40)
    assert reference_range("troponin_i", 60, "M") is None


def test_critical_limits_come_with_their_source() -> None:
    found = reference_range("potassium", 40, "F")
    assert found is not None
    assert (found.critical_low, found.critical_high) == (2.5, 6.5)
    assert found.source == "ABIM 2024; critical limits: RCPath G158, 2017"


def test_unknown_analytes_have_no_range() -> None:
    assert reference_range("unobtainium", 40, "F") is None


def test_a_range_in_the_unit_as_written() -> None:
    found = reference_range("haemoglobin", 40, "F")
    assert found is not None
    written = range_in_unit("haemoglobin", found, "g/L")
    assert (written.low, written.high, written.critical_low) == (120.0, 160.0, 60.0)


@given(st.sampled_from(sorted(analytes())), st.floats(0, 130), st.sampled_from(["F", "M", None]))
def test_any_person_has_one_range_or_none(key: str, age: float, sex: Sex | None) -> None:
    found = reference_range(key, age, sex)
    if found is not None:
        assert found.low is not None or found.high is not None
        assert found.source


def test_age_on_birthdays_is_whole() -> None:
    assert age_in_years(date(2000, 6, 15), date(2018, 6, 15)) == 18
    assert age_in_years(date(2000, 6, 15), date(2018, 6, 14)) < 18
    assert age_in_years(date(2004, 2, 29), date(2005, 3, 1)) == 1
    assert age_in_years(date(2004, 2, 29), date(2005, 2, 28)) < 1
    assert age_in_years(date(2020, 1, 1), date(2020, 1, 29)) == 28 / 365.25
    assert age_in_years(date(2020, 1, 2), date(2020, 1, 1)) < 0


@given(st.dates(date(1900, 1, 1), date(2030, 1, 1)), st.integers(0, 45000))
def test_age_never_falls(birth: date, days: int) -> None:
    day = birth + timedelta(days)
    assert age_in_years(birth, day) <= age_in_years(birth, day + timedelta(1))
    assert age_in_years(birth, day) == pytest.approx(days / 365.2425, abs=0.01)
