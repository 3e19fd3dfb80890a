"""When samples were taken: "in 2020", "since 2019-03-01", "before 2015", "2015 to 2018"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from mmrag.clinical.question import PeriodTerm

__all__ = ["PeriodMention", "find_period"]


@dataclass(frozen=True, slots=True)
class PeriodMention:
    """A period and its place in the text, end excluded."""

    term: PeriodTerm
    start: int
    end: int


def _moment(name: str) -> str:
    return rf"(?P<{name}>(?:19|20)\d\d(?:-\d\d-\d\d)?)(?![\w.,%/-]*\d)"


_PATTERN = re.compile(
    rf"\b(?:(?P<between>between|from)\s+{_moment('first')}\s*(?:and|to|until|-)\s*{_moment('last')}"
    rf"|(?P<word>in|during|on|since|from|after|before|until|till|up\s+to)\s+(?:the\s+year\s+)?"
    rf"{_moment('only')})",
    re.IGNORECASE,
)
_A_DAY = timedelta(days=1)


def find_period(text: str) -> PeriodMention | None:
    """Find the first period that a text names.

    Parameters
    ----------
    text : str

    Returns
    -------
    PeriodMention or None
        Years and ISO dates alone are read; a day that no calendar has is not. "Since" and
        "until" take the named year or day in, "after" and "before" leave it out.
    """
    for match in _PATTERN.finditer(text):
        try:
            since, until = _days(match)
        except (ValueError, OverflowError):
            continue
        if since is None or until is None or since <= until:
            term = PeriodTerm(since=since, until=until, written=match.group())
            return PeriodMention(term, match.start(), match.end())
    return None


def _days(match: re.Match[str]) -> tuple[date | None, date | None]:
    if match["between"]:
        return _span(match["first"])[0], _span(match["last"])[1]
    first, last = _span(match["only"])
    word = match["word"].lower()
    if word in {"in", "during", "on"}:
        return first, last
    if word in {"since", "from"}:
        return first, None
    if word == "after":
        return last + _A_DAY, None
    return None, (first - _A_DAY if word == "before" else last)


def _span(written: str) -> tuple[date, date]:
    if len(written) == 4:
        return date(int(written), 1, 1), date(int(written), 12, 31)
    day = date.fromisoformat(written)
    return day, day
