"""What a question must not ask, each said in one line with the mend.

A number that is compared with nothing, a sort, a result that cannot be in its unit: leaving
such words to the text encoder would answer another question than the one asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

from mmrag.clinical.analytes import analyte
from mmrag.clinical.lab_terms import LabMention
from mmrag.clinical.lab_units import interval_of
from mmrag.clinical.question import LabTerm
from mmrag.errors import QueryError, UnknownUnit


class Placed(Protocol):
    """Something read from a stretch of the text, end excluded."""

    @property
    def start(self) -> int:
        """First character."""
        ...

    @property
    def end(self) -> int:
        """Character after the last."""
        ...


def refuse_unknown_units(terms: Iterable[LabTerm]) -> None:
    """Refuse "haemoglobin above 12 mmHg".

    Raises
    ------
    QueryError
    """
    for term in terms:
        try:
            interval_of(term)
        except UnknownUnit as error:
            known = analyte(term.keys[0])
            raise QueryError(
                f"{term.written or term.name!r}: {term.name} cannot be in {term.unit}: ask in "
                f"{' or '.join(dict.fromkeys((known.unit, *known.units)))}"
            ) from error


_EXTREME = re.compile(
    r"\b(?P<word>(?P<high>highest|maximum|maximal|max|peak|greatest|largest|top)|lowest|minimum|"
    r"minimal|min|nadir|smallest|worst|best|extreme)\s+(?:\d+\s+)?(?:(?:the|of|in|recorded|measured|"
    r"ever|serum|blood|plasma|latest|last)\s+)*$",
    re.IGNORECASE,
)
_SORTED = re.compile(
    r"\b(?:sort(?:ed|ing)?|order(?:ed|ing)?|rank(?:ed|ing)?)\s+by\b[^,;.]*", re.IGNORECASE
)


def refuse_sorting(text: str, labs: Iterable[LabMention]) -> None:
    """Refuse "highest WBC": results are chosen by a condition, never sorted by their value.

    Raises
    ------
    QueryError
    """
    for mention in labs:
        if extreme := _EXTREME.search(text, 0, mention.start):
            flag = "high" if extreme["high"] else "low"
            words = text[extreme.start() : mention.end]
            name = mention.term.name
            raise QueryError(
                f"{words!r}: results are not sorted by value: ask for a condition, e.g. "
                f'"{flag} {name}" or "{name} {"above" if flag == "high" else "below"}" a number'
            )
    if by := _SORTED.search(text):
        raise QueryError(
            f"{by.group().strip()!r}: nothing is sorted by a value: ask for a condition, "
            'e.g. "high WBC"'
        )


_PLUS = re.compile(r"(?:^|\s)\+\s?(?!ve\b)[^\W\d_]")
_MINUS = re.compile(r"(?:^|\s)(?P<written>[-\u2212\u2013]\s?(?!ve\b)[^\W\d_]+)")


def refuse_signs(text: str) -> None:
    """Refuse "+effusion -pneumothorax": a dash parts words too often to be read as a denial.

    Raises
    ------
    QueryError
    """
    minus = _MINUS.search(text)
    if minus and _PLUS.search(text):
        raise QueryError(
            f"{minus['written']!r}: signs beside a plus are not read: write "
            f'"with" and "without" in their place'
        )


_COMPARED = re.compile(
    r"[^\w,;.\ufffc]+(?:[^\W\d]+\s+){0,3}?(?:[<>≤≥=]|\b(?:above|below|over|under|least|most|than|"
    r"exceed\w*|beyond|between|within|outside|to|or|max(?:imum)?|min(?:imum)?)\b)\s*\d+(?:[.,]\d+)?(?!\s*(?:mm|cm)\b)"
    r"|[^\w,;.\ufffc]+(?:[^\W\d]+\s+){0,2}?(?:twice|double|half|\d+\s*(?:x|times))\s+(?:the\s+)?"
    r"(?:upper|lower|normal)",
    re.IGNORECASE,
)
_ALONE = re.compile(
    r"(?:[^\W\d_\ufffc][\w'\u2019-]*[ :]+){0,3}(?:[<>≤≥]=?|\b(?:above|below|over|under|"
    r"at\s+least|at\s+most|(?:more|less|greater|higher|lower|fewer)\s+than|exceeding))\s*\d+(?:[.,]\d+)?\s*%?"
    r"(?![\d.,]*\s*-?\s*(?:mm|cm|in(?:ch(?:es)?)?|hours?|days?|weeks?|months?|years?|films?|images?|"
    r"times)\b)(?![\d.,]*\d)",
    re.IGNORECASE,
)


def refuse_unread_numbers(text: str, left: str, named: Iterable[Placed]) -> None:
    """Refuse a comparison that nothing reads rather than answer as if it were not there.

    Parameters
    ----------
    text : str
    left : str
        The text with everything that is read of it covered.
    named : iterable of places
        Results that the question names without comparing them: "WBC outside 4 to 11".

    Raises
    ------
    QueryError
    """
    for place in named:
        if unread := _COMPARED.match(left, place.end):
            words = text[place.start : unread.end()]
            raise QueryError(
                f"{words!r} is not understood: compare with above, below, at least, at most or "
                'between, e.g. "WBC above 12"'
            )
    if alone := _ALONE.search(left):
        raise QueryError(
            f"{alone.group().strip()!r} is not understood: what is compared is no known result, "
            "age or date; leave it out or name a laboratory result"
        )
