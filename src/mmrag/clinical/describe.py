"""A compiled question written out in words that read back to the same question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mmrag.clinical.findings import load_findings
from mmrag.clinical.question import (
    ClinicalQuery,
    DiagnosisTerm,
    FindingTerm,
    LabTerm,
    PatientTerm,
    PeriodTerm,
)

_VIEWS = {"PA": "PA view", "AP": "AP view", "LATERAL": "lateral view"}
_COMPARED = {
    "above": "above",
    "at-least": "at least",
    "below": "below",
    "at-most": "at most",
}


def describe(query: ClinicalQuery) -> str:
    """Write a question out in words.

    Parameters
    ----------
    query : ClinicalQuery

    Returns
    -------
    str
        One line; empty where nothing is asked. Compiled again it has the same meaning, but
        for words left over (`free_text`), which stand where they did not stand before.
    """
    return "; ".join([*constraints(query), *filter(None, [query.free_text])])


def constraints(query: ClinicalQuery) -> tuple[str, ...]:
    """Write out what was understood of a question, one constraint each.

    Parameters
    ----------
    query : ClinicalQuery

    Returns
    -------
    tuple of str
        Findings, results, diagnoses, patient, time and view, in this order.
    """
    return (*_constraints(query),)


def _constraints(query: ClinicalQuery) -> Iterator[str]:
    yield from _findings(query.findings)
    if query.exclusive:
        yield "no other finding"
    if query.normal_chest:
        yield "normal chest"
    yield from _joined((term.group, _laboratory(term)) for term in query.labs)
    yield from map(_diagnosis, query.diagnoses)
    yield from _patient(query.patient)
    if query.period is not None:
        yield from _period(query.period)
    if query.view is not None:
        yield _VIEWS[query.view]


def _joined(grouped: Iterable[tuple[str | None, str]]) -> Iterator[str]:
    """Join what is of one group by "or", where its first member stands."""
    together: dict[object, list[str]] = {}
    for place, (group, words) in enumerate(grouped):
        together.setdefault(place if group is None else group, []).append(words)
    return (" or ".join(dict.fromkeys(words)) for words in together.values())


def _findings(terms: Sequence[FindingTerm]) -> Iterator[str]:
    wider = {
        (term.group, term.assertion)
        for term in terms
        if term.group is not None and _is_wider_word(term, terms)
    }
    sought = [term for term in terms if term.assertion != "absent"]
    # a doubt reaches over what follows it, so what is sure comes first
    sought.sort(key=lambda term: term.assertion != "present")
    yield from _joined((t.group, _finding(t, (t.group, t.assertion) in wider)) for t in sought)
    denied = [term for term in terms if term.assertion == "absent"]
    yield from dict.fromkeys(_finding(t, (t.group, t.assertion) in wider) for t in denied)


def _is_wider_word(term: FindingTerm, terms: Sequence[FindingTerm]) -> bool:
    """Whether the group is a wider word of which only what other terms name is missing."""
    group = load_findings().groups.get(term.group or "")
    if group is None:
        return False
    own = [t for t in terms if (t.group, t.assertion) == (term.group, term.assertion)]
    named = {t.finding for t in terms if t.group is None}
    alike = len({(t.side, t.severity) for t in own}) == 1
    return alike and {t.finding for t in own} == set(group.children) - named


def _finding(term: FindingTerm, by_group: bool) -> str:
    name = term.group if by_group else load_findings().findings[term.finding].display
    lead = {"present": None, "absent": "no", "uncertain": "possible"}[term.assertion]
    return " ".join(filter(None, (lead, term.severity, term.side, name)))


def _laboratory(term: LabTerm) -> str:
    words: tuple[str | None, ...]
    lead = "latest" if term.time else None
    if term.value is not None:
        denial = "no" if term.negated else None
        words = (denial, lead, term.trend, term.name, _compared(term, term.value))
    elif term.flag is not None:
        critical = "critically" if term.critical else None
        if term.negated:
            words = (lead, term.trend, term.name, "not", f"{critical or ''} {term.flag}".strip())
        else:
            words = (lead, critical, term.flag, term.name, None)
    else:
        words = (lead, term.trend, term.name, None, None)
    return " ".join(filter(None, words))


def _compared(term: LabTerm, value: float) -> str:
    unit = f" {term.unit}" if term.unit and not term.unit_assumed else ""
    if term.comparison == "between":
        upper = value if term.upper is None else term.upper
        return f"between {value:.12g} and {upper:.12g}{unit}"
    return f"{_COMPARED[term.comparison]} {value:.12g}{unit}"


def _diagnosis(term: DiagnosisTerm) -> str:
    lead = "without a history of" if term.negated else "diagnosed with"
    return f"{lead} {' or '.join(term.names)}"


def _patient(patient: PatientTerm) -> Iterator[str]:
    if patient.sex is not None:
        yield "female" if patient.sex == "F" else "male"
    if patient.age_min is not None:
        yield f"aged {'at least' if patient.age_min_inclusive else 'over'} {patient.age_min:g}"
    if patient.age_max is not None:
        yield f"aged {'at most' if patient.age_max_inclusive else 'under'} {patient.age_max:g}"


def _period(period: PeriodTerm) -> Iterator[str]:
    if period.since is not None and period.until is not None:
        yield f"between {period.since} and {period.until}"
    elif period.since is not None:
        yield f"since {period.since}"
    elif period.until is not None:
        yield f"until {period.until}"
