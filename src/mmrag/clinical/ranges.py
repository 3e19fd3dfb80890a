"""Which reference range applies to whom."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import date

from mmrag.clinical.analytes import Limits, analyte, line_to_canonical, sources
from mmrag.records import ReferenceRange, Sex

__all__ = ["age_in_years", "certain_bound", "range_in_unit", "reference_range"]


def reference_range(
    analyte_key: str, age_years: float | None, sex: Sex | None, loinc: str | None = None
) -> ReferenceRange | None:
    """Find the cited range for a person, in the analyte's canonical unit.

    Where the table separates the sexes, an unknown sex has no range; where it separates
    ages, an unknown age has none. An age outside every row has none: an adult range is
    never lent to a child. Critical limits are looked up by the same rule and are left open
    where none applies; a person with critical limits alone has no range.

    Parameters
    ----------
    analyte_key : str
        Key of ``analytes.toml``; an unknown key has no range.
    age_years : float or None
        Age on the day of the sample.
    sex : {"F", "M"} or None
    loinc : str, optional
        The test, for analytes whose range depends on the method (troponin).

    Returns
    -------
    ReferenceRange or None
        ``source`` names the range's source and, where they apply, the critical limits'.
    """
    try:
        known = analyte(analyte_key)
    except KeyError:
        return None
    limits = _applicable(known.ranges, age_years, sex, loinc)
    if limits is None:
        return None
    critical = _applicable(known.critical, age_years, sex, loinc)
    return ReferenceRange(
        low=limits.low,
        high=limits.high,
        source=_cite(limits, critical),
        critical_low=critical.low if critical else None,
        critical_high=critical.high if critical else None,
    )


def certain_bound(
    analyte_key: str,
    value: float,
    age_years: float | None,
    sex: Sex | None,
    loinc: str | None = None,
) -> ReferenceRange | None:
    """Find the bound that a value is beyond whoever a person of unknown age or sex is.

    A value below the lower bounds of everyone that the person could be is low, one above all
    their upper bounds is high; of any other nothing is certain. So it is where somebody the
    person could be has no range in the table.

    Parameters
    ----------
    analyte_key : str
        Key of ``analytes.toml``.
    value : float
        In the analyte's canonical unit.
    age_years : float or None
    sex : {"F", "M"} or None
    loinc : str, optional

    Returns
    -------
    ReferenceRange or None
        Open on the other side, without critical limits.
    """
    rows: dict[Limits, None] = {}
    sexes: tuple[Sex, ...] = ("F", "M") if sex is None else (sex,)
    for one in sexes:
        found = _possible(analyte(analyte_key).ranges, age_years, one, loinc)
        if found is None:
            return None
        rows |= dict.fromkeys(found)
    cited = "; ".join(dict.fromkeys(sources()[key].short for row in rows for key in row.source))
    unknown = " and ".join(
        word for word, given in (("age", age_years), ("sex", sex)) if given is None
    )
    low = _outermost(min, [row.low for row in rows])
    high = _outermost(max, [row.high for row in rows])
    if low is not None and value < low:
        return ReferenceRange(low, None, f"lowest of all, {unknown} unknown: {cited}")
    if high is not None and value > high:
        return ReferenceRange(None, high, f"highest of all, {unknown} unknown: {cited}")
    return None


def _outermost(
    choose: Callable[[Iterable[float]], float], bounds: list[float | None]
) -> float | None:
    """Choose among bounds; None where one of them is open."""
    closed = [bound for bound in bounds if bound is not None]
    return choose(closed) if closed and len(closed) == len(bounds) else None


def _possible(
    rows: tuple[Limits, ...], age_years: float | None, sex: Sex, loinc: str | None
) -> list[Limits] | None:
    """Rows of every age that is possible; None where one of these ages has no row."""
    if age_years is not None:
        row = _applicable(rows, age_years, sex, loinc)
        return None if row is None else [row]
    found: list[Limits] = []
    age = 0.0
    while age < math.inf:
        row = _applicable(rows, age, sex, loinc)
        if row is None:
            return None
        found.append(row)
        age = row.age_to
    return found


def range_in_unit(
    analyte_key: str, canonical_range: ReferenceRange, unit_text: str | None
) -> ReferenceRange:
    """Convert a range from the canonical unit to the unit as written.

    Raises
    ------
    UnknownUnit
        When the analyte cannot be in that unit.
    """
    back = line_to_canonical(analyte_key, unit_text).inverse()

    def written(bound: float | None) -> float | None:
        return None if bound is None else back(bound)

    return _map_bounds(canonical_range, written)


def age_in_years(birth: date, day: date) -> float:
    """Reckon the age on a day: whole years by birthdays, and the days since the last as a fraction.

    Exact on birthdays: someone born on 29 February has theirs on 1 March of a common year.
    A day before birth gives a negative age, which no range is for.
    """
    years = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    if years < 0:
        return (day - birth).days / 365.25
    last = _birthday(birth, birth.year + years)
    return years + (day - last).days / 365.25


def _birthday(birth: date, year: int) -> date:
    try:
        return birth.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def _applicable(
    rows: tuple[Limits, ...], age_years: float | None, sex: Sex | None, loinc: str | None
) -> Limits | None:
    return next((row for row in rows if row.holds_for(age_years, sex, loinc)), None)


def _cite(limits: Limits, critical: Limits | None) -> str:
    cited = "; ".join(sources()[key].short for key in limits.source)
    if critical is None or critical.source == limits.source:
        return cited
    beyond = "; ".join(sources()[key].short for key in critical.source)
    return f"{cited}; critical limits: {beyond}"


def _map_bounds(
    bounds: ReferenceRange, change: Callable[[float | None], float | None]
) -> ReferenceRange:
    return ReferenceRange(
        low=change(bounds.low),
        high=change(bounds.high),
        source=bounds.source,
        critical_low=change(bounds.critical_low),
        critical_high=change(bounds.critical_high),
    )
