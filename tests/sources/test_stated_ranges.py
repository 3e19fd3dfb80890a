from __future__ import annotations

from mmrag.records import ReferenceRange
from mmrag.sources.stated_ranges import (
    StatedRange,
    fitting_range,
    ranges_from_json,
    ranges_to_json,
)

ANYONE = StatedRange(4.0, 11.0)
WOMEN = StatedRange(3.6, 10.0, sex="F")
OLD_WOMEN = StatedRange(3.0, 9.0, sex="F", age_low=65.0)
CHILDREN = StatedRange(5.0, 15.0, age_high=18.0)
ALL = (ANYONE, WOMEN, OLD_WOMEN, CHILDREN)


def bounds(found: ReferenceRange | None) -> tuple[float | None, float | None] | None:
    return (found.low, found.high) if found else None


def test_the_most_specific_range_that_fits_is_chosen() -> None:
    assert bounds(fitting_range(ALL, 40, "M")) == (4.0, 11.0)
    assert bounds(fitting_range(ALL, 40, "F")) == (3.6, 10.0)
    assert bounds(fitting_range(ALL, 65, "F")) == (3.0, 9.0)
    assert bounds(fitting_range(ALL, 10, "M")) == (5.0, 15.0)


def test_what_is_unknown_of_the_patient_fits_nothing_specific() -> None:
    assert bounds(fitting_range(ALL, None, None)) == (4.0, 11.0)
    assert fitting_range((WOMEN, CHILDREN), None, None) is None


def test_ranges_that_contradict_each_other_decide_nothing() -> None:
    assert fitting_range(ALL, 10, "F") is None
    assert fitting_range((ANYONE, ANYONE), 40, "M") is not None


def test_ranges_survive_the_spool() -> None:
    assert ranges_from_json(ranges_to_json(ALL)) == ALL
    assert ranges_from_json(ranges_to_json(())) == ()
