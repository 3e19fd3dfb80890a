from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.errors import BadRecord
from mmrag.sources.fhir.documents import NoNumber, Numeral
from mmrag.sources.fhir.judgements import flag_of, ranges_of
from mmrag.sources.fhir.values import Value, value_of
from mmrag.sources.stated_ranges import StatedRange
from tests.sources.fhir_material import (
    LEUKOCYTES,
    PATIENT,
    PRESSURE,
    bundle,
    kinds,
    observations,
    problems,
    read,
    values,
    write,
)

UCUM = "http://unitsofmeasure.org"
ONE = {"value": Numeral("1"), "unit": "g"}
CELLS = {"unit": "10^3/uL", "code": "10*3/uL", "system": UCUM}


def quantity(value: object, **more: object) -> dict[str, Any]:
    return {"valueQuantity": {"value": value, **more}}


@pytest.mark.parametrize(
    ("node", "value"),
    [
        (quantity(Numeral("12.10"), **CELLS), Value(12.1, unit="10*3/uL")),
        (quantity(Numeral("5"), unit="g/dL"), Value(5.0, unit="g/dL")),
        (quantity(Numeral("5"), unit="gram", code="g"), Value(5.0, unit="gram")),
        (quantity(Numeral("-0.0")), Value(0.0)),
        (quantity(Numeral("5"), comparator="<", unit="mg/L"), Value(words="<5", unit="mg/L")),
        (quantity(Numeral("1e999")), Value(words="1e999", damaged=True)),
        (quantity("12.1", unit="g/dL"), Value(words="12.1", unit="g/dL", damaged=True)),
        (quantity(None, unit="g/dL"), None),
        ({"valueInteger": Numeral("3")}, Value(3.0)),
        ({"valueBoolean": False}, Value(words="false")),
        ({"valueString": " 12.1 "}, Value(words="12.1")),
        ({"valueCodeableConcept": {"text": "Never smoker"}}, Value(words="Never smoker")),
        (
            {"valueCodeableConcept": {"coding": [{"code": "x", "display": "Positive"}]}},
            Value(words="Positive"),
        ),
        ({"valueCodeableConcept": {"coding": [{"code": "x"}]}}, Value(words="x")),
        ({"valueRatio": {"numerator": ONE, "denominator": {"value": Numeral("128")}}},
         Value(words="1:128", unit="g")),
        ({"valueRange": {"low": ONE, "high": {"value": Numeral("5")}}},
         Value(words="1 - 5", unit="g")),
        ({"valuePeriod": {"start": "2021-08-23"}}, Value(words="2021-08-23 to ...")),
        ({"valueString": None, "valueInteger": Numeral("3")}, Value(3.0)),
        ({}, None),
    ],
)  # fmt: skip
def test_values(node: dict[str, Any], value: Value | None) -> None:
    assert value_of(node) == value


@pytest.mark.parametrize(
    "node",
    [quantity(NoNumber("NaN")), quantity(True), quantity([]), {"valueQuantity": "5 g"},
     {"valueInteger": True}, {"valueBoolean": "true"}, {"valueString": Numeral("5")},
     {"valueSampledData": {}}, {"valueString": "a", "valueInteger": Numeral("1")},
     {"valueCodeableConcept": "a"}],
)  # fmt: skip
def test_what_is_no_value(node: dict[str, Any]) -> None:
    with pytest.raises(BadRecord):
        value_of(node)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_itself_or_text(number: float) -> None:
    value = value_of(quantity(Numeral(repr(number))))
    assert value is not None
    assert value.number == number or (abs(number) >= 1e15 and value.words == repr(number))


def interpreted(*codes: str, system: str = "http://hl7.org/fhir/v2/0078") -> dict[str, Any]:
    return {"interpretation": [{"coding": [{"system": system, "code": code}]} for code in codes]}


@pytest.mark.parametrize(
    ("codes", "flag"),
    [(["H"], "H"), (["HH"], "HH"), (["H", "HH"], "HH"), (["L", "LL"], "LL"), (["N"], "N"),
     (["HU"], "H"), (["LU"], "L"), (["H", "L"], None), (["N", "H"], None), (["A"], None),
     (["<"], None), ([">"], None), (["POS"], None), (["A", "H"], "H"), ([], None)],
)  # fmt: skip
def test_interpretations(codes: list[str], flag: str | None) -> None:
    assert flag_of(interpreted(*codes)) == flag


def test_interpretations_of_another_system_say_nothing() -> None:
    assert flag_of(interpreted("H", system="http://lab.example/haemolysis")) is None
    assert flag_of({"interpretation": [{"text": "High"}]}) is None
    v3 = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
    assert flag_of(interpreted("H", system=v3)) == "H"


def stated(low: object = None, high: object = None, unit: str | None = "g/dL", **more: Any) -> Any:
    bounds = {"low": low, "high": high}
    return more | {
        side: {"value": Numeral(bound), "unit": unit}
        for side, bound in bounds.items()
        if isinstance(bound, str)
    }


def years(low: str | None, high: str | None, unit: str = "a") -> Any:
    return stated(low, high, None) and {
        side: {"value": Numeral(bound), "code": unit, "system": UCUM}
        for side, bound in (("low", low), ("high", high))
        if bound
    }


FEMALE = {"coding": [{"system": "http://snomed.info/sct", "code": "248152002"}]}
MALE = {"coding": [{"system": "http://hl7.org/fhir/administrative-gender", "code": "male"}]}


@pytest.mark.parametrize(
    ("range_", "expected"),
    [
        (stated("12", "16"), StatedRange(12, 16)),
        (stated("12"), StatedRange(12, None)),
        (stated(None, "16", None), StatedRange(None, 16)),
        (stated("12", "16", appliesTo=[FEMALE]), StatedRange(12, 16, "F")),
        (stated("12", "16", appliesTo=[MALE]), StatedRange(12, 16, "M")),
        (stated("12", "16", appliesTo=[MALE, FEMALE]), StatedRange(12, 16)),
        (stated("12", "16", age=years("18", "65")), StatedRange(12, 16, None, 18, 65)),
        (stated("12", "16", age=years(None, "6", "mo")), StatedRange(12, 16, None, None, 0.5)),
        (stated("12", "16", type={"coding": [{"code": "normal"}]}), StatedRange(12, 16)),
    ],
)
def test_ranges(range_: Any, expected: StatedRange) -> None:
    assert ranges_of({"referenceRange": [range_]}, "g/dL") == ((expected,), [])


@pytest.mark.parametrize(
    "range_",
    [{}, {"text": "12 to 16"}, stated("12", "16", type={"coding": [{"code": "treatment"}]}),
     stated("12", "16", type={"text": "Critical"}),
     stated("12", "16", appliesTo=[{"coding": [{"code": "77386006", "display": "Pregnant"}]}]),
     stated("12", "16", appliesTo=[FEMALE, {"text": "smokers"}])],
)  # fmt: skip
def test_ranges_that_are_not_this_patients_normal_range(range_: Any) -> None:
    assert ranges_of({"referenceRange": [range_]}, "g/dL") == ((), [])


@pytest.mark.parametrize(
    "range_",
    [stated("16", "12"), stated("120", "160", "g/L"), stated("1e999"), {"low": {"value": "12"}},
     {"low": {}}, {"low": 12}, stated("12", age=years("18", None, "cm")),
     {"low": {"value": Numeral("12"), "comparator": "<"}}],
)  # fmt: skip
def test_ranges_that_cannot_be_read_are_losses(range_: Any) -> None:
    ranges, losses = ranges_of({"referenceRange": [range_, stated("1", "2")]}, "g/dL")
    assert ranges == (StatedRange(1, 2),)
    assert len(losses) == 1


def test_the_range_that_fits_the_patient_is_stored(tmp_path: Path) -> None:
    ranges = [
        {"low": {"value": 4.0}, "high": {"value": 10.0}, "appliesTo": [FEMALE],
         "age": {"low": {"value": 18, "unit": "a"}}},
        {"low": {"value": 5.0}, "high": {"value": 15.0}, "appliesTo": [MALE]},
    ]  # fmt: skip
    plain = {key: value for key, value in LEUKOCYTES.items() if key != "interpretation"}
    for gender, bounds, flag in (("female", (4.0, 10.0), "H"), ("male", (5.0, 15.0), "N")):
        document = bundle(PATIENT | {"gender": gender}, plain | {"referenceRange": ranges})
        (leukocytes,) = observations(read(write(tmp_path, document)))
        assert leukocytes.reference is not None
        assert (leukocytes.reference.low, leukocytes.reference.high) == bounds
        assert leukocytes.flag == flag


def test_absent_values_are_counted(tmp_path: Path) -> None:
    absent = {"dataAbsentReason": {"coding": [{"code": "not-performed"}]}}
    without = {key: value for key, value in LEUKOCYTES.items() if key != "valueQuantity"}
    pressure = copy.deepcopy(PRESSURE)
    del pressure["component"][0]["valueQuantity"]
    pressure["component"][0] |= absent
    items = read(write(tmp_path, bundle(without | absent, pressure)))
    (problem,) = problems(items)
    assert (problem.kind, problem.count) == ("absent-value", 2)
    assert "not-performed 2" in problem.message
    assert values(items) == {"8462-4": 87.0}


def test_a_broken_component_costs_itself_alone(tmp_path: Path) -> None:
    pressure = copy.deepcopy(PRESSURE)
    pressure["component"][0]["valueQuantity"] = {}
    items = read(write(tmp_path, bundle(pressure)))
    assert values(items) == {"8462-4": 87.0}
    assert "component[0]" in problems(items)[0].message


def test_groups_without_a_value_are_no_loss(tmp_path: Path) -> None:
    group = {key: value for key, value in LEUKOCYTES.items() if key != "valueQuantity"}
    members = {"id": "o7", "hasMember": [{"reference": "Observation/o1"}]}
    items = read(write(tmp_path, bundle(PATIENT, LEUKOCYTES, group | members)))
    assert not problems(items)
    assert kinds(read(write(tmp_path, bundle(group)))) == {"bad-record": 1}


def test_codes_of_other_systems_are_not_taken_for_loinc(tmp_path: Path) -> None:
    def coded(*codings: dict[str, str]) -> Any:
        return LEUKOCYTES | {"code": {"coding": list(codings), "text": "WBC"}}

    local = {"system": "http://lab.example", "code": "6690-2"}
    loinc = {"system": "urn:oid:2.16.840.1.113883.6.1", "code": "6690-2"}
    for codes, expected in (
        ([local], "http://lab.example|6690-2"),
        ([local, loinc], "6690-2"),
        ([{"code": "6690-2"}], "|6690-2"),
    ):
        items = read(write(tmp_path, bundle(coded(*codes))))
        (found,) = observations(items)
        assert (found.loinc, found.name) == (expected, "WBC")
        assert kinds(items) == ({"no-system": 1} if expected.startswith("|") else {})
