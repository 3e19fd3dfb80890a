"""What a compiled question leaves of the store, counted in plain Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from mmrag.clinical.bearing import expectations
from mmrag.clinical.lab_units import interval_of
from mmrag.clinical.question import ClinicalQuery, LabTerm, PatientTerm
from mmrag.evaluation.grounding_rows import Row, StoredRows
from mmrag.evidence import evidence_model_for
from mmrag.retrieval.film_score import (
    FOUND,
    answers,
    clauses_of,
    film_order,
    ruled_out,
    standing,
)
from mmrag.store.film_order import EVIDENCE, column

_SIDES = {
    "high": {"H", "HH"},
    "low": {"L", "LL"},
    "abnormal": {"L", "LL", "H", "HH"},
    "normal": {"N"},
}


@dataclass(frozen=True, slots=True)
class Found:
    """One result in its panel."""

    panel: Row
    result: Row


def qualifying_films(query: ClinicalQuery, rows: StoredRows) -> list[Row]:
    """List the films that meet view, person and what is ruled out, and stand high enough.

    How a film stands follows from its stored evidence, by the arrays' own way of reckoning;
    the search lets the database reckon.
    """
    kept = [
        film
        for film in rows.all_films
        if _is_of(film, query.patient)
        and (query.view is None or film["view"] == query.view)
        and not set(ruled_out(query)) & set(film["findings"] or ())
    ]
    if not kept or rows.space is None or not clauses_of(query):
        return kept
    model = evidence_model_for(rows.space["encoder"], rows.space["weights"])
    order = film_order(query, model)
    probable = np.array([_probabilities(rows.evidence[film["key"]]) for film in kept])
    if float(standing(order, probable).max()) < FOUND:
        return []
    return [film for film, yes in zip(kept, answers(order, probable), strict=True) if yes]


def _probabilities(evidence: Row) -> list[float]:
    return [evidence[column(name)] for name in EVIDENCE]


def kept_panels(query: ClinicalQuery, rows: StoredRows) -> list[Row]:
    """List the panels that meet person, diagnoses and period."""
    return [
        panel
        for panel in rows.all_panels
        if _is_of(panel, query.patient)
        and all(_has(panel, d.codes, rows) != d.negated for d in query.diagnoses)
        and _is_within(panel, query)
    ]


def qualifying_panels(query: ClinicalQuery, rows: StoredRows) -> list[Row]:
    """List the panels that meet every laboratory constraint, or measured what bears."""
    kept = kept_panels(query, rows)
    expected = {e.analyte for e in expectations(query.sought)}
    if not query.labs:
        if not expected:
            return kept
        bearing = {panel["key"] for key in expected for panel, _ in rows.by_analyte.get(key, ())}
        return [panel for panel in kept if panel["key"] in bearing]
    met = [_panels_meeting(term, kept, rows) for term in query.labs]
    groups: dict[object, set[int]] = {}
    for place, (term, keys) in enumerate(zip(query.labs, met, strict=True)):
        group: object = place if term.group is None else term.group
        groups[group] = groups.get(group, set()) | keys
    return [panel for panel in kept if all(panel["key"] in keys for keys in groups.values())]


def measured(term: LabTerm, kept: Sequence[Row], rows: StoredRows) -> list[Found]:
    """List the results that a term is about: with a flag or a number where it asks for one."""
    keys = {panel["key"] for panel in kept}
    named = [
        Found(panel, result)
        for analyte in term.keys
        for panel, result in rows.by_analyte.get(analyte, ())
        if panel["key"] in keys
    ]
    if term.time == "latest":
        named = _newest(named)
    if term.comparison == "flagged":
        return [f for f in named if f.result["flag"] is not None]
    if term.comparison == "named":
        return named
    return [f for f in named if f.result["canonical_value"] is not None]


def meets(term: LabTerm, found: Found) -> bool:
    """Whether a measured result meets a term, its negation apart."""
    if term.comparison == "named":
        return True
    if term.comparison == "flagged":
        flags = _SIDES[term.flag or "abnormal"]
        return found.result["flag"] in (flags & {"LL", "HH"} if term.critical else flags)
    interval, value = interval_of(term), found.result["canonical_value"]
    if interval is None:
        return True
    low, high = interval.low, interval.high
    above = low is None or value > low or (interval.low_included and value == low)
    below = high is None or value < high or (interval.high_included and value == high)
    return above and below


def patients_of(found: Sequence[Found]) -> set[str]:
    """Collect whose the results are."""
    return {each.panel["patient"] for each in found}


def _panels_meeting(term: LabTerm, kept: Sequence[Row], rows: StoredRows) -> set[int]:
    about = measured(term, kept, rows)
    meeting = {f.panel["key"] for f in about if meets(term, f)}
    return {f.panel["key"] for f in about} - meeting if term.negated else meeting


def _newest(found: Sequence[Found]) -> list[Found]:
    results = [
        f for f in found if f.result["value"] is not None or f.result["value_text"] is not None
    ]
    newest: dict[tuple[str, str], datetime] = {}
    for each in results:
        key = (each.panel["patient"], each.result["analyte"])
        newest[key] = max(newest.get(key, each.panel["effective_at"]), each.panel["effective_at"])
    return [
        f
        for f in results
        if f.panel["effective_at"] == newest[f.panel["patient"], f.result["analyte"]]
    ]


def _is_of(record: Row, asked: PatientTerm) -> bool:
    if asked.sex is not None and record["sex"] != asked.sex:
        return False
    if asked.age_min is None and asked.age_max is None:
        return True
    age = record["age"]
    return age is not None and all(_within(age, asked))


def _within(age: float, asked: PatientTerm) -> Iterator[bool]:
    if asked.age_min is not None:
        yield age > asked.age_min or (asked.age_min_inclusive and age == asked.age_min)
    if asked.age_max is not None:
        yield age < asked.age_max or (asked.age_max_inclusive and age == asked.age_max)


def _has(panel: Row, codes: Sequence[str], rows: StoredRows) -> bool:
    day = panel["effective_at"].date()
    return any(
        condition["code"] in codes
        and condition["onset"] <= day
        and (condition["abatement"] is None or condition["abatement"] >= day)
        for condition in rows.conditions.get(panel["patient"], ())
    )


def _is_within(panel: Row, query: ClinicalQuery) -> bool:
    if query.period is None:
        return True
    day, since, until = panel["effective_at"].date(), query.period.since, query.period.until
    return (since is None or day >= since) and (until is None or day <= until)
