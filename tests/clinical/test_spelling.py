from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.spelling import Speller, distance

LETTERS = st.text(alphabet="abcdef", max_size=8)


@pytest.mark.parametrize(
    ("left", "right", "slips"),
    [("", "abc", 3), ("pnuemonia", "pneumonia", 1), ("abc", "abc", 0), ("kitten", "sitting", 3)],
)
def test_distance(left: str, right: str, slips: int) -> None:
    assert distance(left, right) == slips


@given(LETTERS, LETTERS)
def test_distance_is_symmetric_and_zero_only_for_equals(left: str, right: str) -> None:
    assert distance(left, right) == distance(right, left)
    assert (distance(left, right) == 0) == (left == right)


@pytest.fixture
def speller() -> Speller:
    return Speller(
        ["effusion", "edema", "pneumothorax", "nodule", "hematoma", "hepatoma"], ["module"]
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("efusion", "effusion"),
        ("pneumotorax", "pneumothorax"),
        ("pnuemothroax", "pneumothorax"),
        ("edma", "edma"),  # too short to guess
        ("module", "module"),  # protected
        ("hepatoma", "hepatoma"),  # known, though another known word is near
        ("hektoma", "hektoma"),  # two known words are equally near or too far
        ("ef0usion", "ef0usion"),  # not a word
    ],
)
def test_mends_only_what_is_clear(speller: Speller, written: str, meant: str) -> None:
    assert speller.mend(written) == meant


def test_endless_word_is_left_alone(speller: Speller) -> None:
    assert speller.mend("a" * 100_000) == "a" * 100_000
