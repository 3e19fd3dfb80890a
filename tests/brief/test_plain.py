"""Stored strings and numbers as harmless, faithful text."""

from __future__ import annotations

import doctest
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.brief import plain as plain_module
from mmrag.brief import wording
from mmrag.brief.plain import LONGEST, number, plain


def test_the_examples_in_the_docstrings_hold() -> None:
    for module in (plain_module, wording):
        outcome = doctest.testmod(module)
        assert outcome.attempted
        assert not outcome.failed


@given(text=st.text())
def test_plain_text_is_one_visible_line_and_stays_so(text: str) -> None:
    line = plain(text)
    assert len(line) <= LONGEST
    assert not {unicodedata.category(c)[0] for c in line} & {"C"}
    assert plain(line) == line


@given(text=st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=LONGEST))
def test_visible_text_is_left_alone(text: str) -> None:
    assert plain(text) == text


@given(value=st.floats(allow_nan=False))
def test_a_printed_number_reads_back_as_nearly_the_same(value: float) -> None:
    assert float(number(value)) == pytest.approx(value, rel=1e-5, abs=0)


@given(whole=st.integers(0, 10**7), part=st.integers(0, 99))
def test_a_number_with_two_decimals_is_printed_whole(whole: int, part: int) -> None:
    written = float(f"{whole}.{part:02}")
    assert float(number(written)) == written
