"""The cells of the covid-chestxray-dataset's table; what its words mean is in ``covid.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from mmrag.sources.nih_cells import shown
from mmrag.sources.values import day, finite_number, storable

UNIT = "10*9/L"
"""Unit of every count in the table."""

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_WRITTEN_DATE = re.compile(r"([A-Z][a-z]+) (\d{1,2}), (\d{4})", re.ASCII)
_YEAR_ALONE = re.compile(r"\d{4}(\.0)?", re.ASCII)
_LONGEST_COURSE_DAYS = 36_525.0


@dataclass(frozen=True, slots=True)
class Count:
    """One column of counts.

    Attributes
    ----------
    loinc : str
    name : str
        LOINC's name of it.
    """

    loinc: str
    name: str


@dataclass(frozen=True, slots=True)
class Words:
    """What ``covid.toml`` says.

    Attributes
    ----------
    pneumonia, outside : frozenset of str
        Words of the column ``finding`` in lower case: those that mean pneumonia, and those
        that are none of the fourteen findings.
    none : str
        The word for a film without a finding.
    views : mapping of str to str
        Projection by the words for it, in lower case.
    counts : mapping of str to Count
        By column.
    """

    pneumonia: frozenset[str]
    outside: frozenset[str]
    none: str
    views: Mapping[str, str]
    counts: Mapping[str, Count]


@cache
def words() -> Words:
    """Read the table of words once."""
    file = resources.files("mmrag.sources") / "covid.toml"
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    findings = content["findings"]
    return Words(
        pneumonia=frozenset(word.lower() for word in findings["pneumonia"]),
        outside=frozenset(word.lower() for word in findings["outside"]),
        none=findings["none"].lower(),
        views={words.lower(): view for words, view in content["views"].items()},
        counts={
            column: Count(count["loinc"], count["name"])
            for column, count in content["counts"].items()
        },
    )


def parse_finding(text: str) -> tuple[tuple[str, ...] | None, list[str]]:
    """Read the column ``finding``, a path or a list of words.

    Parameters
    ----------
    text : str
        E.g. ``Pneumonia/Viral/COVID-19`` or ``COVID-19, ARDS``.

    Returns
    -------
    findings : tuple of str or None
        ``("Pneumonia",)``; ``()`` for "No Finding"; None where nothing of the fourteen is
        named, as with tuberculosis alone: such a film is unlabelled.
    complaints : list of str
        One line for each word that is not known.
    """
    known = words()
    named = [word.strip() for word in re.split("[,/]", text) if word.strip()]
    every = known.pneumonia | known.outside | {known.none}
    complaints = [
        f"finding {shown(word)} is not known and was not read: use the words of the dataset"
        for word in named
        if word.lower() not in every
    ]
    if any(word.lower() in known.pneumonia for word in named):
        return ("Pneumonia",), complaints
    is_clear = bool(named) and all(word.lower() == known.none for word in named)
    return (() if is_clear else None), complaints


def parse_projection(text: str) -> str | None:
    """Read the column ``view``; None for an empty cell.

    Raises
    ------
    ValueError
        When it is no projection of a radiograph.
    """
    if not text:
        return None
    try:
        return words().views[text.lower()]
    except KeyError:
        raise ValueError(f"view {shown(text)} is none of PA, AP and L: left unknown") from None


def parse_date(text: str) -> date | None:
    """Read the column ``date``; None where it holds no calendar day, a year alone included.

    Raises
    ------
    ValueError
        When it is written in a way that does not say which number is the day.
    """
    if not text or _YEAR_ALONE.fullmatch(text):
        return None
    written = _WRITTEN_DATE.fullmatch(text)
    try:
        if written and written[1] in _MONTHS:
            return date(int(written[3]), _MONTHS.index(written[1]) + 1, int(written[2]))
        if (found := day(text)) is not None:
            return found
    except ValueError:
        pass
    raise ValueError(f"date {shown(text)} is not a certain day: write it as 2020-03-31")


def parse_offset(text: str) -> float | None:
    """Read the column ``offset``, days from first symptoms or admission; None when empty.

    Raises
    ------
    ValueError
        When it is no number of days.
    """
    if not text:
        return None
    number = finite_number(text)
    if number is None or abs(number) > _LONGEST_COURSE_DAYS:
        raise ValueError(f"offset {shown(text)} is no number of days: left unknown")
    return number


def parse_note(text: str) -> str | None:
    """Read the column ``clinical_notes``; None when empty.

    Raises
    ------
    ValueError
        When it holds bytes that are no text; the row is good without it.
    """
    if not storable(text):
        raise ValueError("clinical_notes holds bytes that are no UTF-8 text: note left out")
    return text or None


def parse_cells(text: str) -> float | None:
    """Read a count of cells, in `UNIT`; None for an empty cell.

    Raises
    ------
    ValueError
        When it is no number, or a negative one.
    """
    if not text:
        return None
    number = finite_number(text)
    if number is None or number < 0:
        raise ValueError(f"{shown(text)} is no count: left out")
    return number
