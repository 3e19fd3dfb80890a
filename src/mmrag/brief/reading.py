"""How a question was read, in words that a person can compare with what was meant."""

from __future__ import annotations

from collections.abc import Iterator

from mmrag.brief.imaging import wanted
from mmrag.brief.knowledge import display_name
from mmrag.brief.plain import enumerated, number, plain
from mmrag.clinical.question import ClinicalQuery, LabTerm, PatientTerm


def reading(query: ClinicalQuery) -> Iterator[str]:
    """Say how a question was read, one constraint at a time."""
    yield from _findings(query)
    yield from map(_laboratory, query.labs)
    yield from _patient(query.patient)
    if query.view:
        yield f"view {plain(query.view)}"
    if query.free_text:
        yield f"in words: {plain(query.free_text, 400)}"


def _findings(query: ClinicalQuery) -> Iterator[str]:
    assertions = {t.group or t.finding: t.assertion for t in query.findings}
    for one in wanted(query):
        names = enumerated([_named(finding) for finding in one.any_of], "or")
        grouped = f"{plain(one.words)}: {names}" if one.any_of != (one.words,) else names
        yield f"{grouped} {assertions[one.words]}"
    for finding in dict.fromkeys(query.absent):
        yield f"{_named(finding)} absent"
    if query.normal_chest:
        yield "a chest with nothing to report"


def _named(finding: str) -> str:
    display = display_name(finding)
    return plain(finding if display.lower() == finding.lower() else f"{finding} ({display})")


def _laboratory(term: LabTerm) -> str:
    bounds = [number(bound) for bound in (term.value, term.upper) if bound is not None]
    unit = f" {plain(term.unit)}" if term.unit and bounds else ""
    words = [
        "latest" if term.time else "",
        plain(term.name),
        "not" if term.negated else "",
        "critically" if term.critical else "",
        _compared(term),
        " and ".join(bounds) + unit,
        "(unit assumed)" if term.unit_assumed and bounds else "",
    ]
    return " ".join(word for word in words if word)


def _compared(term: LabTerm) -> str:
    if term.trend:
        return term.trend
    if term.comparison == "flagged":
        return term.flag or "flagged"
    return "measured" if term.comparison == "named" else term.comparison.replace("-", " ")


def _patient(patient: PatientTerm) -> Iterator[str]:
    if patient.sex is not None:
        yield "female" if patient.sex == "F" else "male"
    if patient.age_min is not None:
        yield f"aged {patient.age_min:g} or more"
    if patient.age_max is not None:
        yield f"aged {patient.age_max:g} or less"
