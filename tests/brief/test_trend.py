"""What is said of a patient's own series."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.brief import Brief, compose
from mmrag.brief.trend import newest_run
from mmrag.clinical.question import LabTerm
from mmrag.records import day_in_order
from mmrag.store.lab_terms import SeriesPoint
from mmrag.store.terms import RecordKey
from tests.brief.made import Shelf, answer, asking, film, leukocytes, panel

SAME = {"patient": "synthea:p1"}
LEUKOCYTES = LabTerm(analyte="leukocytes", name="leukocytes", loinc=("6690-2",))


def shelf_and_brief(*values: float, query: Any = None, **other: Any) -> tuple[Shelf, Any]:
    labs = tuple(
        panel(rank, leukocytes(value), **{**SAME, **other})
        for rank, value in enumerate(values, start=1)
    )
    result = answer(query or asking(labs=(LEUKOCYTES,)), (), labs)
    return Shelf(result), result


def trends(brief: Brief) -> list[str]:
    return [claim.text for claim in brief.claims if claim.kind == "trend"]


def trend_of(*values: float, **other: Any) -> list[str]:
    shelf, result = shelf_and_brief(*values, **other)
    return trends(compose(result, shelf))


def test_a_rise_names_every_value_with_its_day() -> None:
    assert trend_of(5, 7.25, 12) == [
        "In patient synthea:p1, leukocytes rose over all 3 results: 5 (2021-08-01), "
        "7.25 (2021-08-02) and 12 (2021-08-03), in 10*3/uL."
    ]


def test_only_the_newest_run_is_a_trend() -> None:
    (text,) = trend_of(5, 9, 8, 7)
    assert "fell over the newest 3 of 4 results: 9 (2021-08-02), 8 " in text


@pytest.mark.parametrize("values", [(5,), (5, 5), (4, 5, 5), (5, 7000)])
def test_a_single_an_equal_and_an_impossible_value_are_no_trend(values: tuple[float, ...]) -> None:
    assert trend_of(*values) == []


def test_made_up_patients_are_called_so() -> None:
    (text,) = trend_of(5, 6, made_up=True)
    assert text.startswith("In made-up patient")


def test_only_what_was_asked_for_is_followed() -> None:
    assert trend_of(5, 6, query=asking("Pneumonia")) == []
    shelf, result = shelf_and_brief(5, 6, query=asking("Pneumonia"))
    linked = result.model_copy(update={"films": (film(1, ("Pneumonia",), patient="synthea:p1"),)})
    shelf = Shelf(linked)
    assert len(trends(compose(linked, shelf))) == 1  # leukocytes bear on pneumonia


def test_a_result_that_came_in_between_takes_the_trend_away() -> None:
    shelf, result = shelf_and_brief(5, 6)
    whole = shelf.series

    class Later:
        """The composer reads one series, the checker another."""

        calls = 0

        def __call__(self, patient: str, analyte: str) -> list[SeriesPoint]:
            self.calls += 1
            points = whole(patient, analyte)
            return points if self.calls == 1 else [replace_value(points[0], 9.0), *points[1:]]

    shelf.series = Later()  # type: ignore[method-assign]
    brief = compose(result, shelf)
    assert trends(brief) == []
    assert brief.dropped == 1


def replace_value(point: SeriesPoint, value: float) -> SeriesPoint:
    return point._replace(value=value)


def points(*days_and_values: tuple[float, float]) -> list[SeriesPoint]:
    return [
        SeriesPoint("a:1", day_in_order(day), value, RecordKey("a", f"r{n}"), day, "6690-2")
        for n, (day, value) in enumerate(days_and_values)
    ]


def test_one_time_counts_once_and_ends_the_run_where_it_contradicts_itself() -> None:
    twice = points((22, 4.0), (29, 2.8), (29, 2.8))
    assert [p.value for p in newest_run(twice, "leukocytes")] == [4.0, 2.8]
    torn = points((1, 9.0), (22, 4.0), (22, 5.0), (23, 3.0), (24, 2.0))
    assert [p.value for p in newest_run(torn, "leukocytes")] == [3.0, 2.0]


@given(st.lists(st.floats(0, 50), max_size=8))
def test_a_run_always_ends_with_the_newest_and_goes_one_way(values: list[float]) -> None:
    series = points(*enumerate(values))
    run = [p.value for p in newest_run(series, "leukocytes")]
    assert run == values[len(values) - len(run) :]
    assert run in (sorted(set(run)), sorted(set(run), reverse=True))
    assert bool(run) == bool(values)


def test_a_counted_day_is_printed_as_such() -> None:
    labs = tuple(
        replace_day(panel(rank, leukocytes(value), **SAME), day)
        for rank, value, day in ((1, 5.0, 20.0), (2, 6.0, 22.0))
    )
    result = answer(asking(labs=(LEUKOCYTES,)), (), labs)
    (text,) = trends(compose(result, Shelf(result)))
    assert "5 (day 20) and 6 (day 22)" in text


def replace_day(hit: Any, day: float) -> Any:
    return hit.model_copy(update={"day": day, "effective_at": None})
