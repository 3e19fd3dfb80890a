"""How a question was read, in words that a person can compare with what was meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mmrag.brief.imaging import wanted
from mmrag.brief.plain import enumerated, number, plain
from mmrag.clinical.findings import load_findings
from mmrag.clinical.question import (
    AmongTerm,
    ClinicalQuery,
    DiagnosisTerm,
    LabTerm,
    PatientTerm,
    PeriodTerm,
)


def reading(query: ClinicalQuery) -> Iterator[str]:
    """Say how a question was read, one constraint at a time."""
    yield from _findings(query)
    yield from _alternatives(query.labs)
    yield from map(_diagnosis, query.diagnoses)
    yield from _patient(query.patient)
    if query.period is not None:
        yield from _period(query.period)
    if query.view:
        yield f"view {plain(query.view)}"
    yield from _among(query.among)
    if query.free_text:
        meant = ", ".join(f"{plain(g.finding)} {g.probability:.2f}" for g in query.meant)
        read = f" (no known finding; read as {meant})" if meant else ""
        yield f"in words: {plain(query.free_text, 400)}{read}"


def _findings(query: ClinicalQuery) -> Iterator[str]:
    assertions = {t.group or t.finding: t.assertion for t in query.findings}
    for one in wanted(query):
        names = enumerated([_named(finding) for finding in one.any_of], "or")
        grouped = f"{plain(one.words)}: {names}" if one.any_of != (one.words,) else names
        yield f"{grouped} {assertions[one.words]}"
    for finding in dict.fromkeys(query.absent):
        yield f"{_named(finding)} absent"
    if query.exclusive:
        yield "no other finding"
    if query.normal_chest:
        yield "a chest with nothing to report"
    for wish in query.preferences:
        yield f"{plain(wish)}: side and size cannot be held against these labels"


def _named(finding: str) -> str:
    known = load_findings().findings.get(finding)
    if known is None or known.display.lower() == finding.lower():
        return plain(finding)
    return plain(f"{finding} ({known.display})")


def _alternatives(terms: Iterable[LabTerm]) -> Iterator[str]:
    """Join the members of one group by "or": any of them answers."""
    groups: dict[object, list[str]] = {}
    for place, term in enumerate(terms):
        key = place if term.group is None else term.group
        groups.setdefault(key, []).append(_laboratory(term))
    return (" or ".join(words) for words in groups.values())


def _diagnosis(term: DiagnosisTerm) -> str:
    names = enumerated([plain(name) for name in term.names], "or")
    return f"{names} {'not ' if term.negated else ''}on the patient's list of conditions"


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


def _among(among: AmongTerm) -> Iterator[str]:
    if among.films is not None:
        yield f"films from {plain(among.films)} alone"
    if among.labelled is not None:
        yield f"{'labelled' if among.labelled else 'unlabelled'} films alone"
    if among.labs is not None:
        yield f"panels from {plain(among.labs)} alone"


def _period(period: PeriodTerm) -> Iterator[str]:
    if period.since is not None:
        yield f"sampled on {period.since.isoformat()} or later"
    if period.until is not None:
        yield f"sampled on {period.until.isoformat()} or earlier"


def _patient(patient: PatientTerm) -> Iterator[str]:
    if patient.sex is not None:
        yield "female" if patient.sex == "F" else "male"
    if patient.age_min is not None:
        age = f"{patient.age_min:g}"
        yield f"aged {age} or more" if patient.age_min_inclusive else f"aged over {age}"
    if patient.age_max is not None:
        age = f"{patient.age_max:g}"
        yield f"aged {age} or less" if patient.age_max_inclusive else f"aged under {age}"
