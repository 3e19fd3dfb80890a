"""For each result of a brief, how that patient's own values of the test went over time."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import timedelta

from mmrag.brief.sparkline import Sparkline, sparkline
from mmrag.brief.view import ResultRow, View
from mmrag.clinical.analytes import canonical
from mmrag.errors import UnknownUnit
from mmrag.retrieval.results import LabHit, ObservationHit
from mmrag.store.lab_terms import SeriesPoint
from mmrag.store.terms import RecordKey

Course = Sequence[SeriesPoint]
"""A patient's values of one LOINC code by time, in the analyte's canonical unit."""

Courses = Callable[[Collection[tuple[str, str]]], Mapping[tuple[str, str], Course]]
"""Gives the courses of pairs of patient and LOINC code; a pair without values is left out."""

WINDOW = timedelta(days=365)
"""How far before and after a result its course is drawn: a decade would squeeze an illness
into a stroke."""

_NAME = re.compile(r"observations\[(?P<loinc>.*)\]\.name", re.DOTALL)


def draw_courses(view: View, courses: Courses) -> dict[str, Sparkline]:
    """Draw the course of every result that has one.

    Parameters
    ----------
    view : View
    courses : callable
        Asked once, for all results together.

    Returns
    -------
    dict of str to Sparkline
        By the claim's identifier.
    """
    measured = list(_measured(view))
    known = courses({(hit.patient, result.loinc) for _, hit, result in measured})
    drawings = (
        (claim, _drawn(hit, result, known.get((hit.patient, result.loinc), ())))
        for claim, hit, result in measured
    )
    return {claim: drawing for claim, drawing in drawings if drawing is not None}


def _measured(view: View) -> Iterator[tuple[str, LabHit, ObservationHit]]:
    """Go through the results that are numbers of a known analyte, each with its claim."""
    for group in view.results:
        for panel in group.panels:
            for row in panel.rows:
                result = _result(panel.panel, row)
                if result is not None and result.analyte and result.value is not None:
                    yield row.claim.id, panel.panel, result


def _drawn(hit: LabHit, result: ObservationHit, course: Course) -> Sparkline | None:
    key = RecordKey(hit.source, hit.report)
    points = [p for p in course if math.isfinite(p.value)]
    value = _canonical(result, result.value)
    own = [p for p in points if p.report == key]
    if value is None or not own:
        return None
    this = min(own, key=lambda p: abs(p.value - value))  # one panel may hold a code twice
    near = [p for p in points if abs(p.effective_at - this.effective_at) <= WINDOW]
    low, high = (_canonical(result, bound) for bound in (result.low, result.high))
    return sparkline([(p.effective_at, p.value) for p in near], near.index(this), low, high)


def _result(hit: LabHit, row: ResultRow) -> ObservationHit | None:
    """Find the result that a row is about."""
    fields = (_NAME.fullmatch(citation.field) for citation in row.claim.citations)
    loinc = next((match["loinc"] for match in fields if match), None)
    return next((o for o in hit.observations if o.loinc == loinc and o.value == row.number), None)


def _canonical(result: ObservationHit, bound: float | None) -> float | None:
    if bound is None or result.analyte is None or not math.isfinite(bound):
        return None
    try:
        return canonical(result.analyte, bound, result.unit)
    except (UnknownUnit, OverflowError):
        return None
