"""Read ages from a question: "over 60", "65-year-old", "in his sixties", "aged 40 to 50", "72M".

Ages are in years. Bounds are kept as they are meant: "over 60" leaves 60 itself out and "60
and over" takes it in, whether the ages they are compared with are counted in years or days.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from mmrag.records import Sex


class Bounds(NamedTuple):
    """Ages that are asked for.

    Attributes
    ----------
    low, high : float or None
        In years; None where open.
    low_included, high_included : bool
        Whether that age itself belongs.
    """

    low: float | None = None
    high: float | None = None
    low_included: bool = True
    high_included: bool = True

    @property
    def holds_for_someone(self) -> bool:
        """Whether any age meets both bounds."""
        if self.low is None or self.high is None or self.low < self.high:
            return True
        return self.low == self.high and self.low_included and self.high_included


_OLDEST = 130.0
_DAYS_A_YEAR = 365.25
_YOUNGEST_BARE = 16.0


@dataclass(frozen=True, slots=True)
class AgeMention:
    """An age constraint and its place in the text, end excluded; the sex where "72M" gives it."""

    bounds: Bounds
    start: int
    end: int
    sex: Sex | None = None


def from_until(low: float | None, high: float | None) -> Bounds:
    """Give the ages from one, which is included, until another, which is not.

    Parameters
    ----------
    low, high : float or None
        Years; None where open.

    Returns
    -------
    Bounds
    """
    return Bounds(low, high, high_included=high is None)


def find_ages(text: str) -> list[AgeMention]:
    """Find the ages that a text asks for.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of AgeMention
        In the order of the text; they do not overlap. Ages over 130 years are not ages.
    """
    found: list[AgeMention] = []
    for pattern, reader in _FORMS:
        for match in pattern.finditer(text):
            bounds = reader(match)
            if bounds is None or max(bounds.low or 0, bounds.high or 0) > _OLDEST:
                continue
            if all(match.end() <= m.start or m.end <= match.start() for m in found):
                found.append(AgeMention(bounds, match.start(), match.end(), _sex(match)))
    return sorted(found, key=lambda mention: mention.start)


def _sex(match: re.Match[str]) -> Sex | None:
    letter = match.groupdict().get("sex")
    if letter is None:
        return None
    return "F" if letter == "F" else "M"


def _years(match: re.Match[str], number: str) -> float:
    value, unit = _number(match[number]), (match.groupdict().get("unit") or "y").lower()
    if unit.startswith("m"):
        return round(value / 12, 4)
    if unit.startswith("w"):
        return round(value * 7 / _DAYS_A_YEAR, 4)
    return round(value / _DAYS_A_YEAR, 4) if unit.startswith("d") else value


def _number(written: str) -> float:
    """Read "65", "sixty-five" or "sixties"."""
    if written[0].isdigit():
        return float(written)
    words = re.split(r"[\s-]+", written.lower())
    return sum(_DECADES[word] if word in _DECADES else _IN_WORDS[word] for word in words)


def _said(match: re.Match[str], *groups: str) -> bool:
    """Tell whether any of the groups that make a number an age took part."""
    return any(match.groupdict().get(group) is not None for group in groups)


def _bare(match: re.Match[str]) -> bool:
    """Tell whether a number alone, "effusion over 60", is to be taken for an age."""
    if _MEASURED.search(match.string, 0, match.start()):
        return False
    return _said(match, "ends") and _number(match["n"]) >= _YOUNGEST_BARE


_MEASURED = re.compile(
    r"\b(?:index|score|ratio|fraction|pressure|count|level|rate|volume|size|diameter|width|value|"
    r"number|titre|titer|gradient|percentage|dose|angle|fever|temperature)s?\s+(?:of\s+|is\s+)?$",
    re.IGNORECASE,
)


def _between(match: re.Match[str]) -> Bounds | None:
    if not _said(match, "aged", "unit", "sex"):
        return None
    low, high = sorted((_years(match, "n"), _years(match, "m")))
    return Bounds(low, high)


def _decade(match: re.Match[str]) -> Bounds | None:
    part = (match["part"] or "").lower()
    first, last = {"early": (0, 4), "mid": (4, 7), "late": (7, 10)}.get(part, (0, 10))
    start = _number(match["n"])
    return from_until(start + first, start + last)


def _at_least(match: re.Match[str]) -> Bounds | None:
    if not (_said(match, "aged", "unit", "older") or _bare(match)):
        return None
    return Bounds(low=_years(match, "n"))


def _at_most(match: re.Match[str]) -> Bounds | None:
    if not (_said(match, "aged", "unit", "younger") or _bare(match)):
        return None
    return Bounds(high=_years(match, "n"))


def _over(match: re.Match[str]) -> Bounds | None:
    if not (_said(match, "aged", "unit", "older") or _bare(match)):
        return None
    return Bounds(low=_years(match, "n"), low_included=False)


def _under(match: re.Match[str]) -> Bounds | None:
    if not (_said(match, "aged", "unit", "younger") or _bare(match)):
        return None
    return Bounds(high=_years(match, "n"), high_included=False)


def _exactly(match: re.Match[str]) -> Bounds | None:
    if not _said(match, "aged", "old", "sex"):
        return None
    low = _years(match, "n")
    unit = (match.groupdict().get("unit") or "y").lower()[0]
    step = {"m": 1 / 12, "w": 7 / _DAYS_A_YEAR, "d": 1 / _DAYS_A_YEAR}.get(unit, 1.0)
    return from_until(low, round(low + step, 4))


_PEOPLE = (
    r"patients?|wom[ae]n|m[ae]n|males?|females?|people|persons?|adults?|those|anyone|ladies|"
    r"gentlemen|individuals?|subjects?|children|boys?|girls?"
)
_AGED = (
    rf"(?:\b(?P<aged>aged?|ages|of\s+age|age\s+of|{_PEOPLE})(?:\s+|\s*:?\s*(?=[<>=\u2264\u2265]))"
    r"(?:who\s+are\s+|aged?\s+|is\s+|are\s+)*)"
)
_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = [
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_IN_WORDS = {word: float(n) for n, word in enumerate([*_ONES, *_TEENS], start=1)}
_IN_WORDS |= {word: 10.0 * n for n, word in enumerate(_TENS, start=2)}
_ONE = rf"(?:{'|'.join(_ONES)})\b"
_WORDS = rf"(?:{'|'.join(_TENS)})(?:[\s-]{_ONE}|(?![\s-]{_ONE})\b)|(?:{'|'.join(_TEENS)})\b|{_ONE}"
_N = rf"(?P<n>(?<![\d.,])\d{{1,3}}(?:\.\d{{1,4}})?|{_WORDS})"
_M = rf"(?P<m>\d{{1,3}}(?:\.\d{{1,4}})?|{_WORDS})"
_DECADES = {f"{word.removesuffix('y')}ies": 10.0 * n for n, word in enumerate(_TENS, start=2)}
_UNIT = (
    r"(?:[\s-]*(?P<unit>years?|yrs?|y(?=\b|/|o\b)|months?|mos?\b|weeks?|wks?|days?)(?:\b|(?=o\b))"
    r"(?:[\s-]*(?:olds?\b|of\s+age\b|/?o\b))?)"
)
_EXACT_UNIT = (
    r"(?:[\s-]*(?P<unit>years?|yrs?|yr|y|months?|mos?|weeks?|wks?|days?)"
    r"(?P<old>[\s-]*olds?\b|\s+of\s+age\b|[\s./]*o\b))"
)
_TO = r"\s*(?:-|\u2013|to|and|through)\s*"
_LIMIT = r"(?!\d|[.,]\d|\s*(?:%|/))\b"
_NO_NUMBER = r"(?!\s*(?:than\s*)?\d)"
_ENDS = r"(?P<ends>\s*(?=$|[,;.?!)]|\s(?:with|without|and|who|having|or|in|on)\b))"
_THE_AGE = r"(?:\s+the\s+age\s+of)?"
_OLDER = (
    rf"(?:(?P<older>older\s+than)|over{_THE_AGE}|above{_THE_AGE}|more\s+than|greater\s+than|past|>)"
)
_YOUNGER = rf"(?:(?P<younger>younger\s+than)|under{_THE_AGE}|below{_THE_AGE}|less\s+than|<)"
_NOT_OLDER = (
    rf"\b(?:no|not)\s+(?:(?P<younger>older\s+than)|over{_THE_AGE}|above{_THE_AGE}|more\s+than|past)"
)
_NOT_YOUNGER = (
    rf"\b(?:no|not)\s+(?:(?P<older>younger\s+than)|under{_THE_AGE}|below{_THE_AGE}|less\s+than)"
)

_Reader = Callable[[re.Match[str]], Bounds | None]


def _forms() -> Iterator[tuple[re.Pattern[str], _Reader]]:
    written: tuple[tuple[str, _Reader], ...] = (
        (rf"{_AGED}?(?:between\s+|from\s+)?\b{_N}{_TO}{_M}{_LIMIT}{_UNIT}?", _between),
        (rf"{_AGED}?{_NOT_OLDER}\s*{_N}{_LIMIT}(?:{_UNIT}|{_ENDS})?", _at_most),
        (rf"{_AGED}?{_NOT_YOUNGER}\s*{_N}{_LIMIT}(?:{_UNIT}|{_ENDS})?", _at_least),
        (rf"{_AGED}?\b(?:over|above)[\s-]+{_N}(?P<older>s)\b", _over),
        (rf"{_AGED}?\b(?:under|below)[\s-]+{_N}(?P<younger>s)\b", _under),
        (
            r"\bin\s+(?:(?:his|her|their|the)\s+)?(?:(?P<part>early|mid|late)[\s-]*)?"
            rf"(?P<n>[1-9]0(?=['\u2019]?s\b)|(?:{'|'.join(_DECADES)})\b)(?:['\u2019]?s\b)?",
            _decade,
        ),
        (rf"{_AGED}?(?:\bat\s+least|>=|\u2265)\s*{_N}{_LIMIT}{_UNIT}?", _at_least),
        (rf"{_AGED}?(?:\bat\s+most|\bup\s+to|<=|\u2264)\s*{_N}{_LIMIT}{_UNIT}?", _at_most),
        (
            rf"{_AGED}?\b{_N}{_UNIT}?\s*(?:and|or)\s+(?:(?P<older>older|over)|above|more)\b{_NO_NUMBER}",
            _at_least,
        ),
        (
            rf"{_AGED}?\b{_N}{_UNIT}?\s*(?:and|or)\s+(?:(?P<younger>younger|under)|below|less)\b{_NO_NUMBER}",
            _at_most,
        ),
        (rf"{_AGED}\b{_N}\+", _at_least),
        (rf"{_AGED}?(?:\b|(?=>)){_OLDER}\s*{_N}{_LIMIT}(?:{_UNIT}|{_ENDS})?", _over),
        (rf"{_AGED}?(?:\b|(?=<)){_YOUNGER}\s*{_N}{_LIMIT}(?:{_UNIT}|{_ENDS})?", _under),
        (rf"\b{_N}{_EXACT_UNIT}(?:[\s,-]*\b(?P<sex>(?-i:[MF]))\b)?", _exactly),
        (rf"\b(?P<aged>aged?)\s*:?\s+{_N}{_LIMIT}{_UNIT}?", _exactly),
        (rf"\b(?P<aged>wom[ae]n|m[ae]n|lady|gentleman)\s+of\s+{_N}{_LIMIT}{_UNIT}?", _exactly),
    )
    for pattern, reader in written:
        yield re.compile(pattern, re.IGNORECASE), reader
    yield (
        re.compile(r"(?<![\d.,])\b(?P<n>\d{1,3})\s*[-\u2013]\s*(?P<m>\d{1,3})\s?(?P<sex>[MF])\b"),
        _between,
    )
    yield re.compile(r"(?<![\d.,])\b(?P<n>\d{1,3})[\s-]?(?P<sex>[MF])\b"), _exactly


_FORMS = tuple(_forms())
