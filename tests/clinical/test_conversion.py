"""Units are read as people write them, and converted exactly."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.analytes import analytes, canonical, line_to_canonical
from mmrag.clinical.conversion import exact, line_between
from mmrag.errors import UnknownUnit


@pytest.mark.parametrize(
    ("key", "value", "unit", "expected"),
    [
        ("leukocytes", 12000, "/uL", 12.0),
        ("leukocytes", 12.1, "10*9/L", 12.1),
        ("leukocytes", 11000, "cells/mm3", 11.0),
        ("haemoglobin", 110, "g/L", 11.0),
        ("haemoglobin", 130, "g/L", 13.0),
        ("erythrocytes", 4.5, "10*12/L", 4.5),
        ("haematocrit", 0.36, "L/L", 36.0),
        ("sodium", 136, "mEq/L", 136.0),
        ("body_temperature", 100.4, "[degF]", 38.0),
        ("body_temperature", 96.98, "degF", 36.1),
        ("d_dimer", 500, "ng/mL", 0.5),
        ("albumin", 35, "g/L", 3.5),
        ("troponin_i", 0.04, "ng/mL", 40.0),
        ("alt", 1, "ukat/L", 60.0),
        ("systolic_bp", 13.3322, "kPa", 100.0),
        ("body_height", 1.8, "m", 180.0),
        ("tsh", 4, "u[IU]/mL", 4.0),
        ("hba1c", 0, "mmol/mol", 2.152),
    ],
)
def test_conversions_land_on_the_point(key: str, value: float, unit: str, expected: float) -> None:
    assert canonical(key, value, unit) == expected


@pytest.mark.parametrize(
    ("key", "unit", "factor"),
    [  # conventional to SI factors of the AMA Manual of Style
        ("glucose", "mmol/L", 0.0555),
        ("creatinine", "umol/L", 88.4),
        ("urea_nitrogen", "mmol/L", 0.357),
        ("cholesterol_total", "mmol/L", 0.0259),
        ("triglycerides", "mmol/L", 0.0113),
        ("bilirubin_total", "umol/L", 17.104),
        ("calcium", "mmol/L", 0.25),
        ("magnesium", "mmol/L", 0.4114),
        ("phosphate", "mmol/L", 0.323),
        ("urate", "umol/L", 59.485),
        ("iron", "umol/L", 0.179),
        ("free_t4", "pmol/L", 12.871),
        ("vitamin_b12", "pmol/L", 0.7378),
        ("vitamin_d", "nmol/L", 2.496),
    ],
)
def test_molar_masses_give_the_published_factors(key: str, unit: str, factor: float) -> None:
    assert line_to_canonical(key, unit).inverse()(1.0) == pytest.approx(factor, rel=3e-3)


@pytest.mark.parametrize(
    ("key", "unit"),
    [
        ("leukocytes", "g/dL"),
        ("haemoglobin", "%"),
        ("platelets", "mmol/L"),
        ("sodium", None),
        ("sodium", ""),
        ("creatinine", "U/L"),
        ("haemoglobin", "G/L"),
    ],
)
def test_a_unit_of_something_else_or_none_is_never_guessed(key: str, unit: str | None) -> None:
    with pytest.raises(UnknownUnit, match=r"\S"):
        canonical(key, 1.0, unit)


def test_a_number_that_has_no_unit_needs_none() -> None:
    assert canonical("inr", 2.5, None) == 2.5
    assert canonical("ph_arterial", 7.4, "") == 7.4


PAIRS = [(key, unit) for key, known in analytes().items() for unit in (known.unit, *known.units)]


@given(st.sampled_from(PAIRS), st.floats(1e-6, 1e9))
def test_there_and_back_is_the_identity(pair: tuple[str, str], value: float) -> None:
    line = line_to_canonical(*pair)
    offset = abs(line.inverse().intercept)
    assert line.inverse()(line(value)) == pytest.approx(value, rel=1e-14, abs=float(offset) * 1e-13)


@given(st.sampled_from(PAIRS), st.integers(0, 10**9), st.integers(1, 4))
def test_exactly_there_and_back(pair: tuple[str, str], digits: int, places: int) -> None:
    line = line_to_canonical(*pair)
    value = exact(str(digits)) / 10**places
    forth = value * line.slope + line.intercept
    assert forth * line.inverse().slope + line.inverse().intercept == value


@given(st.sampled_from(PAIRS), st.floats(0, 1e6), st.floats(0, 1e6))
def test_conversion_keeps_the_order(pair: tuple[str, str], one: float, other: float) -> None:
    line = line_to_canonical(*pair)
    low, high = sorted((one, other))
    assert line(low) <= line(high)


def test_overflow_is_an_error_and_not_infinity() -> None:
    with pytest.raises(OverflowError):
        canonical("troponin_i", 1e308, "ug/mL")
    assert canonical("leukocytes", -0.0, "10*3/uL") == 0
    assert math.copysign(1, canonical("leukocytes", -0.0, "10*3/uL")) == 1


def test_no_map_between_dimensions() -> None:
    assert line_between("g/L", "10*9/L") is None
    assert line_between("mmol/L", "mg/dL") is None
