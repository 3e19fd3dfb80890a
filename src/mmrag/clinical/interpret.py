"""One result as read from a source, turned into an observation with its flag.

Order of trust: the record's own interpretation, the record's own range, the cited table.
"""

from __future__ import annotations

import math

from mmrag.clinical.analytes import Analyte, analyte_of, analytes, canonical
from mmrag.clinical.ranges import certain_bound, range_in_unit, reference_range
from mmrag.errors import UnknownUnit
from mmrag.records import Flag, Observation, ReferenceRange, Sex

__all__ = [
    "RECORD_INTERPRETATION",
    "RECORD_RANGE",
    "interpret",
    "is_implausible",
    "sign_problem",
    "unit_problem",
]

RECORD_INTERPRETATION = "record's interpretation"
RECORD_RANGE = "record's reference range"
_FARTHEST = 1e6


def interpret(
    loinc: str,
    name: str,
    value: float | None,
    text: str | None,
    unit: str | None,
    category: str | None,
    age: float | None,
    sex: Sex | None,
    own_range: ReferenceRange | None = None,
    own_flag: Flag | None = None,
) -> Observation:
    """Make an observation with its analyte, canonical value, range, flag and deviation.

    A value that is not a finite number is not kept as a number; it becomes the text when there
    is none. Negative zero becomes zero. A known code in a unit that the table cannot convert
    keeps value and unit as written, without canonical value and without a flag of our table
    (`unit_problem` says why); the record's own range and interpretation still count. A negative
    number of what cannot be negative stays as written, too, but only the record's
    interpretation flags it (`sign_problem`). Flags of our table are decided on the canonical
    value, so they do not depend on the unit it was written in. Where age or sex is unknown and
    the ranges differ by it, a value outside all of them is flagged (`certain_bound`), any other
    is not. Values on a bound are normal, on a critical limit critical.

    A value outside its range and outside what a living patient may have
    (``Analyte.plausible``) keeps its flag but has no deviation: most likely its unit is wrong
    in the source, and it must not rank before values that can be believed.

    Parameters
    ----------
    loinc, name, unit, category : str or None
        As written.
    value : float or None
    text : str or None
        The result when it is not a number.
    age : float or None
        In years on the day of the sample.
    sex : {"F", "M"} or None
    own_range : ReferenceRange, optional
        The record's range, in the unit as written. One without bounds, or upside down, is
        ignored.
    own_flag : {"LL", "L", "N", "H", "HH"}, optional
        The record's interpretation.

    Returns
    -------
    Observation
        ``flag_source`` is `RECORD_INTERPRETATION`, `RECORD_RANGE` or the table's citation.
    """
    number, words = _number_and_text(value, text)
    known = analyte_of(loinc)
    in_canonical = _canonical_or_none(known, number, unit)
    trusted = own_range if own_range is not None and _is_usable(own_range) else None
    impossible = known is not None and _is_below_none(known, in_canonical)
    if impossible:
        in_canonical = None
    reference, flag, flag_source, deviation = trusted, own_flag, None, None

    if number is not None and trusted is not None and not impossible:
        deviation = deviation_from(number, trusted)
        flag, flag_source = flag_for(number, trusted), RECORD_RANGE
    if own_flag is not None:
        flag, flag_source = own_flag, RECORD_INTERPRETATION
    elif trusted is None and known is not None and in_canonical is not None:
        cited = _cited_range(known, in_canonical, age, sex, loinc)
        if cited is not None:
            reference = range_in_unit(known.key, cited, unit)
            deviation = deviation_from(in_canonical, cited)
            flag, flag_source = flag_for(in_canonical, cited), cited.source

    if deviation and known and in_canonical is not None and not _is_plausible(known, in_canonical):
        deviation = None

    return Observation(
        loinc=loinc,
        name=name,
        value=number,
        text=words,
        unit=unit,
        category=category,
        analyte=known.key if known else None,
        canonical_value=in_canonical,
        reference=reference,
        flag=flag,
        flag_source=flag_source,
        deviation=deviation,
    )


def is_implausible(observation: Observation) -> bool:
    """Whether a result is one that no living patient has.

    Parameters
    ----------
    observation : Observation

    Returns
    -------
    bool
        True for a canonical value outside ``Analyte.plausible`` that is not flagged normal.
    """
    known = analytes().get(observation.analyte or "")
    value = observation.canonical_value
    if known is None or value is None or observation.flag == "N":
        return False
    return not _is_plausible(known, value)


def unit_problem(loinc: str, unit: str | None) -> str | None:
    """Say why a number of this code and unit has no canonical value; None when it has.

    Codes that the table does not know have no problem: their numbers stay as written.
    """
    known = analyte_of(loinc)
    if known is None:
        return None
    try:
        canonical(known.key, 1.0, unit)
    except UnknownUnit as problem:
        return str(problem)
    return None


def sign_problem(loinc: str, value: float, unit: str | None) -> str | None:
    """Say that a number is negative where nothing can be less than none; None otherwise.

    A temperature in degrees Fahrenheit is judged in its analyte's own unit, as any other.
    """
    known = analyte_of(loinc)
    if known is None or not _is_below_none(known, _canonical_or_none(known, value, unit)):
        return None
    return f"{known.name} of {value:g} cannot be, and answers no question: correct the value"


def _is_below_none(known: Analyte, in_canonical: float | None) -> bool:
    """Whether less than nothing was measured, of what no living patient has less of."""
    return in_canonical is not None and in_canonical < 0 <= known.plausible[0]


def flag_for(value: float, bounds: ReferenceRange) -> Flag:
    """Flag a finite value within a range of the same unit."""
    if bounds.critical_low is not None and value <= bounds.critical_low:
        return "LL"
    if bounds.critical_high is not None and value >= bounds.critical_high:
        return "HH"
    if bounds.low is not None and value < bounds.low:
        return "L"
    if bounds.high is not None and value > bounds.high:
        return "H"
    return "N"


def deviation_from(value: float, bounds: ReferenceRange) -> float:
    """Measure the signed distance beyond the nearer bound, in widths of the range.

    A range that is open on one side, or has no width, is measured by the size of the bound
    instead, and a bound of zero by one unit. Beyond a million widths it is a million.
    """
    low, high = bounds.low, bounds.high
    if low is not None and value < low:
        return max((value - low) / _scale(low, high, bound=low), -_FARTHEST)
    if high is not None and value > high:
        return min((value - high) / _scale(low, high, bound=high), _FARTHEST)
    return 0.0


def _scale(low: float | None, high: float | None, bound: float) -> float:
    if low is not None and high is not None and high > low:
        return high - low
    return abs(bound) or 1.0


def _cited_range(
    known: Analyte, in_canonical: float, age: float | None, sex: Sex | None, loinc: str
) -> ReferenceRange | None:
    """Find the range in the table or, for somebody of unknown age or sex, a certain bound."""
    cited = reference_range(known.key, age, sex, loinc)
    if cited is not None or None not in (age, sex):
        return cited
    return certain_bound(known.key, in_canonical, age, sex, loinc)


def _number_and_text(value: float | None, text: str | None) -> tuple[float | None, str | None]:
    if value is None or math.isfinite(value):
        return (None if value is None else value + 0.0), text
    return None, text if text is not None else str(value)


def _canonical_or_none(
    known: Analyte | None, number: float | None, unit: str | None
) -> float | None:
    if known is None or number is None:
        return None
    try:
        return canonical(known.key, number, unit)
    except (UnknownUnit, OverflowError):
        return None


def _is_plausible(known: Analyte, in_canonical: float) -> bool:
    low, high = known.plausible
    return low <= in_canonical <= high


def _is_usable(bounds: ReferenceRange) -> bool:
    sides = (bounds.low, bounds.high)
    if any(side is not None and not math.isfinite(side) for side in sides):
        return False
    if bounds.low is not None and bounds.high is not None:
        return bounds.low <= bounds.high
    return sides != (None, None)
