"""Compile a question in words into constraints that a person can read and edit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Protocol

from mmrag.clinical.analytes import analyte
from mmrag.clinical.assertion import Reading
from mmrag.clinical.diagnosis_terms import diagnoses_of_people, stated_diagnoses
from mmrag.clinical.lab_terms import LabMention, find_lab_terms
from mmrag.clinical.lab_units import interval_of
from mmrag.clinical.lexicon import Mention, mentions_of
from mmrag.clinical.patient_terms import read_patient, read_view, stop_words
from mmrag.clinical.period_terms import find_period
from mmrag.clinical.question import Assertion, ClinicalQuery, FindingTerm
from mmrag.clinical.words import Word, words_of
from mmrag.errors import QueryError, UnknownUnit

LONGEST = 2000
"""Characters of the longest question that is read."""

_OPPOSITE: dict[Assertion, Assertion] = {
    "present": "absent",
    "absent": "present",
    "uncertain": "uncertain",
}
_COVER = "\ufffc"
_INVISIBLE = dict.fromkeys(
    [0x00AD, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)


class _Placed(Protocol):
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


def compile_query(text: str) -> ClinicalQuery:
    """Compile a question.

    Parameters
    ----------
    text : str
        At most 2,000 characters.

    Returns
    -------
    ClinicalQuery
        Findings with their assertion, laboratory constraints, sex and age, view; what none of
        them understands is `free_text`. `text` is the question without control characters.

    Raises
    ------
    QueryError
        When the question is empty or too long, compares a result in a unit that it cannot
        be in, or compares it in words that are not understood.
    """
    clean = _clean(text)
    stated = stated_diagnoses(clean)
    unstated = _blank(clean, stated)
    labs = find_lab_terms(unstated)
    _refuse_unknown_units(labs)
    rest = _blank(clean, labs)
    mentions = mentions_of(rest, words_of(rest))
    reading = Reading(words_of(clean), [*mentions, *labs])
    asserted = list(zip(mentions, reading.assertions(mentions), strict=True))
    findings = _findings(asserted)
    normal = _normal(asserted, findings)
    read: list[Mention] = [m for m in mentions if m.via != "normal"]
    diagnoses = [*stated, *diagnoses_of_people(unstated, labs, read)]
    unread = _blank(rest, [*read, *diagnoses])
    period = find_period(unread) if labs else None
    if period is not None:
        unread = _blank(unread, [period])
    asked = _without_denied(unread, reading)
    patient, view = read_patient(asked), read_view(asked)
    spent = reading.spent_cues([*read, *normal, *labs])
    left = _blank(unread, [*patient.regions, *view.regions, *spent, *normal])
    named: list[_Placed] = [mention for mention in labs if mention.term.comparison == "named"]
    _refuse_unread_numbers(clean, left, [*named, *([period] if named and period else [])])
    return ClinicalQuery(
        text=clean,
        findings=findings,
        labs=tuple(dict.fromkeys(mention.term for mention in labs)),
        patient=patient.patient,
        diagnoses=tuple(mention.term for mention in diagnoses),
        period=None if period is None else period.term,
        view=view.view,
        free_text=_free_text(clean, left),
        normal_chest=bool(normal),
    )


def _clean(text: str) -> str:
    if len(text) > LONGEST:
        raise QueryError(
            f"the question has {len(text)} characters and at most {LONGEST} are read: shorten it"
        )
    visible = (" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in text)
    clean = "".join(visible).translate(_INVISIBLE).strip()
    if not clean:
        raise QueryError('the question is empty: ask for something, e.g. "pleural effusion"')
    return clean


def _refuse_unknown_units(labs: Iterable[LabMention]) -> None:
    for mention in labs:
        term = mention.term
        try:
            interval_of(term)
        except UnknownUnit as error:
            known = analyte(term.keys[0])
            raise QueryError(
                f"{term.written!r}: {term.name} cannot be in {term.unit}: ask in "
                f"{' or '.join(dict.fromkeys((known.unit, *known.units)))}"
            ) from error


_COMPARED = re.compile(
    r"[^\w,;.\ufffc]+(?:[^\W\d]+\s+){0,3}?(?:[<>≤≥=]|\b(?:above|below|over|under|least|most|than|"
    r"exceed\w*|beyond|between|within|outside|to|or)\b)\s*\d+(?:[.,]\d+)?(?!\s*(?:mm|cm)\b)"
    r"|[^\w,;.\ufffc]+(?:[^\W\d]+\s+){0,2}?(?:twice|double|half|\d+\s*(?:x|times))\s+(?:the\s+)?"
    r"(?:upper|lower|normal)",
    re.IGNORECASE,
)


def _refuse_unread_numbers(text: str, left: str, read: Iterable[_Placed]) -> None:
    """Refuse "WBC outside 4 to 11" rather than answer for every WBC."""
    for place in read:
        if unread := _COMPARED.match(left, place.end):
            words = text[place.start : unread.end()]
            raise QueryError(
                f"{words!r} is not understood: compare with above, below, at least, at most or "
                'between, e.g. "WBC above 12"'
            )


def _blank(text: str, regions: Iterable[_Placed]) -> str:
    """Cover the regions, so that every other place stays what it was and no term spans them."""
    characters = list(text)
    for region in regions:
        characters[region.start : region.end] = _COVER * (region.end - region.start)
    return "".join(characters)


def _without_denied(text: str, reading: Reading) -> str:
    """Cover "not in children" and "non-AP": no constraint says what is left when they go."""
    said = (*read_patient(text).regions, *read_view(text).regions)
    return _blank(text, [region for region in said if reading.denies_at_once(region)])


def _findings(asserted: Sequence[tuple[Mention, Assertion]]) -> tuple[FindingTerm, ...]:
    """Give one term a finding and assertion; what is named outright wins over a wider word."""
    terms = [
        FindingTerm(
            finding=mention.finding,
            assertion=_OPPOSITE[assertion] if mention.via == "denial" else assertion,
            written=mention.written,
            group=mention.group,
        )
        for mention, assertion in asserted
        if mention.via != "normal"
    ]
    outright = {term.finding for term in terms if term.group is None}
    kept: dict[tuple[str, Assertion], FindingTerm] = {}
    for term in terms:
        if term.group is None or term.finding not in outright:
            kept.setdefault((term.finding, term.assertion), term)
    return tuple(kept.values())


def _normal(
    asserted: Sequence[tuple[Mention, Assertion]], findings: Sequence[FindingTerm]
) -> list[Mention]:
    """Give the phrases that ask for a normal chest: said so, and no finding beside it."""
    if any(term.assertion == "present" for term in findings):
        return []
    return [m for m, assertion in asserted if m.via == "normal" and assertion == "present"]


def _free_text(text: str, left: str) -> str | None:
    idle = stop_words()
    words: list[Word] = [w for w in words_of(left) if w.folded not in idle and w.folded not in "?%"]
    return " ".join(text[w.start : w.end] for w in words) or None
