"""The table of analytes holds together, and cites what it says."""

from __future__ import annotations

import itertools

import pytest

from mmrag.clinical.analytes import (
    Limits,
    analyte,
    analyte_of,
    analytes,
    canonical,
    groups,
    sources,
    states,
)
from mmrag.clinical.units import parse_unit

EVERY = list(analytes().values())


def check_digit(loinc: str) -> int:
    """LOINC's own check digit (Luhn, from the right)."""
    total = 0
    for place, digit in enumerate(reversed(loinc.split("-")[0])):
        number = int(digit) * (2 if place % 2 == 0 else 1)
        total += number // 10 + number % 10
    return -total % 10


def test_at_least_eighty_codes_each_once_each_a_real_loinc_code() -> None:
    codes = [code for known in EVERY for code in known.loinc]
    assert len(codes) >= 80
    assert len(codes) == len(set(codes))
    assert [c for c in codes if int(c.split("-")[1]) != check_digit(c)] == []
    assert all(analyte_of(code) is known for known in EVERY for code in known.loinc)


def test_the_codes_of_both_metabolic_panels_are_one_analyte_each() -> None:
    pairs = {
        "glucose": ("2339-0", "2345-7"),
        "urea_nitrogen": ("6299-2", "3094-0"),
        "creatinine": ("38483-4", "2160-0"),
        "calcium": ("49765-1", "17861-6"),
        "sodium": ("2947-0", "2951-2"),
        "potassium": ("6298-4", "2823-3"),
        "chloride": ("2069-3", "2075-0"),
        "co2_total": ("20565-8", "2028-9"),
    }
    for key, codes in pairs.items():
        assert [known.key for known in map(analyte_of, codes) if known] == [key, key]


def test_specimens_of_other_meaning_are_other_analytes() -> None:
    keys = [
        known.key
        for code in ("2345-7", "5792-7", "2019-8", "2028-9")
        if (known := analyte_of(code))
    ]
    assert len(set(keys)) == 4


@pytest.mark.parametrize("known", EVERY, ids=lambda known: known.key)
def test_units_are_ucum_and_convert_and_bounds_are_in_order(known) -> None:  # type: ignore[no-untyped-def]
    assert parse_unit(known.unit) == known.unit
    assert known.plausible[0] < known.plausible[1]
    for unit in (known.unit, *known.units):
        assert canonical(known.key, 1.0, unit) is not None
    for limits in (*known.ranges, *known.critical):
        assert limits.low is not None or limits.high is not None
        assert limits.low is None or limits.high is None or limits.low < limits.high
        assert limits.age_from < limits.age_to
        assert set(limits.only) <= set(known.loinc)


def test_every_range_and_limit_names_a_source_that_is_cited_in_full() -> None:
    for known in EVERY:
        for limits in (*known.ranges, *known.critical):
            assert limits.source
            for key in limits.source:
                assert sources()[key].short
                assert len(sources()[key].full) > 40
    used = {k for a in EVERY for limits in (*a.ranges, *a.critical) for k in limits.source}
    constants = {"iupac", "icsh", "ngsp", "who-bmi"}
    assert set(sources()) == used | constants


def test_rows_of_one_analyte_never_overlap() -> None:
    def overlap(one: Limits, other: Limits) -> bool:
        same_sex = one.sex is None or other.sex is None or one.sex == other.sex
        same_test = not one.only or not other.only or set(one.only) & set(other.only)
        in_age = one.age_from < other.age_to and other.age_from < one.age_to
        return bool(same_sex and same_test and in_age)

    for known in EVERY:
        for rows in (known.ranges, known.critical):
            assert not any(overlap(a, b) for a, b in itertools.combinations(rows, 2)), known.key


def test_critical_limits_lie_outside_the_range() -> None:
    for known in EVERY:
        for limits, critical in itertools.product(known.ranges, known.critical):
            if limits.age_from >= critical.age_to or critical.age_from >= limits.age_to:
                continue
            if critical.low is not None and limits.low is not None:
                assert critical.low < limits.low, known.key
            if critical.high is not None and limits.high is not None:
                assert critical.high > limits.high, known.key


def test_the_adult_blood_count_is_covered_for_both_sexes() -> None:
    for key in groups()["blood count"].analytes:
        if key == "pdw":  # no cited range
            continue
        for sex in ("F", "M"):
            assert any(row.holds_for(40.0, sex, None) for row in analyte(key).ranges), key


def test_groups_and_states_name_known_analytes() -> None:
    for group in groups().values():
        assert set(group.analytes) <= set(analytes())
        assert set(group.counted) <= set(group.analytes)
        assert set(group.compared) <= set(group.analytes)
    for state in states():
        assert {term["analyte"] for term in state.terms} <= set(analytes())
