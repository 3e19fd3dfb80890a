"""All films and panels of one person, and panels by their identifier."""

from __future__ import annotations

from collections.abc import Collection
from typing import LiteralString

from mmrag.records import Film, LabReport
from mmrag.store.film_search import FILM_COLUMNS, film_of
from mmrag.store.lab_rows import load_reports
from mmrag.store.links import links_of
from mmrag.store.persons import Persons
from mmrag.store.rows import clean
from mmrag.store.schema import Connection
from mmrag.store.terms import PatientKeys, RecordKey

_FILM_KEYS: LiteralString = (
    "SELECT patient, source, id FROM film WHERE patient = ANY(%s) "
    'ORDER BY taken_on, day, follow_up, source, id COLLATE "C"'
)
_REPORT_KEYS: LiteralString = (
    "SELECT patient, source, id FROM lab_report WHERE patient = ANY(%s) "
    'ORDER BY effective_at, source, id COLLATE "C"'
)


def films_of(connection: Connection, patients: Collection[str]) -> list[Film]:
    """List films of patients: dated ones by date, then by the source's day and running number."""
    rows = connection.execute(
        f"SELECT {FILM_COLUMNS} FROM film f WHERE f.patient = ANY(%s) "  # noqa: S608
        'ORDER BY f.taken_on, f.day, f.follow_up, f.source, f.id COLLATE "C"',
        ([clean(patient) for patient in patients],),
    )
    return [film_of(row) for row in rows]


def reports_of(connection: Connection, patients: Collection[str]) -> list[LabReport]:
    """List panels of patients, the earliest first."""
    rows = connection.execute(
        "SELECT key FROM lab_report WHERE patient = ANY(%s) ORDER BY effective_at, source, id",
        ([clean(patient) for patient in patients],),
    ).fetchall()
    keys = [key for (key,) in rows]
    reports = load_reports(connection, keys)
    return [reports[key] for key in keys]


def keys_of(connection: Connection, patients: Collection[str]) -> dict[str, PatientKeys]:
    """Name the films and panels of several patients' persons; who has none is left out."""
    wanted = {clean(patient) for patient in patients}
    persons = Persons(link.pair for link in links_of(connection, wanted))
    everyone = sorted({one for patient in wanted for one in persons.patients(patient)})
    found: dict[str, tuple[list[RecordKey], list[RecordKey]]] = {}
    for place, query in enumerate((_FILM_KEYS, _REPORT_KEYS)):
        for patient, source, id_ in connection.execute(query, (everyone,)).fetchall():
            of_person = found.setdefault(persons.name(patient), ([], []))
            of_person[place].append(RecordKey(source, id_))
    by_person = {name: PatientKeys(*map(tuple, records)) for name, records in found.items()}
    named = {patient: persons.name(patient) for patient in sorted(wanted)}
    return {patient: by_person[name] for patient, name in named.items() if name in by_person}


def reports_named(connection: Connection, id_: str) -> list[LabReport]:
    """Find the panels of that identifier, of whatever source."""
    rows = connection.execute(
        "SELECT key FROM lab_report WHERE id = %s ORDER BY source", (clean(id_),)
    ).fetchall()
    keys = [key for (key,) in rows]
    reports = load_reports(connection, keys)
    return [reports[key] for key in keys]
