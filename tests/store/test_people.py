from __future__ import annotations

from datetime import UTC, date, datetime

from mmrag.records import Condition, ImagingStudy, Patient, Provenance
from mmrag.store import Store

ORIGIN = Provenance("synthea", "/data/conditions.csv", 3)


def condition(code: str, onset: date, abatement: date | None) -> Condition:
    return Condition("synthea:1", code, "SNOMED-CT", f"Condition {code}", onset, abatement, ORIGIN)


def test_what_was_known_of_a_patient_stays_known(store: Store) -> None:
    store.people.write_patients([Patient("nih:1", date(1950, 2, 3), None)])
    store.people.write_patients([Patient("nih:1", None, "F"), Patient("nih:1")])
    assert store.people.patient("nih:1") == Patient("nih:1", date(1950, 2, 3), "F")
    assert store.people.patient("nih:2") is None


def test_conditions_are_active_from_onset_to_abatement(store: Store) -> None:
    short = condition("1", date(2020, 1, 5), date(2020, 1, 9))
    lasting = condition("2", date(2020, 1, 7), None)
    for _ in range(2):
        store.people.write_conditions([short, lasting])
    assert store.people.conditions("synthea:1") == [short, lasting]
    assert store.people.conditions("synthea:1", date(2020, 1, 4)) == []
    assert store.people.conditions("synthea:1", date(2020, 1, 5)) == [short]
    assert store.people.conditions("synthea:1", date(2020, 1, 9)) == [short, lasting]
    assert store.people.conditions("synthea:1", date(9999, 12, 31)) == [lasting]
    assert store.people.conditions("synthea:2") == []


def test_a_condition_that_ended_since_is_updated(store: Store) -> None:
    store.people.write_conditions([condition("1", date(2020, 1, 5), None)])
    ended = condition("1", date(2020, 1, 5), date(2020, 3, 1))
    store.people.write_conditions([ended])
    assert store.people.conditions("synthea:1") == [ended]


def test_imaging_studies_come_back_as_they_were_written(store: Store) -> None:
    study = ImagingStudy(
        "s1", "synthea:1", datetime(2020, 1, 5, 8, tzinfo=UTC), "DX", "Chest", ORIGIN
    )
    for _ in range(2):
        store.people.write_imaging_studies([study])
    assert store.people.imaging_studies("synthea:1") == [study]
    assert store.people.imaging_studies("synthea:2") == []
