"""Which results have a course, and which value of it is marked."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from mmrag import Engine
from mmrag.brief import compose, render
from mmrag.brief.courses import draw_courses
from mmrag.brief.sparkline import Sparkline
from mmrag.brief.view import arrange
from mmrag.retrieval.results import LabHit, ObservationHit
from mmrag.store.lab_terms import SeriesPoint
from mmrag.store.terms import RecordKey
from tests.brief.made import Shelf, answer, asking, leukocytes, panel

DAY = datetime(2021, 8, 1, 3, 26, 50, tzinfo=UTC)


def point(value: float, days: float = 0.0, report: str = "other") -> SeriesPoint:
    return SeriesPoint(
        patient="synthea:p1",
        effective_at=DAY + timedelta(days=days),
        value=value,
        report=RecordKey("synthea", report),
        day=None,
        loinc="6690-2",
    )


def drawn(
    points: list[SeriesPoint], *results: ObservationHit, asked: Any = None
) -> dict[str, Sparkline]:
    result = answer(asking("Pneumonia"), (), (panel(1, *(results or (leukocytes(),))),))
    view = arrange(compose(result, Shelf(result)))
    calls = [] if asked is None else asked

    def courses(wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], list[SeriesPoint]]:
        calls.append(wanted)
        return {pair: points for pair in wanted if pair[1] == "6690-2"}

    return draw_courses(view, courses)


SERIES = [point(9.0, -30), point(15.2, 0, "panel-1"), point(8.0, 30)]


def test_a_result_among_others_of_its_patient_has_a_course() -> None:
    (only,) = drawn(SERIES).values()
    assert len(only.points) == 3
    assert only.here == only.points[1]
    assert only.band is not None


def test_a_result_that_the_series_lacks_has_none() -> None:
    assert not drawn([point(9.0, -30), point(8.0, -20), point(8.0, 30)])
    assert not drawn([])
    assert not drawn(SERIES, leukocytes(unit="bananas"))
    assert not drawn(SERIES, leukocytes(analyte=None))


def test_what_lies_years_away_is_left_out() -> None:
    (only,) = drawn([point(5.0, -4000), *SERIES]).values()
    assert len(only.points) == 3


def test_of_two_results_of_one_code_each_marks_its_own() -> None:
    series = [point(9.0, -30), point(15.2, 0, "panel-1"), point(12.4, 0, "panel-1"), point(8, 30)]
    first, second = drawn(series, leukocytes(15.2), leukocytes(12.4)).values()
    assert {first.here, second.here} == set(first.points[1:3])


def test_the_band_is_in_the_unit_of_the_course() -> None:
    written = leukocytes(15200.0, unit="/uL", low=4500.0, high=11000.0)
    same = drawn(SERIES, written), drawn(SERIES)
    one, other = (next(iter(each.values())) for each in same)
    assert one.band == other.band


def test_all_courses_are_asked_for_at_once() -> None:
    asked: list[Collection[tuple[str, str]]] = []
    one, same, other = leukocytes(15.2), leukocytes(12.4), leukocytes(13.1, loinc="26464-8")
    drawn(SERIES, one, same, other, asked=asked)
    (wanted,) = asked
    assert sorted(wanted) == [("synthea:p1", "26464-8"), ("synthea:p1", "6690-2")]


def test_without_courses_the_page_has_no_column_for_them(engine: Engine) -> None:
    brief = engine.brief("leukocytes", films=0, labs=5)
    assert "Over time" not in render(brief, "html")
    page = render(brief, "html", courses=engine.courses)
    assert ("Over time" in page) == ("<polyline" in page)


def test_the_store_gives_the_patients_own_values_by_time(engine: Engine) -> None:
    hit: LabHit = engine.brief("leukocytes", films=0, labs=1).labs[0]
    loinc = next(o.loinc for o in hit.observations if o.matched)
    nobody = ("synthea:nobody", loinc)
    ((pair, series),) = engine.courses([(hit.patient, loinc), nobody]).items()
    assert pair == (hit.patient, loinc)
    assert {p.patient for p in series} == {hit.patient}
    assert [p.effective_at for p in series] == sorted(p.effective_at for p in series)
    assert RecordKey(hit.source, hit.report) in {p.report for p in series}
