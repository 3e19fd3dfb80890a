"""Strings of records as harmless text: no control characters, no direction tricks, no novels."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence

LONGEST = 160
"""Characters of one stored string that a sentence shows; records keep all of it."""

_DIGITS = 6

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def plain(text: str, longest: int = LONGEST) -> str:
    """Make a stored string safe to print on one line of a terminal or page.

    Control characters (terminal escapes among them), invisible format characters
    (direction overrides among them) and line breaks become spaces, runs of spaces become
    one, and what is longer than `longest` characters is cut with an ellipsis.

    Parameters
    ----------
    text : str
    longest : int
        At least 1.

    Returns
    -------
    str
    """
    if not text.isprintable():  # nearly all are, and looking at each character takes long
        text = "".join(" " if unicodedata.category(c) in _HIDDEN else c for c in text)
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def number(value: float) -> str:
    """Print a stored number as it is written, but for digits that no measurement has.

    Sources that compute their values write some fifteen digits; of a fraction six are kept,
    and at least two behind the point. The citation of a sentence holds the number whole.

    >>> number(12.1), number(12.0), number(7.963783251151832), number(1234567.0)
    ('12.1', '12.0', '7.96378', '1234567.0')
    """
    if not value or not math.isfinite(value):
        return repr(float(value))
    before = math.floor(math.log10(abs(value))) + 1
    return repr(round(float(value), max(_DIGITS - before, 2)))


def age_words(age: float) -> str:
    """Print an age as people say it: completed years, or months below two years.

    >>> age_words(45.09), age_words(0.5)
    ('45 years', '6 months')
    """
    return f"{int(age)} years" if age >= 2 else f"{int(age * 12)} months"


def enumerated(words: list[str], last: str = "and") -> str:
    """Join words as prose does.

    >>> enumerated(["a", "b", "c"])
    'a, b and c'
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def counted_records(records: Sequence[str], most: int = 4) -> str:
    """Name records, of many only the first ones and how many more there are.

    >>> counted_records(["film:a", "film:b", "film:c"], most=2)
    'film:a, film:b and 1 more'
    """
    named = ", ".join(plain(record) for record in records[:most])
    more = len(records) - most
    return f"{named} and {more} more" if more > 0 else named
