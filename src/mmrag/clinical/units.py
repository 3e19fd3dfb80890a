"""Units as people and machines write them, read to UCUM codes.

A unit that the table does not hold raises `mmrag.errors.UnknownUnit`. Nothing is guessed:
neither a missing unit, nor a letter's case where it changes the meaning (``g/L`` is grams,
``G/L`` thousand million cells).
"""

from __future__ import annotations

import re
from functools import lru_cache

from mmrag.clinical.conversion import codes
from mmrag.errors import UnknownUnit

__all__ = ["parse_unit"]

_CASE_MATTERS = {
    "G/L": "10*9/L",
    "T/L": "10*12/L",
    "M/uL": "10*6/uL",
    "M/mm3": "10*6/uL",
    "C": "Cel",
    "F": "[degF]",
}
"""Spellings whose lower-case form means something else or nothing."""

_ALIASES = {
    "Cel": "degc °c ºc celsius degreescelsius",
    "[degF]": "degf °f ºf fahrenheit degreesfahrenheit",
    "mm[Hg]": "mmhg",
    "%": "percent percentage percentile",
    "1": "fraction ratio l/l",
    "[pH]": "ph",
    "fL": "femtoliter femtolitre",
    "um3": "cuum",
    "U/L": "iu/l [iu]/l",
    "U/mL": "iu/ml [iu]/ml",
    "kU/L": "k[iu]/l kiu/l",
    "mU/L": "m[iu]/l miu/l",
    "uU/mL": "u[iu]/ml uiu/ml",
    "/min": "bpm beats/min beats/minute breaths/min breaths/minute 1/min",
    "s": "sec secs second seconds",
    "mm/h": "mm/hr mm/1h mm/hour",
    "mosm/kg": "mosmol/kg mosm/kg[h2o] mosm/kgh2o",
    "kg/m2": "kg/m^2 kg/sqm",
    "mL/min": "ml/min/1.73m2 ml/min/1.73m^2 ml/min/1.73sqm ml/min/[1.73_m2]",
    "[lb_av]": "lb lbs",
    "[in_i]": "in inch inches",
    "ug/L": "mcg/l",
    "g/dL": "g% gm/dl gms/dl",
    "g/L": "gm/l",
    "mg/dL": "mg%",
}
"""Spellings of a code, in lower case and without spaces."""

_FOLDED = {code.lower(): code for code in codes()} | {
    spelling: code for code, spellings in _ALIASES.items() for spelling in spellings.split()
}

_COUNT = re.compile(
    r"""^(?:[x*]?10(?:\*\*|[*^e])?\(?(?P<power>3|6|9|12)\)?   # 10*3, x10^9, 10(9), x109
          |(?P<word>k|thou|thous|thousand|thousands|mill|million|millions|billion)
          |cells?
          |1
          |)
         /(?P<volume>ul|mm3|mm\^3|cumm|cmm|ml|dl|l)$""",
    re.VERBOSE,
)
_WORDS = {
    "k": 3,
    "thou": 3,
    "thous": 3,
    "thousand": 3,
    "thousands": 3,
    "mill": 6,
    "million": 6,
    "millions": 6,
    "billion": 9,
}
_VOLUMES = {"ul": "uL", "ml": "mL", "l": "L", "mm3": "uL", "mm^3": "uL", "cumm": "uL", "cmm": "uL"}
_TYPOGRAPHY = str.maketrans("µμ\N{MULTIPLICATION SIGN}⁰¹²³⁶⁹·⋅", "uux012369..")
_ANNOTATION = re.compile(r"\{[^}]*\}|\s+FEU\b|\bFEU(?=/)")
_MICRO = re.compile(r"\bmc(?=(?:g|l|mol)\b)")


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> str:
    """Read a unit, as people and machines write it, to its UCUM code.

    UCUM annotations in braces carry no meaning of their own and are dropped: ``ug{FEU}/mL``
    is ``ug/mL``, ``{INR}`` is ``1``, ``mL/min/{1.73_m2}`` is ``mL/min``; what was measured
    is said by the LOINC code.

    Raises
    ------
    UnknownUnit
        When the table does not hold it, or it is empty.
    """
    if (code := _lookup(text)) is None:
        raise UnknownUnit(
            f"unit {text!r} is not in the table of units: write it in UCUM, e.g. 10*3/uL or g/dL"
        )
    return code


def _lookup(text: str) -> str | None:
    plain = text.translate(_TYPOGRAPHY).strip()
    bare = _ANNOTATION.sub("", plain).strip()
    if plain and bare in {"", "/"}:
        return "1" if bare == "" else None
    bare = re.sub(r"\s*\bper\b\s*", "/", bare)
    bare = re.sub(r"\s+", "", bare).rstrip("/.")
    if bare in codes():
        return bare
    if bare in _CASE_MATTERS:
        return _CASE_MATTERS[bare]
    folded = _spelled_out(_MICRO.sub("u", bare.lower()))
    return _FOLDED.get(folded) or _count(folded)


def _spelled_out(folded: str) -> str:
    """``microlitre`` to ``ul`` and the like."""
    folded = re.sub(r"lit(?:er|re)s?\b", "l", folded)
    folded = re.sub(r"(?<=\b)(?:micro)(?=[lg]|mol)", "u", folded)
    folded = re.sub(r"(?<=\b)(?:milli)(?=[lg]|mol)", "m", folded)
    folded = re.sub(r"(?<=\b)(?:deci)(?=l\b)", "d", folded)
    return re.sub(r"\b([munp]?)grams?\b", r"\1g", folded)


def _count(folded: str) -> str | None:
    match = _COUNT.match(folded)
    if match is None or match["volume"] not in _VOLUMES:
        return None
    power = int(match["power"]) if match["power"] else _WORDS.get(match["word"] or "", 0)
    volume = _VOLUMES[match["volume"]]
    code = f"10*{power}/{volume}" if power else f"/{volume}"
    return code if code in codes() else None
