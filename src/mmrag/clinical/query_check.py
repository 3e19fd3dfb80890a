"""A compiled question that did not come from words: held against what there is to ask."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from mmrag.clinical.analytes import analytes, groups
from mmrag.clinical.describe import describe
from mmrag.clinical.finding_terms import agreeing
from mmrag.clinical.findings import finding_names
from mmrag.clinical.lab_terms import term_of
from mmrag.clinical.query import compile_query
from mmrag.clinical.question import AmongTerm, ClinicalQuery, LabTerm, PatientTerm, PeriodTerm
from mmrag.clinical.refusals import refuse_unknown_units
from mmrag.errors import QueryError

VIEWS = ("PA", "AP", "LATERAL")


def checked(query: ClinicalQuery) -> ClinicalQuery:
    """Check a question that was written or edited by hand, and complete it.

    Names and codes of analytes are filled in from the table; `text` stays where it means the
    same, else the question is written out in words, so that a brief never names other words
    than it answers.

    Parameters
    ----------
    query : ClinicalQuery

    Returns
    -------
    ClinicalQuery

    Raises
    ------
    QueryError
        When it names what is not known, contradicts itself, or asks for nothing.
    """
    for term in query.findings:
        _refuse_unknown("finding", term.finding, finding_names())
    if query.view is not None:
        _refuse_unknown("view", query.view, VIEWS)
    _refuse_disorder(query.patient, query.period)
    labs = tuple(map(_completed, query.labs))
    refuse_unknown_units(labs)
    findings = agreeing(query.findings)
    sought = any(term.assertion != "absent" for term in findings)
    if query.exclusive and not sought:
        raise QueryError("exclusive: no finding is asked for beside which none may be: name one")
    if query.normal_chest and any(term.assertion == "present" for term in findings):
        raise QueryError("normal_chest: a finding is asked for as well: leave one out")
    # which stored conditions are meant is for the store to say
    diagnoses = tuple(
        term.model_copy(update={"conditions": (), "codes": ()}) for term in query.diagnoses
    )
    # a film is shown with the question, and what words mean is the encoder's to say
    unsaid = {"image": None, "meant": ()}
    whole = query.model_copy(
        update={"findings": findings, "labs": labs, "diagnoses": diagnoses, **unsaid}
    )
    return whole.model_copy(update={"text": _text(whole)})


def near(name: str, known: Iterable[str]) -> str:
    """Name what may have been meant: "did you mean A or B?", or all that there is."""
    names = list(known)
    folded = {each.lower(): each for each in names}
    close = get_close_matches(name.lower(), folded, n=3, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(folded[each] for each in close)}?"
    return f"known are {', '.join(names[:20])}{', ...' if len(names) > 20 else ''}"


def _refuse_unknown(kind: str, name: str, known: Iterable[str]) -> None:
    if name not in (names := tuple(known)):
        raise QueryError(f"{kind} {name!r} is not known: {near(name, names)}")


def _refuse_disorder(patient: PatientTerm, period: PeriodTerm | None) -> None:
    low, high = patient.age_min, patient.age_max
    if low is not None and high is not None and low > high:
        raise QueryError(f"age_min {low:g} is above age_max {high:g}: swap them")
    if period and period.since and period.until and period.since > period.until:
        raise QueryError(f"since {period.since} is after until {period.until}: swap them")


def _completed(term: LabTerm) -> LabTerm:
    """Fill in what the table of analytes says; refuse a comparison without its number."""
    _refuse_unknown("analyte", term.analyte, [*analytes(), *groups()])
    for key in term.analytes:
        _refuse_unknown("analyte", key, analytes())
    needed = {"value": term.comparison not in {"named", "flagged"}}
    needed |= {"upper": term.comparison == "between", "flag": term.comparison == "flagged"}
    for key, is_needed in needed.items():
        if is_needed != (getattr(term, key) is not None):
            verb = "needs a" if is_needed else "takes no"
            raise QueryError(f"{term.analyte} {term.comparison}: {verb} {key}")
    if term.value is not None and term.upper is not None and term.value > term.upper:
        raise QueryError(f"{term.analyte} between {term.value:g} and {term.upper:g}: swap them")
    subject = analytes().get(term.analyte) or groups()[term.analyte]
    named = term_of(subject, term.flag)
    members = term.analytes or named.analytes
    codes = tuple(code for key in members for code in analytes()[key].loinc) or named.loinc
    unit = term.unit
    if term.value is not None and unit is None:
        unit = analytes()[members[0] if members else term.analyte].unit
    return term.model_copy(
        update={"name": named.name, "loinc": codes, "analytes": members, "unit": unit}
    )


def _text(query: ClinicalQuery) -> str:
    """Keep the words of a question while they mean what it asks, else write it out."""
    try:
        in_words = query.model_copy(update={"among": AmongTerm()})  # which no words say
        same = compile_query(query.text) == in_words
    except QueryError:
        same = False
    words = query.text if same else describe(query)
    if not words:
        raise QueryError("the question asks for nothing: name a finding, a result or a patient")
    return words
