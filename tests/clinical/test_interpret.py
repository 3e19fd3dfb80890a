"""Flags say what the trusted range says, whatever the unit."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mmrag.clinical.analytes import analytes
from mmrag.clinical.interpret import (
    RECORD_INTERPRETATION,
    RECORD_RANGE,
    interpret,
    is_implausible,
    sign_problem,
    unit_problem,
)
from mmrag.records import Flag, Observation, ReferenceRange, Sex

ORDER: list[Flag] = ["LL", "L", "N", "H", "HH"]


def read(
    loinc: str,
    value: float | None,
    unit: str | None,
    age: float | None = 40,
    sex: Sex | None = "F",
    own_range: ReferenceRange | None = None,
    own_flag: Flag | None = None,
    text: str | None = None,
) -> Observation:
    return interpret(loinc, "name", value, text, unit, "laboratory", age, sex, own_range, own_flag)


@pytest.mark.parametrize(
    ("loinc", "value", "unit", "flag"),
    [
        ("6690-2", 11.0, "10*3/uL", "N"),
        ("6690-2", 11.1, "10*3/uL", "H"),
        ("6690-2", 11000, "/uL", "N"),
        ("6690-2", 4.5, "10*9/L", "N"),
        ("6690-2", 4.4, "10*9/L", "L"),
        ("6690-2", 100, "10*9/L", "HH"),
        ("718-7", 120, "g/L", "N"),
        ("718-7", 119, "g/L", "L"),
        ("718-7", 6.0, "g/dL", "LL"),
        ("777-3", 150, "10*3/uL", "N"),
        ("777-3", 40, "10*3/uL", "LL"),
        ("2823-3", 6.5, "mmol/L", "HH"),
        ("2823-3", 5.1, "meq/L", "H"),
        ("8310-5", 100.4, "[degF]", "N"),
        ("8310-5", 100.6, "[degF]", "H"),
        ("2345-7", 2.5, "mmol/L", "LL"),
        ("38265-5", -1.0, "{T-score}", None),
    ],
)
def test_flags_of_the_table(loinc: str, value: float, unit: str, flag: Flag | None) -> None:
    assert read(loinc, value, unit).flag == flag


def test_the_table_gives_its_source_and_the_range_in_the_unit_as_written() -> None:
    seen = read("718-7", 110, "g/L")
    assert seen.analyte == "haemoglobin"
    assert seen.canonical_value == 11.0
    assert seen.reference is not None
    assert (seen.reference.low, seen.reference.high) == (120.0, 160.0)
    assert seen.flag_source == seen.reference.source
    assert "WHO 2024" in seen.reference.source
    assert seen.deviation == pytest.approx(-1 / 4)


def test_the_records_range_goes_before_the_table() -> None:
    own = ReferenceRange(4.0, 10.0, "as reported")
    seen = read("6690-2", 10.5, "10*3/uL", own_range=own)
    assert (seen.flag, seen.flag_source, seen.reference) == ("H", RECORD_RANGE, own)
    assert seen.deviation == pytest.approx(0.5 / 6)


def test_the_records_interpretation_goes_before_everything() -> None:
    own = ReferenceRange(4.0, 10.0, "as reported")
    seen = read("6690-2", 10.5, "10*3/uL", own_range=own, own_flag="N")
    assert (seen.flag, seen.flag_source) == ("N", RECORD_INTERPRETATION)
    bare = read("6690-2", 10.5, "10*3/uL", own_flag="HH")
    assert (bare.flag, bare.flag_source, bare.reference) == ("HH", RECORD_INTERPRETATION, None)


@pytest.mark.parametrize(
    "useless",
    [
        ReferenceRange(None, None, "x"),
        ReferenceRange(10.0, 4.0, "x"),
        ReferenceRange(math.nan, 4.0, "x"),
        ReferenceRange(4.0, math.inf, "x"),
    ],
)
def test_a_range_that_says_nothing_is_ignored(useless: ReferenceRange) -> None:
    seen = read("6690-2", 12.0, "10*3/uL", own_range=useless)
    assert seen.flag == "H"
    assert seen.flag_source != RECORD_RANGE


def test_no_range_no_flag() -> None:
    seen = read("6690-2", 12.0, "10*3/uL", age=None)
    assert (seen.flag, seen.flag_source, seen.reference, seen.deviation) == (None,) * 4
    assert seen.canonical_value == 12.0


def test_an_unknown_unit_keeps_what_is_written_and_has_a_reason() -> None:
    seen = read("6690-2", 12.0, "furlong")
    assert (seen.value, seen.unit, seen.analyte) == (12.0, "furlong", "leukocytes")
    assert (seen.canonical_value, seen.flag) == (None, None)
    assert "furlong" in (unit_problem("6690-2", "furlong") or "")
    assert "without a unit" in (unit_problem("6690-2", None) or "")
    assert unit_problem("6690-2", "K/uL") is None
    assert unit_problem("00000-0", "furlong") is None


def test_an_unknown_unit_does_not_silence_the_records_own_range() -> None:
    own = ReferenceRange(4.0, 10.0, "as reported")
    assert read("6690-2", 12.0, "furlong", own_range=own).flag == "H"


def test_unknown_codes_stay_as_written() -> None:
    seen = read("00000-0", 3.0, "{score}")
    assert (seen.value, seen.analyte, seen.canonical_value, seen.flag) == (3.0, None, None, None)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_is_never_stored_as_one(value: float) -> None:
    seen = read("6690-2", value, "10*3/uL")
    assert (seen.value, seen.canonical_value, seen.flag) == (None, None, None)
    assert seen.text == str(value)


def test_negative_zero_is_zero_and_huge_numbers_have_no_canonical_value() -> None:
    assert math.copysign(1, read("6690-2", -0.0, "10*3/uL").value or 0.0) == 1
    huge = read("89579-7", 1e308, "ug/mL")
    assert (huge.value, huge.canonical_value, huge.flag) == (1e308, None, None)


def test_text_results_have_no_flag() -> None:
    seen = read("6690-2", None, None, text="clotted")
    assert (seen.value, seen.text, seen.flag) == (None, "clotted", None)


CODES = [(code, known.key) for known in analytes().values() for code in known.loinc]
PEOPLE = st.tuples(st.floats(0, 110), st.sampled_from(["F", "M"]))


@pytest.mark.parametrize(
    ("value", "unit", "flag", "implausible"),
    [
        (74.1, "g/dL", "H", True),  # as a widely used generator of records writes 7.41
        (74.1, "g/L", "N", False),
        (9.9, "g/dL", "H", False),
        (0.2, "g/dL", "L", True),
    ],
)
def test_a_value_that_no_one_has_keeps_its_flag_and_is_not_measured(
    value: float, unit: str, flag: Flag, implausible: bool
) -> None:
    seen = read("2885-2", value, unit)
    assert seen.flag == flag
    assert seen.reference is not None
    assert is_implausible(seen) is implausible
    assert (seen.deviation is None) is implausible


def test_a_value_within_its_range_is_always_plausible() -> None:
    troponin = read("89579-7", 0.0, "pg/mL")  # below what a bare number of a question means
    assert (troponin.flag, troponin.deviation) == ("N", 0.0)
    assert not is_implausible(troponin)


def test_a_record_may_flag_an_impossible_value_itself() -> None:
    seen = read("2885-2", 74.1, "g/dL", own_flag="H")
    assert is_implausible(seen)
    assert not is_implausible(read("2885-2", 74.1, "g/dL", own_flag="N"))


@given(st.sampled_from(CODES), PEOPLE, st.floats(-1e3, 1e6), st.floats(-1e3, 1e6))
def test_flags_and_deviation_never_fall_as_the_value_rises(
    code: tuple[str, str], person: tuple[float, Sex], one: float, other: float
) -> None:
    unit = analytes()[code[1]].unit
    low, high = (read(code[0], v, unit, *person) for v in sorted((one, other)))
    assume(sign_problem(code[0], min(one, other), unit) is None)
    if low.flag is None or high.flag is None:
        assert low.flag == high.flag
        return
    assert ORDER.index(low.flag) <= ORDER.index(high.flag)
    assert (low.flag == "N") <= (low.deviation == 0)
    if low.deviation is not None and high.deviation is not None:
        assert low.deviation <= high.deviation


WITH_UNITS = [
    (known.loinc[0], known.key, unit)
    for known in analytes().values()
    for unit in known.units
    if unit not in known.special
]


@given(st.sampled_from(WITH_UNITS), PEOPLE, st.integers(1, 10**6))
def test_value_and_flag_do_not_depend_on_the_unit(
    case: tuple[str, str, str], person: tuple[float, Sex], thousandths: int
) -> None:
    from mmrag.clinical.analytes import line_to_canonical

    loinc, key, unit = case
    canonical_value = thousandths / 1000
    written = line_to_canonical(key, unit).inverse()(canonical_value)
    here = read(loinc, canonical_value, analytes()[key].unit, *person)
    there = read(loinc, written, unit, *person)
    assert there.canonical_value == pytest.approx(here.canonical_value, rel=1e-12)
    if there.canonical_value == here.canonical_value:
        assert (there.flag, there.flag_source) == (here.flag, here.flag_source)


@given(
    st.text(max_size=8),
    st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)),
    st.one_of(st.none(), st.text(max_size=12)),
    st.one_of(st.none(), st.floats(allow_nan=True)),
    st.sampled_from([code for code, _ in CODES]),
)
def test_nothing_crashes_it(
    name: str, value: float | None, unit: str | None, age: float | None, code: str
) -> None:
    seen = interpret(code, name, value, None, unit, None, age, None)
    for number in (seen.value, seen.canonical_value, seen.deviation):
        assert number is None or math.isfinite(number)


@pytest.mark.parametrize(
    ("loinc", "value", "unit"),
    [("6690-2", -3.0, "10*3/uL"), ("718-7", -120.0, "g/L"), ("8310-5", -4.0, "[degF]")],
)
def test_less_than_none_is_kept_as_written_and_answers_nothing(
    loinc: str, value: float, unit: str
) -> None:
    own_range = ReferenceRange(4.0, 11.0, RECORD_RANGE)
    for stated in (None, own_range):
        result = read(loinc, value, unit, own_range=stated)
        assert (result.value, result.unit) == (value, unit)
        assert (result.canonical_value, result.flag, result.deviation) == (None, None, None)
    said = sign_problem(loinc, value, unit)
    assert said is not None
    assert f"{value:g} cannot be" in said


def test_what_may_be_negative_is_no_problem() -> None:
    assert sign_problem("38265-5", -1.0, "{T-score}") is None  # a T-score
    assert sign_problem("8310-5", 0.0, "Cel") is None
    assert sign_problem("6690-2", 0.0, "10*3/uL") is None
    assert sign_problem("6690-2", -1.0, "furlong") is None  # the unit is the problem
    assert sign_problem("no-such-code", -1.0, None) is None
