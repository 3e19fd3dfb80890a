"""Which analyte and unit a question's number is in, and the interval that it asks for."""

from __future__ import annotations

from dataclasses import dataclass

from mmrag.clinical.analytes import Analyte, Group, analyte, canonical
from mmrag.clinical.question import LabTerm
from mmrag.clinical.units import parse_unit
from mmrag.errors import UnknownUnit

__all__ = ["Interval", "common_unit", "interval_of", "settle_unit"]


@dataclass(frozen=True, slots=True)
class Interval:
    """Values that meet a comparison, in the analyte's canonical unit.

    Attributes
    ----------
    low, high : float or None
        None where that side is open.
    low_included, high_included : bool
    """

    low: float | None = None
    high: float | None = None
    low_included: bool = True
    high_included: bool = True

    def holds(self, value: float) -> bool:
        """Whether a canonical value meets the comparison."""
        above = self.low is None or value > self.low or (self.low_included and value == self.low)
        below = (
            self.high is None or value < self.high or (self.high_included and value == self.high)
        )
        return above and below


def interval_of(term: LabTerm) -> Interval | None:
    """Convert a term's comparison to canonical values; None when it compares no number.

    A negated ``between`` is met outside the interval; the other comparisons are never
    negated, their converse is asked instead.

    Raises
    ------
    UnknownUnit
        When the question gives a unit that the analyte cannot be in.
    """
    if term.value is None:
        return None
    key = term.keys[0]
    value = canonical(key, term.value, term.unit)
    if term.comparison == "above":
        return Interval(low=value, low_included=False)
    if term.comparison == "at-least":
        return Interval(low=value)
    if term.comparison == "below":
        return Interval(high=value, high_included=False)
    if term.comparison == "at-most":
        return Interval(high=value)
    upper = term.upper if term.upper is not None else term.value
    return Interval(low=value, high=canonical(key, upper, term.unit))


def settle_unit(
    known: Analyte, values: tuple[float, ...], unit: str | None, thousands: bool
) -> tuple[Analyte, str, bool]:
    """Decide what a question's number measures and in which unit.

    A written unit is kept; where only the sibling analyte can be in it, the sibling is meant.
    Without one the canonical unit is taken when the numbers are plausible in it, else the one
    customary unit in which they are; where that does not decide, the canonical unit.

    Parameters
    ----------
    known : Analyte
    values : tuple of float
        As written.
    unit : str or None
        UCUM code as written.
    thousands : bool
        The number counts thousands of cells.

    Returns
    -------
    tuple of (Analyte, str, bool)
        The analyte, the unit's UCUM code, and whether the unit was assumed.
    """
    if unit is not None:
        if not _converts(known, unit) and known.sibling is not None:
            sibling = analyte(known.sibling)
            if _converts(sibling, unit):
                return sibling, unit, False
        return known, unit, False
    if thousands and _converts(known, "10*3/uL"):
        return known, "10*3/uL", False
    if _plausible(known, values, known.unit):
        return known, known.unit, True
    fitting = [other for other in map(parse_unit, known.units) if _plausible(known, values, other)]
    results = {tuple(canonical(known.key, value, other) for value in values) for other in fitting}
    return known, fitting[0] if len(results) == 1 else known.unit, True


def common_unit(group: Group) -> Analyte | None:
    """Find an analyte whose unit all members of a group share; None where they differ."""
    members = [analyte(key) for key in group.analytes]
    return members[0] if len({member.unit for member in members}) == 1 else None


def _converts(known: Analyte, unit: str) -> bool:
    try:
        canonical(known.key, 1.0, unit)
    except UnknownUnit:
        return False
    return True


def _plausible(known: Analyte, values: tuple[float, ...], unit: str) -> bool:
    low, high = known.plausible
    return all(low <= canonical(known.key, value, unit) <= high for value in values)
