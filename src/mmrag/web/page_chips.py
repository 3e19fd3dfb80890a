"""The compiled question as chips: each can be flipped, edited or taken out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mmrag.clinical.question import ClinicalQuery, FindingTerm, LabTerm, PatientTerm
from mmrag.web.page_state import PageState

_COMPARED = {"above": ">", "at-least": "≥", "below": "<", "at-most": "≤"}
_SIGN = {False: "+", True: "\N{MINUS SIGN}"}
_FLIPPED_FLAG = {"high": "low", "low": "high", "abnormal": "normal", "normal": "abnormal"}
_FLIPPED = {"above": "at-most", "at-most": "above", "below": "at-least", "at-least": "below"}

ChipKind = Literal["present", "absent", "other"]


@dataclass(frozen=True, slots=True)
class Chip:
    """One constraint of a question.

    Attributes
    ----------
    text : str
        As it is shown: ``+ Effusion``, ``WBC > 12``, ``women``.
    kind : str
        How it is coloured.
    flipped, flipped_to : str or None
        Address of the page with its opposite, and what that is.
    without : str
        Address of the page without it.
    edit, number : str or None
        What `edited` calls it, and the number in it; None where there is none to edit.
    """

    text: str
    kind: ChipKind
    without: str
    flipped: str | None = None
    flipped_to: str | None = None
    edit: str | None = None
    number: str | None = None


def chips(state: PageState, query: ClinicalQuery) -> tuple[Chip, ...]:
    """Lay a question out.

    Parameters
    ----------
    state : PageState
    query : ClinicalQuery
        Its question, compiled.

    Returns
    -------
    tuple of Chip
        Findings, results, diagnoses, patient, time and view, in this order.
    """
    return tuple(_Chips(state, query).all())


def edited(query: ClinicalQuery, name: str, number: float) -> ClinicalQuery:
    """Put another number into a chip.

    Parameters
    ----------
    query : ClinicalQuery
    name : str
        A chip's `edit`: ``lab-0``, ``age_min`` or ``age_max``.
    number : float

    Returns
    -------
    ClinicalQuery
        The same one where it has no such chip.
    """
    if name in ("age_min", "age_max"):
        return _patient(query, **{name: number})
    place = name.removeprefix("lab-")
    if not place.isdecimal() or int(place) >= len(query.labs):
        return query
    labs = list(query.labs)
    labs[int(place)] = labs[int(place)].model_copy(update={"value": number})
    return query.model_copy(update={"labs": tuple(labs)})


def with_finding(query: ClinicalQuery, finding: str, assertion: str) -> ClinicalQuery:
    """Ask for a finding, or rule it out, whatever was said of it before."""
    others = tuple(term for term in query.findings if term.finding != finding)
    term = FindingTerm.model_validate({"finding": finding, "assertion": assertion})
    return _agreeing(query, (*others, term))


def without_finding(query: ClinicalQuery, finding: str) -> ClinicalQuery:
    """Say nothing of a finding."""
    return _agreeing(query, tuple(t for t in query.findings if t.finding != finding))


def with_result(query: ClinicalQuery, analyte: str, flag: str | None) -> ClinicalQuery:
    """Ask for an analyte: that it was measured, or that it is high or low."""
    others = tuple(term for term in query.labs if term.analyte != analyte)
    named = {"analyte": analyte, "name": "", "loinc": ()}
    asked = {"comparison": "named"} if flag is None else {"comparison": "flagged", "flag": flag}
    return query.model_copy(update={"labs": (*others, LabTerm.model_validate(named | asked))})


def without_result(query: ClinicalQuery, analyte: str) -> ClinicalQuery:
    """Say nothing of an analyte."""
    return query.model_copy(
        update={"labs": tuple(term for term in query.labs if term.analyte != analyte)}
    )


def _agreeing(query: ClinicalQuery, findings: tuple[FindingTerm, ...]) -> ClinicalQuery:
    """Let go of what no longer has a sense beside these findings."""
    sought = any(term.assertion != "absent" for term in findings)
    return query.model_copy(
        update={
            "findings": findings,
            "exclusive": query.exclusive and sought,
            "normal_chest": query.normal_chest and not sought,
        }
    )


def _patient(query: ClinicalQuery, **changes: object) -> ClinicalQuery:
    return query.model_copy(update={"patient": query.patient.model_copy(update=changes)})


class _Chips:
    def __init__(self, state: PageState, query: ClinicalQuery) -> None:
        self._state = state
        self._query = query

    def all(self) -> Iterator[Chip]:
        yield from self._findings()
        if self._query.exclusive:
            yield self._chip("no other finding", exclusive=False)
        if self._query.normal_chest:
            yield self._chip("normal chest", normal_chest=False)
        yield from self._labs()
        yield from self._diagnoses()
        yield from self._people(self._query.patient)
        if self._query.period is not None:
            period = self._query.period
            days = " to ".join(str(day) for day in (period.since, period.until) if day)
            yield self._chip(f"sampled {days}", period=None)
        if self._query.view:
            yield self._chip(f"{self._query.view} view", view=None)
        if self._query.free_text:
            yield self._chip(f"“{self._query.free_text}”", free_text=None)
        yield from self._among()

    def _address(self, query: ClinicalQuery) -> str:
        return self._state.with_query(query).address

    def _chip(self, text: str, **without: object) -> Chip:
        return Chip(text, "other", self._address(self._query.model_copy(update=without)))

    def _findings(self) -> Iterator[Chip]:
        for place, term in enumerate(self._query.findings):
            absent = term.assertion == "absent"
            others = self._query.findings[:place] + self._query.findings[place + 1 :]
            flipped = term.model_copy(
                update={"assertion": "present" if absent else "absent", "group": None}
            )
            words = " ".join(filter(None, (term.severity, term.side, term.finding)))
            doubt = " (possible)" if term.assertion == "uncertain" else ""
            wider = f" ({term.group})" if term.group and not absent else ""
            yield Chip(
                text=f"{_SIGN[absent]} {words}{doubt}{wider}",
                kind="absent" if absent else "present",
                without=self._address(_agreeing(self._query, others)),
                flipped=self._address(
                    _agreeing(
                        self._query,
                        (
                            *self._query.findings[:place],
                            flipped,
                            *self._query.findings[place + 1 :],
                        ),
                    )
                ),
                flipped_to=f"{'ask for' if absent else 'rule out'} {term.finding}",
            )

    def _labs(self) -> Iterator[Chip]:
        labs = self._query.labs
        for place, term in enumerate(labs):
            opposite = _opposite(term)
            changed = (*labs[:place], opposite, *labs[place + 1 :])
            number = None if term.value is None else f"{term.value:.12g}"
            yield Chip(
                text=_result(term),
                kind="absent" if term.negated else "present",
                without=self._address(
                    self._query.model_copy(update={"labs": labs[:place] + labs[place + 1 :]})
                ),
                flipped=self._address(self._query.model_copy(update={"labs": changed})),
                flipped_to=_result(opposite),
                edit=None if number is None else f"lab-{place}",
                number=number,
            )

    def _diagnoses(self) -> Iterator[Chip]:
        terms = self._query.diagnoses
        for place, term in enumerate(terms):
            before, after = terms[:place], terms[place + 1 :]
            flipped = term.model_copy(update={"negated": not term.negated})
            names = " or ".join(term.names)
            yield Chip(
                text=f"{_SIGN[term.negated]} diagnosis {names}",
                kind="absent" if term.negated else "present",
                without=self._address(self._query.model_copy(update={"diagnoses": before + after})),
                flipped=self._address(
                    self._query.model_copy(update={"diagnoses": (*before, flipped, *after)})
                ),
                flipped_to=f"{'with' if term.negated else 'without'} {names}",
            )

    def _people(self, patient: PatientTerm) -> Iterator[Chip]:
        if patient.sex is not None:
            other = "M" if patient.sex == "F" else "F"
            yield Chip(
                text="women" if patient.sex == "F" else "men",
                kind="other",
                without=self._address(_patient(self._query, sex=None)),
                flipped=self._address(_patient(self._query, sex=other)),
                flipped_to="women" if other == "F" else "men",
            )
        for name, age, included, signs in (
            ("age_min", patient.age_min, patient.age_min_inclusive, (">", "≥")),
            ("age_max", patient.age_max, patient.age_max_inclusive, ("<", "≤")),
        ):
            if age is not None:
                yield Chip(
                    text=f"age {signs[included]} {age:g}",
                    kind="other",
                    without=self._address(_patient(self._query, **{name: None})),
                    edit=name,
                    number=f"{age:g}",
                )

    def _among(self) -> Iterator[Chip]:
        among = self._query.among
        for name, text in (
            ("films", among.films and f"films from {among.films}"),
            ("labs", among.labs and f"panels from {among.labs}"),
            ("labelled", _LABELLED[among.labelled]),
        ):
            if text:
                yield self._chip(text, among=among.model_copy(update={name: None}))


_LABELLED = {None: None, True: "labelled films", False: "unlabelled films"}


def _opposite(term: LabTerm) -> LabTerm:
    """Turn a constraint around: above to at most, high to low; else deny it."""
    if term.comparison in _FLIPPED and not term.negated:
        return term.model_copy(update={"comparison": _FLIPPED[term.comparison]})
    if term.flag is not None and not term.negated:
        return term.model_copy(update={"flag": _FLIPPED_FLAG[term.flag]})
    return term.model_copy(update={"negated": not term.negated})


def _result(term: LabTerm) -> str:
    lead = " ".join(
        filter(
            None, ("not" if term.negated else "", term.time, "critically" if term.critical else "")
        )
    )
    unit = f" {term.unit}" if term.unit else ""
    name = term.name or term.analyte
    if term.value is not None and term.comparison == "between":
        said = f"{name} {term.value:.12g} to {term.upper:.12g}{unit}"
    elif term.value is not None:
        said = f"{name} {_COMPARED[term.comparison]} {term.value:.12g}{unit}"
    else:
        said = f"{name} {term.trend or term.flag or 'measured'}"
    return f"{lead} {said}".strip()
