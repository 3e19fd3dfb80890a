"""Declared identities in the store, what is known of patients, and what ends a link."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from mmrag.errors import DatabaseError
from mmrag.records import Patient, Sex
from mmrag.store import (
    Bound,
    FilmEntry,
    LabCondition,
    LabFilter,
    Link,
    PatientFacts,
    RecordKey,
    Store,
)
from tests.store import test_films as films
from tests.store import test_labs as labs
from tests.store.conftest import Server, evidence, unit_vectors

MALE: frozenset[Sex] = frozenset({"M"})


def declare(store: Store, *pairs: tuple[str, str]) -> None:
    with store.links.change() as change:
        rows = [
            Link(film, lab, "somebody", "links.csv", n + 2) for n, (film, lab) in enumerate(pairs)
        ]
        change.add(rows)


def pairs(links: list[Link]) -> list[tuple[str, str]]:
    return [link.pair for link in links]


def test_a_link_comes_back_with_who_said_so_and_where(store: Store) -> None:
    declare(store, ("nih:1", "synthea:2"))
    (link,) = store.links.every()
    assert (link.pair, link.declared_by, link.file, link.row) == (
        ("nih:1", "synthea:2"), "somebody", "links.csv", 2,
    )  # fmt: skip
    assert link.declared_at is not None
    assert link.declared_at.tzinfo is not None
    assert store.status().links == 1


def test_all_links_of_a_person_are_found_from_any_of_its_patients(store: Store) -> None:
    declare(store, ("nih:1", "synthea:2"), ("covid:3", "synthea:2"), ("nih:9", "synthea:8"))
    for patient in ("nih:1", "synthea:2", "covid:3"):
        assert pairs(store.links.of([patient])) == [
            ("covid:3", "synthea:2"),
            ("nih:1", "synthea:2"),
        ]
    assert store.links.of(["nih:5"]) == []
    assert len(store.links.of(["nih:1", "nih:9"])) == 3


def test_a_pair_cannot_be_there_twice_and_a_failure_leaves_nothing(store: Store) -> None:
    with pytest.raises(DatabaseError):
        declare(store, ("nih:1", "synthea:2"), ("nih:3", "synthea:4"), ("nih:1", "synthea:2"))
    assert store.links.every() == []


def test_links_are_taken_back(store: Store) -> None:
    declare(store, ("nih:1", "synthea:2"), ("nih:3", "synthea:4"))
    with store.links.change() as change:
        change.remove([("nih:1", "synthea:2")])
    assert pairs(store.links.every()) == [("nih:3", "synthea:4")]


def test_the_facts_are_those_of_all_records(store: Store) -> None:
    films.fill(store, rows=20)  # two films a patient, ages 2n and 2n + 1, no dates
    labs.fill(store, rows=30)
    store.people.write_patients([Patient("synthea:4", date(1950, 2, 3), "F")])
    with store.links.change() as change:
        facts = change.facts(["nih:1", "synthea:4", "synthea:5", "nih:404", "odd\x00name"])
    assert facts["nih:1"] == PatientFacts(films=2, sexes=MALE, oldest=3.0)
    assert facts["nih:404"] == facts["odd\x00name"] == PatientFacts()
    four, five = facts["synthea:4"], facts["synthea:5"]
    assert (four.films, four.panels, four.birth_date) == (0, 3, date(1950, 2, 3))
    assert four.sexes == {"F", "M"}  # its own record against its panels
    assert five.sexes == {"F"}
    days = [labs.entry(n).report for n in (5, 15, 25)]
    born = [report.effective_at.year - int(report.age or 0) for report in days]
    assert five.birth_years == (min(born), max(born))
    assert five.oldest is None


def test_a_counted_day_is_no_date(store: Store) -> None:
    labs.write(store, [labs.entry(1, labs.leukocytes(5.0), day=3.0, age=40.0)])
    with store.links.change() as change:
        facts = change.facts(["synthea:1"])["synthea:1"]
    assert (facts.birth_years, facts.oldest) == (None, 40.0)


def test_a_link_ends_with_the_last_film_or_panel_of_its_patient(
    store: Store, server: Server, database: str
) -> None:
    films.fill(store, rows=6)
    labs.fill(store, rows=12)
    declare(store, ("nih:0", "synthea:0"), ("nih:1", "synthea:1"))
    with server.connect(database) as connection:
        connection.execute("DELETE FROM mmrag.film WHERE id = '00000000_000.png'")
        assert len(store.links.every()) == 2  # one of nih:0 is left
        connection.execute("DELETE FROM mmrag.film WHERE patient = 'nih:0'")
        assert pairs(store.links.every()) == [("nih:1", "synthea:1")]
        connection.execute("UPDATE mmrag.lab_report SET patient = 'synthea:77'")
    assert store.links.every() == []


def test_a_film_that_is_written_again_keeps_its_link(store: Store) -> None:
    films.fill(store, rows=4)
    labs.fill(store, rows=4)
    declare(store, ("nih:1", "synthea:1"))
    films.fill(store, rows=4)
    labs.fill(store, rows=4)
    assert pairs(store.links.every()) == [("nih:1", "synthea:1")]


def test_the_records_of_a_person_are_named_together(store: Store) -> None:
    films.fill(store, rows=4)
    labs.fill(store, rows=12)
    declare(store, ("nih:1", "synthea:1"))
    own = store.people.keys(["nih:1", "synthea:1", "nih:0", "nih:404"])
    assert own["nih:1"] == own["synthea:1"]
    assert [key.id for key in own["nih:1"].films] == ["00000002_000.png", "00000003_000.png"]
    assert own["nih:1"].reports == (RecordKey("synthea", "r0011"), RecordKey("synthea", "r0001"))
    assert own["nih:0"].reports == ()
    assert "nih:404" not in own


def test_films_of_patients_whose_panels_are_as_asked(store: Store) -> None:
    films.fill(store, rows=12)
    entries = labs.fill(store, rows=40)
    declare(store, ("nih:1", "synthea:1"), ("nih:2", "synthea:2"))
    shared = films.film(0, source="synthea")  # synthea:0 has a film of its own
    store.films.write(
        [FilmEntry(shared, "0" * 64, "x")], unit_vectors(1), unit_vectors(1), evidence(1)
    )
    condition = LabCondition(analytes=("leukocytes",), lower=Bound(13.0))
    meeting = {
        entry.report.patient
        for entry in entries
        if any(
            o.analyte == "leukocytes" and (o.value or 0) >= 13 for o in entry.report.observations
        )
    }
    names = {"synthea:0": "synthea:0", "synthea:1": "nih:1", "synthea:2": "nih:2"}
    wanted = tuple(sorted(names[patient] for patient in meeting & names.keys()))
    assert wanted
    assert store.links.film_patients_of([condition], LabFilter()) == wanted
    never = LabCondition(analytes=("leukocytes",), lower=Bound(1e6))
    assert store.links.film_patients_of([never], LabFilter()) == ()
    newer = LabFilter(since=datetime(2100, 1, 1, tzinfo=UTC))
    assert store.links.film_patients_of([condition], newer) == ()
