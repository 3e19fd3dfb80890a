"""Read a comparison with a number: "above 12 x10^9/L", "between 50 and 100", "12 or more"."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from mmrag.clinical.units import parse_unit
from mmrag.errors import UnknownUnit

__all__ = ["Numeric", "read_numeric"]

Direction = Literal["above", "at-least", "below", "at-most", "between"]


@dataclass(frozen=True, slots=True)
class Numeric:
    """A comparison as written.

    Attributes
    ----------
    comparison : {"above", "at-least", "below", "at-most", "between"}
    value, upper : float
        `upper` is None but for ``between``.
    unit : str or None
        UCUM code; as written where it looks like a unit and the table does not hold it;
        None when none is written.
    thousands : bool
        True when the number is followed by a bare "k" or "thousand".
    second : float or None
        The 90 of "140/90".
    compared : bool
        False for a bare number beside a name ("WBC 12"), which stands for every value that
        is printed so: between 11.5 and 12.5.
    end : int
        Where it ends in the text.
    """

    comparison: Direction
    value: float
    upper: float | None
    unit: str | None
    thousands: bool
    compared: bool
    end: int
    second: float | None = None

    def of_second(self) -> Numeric:
        """Make the same comparison with the second number."""
        if self.second is None:
            raise ValueError("there is no second number")
        if self.upper is None:
            return replace(self, value=self.second, second=None)
        half = (self.upper - self.value) / 2
        return replace(self, value=self.second - half, upper=self.second + half, second=None)


_WORDS: dict[Direction, str] = {
    "at-least": r">=|=>|≥|≧|at\s+least|no\s+(?:less|fewer|lower)\s+than|not\s+(?:less|fewer|lower)"
    r"\s+than|not\s+(?:below|under)|minimum\s+of|(?:greater\s+than|above|over)\s+or\s+equal\s+to|"
    r"equal\s+to\s+or\s+(?:above|over|(?:greater|more|higher)\s+than)",
    "at-most": r"<=|=<|≤|≦|at\s+most|no\s+(?:more|greater|higher)\s+than|not\s+(?:more|greater|"
    r"higher)\s+than|not\s+(?:above|over)|(?:not|never)\s+exceed(?:s|ed|ing)?|up\s+to|maximum\s+of|"
    r"(?:less\s+than|below|under)\s+or\s+equal\s+to|"
    r"equal\s+to\s+or\s+(?:below|under|(?:less|lower)\s+than)",
    "above": r">|above|over|(?:greater|more|higher|larger|bigger)\s+than|exceed(?:s|ed|ing)?|"
    r"beyond|in\s+excess\s+of|upwards\s+of",
    "below": r"<|below|under|(?:less|lower|fewer|smaller)\s+than|beneath",
}
_COMPARATOR = re.compile(
    "|".join(
        f"(?P<{name.replace('-', '_')}>{words})(?![A-Za-z])" for name, words in _WORDS.items()
    ),
    re.IGNORECASE,
)
_EQUALS = re.compile(r"==?|exactly\b|equals?\b(?:\s+to\b)?|equal\s+to\b", re.IGNORECASE)
_ABOUT = re.compile(r"about\b|around\b|approximately\b|approx\.?|~|≈|at\b", re.IGNORECASE)
_OF = re.compile(r"of\b\s*", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?<![\w.])(?:\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,9})?|\d{1,3}(?:[ \u00a0\u202f]\d{3})+|"
    r"\d{1,15}(?:[.,]\d{1,9})?|\.\d{1,9})(?!\d)"
    r"(?:[eE][+-]?\d{1,2}(?!\d))?"
)
_NO_RESULT = re.compile(
    r"[\s-]*(?:years?|yrs?|y/?o|yo|y|months?|weeks?|days?|hours?|patients?|people|persons?|women|"
    r"men|films?|panels?|results?|times?|cases?|records?|th|st|nd|rd)\b|\s*:\s*\d",
    re.IGNORECASE,
)
_OR_MORE = re.compile(
    r"\s*(?:or|and)\s+(?:more|above|higher|greater|over|up)\b|\s*\+", re.IGNORECASE
)
_OR_LESS = re.compile(r"\s*(?:or|and)\s+(?:less|below|lower|under|fewer)\b", re.IGNORECASE)
_BETWEEN = re.compile(
    r"between\b|within\b|(?:ranging\s+)?from\b|in\s+the\s+range\b(?:\s+of\b)?", re.IGNORECASE
)
_AND = re.compile(r"\s*(?:and\b|to\b|[-\u2013\u2014])\s*", re.IGNORECASE)
_TO = re.compile(r"\s*(?:to\b|[-\u2013\u2014])\s*", re.IGNORECASE)
_THOUSANDS = re.compile(r"\s*(?:k|thousand)\b(?!\s*/)", re.IGNORECASE)
_SPACE = re.compile(r"[\s,:]*")
_SECOND = re.compile(r"\s*/\s*(\d{1,3})(?![\d/])")
_SAID_SECOND = re.compile(r"\s*(?:/|\bover\b)\s*(\d{1,3})(?![\d/])", re.IGNORECASE)

_LETTERS = r"[A-Za-zµμ°%\[\]]"
_UNITS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?:[x*\u00d7]\s*)?10\s*(?:\*\*|[*^eE])?\s*\(?[\d⁰¹²³⁶⁹]{1,2}\)?\s*(?:/|per\s+)\s*[A-Za-zµμ]+[3³]?",
        rf"{_LETTERS}+\d?\s*(?:/|\bper\b)\s*{_LETTERS}+[\d²³]?(?:\s*/\s*\[?1\.73\s*_?m(?:\^?2|²)\]?)?",
        rf"(?:/|per\s+){_LETTERS}+\d?",
        r"mm\s*\[?[Hh][Gg]\]?",
        r"(?:degrees?|deg|°)\s*[A-Za-z]+",
        rf"{_LETTERS}+[2²]?",
    )
)
# "7 mmol", "5 mg": no number is taken for one of a unit that was not finished.
_LIKE_A_UNIT = re.compile(
    r"(?:mc|[munpkµμ])?(?:g|mol|eq|osm|i?u|kat)\b(?:\s*/\s*\w+)?|[dm]l\b", re.IGNORECASE
)
_DEGREES = re.compile(r"degrees?\b|deg\b|°", re.IGNORECASE)  # of which scale, the number says
_PLAIN_ENGLISH = frozenset({"in", "inch", "inches", "a", "m", "min", "ms"})


def read_numeric(text: str, at: int, *, paired: bool = False) -> Numeric | None:
    """Read the comparison that begins at a place.

    Parameters
    ----------
    text : str
    at : int
        Spaces and commas there are passed over.
    paired : bool
        Of a pair of analytes, blood pressure: "140 over 90" are its two numbers, where of any
        other analyte the "over" begins an age.

    Returns
    -------
    Numeric or None
        None when no number follows, or when it counts years, patients or the like.
    """
    here = _skip(text, at)
    if of := _OF.match(text, here):
        here = of.end()
    if between := _BETWEEN.match(text, here):
        return _interval(text, _skip(text, between.end()), _AND)
    if comparator := _COMPARATOR.match(text, here):
        return _one_sided(text, comparator, paired)
    if equals := _EQUALS.match(text, here):
        return _equal(text, _skip(text, equals.end()))
    about = _ABOUT.match(text, here)
    return _bare(text, _skip(text, about.end()) if about else here, paired)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _one_sided(text: str, comparator: re.Match[str], paired: bool) -> Numeric | None:
    number = _NUMBER.match(text, _skip(text, comparator.end()))
    if number is None:
        return None
    second, end = _second(text, number.end(), paired)
    if _NO_RESULT.match(text, end):
        return None
    unit, thousands, end = _unit_after(text, end)
    direction = next(name for name in _WORDS if comparator[name.replace("-", "_")])
    value = _float(number.group())
    return Numeric(direction, value, None, unit, thousands, True, end, second)


def _second(text: str, at: int, paired: bool) -> tuple[float | None, int]:
    match = (_SAID_SECOND if paired else _SECOND).match(text, at)
    return (float(match[1]), match.end()) if match else (None, at)


def _equal(text: str, at: int) -> Numeric | None:
    number = _NUMBER.match(text, at)
    if number is None or _NO_RESULT.match(text, number.end()):
        return None
    unit, thousands, end = _unit_after(text, number.end())
    value = _float(number.group())
    return Numeric("between", value, value, unit, thousands, True, end)


def _interval(text: str, at: int, joiner: re.Pattern[str]) -> Numeric | None:
    first = _NUMBER.match(text, at)
    if first is None:
        return None
    first_unit, first_thousands, after_first = _unit_after(text, first.end())
    to = joiner.match(text, after_first)
    second = _NUMBER.match(text, to.end()) if to else None
    if second is None or _NO_RESULT.match(text, second.end()):
        return None
    unit, thousands, end = _unit_after(text, second.end())
    low, high = sorted((_float(first.group()), _float(second.group())))
    return Numeric(
        "between", low, high, unit or first_unit, thousands or first_thousands, True, end
    )


def _bare(text: str, at: int, paired: bool) -> Numeric | None:
    """Read a number beside a name: an interval, "12 or more", or every value printed so."""
    number = _NUMBER.match(text, at)
    if number is None:
        return None
    if interval := _interval(text, at, _TO):
        return interval
    second, end = _second(text, number.end(), paired)
    if _NO_RESULT.match(text, end):
        return None
    unit, thousands, end = _unit_after(text, end)
    value = _float(number.group())
    if more := _OR_MORE.match(text, end):
        return Numeric("at-least", value, None, unit, thousands, True, more.end(), second)
    if less := _OR_LESS.match(text, end):
        return Numeric("at-most", value, None, unit, thousands, True, less.end(), second)
    low, high = _printed_so(number.group())
    return Numeric("between", low, high, unit, thousands, False, end, second)


def _unit_after(text: str, at: int) -> tuple[str | None, bool, int]:
    """Read the unit after a number, whether thousands follow, and where they end."""
    if thousands := _THOUSANDS.match(text, at):
        return None, True, thousands.end()
    start = _skip(text, at)
    for pattern in _UNITS:
        match = pattern.match(text, start)
        if match is None or match.group().lower() in _PLAIN_ENGLISH or match.group() == "PA":
            continue
        try:
            return parse_unit(match.group()), False, match.end()
        except UnknownUnit:
            continue
    if degrees := _DEGREES.match(text, start):
        return None, False, degrees.end()
    if incomplete := _LIKE_A_UNIT.match(text, start):
        return incomplete.group(), False, incomplete.end()
    return None, False, at


def _float(written: str) -> float:
    return float(_decimal(written))


def _decimal(written: str) -> Decimal:
    """Read a number as written; a comma before three digits groups, others are decimal signs."""
    written = re.sub(r"\s", "", written)
    if re.match(r"[1-9]\d{0,2}(?:,\d{3})+(?!\d)", written):
        return Decimal(written.replace(",", ""))
    return Decimal(written.replace(",", "."))


def _printed_so(written: str) -> tuple[float, float]:
    """Give the values that round to a number as it is written; zeros of thousands only fill."""
    number = _decimal(written)
    digits = number.normalize() if abs(number) >= 1000 else number
    half = Decimal(5).scaleb(int(digits.as_tuple().exponent) - 1)
    return float(number - half), float(number + half)
