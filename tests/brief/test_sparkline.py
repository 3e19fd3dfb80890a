"""The course of a patient's values stays inside its drawing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mmrag.brief.sparkline import HEIGHT, WIDTH, sparkline

START = datetime(2020, 1, 1, tzinfo=UTC)
FINITE = st.floats(-1e9, 1e9)


def course(*values: float) -> list[tuple[datetime, float]]:
    return [(START + timedelta(days=n), value) for n, value in enumerate(values)]


def test_two_values_are_no_course_and_one_moment_is_none() -> None:
    assert sparkline(course(1, 2), 0, None, None) is None
    assert sparkline([(START, 1.0)] * 3, 0, None, None) is None


def test_time_goes_right_and_larger_values_stand_higher() -> None:
    drawn = sparkline(course(1, 3, 2), 1, 1.5, 2.5)
    assert drawn is not None
    assert [x for x, _ in drawn.points] == sorted(x for x, _ in drawn.points)
    (_, low), (_, high), (_, middle) = drawn.points
    assert high < middle < low
    assert drawn.here == drawn.points[1]
    assert drawn.band is not None
    top, bottom = drawn.band
    assert high < top < middle < bottom < low
    assert drawn.path.count(",") == 3
    assert drawn.path.count(" ") == 2


def test_an_open_range_reaches_the_edge() -> None:
    at_most = sparkline(course(1, 2, 3), 0, None, 2.0)
    at_least = sparkline(course(1, 2, 3), 0, 2.0, None)
    assert at_most is not None
    assert at_least is not None
    assert at_most.band is not None
    assert at_least.band is not None
    assert at_most.band[1] == HEIGHT
    assert at_least.band[0] == 0.0


@given(
    values=st.lists(FINITE, min_size=3, max_size=20),
    low=st.none() | FINITE,
    high=st.none() | FINITE,
)
def test_nothing_leaves_the_drawing(
    values: list[float], low: float | None, high: float | None
) -> None:
    drawn = sparkline(course(*values), len(values) - 1, low, high)
    assert drawn is not None
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in drawn.points)
