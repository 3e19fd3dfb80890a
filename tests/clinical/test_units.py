"""Units are read as people write them, or refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.units import parse_unit
from mmrag.errors import UnknownUnit

WRITTEN = {
    "10*3/uL": "10*3/uL 10^3/uL K/uL k/ul 10e3/uL \N{MULTIPLICATION SIGN}10³/µL thou/mm3",
    "10*9/L": "10*9/L x10^9/L 10^9/l x10⁹/L 10**9/L 10(9)/L x109/L G/L 10E9/L",
    "10*12/L": "10*12/L 10^12/L x10¹²/L T/L",
    "10*6/uL": "10*6/uL M/uL million/mm3 10^6/µL",
    "/uL": "/uL cells/uL cells/mm3 cells/mm³ /mm3 /cumm",
    "g/dL": "g/dL G/DL gm/dL g%",
    "g/L": "g/L g/l gm/L",
    "mmol/L": "mmol/L MMOL/L",
    "umol/L": "umol/L µmol/L μmol/L mcmol/L",
    "mg/dL": "mg/dL mg/dl MG/DL mg%",
    "%": "% percent",
    "1": "1 {INR} {ratio} L/L fraction",
    "fL": "fL fl FL",
    "pg": "pg PG",
    "Cel": "Cel degC °C C",
    "[degF]": "[degF] °F degF F",
    "mm[Hg]": "mm[Hg] mmHg mmhg",
    "kPa": "kPa kpa",
    "ug/mL": "ug/mL ug/mL{FEU} ug{FEU}/mL mcg/mL µg/mL",
    "mL/min": "mL/min mL/min/{1.73_m2} mL/min/1.73m2",
    "/min": "/min {beats}/min bpm breaths/min",
    "U/L": "U/L IU/L [IU]/L",
    "mU/L": "mU/L m[IU]/L mIU/L",
    "meq/L": "meq/L mEq/L",
}
CASES = [(text, code) for code, texts in WRITTEN.items() for text in texts.split()]


@pytest.mark.parametrize(("text", "code"), CASES)
def test_written_units(text: str, code: str) -> None:
    assert parse_unit(text) == code


def test_units_in_words() -> None:
    assert parse_unit("per microlitre") == "/uL"
    assert parse_unit("mmol per litre") == "mmol/L"
    assert parse_unit("degrees Celsius") == "Cel"
    assert parse_unit(" x 10^9 / L ") == "10*9/L"


@pytest.mark.parametrize(
    "text", ["", " ", "/", "furlong", "10*3", "10*5/uL", "1000/uL", "mg", "?", "g/furlong"]
)
def test_unknown_units_are_refused(text: str) -> None:
    with pytest.raises(UnknownUnit):
        parse_unit(text)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UnknownUnit):
        assert parse_unit(parse_unit(text)) == parse_unit(text)
