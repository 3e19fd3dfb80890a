"""Counts at the side of the page; a click on one edits the question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from mmrag.clinical.analytes import analytes
from mmrag.clinical.question import ClinicalQuery
from mmrag.store import Facet
from mmrag.store.facets import AGE_BAND
from mmrag.web.page_chips import (
    with_finding,
    with_result,
    without_finding,
    without_result,
)
from mmrag.web.page_state import PageState

_MOST = 8
"""Values of a field that are listed at once; the rest unfolds."""


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a field.

    Attributes
    ----------
    text : str
    count : int
    address : str
        Of the page with the question narrowed to it or, where it is, widened again.
    chosen : bool
        Whether the question is narrowed to it.
    """

    text: str
    count: int
    address: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class FacetGroup:
    """A field with its values; `more` are those that unfold."""

    title: str
    values: tuple[FacetValue, ...]
    more: tuple[FacetValue, ...]


Edit = Callable[[ClinicalQuery, str], tuple[str, ClinicalQuery, bool]]
"""Text of a value, the question after a click on it, and whether it is chosen."""


def facet_groups(
    state: PageState, query: ClinicalQuery, facets: Iterable[Facet]
) -> tuple[FacetGroup, ...]:
    """Arrange counts, and give each the address that a click on it leads to.

    Parameters
    ----------
    state : PageState
    query : ClinicalQuery
        Its question, compiled.
    facets : iterable of Facet

    Returns
    -------
    tuple of FacetGroup
    """
    by_field: dict[str, list[Facet]] = {}
    for facet in facets:
        by_field.setdefault(facet.field, []).append(facet)
    groups = []
    for field, (title, edit) in _FIELDS.items():
        found = by_field.get(field, [])
        if field == "age":
            found = sorted(found, key=lambda facet: int(facet.value))
        each = [_value(state, query, facet, edit) for facet in found]
        if len(each) > _MOST:
            each.sort(key=lambda value: not value.chosen)  # what is chosen never folds away
        values = iter(each)
        first = tuple(islice(values, _MOST))
        if first:
            groups.append(FacetGroup(title, first, tuple(values)))
    return tuple(groups)


def _value(state: PageState, query: ClinicalQuery, facet: Facet, edit: Edit) -> FacetValue:
    text, narrowed, chosen = edit(query, facet.value)
    return FacetValue(text, facet.count, state.with_query(narrowed).address, chosen)


def _finding(query: ClinicalQuery, value: str) -> tuple[str, ClinicalQuery, bool]:
    if value == "No Finding":
        chosen = query.normal_chest
        asked = () if not chosen else query.findings
        kept = tuple(t for t in query.findings if t.assertion == "absent") or asked
        changes = {"normal_chest": not chosen, "findings": kept, "exclusive": False}
        return value, query.model_copy(update=changes), chosen
    if value in query.present:
        return value, without_finding(query, value), True
    return value, with_finding(query, value, "present"), False


def _view(query: ClinicalQuery, value: str) -> tuple[str, ClinicalQuery, bool]:
    chosen = query.view == value
    return value, query.model_copy(update={"view": None if chosen else value}), chosen


def _sex(query: ClinicalQuery, value: str) -> tuple[str, ClinicalQuery, bool]:
    chosen = query.patient.sex == value
    changes = {"sex": None if chosen else value}
    text = "women" if value == "F" else "men"
    return text, _patient(query, changes), chosen


def _age(query: ClinicalQuery, value: str) -> tuple[str, ClinicalQuery, bool]:
    start, end = float(value), float(value) + AGE_BAND
    patient = query.patient
    chosen = (patient.age_min, patient.age_max) == (start, end)
    band = {
        "age_min": None if chosen else start,
        "age_min_inclusive": True,
        "age_max": None if chosen else end,
        "age_max_inclusive": chosen,
    }
    return f"{start:g} to {end - 1:g} y", _patient(query, band), chosen


def _film_source(query: ClinicalQuery, value: str) -> tuple[str, ClinicalQuery, bool]:
    return _among(query, "films", value, value)


def _lab_source(query: ClinicalQuery, value: str) -> tuple[str, ClinicalQuery, bool]:
    return _among(query, "labs", value, value)


def _labelled(query: ClinicalQuery, value: str) -> tuple[str, ClinicalQuery, bool]:
    labelled = value == "true"
    return _among(query, "labelled", labelled, "labelled" if labelled else "unlabelled")


def _measured(query: ClinicalQuery, value: str) -> tuple[str, ClinicalQuery, bool]:
    return _result(query, value, None)


def _high(query: ClinicalQuery, value: str) -> tuple[str, ClinicalQuery, bool]:
    return _result(query, value, "high")


def _low(query: ClinicalQuery, value: str) -> tuple[str, ClinicalQuery, bool]:
    return _result(query, value, "low")


def _result(query: ClinicalQuery, key: str, flag: str | None) -> tuple[str, ClinicalQuery, bool]:
    comparison = "named" if flag is None else "flagged"
    chosen = any(
        (t.analyte, t.comparison, t.flag, t.negated) == (key, comparison, flag, False)
        for t in query.labs
    )
    known = analytes().get(key)
    text = key if known is None else known.name
    narrowed = without_result(query, key) if chosen else with_result(query, key, flag)
    return text, narrowed, chosen


def _patient(query: ClinicalQuery, changes: Mapping[str, object]) -> ClinicalQuery:
    return query.model_copy(update={"patient": query.patient.model_copy(update=dict(changes))})


def _among(
    query: ClinicalQuery, field: str, value: str | bool, text: str
) -> tuple[str, ClinicalQuery, bool]:
    chosen = getattr(query.among, field) == value
    among = query.among.model_copy(update={field: None if chosen else value})
    return text, query.model_copy(update={"among": among}), chosen


_FIELDS: dict[str, tuple[str, Edit]] = {
    "finding": ("Finding, by label", _finding),
    "view": ("View", _view),
    "sex": ("Sex", _sex),
    "age": ("Age", _age),
    "labelled": ("Labels", _labelled),
    "source": ("Films from", _film_source),
    "high": ("High results", _high),
    "low": ("Low results", _low),
    "analyte": ("Measured", _measured),
    "lab-source": ("Panels from", _lab_source),
}
