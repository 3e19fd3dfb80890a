"""For each result of a brief, how that patient's own values of the test went over time."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import cache

from mmrag.brief.sparkline import Sparkline, sparkline
from mmrag.brief.view import ResultRow, View
from mmrag.clinical.analytes import canonical
from mmrag.errors import UnknownUnit
from mmrag.retrieval.results import LabHit, ObservationHit
from mmrag.store.lab_terms import SeriesPoint
from mmrag.store.terms import RecordKey

Course = Callable[[str, str], Sequence[SeriesPoint]]
"""Gives a patient's values of one LOINC code by time, in the analyte's canonical unit."""

WINDOW = timedelta(days=365)
"""How far before and after a result its course is drawn: a decade would squeeze an illness
into a stroke."""

_NAME = re.compile(r"observations\[(?P<loinc>.*)\]\.name", re.DOTALL)


def courses(view: View, course: Course) -> dict[str, Sparkline]:
    """Draw the course of every result that has one.

    Parameters
    ----------
    view : View
    course : callable
        Asked once for each patient and code.

    Returns
    -------
    dict of str to Sparkline
        By the claim's identifier.
    """
    return dict(_drawn(view, cache(course)))


def _drawn(view: View, course: Course) -> Iterator[tuple[str, Sparkline]]:
    for group in view.results:
        for panel in group.panels:
            for row in panel.rows:
                drawing = _one(panel.panel, row, course)
                if drawing is not None:
                    yield row.claim.id, drawing


def _one(hit: LabHit, row: ResultRow, course: Course) -> Sparkline | None:
    result = _result(hit, row)
    if result is None or result.analyte is None or result.value is None:
        return None
    key = RecordKey(hit.source, hit.report)
    points = [p for p in course(hit.patient, result.loinc) if math.isfinite(p.value)]
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
