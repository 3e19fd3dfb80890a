from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.sources.values import day, finite_number, instant, storable


@pytest.mark.parametrize(
    ("written", "number"),
    [("12.1", 12.1), ("1e3", 1000.0), (" 7 ", 7.0), ("+4", 4.0), (".5", 0.5), ("5.", 5.0),
     ("-3.2E-2", -0.032), ("0", 0.0), ("0e5", 0.0), ("007", 7.0)],
)  # fmt: skip
def test_plain_numbers_are_read(written: str, number: float) -> None:
    assert finite_number(written) == number


@pytest.mark.parametrize(
    "written",
    ["12,1", "<5", ">5", "~5", "5 mg", "1_000", "0x10", "nan", "NaN", "inf", "-Infinity", "1e999",
     "1e15", "-1e300", "1e-999", "", " ", ".", "e5", "1e", "--1", "1.2.3", "١٢", "\uff11\uff12",
     "5\n6", "9" * 500, "1e99999999999"],
)  # fmt: skip
def test_anything_else_is_no_number(written: str) -> None:
    assert finite_number(written) is None


def test_negative_zero_is_zero() -> None:
    for written in ("-0", "-0.0", "-0e3"):
        number = finite_number(written)
        assert number == 0.0
        assert math.copysign(1.0, number or 0.0) == 1.0


@given(st.text())
def test_no_text_is_read_as_another_number(written: str) -> None:
    number = finite_number(written)
    if number is not None:
        assert number == float(Decimal(written.strip()))
        assert abs(number) < 1e15


@given(st.floats(min_value=-1e14, max_value=1e14))
def test_every_written_float_comes_back(number: float) -> None:
    assert finite_number(repr(number)) == number


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2021-08-23T03:26:50Z", datetime(2021, 8, 23, 3, 26, 50, tzinfo=UTC)),
        ("2021-08-23T03:26:50+02:00", datetime(2021, 8, 23, 1, 26, 50, tzinfo=UTC)),
        ("2021-08-23T03:26:50.205-0530", datetime(2021, 8, 23, 8, 56, 50, 205000, UTC)),
        ("2021-08-23 03:26:50", datetime(2021, 8, 23, 3, 26, 50, tzinfo=UTC)),
        ("2021-08-23T03:26Z", datetime(2021, 8, 23, 3, 26, tzinfo=UTC)),
        ("2021-08-23", datetime(2021, 8, 23, tzinfo=UTC)),
        ("2021-08-23T03:26:50.123456789Z", datetime(2021, 8, 23, 3, 26, 50, 123456, UTC)),
    ],
)
def test_times_become_utc(written: str, moment: datetime) -> None:
    read = instant(written)
    assert read == moment
    assert read is not None
    assert read.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "written",
    ["", "0001-01-01T00:00:00Z", "9999-12-31", "9999-12-31T23:59:59-05:00", "1327340728000",
     "2021", "2021-08", "23.08.2021", "08/23/2021", "2021-13-01", "2021-02-30", "2021-08-23T25:00Z",
     "2021-08-23T03:26:50+99:00", "2021-08-23T03:26:50 Europe/Berlin", "20210823", "٢٠٢١-٠٨-٢٣"],
)  # fmt: skip
def test_anything_else_is_no_time(written: str) -> None:
    assert instant(written) is None


@given(
    st.datetimes(
        min_value=datetime(1851, 1, 1),
        max_value=datetime(2298, 1, 1),
        timezones=st.builds(
            timezone, st.integers(-14 * 60, 14 * 60).map(lambda minutes: timedelta(minutes=minutes))
        ),
    )
)
def test_every_written_time_comes_back(moment: datetime) -> None:
    assert instant(moment.isoformat()) == moment


@given(st.text())
def test_no_text_breaks_the_reader_of_times(written: str) -> None:
    for read in (instant(written), day(written)):
        assert read is None or 1850 <= read.year <= 2300


def test_a_day_is_counted_where_it_was_written() -> None:
    assert day("2021-08-23") == date(2021, 8, 23)
    assert day("2021-08-23T23:30:00-08:00") == date(2021, 8, 23)
    assert day("2021-08-23T99:00:00Z") is None
    assert day("9999-12-31") is None


def test_what_a_database_cannot_keep() -> None:
    assert storable("Größe µmol/L 血")
    assert not storable("a\x00b")
    assert not storable(b"\xb5mol/L".decode("utf-8", errors="surrogateescape"))
