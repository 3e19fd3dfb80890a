"""Compile the laboratory words of a question: analytes, comparisons, states, time and trend.

"haemoglobin under 110 g/L", "platelets between 50 and 100", "leukocytosis", "no anaemia",
"latest haemoglobin", "rising creatinine", "critically low potassium", "abnormal blood count".
A number belongs to an analyte only where it follows its name at once, so that an age is
never taken for a result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mmrag.clinical.analytes import Analyte, Group, analyte
from mmrag.clinical.assertion import Reading
from mmrag.clinical.lab_alternatives import LabMention, alternatives
from mmrag.clinical.lab_context import Context, after, before
from mmrag.clinical.lab_numbers import Numeric, read_numeric
from mmrag.clinical.lab_units import common_unit, settle_unit
from mmrag.clinical.lab_vocabulary import Naming, namings_of
from mmrag.clinical.question import Comparison, FlagClass, LabTerm
from mmrag.clinical.words import Region, words_of

__all__ = ["LabMention", "find_lab_terms", "term_of"]


@dataclass(frozen=True, slots=True)
class _Reading:
    """One naming with what stands around it."""

    naming: Naming
    left: Context
    right: Context
    numeric: Numeric | None

    @property
    def start(self) -> int:
        return self.left.edge

    @property
    def end(self) -> int:
        if self.numeric is not None:
            return self.numeric.end
        return self.right.edge

    @property
    def alone(self) -> bool:
        """Whether nothing is said of the value but, perhaps, before the name."""
        return self.numeric is None and not self.right.says_something

    @property
    def believed(self) -> bool:
        """Whether a word with other meanings has the company that makes it a result."""
        return (
            not self.naming.guarded
            or self.left.says_something
            or not self.alone
            or self.right.end_of_name > self.naming.end
        )


def find_lab_terms(text: str) -> list[LabMention]:
    """Find every laboratory constraint of a question.

    Parameters
    ----------
    text : str
        Anything; what is not understood is passed over.

    Returns
    -------
    list of LabMention
        In the order of the text, never overlapping but where one word stands for several
        constraints (``pancytopenia``), which then share their place.
    """
    readings = [r for r in _share(text, _readings(text)) if r.believed]
    opening = _opening(text, readings)
    denied = _denied(text, readings, opening)
    found = [
        [replace(mention, opens=opens) for mention in _mentions(text, reading, is_denied)]
        for reading, is_denied, opens in zip(readings, denied, opening, strict=True)
    ]
    return alternatives(text, found, denied)


def _readings(text: str) -> list[_Reading]:
    found: list[_Reading] = []
    namings = namings_of(text)
    for n, naming in enumerate(namings):
        read_to = found[-1].end if found else 0
        if naming.start < read_to:
            continue  # the K of "12 K/uL"
        following = next((other for other in namings[n + 1 :] if not other.guarded), None)
        limit = following.start if following else len(text)
        left = before(text, naming.start)
        if left.edge < read_to:
            left = Context(edge=naming.start)
        right = after(text, naming.end)
        numeric = _comparison(text, naming, left, right.end_of_name, limit)
        if numeric or _belongs_to_next(text, left, right, namings[n + 1 : n + 2]):
            right = Context(edge=right.end_of_name, end_of_name=right.end_of_name)
        found.append(_Reading(naming, left, right, numeric))
    return found


_VERBS = re.compile(
    r"[\s,:]*(?:(?:that|which)\s+)?(?:(?:is|are|was|were|has|have|had|been|being|do|does|did)\b\s*)*"
    r"(?:(?:now|still|currently|falling|dropping|rising|going|dips?|dipped|drops?|dropped|falls?|"
    r"fell|fallen|rises?|rose|risen|went)\b\s*)?(?:either\b\s*)?",
    re.IGNORECASE,
)
_UPWARD = frozenset({"above", "at-least"})
_DOWNWARD = frozenset({"below", "at-most"})


def _comparison(
    text: str, naming: Naming, left: Context, end_of_name: int, limit: int
) -> Numeric | None:
    """Read the number said of a name, unless it is more likely an age."""
    at = _VERBS.match(text, end_of_name)
    start = at.end() if at else end_of_name
    paired = isinstance(naming.subject, Group) and bool(naming.subject.compared)
    numeric = read_numeric(text, start, paired=paired)
    if naming.subject is None or numeric is None or numeric.end > limit:
        return None
    flag = naming.flag or left.flag
    if numeric.comparison in {"high": _DOWNWARD, "low": _UPWARD}.get(flag or "", ()):
        return None  # "low platelets over 60"
    if naming.flag is not None:
        like_an_age = (
            numeric.unit is None
            and _AGE_WORDS.match(text, start) is not None
            and not _DEGREES.search(text, start, numeric.end)
            and not _is_fever(naming.subject, numeric.value)
        )
        return None if like_an_age or not numeric.compared else numeric
    return numeric


def _is_fever(subject: Analyte | Group, value: float) -> bool:
    """Tell "fever over 39" from "fever over 60"."""
    return isinstance(subject, Analyte) and subject.key == "body_temperature" and 37 < value < 43


_DEGREES = re.compile(r"\d\s*(?:deg|°)", re.IGNORECASE)
_AGE_WORDS = re.compile(r"over\b|under\b|older\b|younger\b|between\b|from\b", re.IGNORECASE)


def _belongs_to_next(text: str, left: Context, right: Context, following: Sequence[Naming]) -> bool:
    """Whether the state after a name is said of the next: "CRP, low platelets"."""
    if not following or not right.says_something:
        return False
    if right.edge > following[0].start:
        return True
    return before(text, following[0].start).edge < right.edge and (
        left.says_something or "," in text[right.end_of_name : right.edge]
    )


_LIST = re.compile(r"\s*(?:,\s*(?:and|or)?|and|or|nor|&|/|\+)\s*(?:the\s+)?", re.IGNORECASE)


def _share(text: str, readings: Sequence[_Reading]) -> list[_Reading]:
    """Lend what is said once of a list to each: "high WBC and CRP", "ALT and AST are high"."""
    shared = list(readings)
    for n in range(1, len(shared)):
        previous, this = shared[n - 1], shared[n]
        if (
            _joined(text, previous, this)
            and previous.left.says_something
            and previous.alone
            and this.alone
            and not this.left.says_something
            and not this.naming.is_state
        ):
            shared[n] = replace(this, left=replace(previous.left, edge=this.left.edge))
    for n in range(len(shared) - 2, -1, -1):
        this, following = shared[n], shared[n + 1]
        if (
            _joined(text, this, following)
            and following.right.says_something
            and not following.left.says_something
            and this.alone
            and not this.left.says_something
            and not this.naming.is_state
        ):
            said = replace(
                following.right, edge=this.right.edge, end_of_name=this.right.end_of_name
            )
            shared[n] = replace(this, right=said)
    return shared


def _joined(text: str, first: _Reading, second: _Reading) -> bool:
    return _LIST.fullmatch(text, first.right.end_of_name, second.naming.start) is not None


_ANEW = re.compile(r"(?:[,;]|\band|\bbut)\s*$", re.IGNORECASE)


_COMMA = re.compile(r"[,;]\s*$")


_AND_THE = re.compile(r"\band\s+(?:(?:an?|the|his|her|their)\s+)?$", re.IGNORECASE)


def _opening(text: str, readings: Sequence[_Reading]) -> list[bool]:
    """Find the comparisons behind an "and" that are said for themselves.

    "Without cardiomegaly and haemoglobin below 12" asks for the haemoglobin. Comparisons in a
    row belong together: "no WBC above 12 and CRP above 5" denies both.
    """
    opening = []
    compared_to = 0
    for reading in readings:
        compared = reading.numeric is not None and reading.numeric.compared
        conjunction = _AND_THE.search(text, compared_to, reading.start) if compared else None
        in_a_row = (
            compared_to > 0
            and conjunction is not None
            and not text[compared_to : conjunction.start()].strip(" ,")
        )
        opening.append(conjunction is not None and not in_a_row)
        compared_to = reading.end if compared else compared_to
    return opening


def _denied(text: str, readings: Sequence[_Reading], opening: Sequence[bool]) -> list[bool]:
    """Ask for each name whether the question denies it.

    After a comma or an "and", a name with its own state opens a new assertion: "no fever,
    elevated CRP" denies the fever alone. So does one with a number after a comma.
    """
    whole = [Region(reading.start, reading.end) for reading in readings]
    names = [Region(reading.start, reading.naming.end) for reading in readings]
    openings = [place for place, opens in zip(whole, opening, strict=True) if opens]
    assertions = Reading(words_of(text), whole, openings).assertions(names)
    return [
        assertion == "absent"
        and not (reading.left.says_something and _ANEW.search(text, 0, reading.start))
        and not (reading.numeric is not None and _COMMA.search(text, 0, reading.start))
        for reading, assertion in zip(readings, assertions, strict=True)
    ]


def _mentions(text: str, reading: _Reading, denied: bool) -> Iterable[LabMention]:
    written = text[reading.start : reading.end]
    subject = reading.naming.subject
    if subject is None:
        terms = [_spelt_out(part, written, denied) for part in reading.naming.terms]
    elif reading.numeric is not None:
        terms = _numeric_terms(subject, reading, reading.numeric, written, denied)
    else:
        terms = [_worded_term(subject, reading, written, denied)]
    for term in terms:
        yield LabMention(term, reading.start, reading.end)
    if subject is not None and reading.numeric is not None:
        yield from _other_bound(text, subject, reading, reading.numeric)


_AND = re.compile(r"\s*,?\s*(?:and|but|(?P<otherwise>or))\s+", re.IGNORECASE)


def _other_bound(
    text: str, subject: Analyte | Group, reading: _Reading, numeric: Numeric
) -> Iterable[LabMention]:
    """Read the "and below 11" of "above 4 and below 11", the "or above 11" of "below 4 or ..."."""
    conjunction = _AND.match(text, reading.end)
    other = read_numeric(text, conjunction.end()) if conjunction else None
    if other is None or conjunction is None or not other.compared:
        return
    opposite = {other.comparison, numeric.comparison}
    if not (opposite & _UPWARD and opposite & _DOWNWARD):
        return
    start = conjunction.end()
    for term in _numeric_terms(subject, reading, other, text[start : other.end], denied=False):
        yield LabMention(term, start, other.end)


def _worded_term(
    subject: Analyte | Group, reading: _Reading, written: str, denied: bool
) -> LabTerm:
    left, right = reading.left, reading.right
    flag = reading.naming.flag or left.flag or right.flag
    critical = left.critical or right.critical
    if critical and flag in {None, "normal"}:
        flag = "abnormal"
    return term_of(subject, flag).model_copy(
        update={
            "comparison": "flagged" if flag else "named",
            "flag": flag,
            "critical": critical,
            "negated": bool(flag) and denied != right.negated,
            "time": "latest" if left.latest else None,
            "trend": left.trend or right.trend,
            "written": written,
        }
    )


_CONVERSE: dict[str, Comparison] = {
    "above": "at-most",
    "at-least": "below",
    "below": "at-least",
    "at-most": "above",
}


def _numeric_terms(
    subject: Analyte | Group, reading: _Reading, numeric: Numeric, written: str, denied: bool
) -> list[LabTerm]:
    """Make comparisons; a group is compared only where it is said how."""
    if isinstance(subject, Group) and subject.compared:
        numerics = [numeric, *([] if numeric.second is None else [numeric.of_second()])]
        members = [analyte(key) for key in subject.compared[: len(numerics)]]
        pairs = zip(members, numerics, strict=True)
        return [_compared(one, one, reading, said, written, denied) for one, said in pairs]
    known = subject if isinstance(subject, Analyte) else common_unit(subject)
    if known is None or numeric.second is not None:
        return [term_of(subject, None).model_copy(update={"written": written})]
    return [_compared(subject, known, reading, numeric, written, denied)]


def _compared(
    subject: Analyte | Group,
    known: Analyte,
    reading: _Reading,
    numeric: Numeric,
    written: str,
    denied: bool,
) -> LabTerm:
    values = (numeric.value,) if numeric.upper is None else (numeric.value, numeric.upper)
    measured, unit, assumed = settle_unit(known, values, numeric.unit, numeric.thousands)
    named = term_of(subject if isinstance(subject, Group) else measured, None)
    converse = _CONVERSE.get(numeric.comparison) if denied else None
    return named.model_copy(
        update={
            "comparison": converse or numeric.comparison,
            "value": numeric.value,
            "upper": numeric.upper,
            "unit": unit,
            "unit_assumed": assumed,
            "negated": denied and converse is None,
            "time": "latest" if reading.left.latest else None,
            "trend": reading.left.trend,
            "written": written,
        }
    )


def _spelt_out(part: Mapping[str, Any], written: str, denied: bool) -> LabTerm:
    flag: FlagClass | None = part.get("flag")
    return term_of(analyte(part["analyte"]), None).model_copy(
        update={
            "comparison": part.get("comparison", "flagged"),
            "flag": flag,
            "value": float(part["value"]) if "value" in part else None,
            "unit": part.get("unit"),
            "negated": denied != part.get("negated", False),
            "written": written,
        }
    )


def term_of(subject: Analyte | Group, flag: FlagClass | None = None) -> LabTerm:
    """Name an analyte or group; of a group that is high or low only those that count for it.

    Parameters
    ----------
    subject : Analyte or Group
    flag : {"high", "low", "abnormal", "normal"} or None

    Returns
    -------
    LabTerm
        That asks whether it was measured.
    """
    if isinstance(subject, Analyte):
        return LabTerm(analyte=subject.key, name=subject.name, loinc=subject.loinc)
    members = subject.counted if flag in {"high", "low"} else subject.analytes
    codes = tuple(code for key in members for code in analyte(key).loinc)
    return LabTerm(analyte=subject.name, name=subject.name, loinc=codes, analytes=members)
