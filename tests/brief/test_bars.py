"""The drawing of a value against its range."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mmrag.brief.bars import WIDTH, bar

numbers = st.none() | st.floats()


@given(value=numbers, low=numbers, high=numbers)
def test_whatever_the_numbers_the_drawing_stays_inside(
    value: float | None, low: float | None, high: float | None
) -> None:
    drawn = bar(value, low, high)
    if drawn is not None:
        assert 0 <= drawn.band_from <= drawn.band_to <= WIDTH
        assert 0 <= drawn.at <= WIDTH


@given(value=st.floats(0, 100), low=st.floats(1, 40), width=st.floats(1, 40))
def test_a_value_is_drawn_on_the_side_of_the_range_on_which_it_is(
    value: float, low: float, width: float
) -> None:
    high = low + width
    drawn = bar(value, low, high)
    assert drawn is not None
    assert (drawn.at >= drawn.band_from) or value < low
    assert (drawn.at <= drawn.band_to) or value > high


def test_an_open_side_reaches_the_edge_and_no_range_draws_nothing() -> None:
    upper, lower = bar(48.0, None, 5.0), bar(80.0, 90.0, None)
    assert upper is not None
    assert upper.band_from == 0
    assert upper.beyond
    assert lower is not None
    assert lower.band_to == WIDTH
    assert bar(5.0, None, None) is None
    assert bar(None, 1.0, 2.0) is None
    assert bar(1.0, 2.0, 2.0) is None
