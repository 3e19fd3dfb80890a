"""Reference ranges that a record states itself, and the one that fits its patient."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass

from mmrag.clinical.interpret import RECORD_RANGE
from mmrag.records import ReferenceRange, Sex


@dataclass(frozen=True, slots=True)
class StatedRange:
    """One range of a record, with whom it is for.

    Attributes
    ----------
    low, high : float or None
        Inclusive bounds in the unit of the result.
    sex : {"F", "M"} or None
        None where it is for both.
    age_low, age_high : float or None
        In years, both included; None where that side is open.
    """

    low: float | None
    high: float | None
    sex: Sex | None = None
    age_low: float | None = None
    age_high: float | None = None

    @property
    def specificity(self) -> int:
        """How many properties of the patient it asks for: sex, age."""
        return (self.sex is not None) + (self.age_low is not None or self.age_high is not None)

    def fits(self, age: float | None, sex: Sex | None) -> bool:
        """Tell whether it is for such a patient; what is unknown of the patient fits nothing."""
        if self.sex is not None and self.sex != sex:
            return False
        if self.age_low is None and self.age_high is None:
            return True
        if age is None:
            return False
        return (self.age_low is None or age >= self.age_low) and (
            self.age_high is None or age <= self.age_high
        )


def fitting_range(
    ranges: tuple[StatedRange, ...], age: float | None, sex: Sex | None
) -> ReferenceRange | None:
    """Choose the most specific range that fits.

    Parameters
    ----------
    ranges : tuple of StatedRange
    age : float or None
        In years.
    sex : {"F", "M"} or None

    Returns
    -------
    ReferenceRange or None
        None where no range fits, and where equally specific ones contradict each other.
    """
    fitting = [stated for stated in ranges if stated.fits(age, sex)]
    if not fitting:
        return None
    closest = max(stated.specificity for stated in fitting)
    bounds = {(stated.low, stated.high) for stated in fitting if stated.specificity == closest}
    if len(bounds) > 1:
        return None
    low, high = bounds.pop()
    return ReferenceRange(low, high, RECORD_RANGE)


def ranges_to_json(ranges: tuple[StatedRange, ...]) -> str | None:
    """Write ranges as one text; None for none."""
    return json.dumps([astuple(stated) for stated in ranges]) if ranges else None


def ranges_from_json(text: str | None) -> tuple[StatedRange, ...]:
    """Read what `ranges_to_json` wrote."""
    return tuple(StatedRange(*fields) for fields in json.loads(text)) if text else ()
