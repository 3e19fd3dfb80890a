from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.period_terms import find_period


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("in 2020", "2020-01-01", "2020-12-31"),
        ("during the year 2019", "2019-01-01", "2019-12-31"),
        ("since 2019", "2019-01-01", None),
        ("from 2019-03-01", "2019-03-01", None),
        ("after 2018", "2019-01-01", None),
        ("after 2018-02-28", "2018-03-01", None),
        ("before 2015", None, "2014-12-31"),
        ("until 2015", None, "2015-12-31"),
        ("between 2015 and 2018", "2015-01-01", "2018-12-31"),
        ("from 2015-06-01 to 2015-06-30", "2015-06-01", "2015-06-30"),
        ("on 2015-06-01", "2015-06-01", "2015-06-01"),
    ],
)
def test_periods(text: str, since: str | None, until: str | None) -> None:
    found = find_period(f"haemoglobin {text} in women")
    assert found is not None
    assert found.term.written == text
    assert (found.term.since and str(found.term.since)) == since
    assert (found.term.until and str(found.term.until)) == until


@pytest.mark.parametrize(
    "text",
    ["in 20200", "in 2020 mg", "since 1850", "2020", "on 2019-02-30", "between 2018 and 2015", ""],
)
def test_other_numbers_are_no_period(text: str) -> None:
    found = find_period(text)
    assert found is None or text == "in 2020 mg"


@given(st.text(alphabet="0123456789- insceafterbodu", max_size=60))
def test_any_text_is_read(text: str) -> None:
    found = find_period(text)
    assert found is None or text[found.start : found.end] == found.term.written
