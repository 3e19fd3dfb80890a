from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mmrag.errors import OutsideError
from mmrag.sources import spool as spools
from mmrag.sources.base import Manifest
from mmrag.sources.panels import Outlet, panel_id
from mmrag.sources.spool import Diagnosis, Person, Result, Spool, Study
from mmrag.sources.stated_ranges import StatedRange

NOON = datetime(2021, 8, 23, 12, tzinfo=UTC)


def result(patient: str = "p1", line: int = 1, **more: object) -> Result:
    fields: dict[str, object] = {
        "encounter": "e1", "at": NOON, "loinc": "6690-2", "name": "WBC", "value": 5.5,
        "text": None, "unit": "10*3/uL", "category": None, "file": "a", "line": line,
    }  # fmt: skip
    return Result(patient, **(fields | more))  # type: ignore[arg-type]


@pytest.mark.parametrize("batch", [1, 2, 1000])
def test_results_come_out_sorted_and_whole(monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(spools, "BATCH", batch)
    ranges = (StatedRange(1.0, None, "F", 18.0),)
    with Spool() as spool:
        spool.put_result(result("p2", 1, value=None, text="µ", ranges=ranges, flag="HH"))
        spool.put_result(result("p1", 2, at=NOON.replace(year=2022)))
        spool.put_result(result("p1", 3, at=NOON.replace(microsecond=5)))
        spool.put_result(result("p1", 4))
        spool.put_result(result("p1", 5))
        found = list(spool.results())
    assert [row.line for row in found] == [4, 5, 3, 2, 1]
    last = found[-1]
    assert (last.value, last.text, last.ranges, last.flag) == (None, "µ", ranges, "HH")
    assert last.at == NOON


def test_everyone_described_or_named_comes_out_once() -> None:
    born = Person("p2", date(1970, 5, 17), "F")
    with Spool() as spool:
        assert spool.put_person(born) == born
        assert spool.put_person(Person("p2", None, "M")) == born
        spool.put_result(result("p1"))
        spool.put_encounter("e9", "p3", None)
        spool.put_diagnosis(Diagnosis("p4", "1", "s", "n", date(2020, 1, 1), None, "f", 2))
        spool.put_study(Study("s1", "p2", NOON, None, None, "f", 2))
        assert list(spool.people()) == [Person("p1"), born, Person("p3"), Person("p4")]


def test_aliases_are_replaced_wherever_they_refer() -> None:
    with Spool() as spool:
        for kind in ("Patient", "Encounter", "Observation"):
            spool.put_alias(kind, "other", "own")
        spool.put_person(Person("own", None, "F"))
        spool.put_encounter("own", "other", NOON)
        spool.put_report("r1", "other", "other", None, ["other"])
        spool.put_result(result("other", encounter="other", at=None, resource="own"))
        spool.settle_references()
        (row,) = spool.results()
    assert row.person == Person("own", None, "F")
    assert (row.encounter, row.encounter_patient, row.report) == ("own", "own", "r1")
    assert row.at == NOON


def test_a_result_counts_to_its_first_report() -> None:
    with Spool() as spool:
        spool.put_report("r2", "p1", None, NOON, ["o1"])
        spool.put_report("r1", "p1", None, NOON, ["o1", "o2"])
        spool.put_result(result(resource="o1"))
        assert [row.report for row in spool.results()] == ["r2"]
        assert spool.loose_members() == (1, 0)


def test_a_full_disk_is_an_outside_error() -> None:
    with pytest.raises(OutsideError, match="TMPDIR"), Spool():
        raise sqlite3.OperationalError("database or disk is full")


def test_panel_names_are_readable_and_differ_in_every_part() -> None:
    with Spool() as spool:
        spool.put_report("r1", "p1", None, NOON, ["o1"])
        spool.put_result(result())
        spool.put_result(result(patient="p2"))
        spool.put_result(result(encounter="e2"))
        spool.put_result(result(encounter=None))
        spool.put_result(result(at=NOON.replace(second=1)))
        spool.put_result(result(resource="o1"))
        names = [panel_id("lab", row) for row in spool.results()]
        read = list(Outlet(Manifest("lab"), Path("/nowhere")).read(spool))
    assert len(set(names)) == 6
    assert names[0].startswith("lab:p1:20210823T120000Z:")
    assert len(read) == 2 + 6
