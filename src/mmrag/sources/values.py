"""Numbers, times and texts as sources write them: read strictly, or not at all.

A value that cannot be read comes back as None, never as a neighbouring value: ``12,1`` is
not 12.1, ``<5`` is not 5, and ``1e-999`` is not 0.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from functools import lru_cache

EARLIEST_YEAR, LATEST_YEAR = 1850, 2299
"""Years outside are placeholders (0001, 1800, 9999), not times of a sample. The upper bound
leaves room for de-identified sets, which shift their dates into the 22nd century."""

LARGEST_NUMBER = 1e15
"""No measurement is larger, and beyond 2**53 a float no longer holds every whole number."""

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ]"
    r"(?P<clock>[0-9]{2}:[0-9]{2}(:[0-9]{2})?)(?P<fraction>\.[0-9]+)?"
    r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def finite_number(text: str) -> float | None:
    """Read a decimal number strictly.

    Parameters
    ----------
    text : str
        ASCII digits with an optional sign, point and exponent; blanks around are ignored.

    Returns
    -------
    float or None
        None for anything else: a decimal comma, a comparator, NaN, infinity, a number of
        10**15 and more, a number so small that a float would make it 0. Never -0.0.
    """
    written = text.strip()
    if len(written) > 400 or not _NUMBER.fullmatch(written):
        return None
    number = float(written)
    if abs(number) >= LARGEST_NUMBER:
        return None
    if number == 0.0:
        mantissa = re.split("[eE]", written)[0]
        return None if re.search("[1-9]", mantissa) else 0.0
    return number


@lru_cache(maxsize=4096)
def instant(text: str) -> datetime | None:
    """Read an ISO 8601 time.

    Parameters
    ----------
    text : str
        Date and time with ``Z``, an offset or neither, or a date alone.

    Returns
    -------
    datetime.datetime or None
        Timezone aware, UTC. A time without a zone is taken as UTC and a date as its first
        moment in UTC. None for anything else and for years outside 1850 to 2299.
    """
    written = text.strip()
    if _DAY.fullmatch(written):
        on = day(written)
        return None if on is None else datetime.combine(on, time(), UTC)
    parts = _INSTANT.fullmatch(written)
    if parts is None:
        return None
    fraction = (parts["fraction"] or "")[:7]
    try:
        moment = datetime.fromisoformat(
            f"{parts['day']}T{parts['clock']}{fraction}{parts['zone'] or ''}"
        )
    except ValueError:
        return None
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@lru_cache(maxsize=4096)
def day(text: str) -> date | None:
    """Read the calendar day of an ISO 8601 date or time, as its own place counts days.

    Parameters
    ----------
    text : str

    Returns
    -------
    datetime.date or None
        None for anything else and for years outside 1850 to 2299.
    """
    written = text.strip()
    parts = _INSTANT.fullmatch(written)
    if parts is not None and instant(written) is None:
        return None
    written = parts["day"] if parts else written
    if not _DAY.fullmatch(written):
        return None
    try:
        on = date.fromisoformat(written)
    except ValueError:
        return None
    return on if EARLIEST_YEAR <= on.year <= LATEST_YEAR else None


def storable(text: str) -> bool:
    """Tell whether a database can keep a text: no NUL, no undecoded bytes.

    Parameters
    ----------
    text : str
        Decoded with ``errors="surrogateescape"``, so that bytes outside UTF-8 show as lone
        surrogates.
    """
    return (text.isascii() and "\x00" not in text) or not _UNSTORABLE.search(text)
