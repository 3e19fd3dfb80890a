"""All films and panels of one patient, and panels by their identifier."""

from __future__ import annotations

from collections.abc import Collection
from typing import LiteralString

from mmrag.records import Film, LabReport
from mmrag.store.film_search import FILM_COLUMNS, film_of
from mmrag.store.lab_rows import load_reports
from mmrag.store.rows import clean
from mmrag.store.schema import Connection
from mmrag.store.terms import PatientKeys, RecordKey

_FILM_KEYS: LiteralString = (
    "SELECT patient, source, id FROM film WHERE patient = ANY(%s) "
    'ORDER BY patient, taken_on, day, follow_up, source, id COLLATE "C"'
)
_REPORT_KEYS: LiteralString = (
    "SELECT patient, source, id FROM lab_report WHERE patient = ANY(%s) "
    'ORDER BY patient, effective_at, source, id COLLATE "C"'
)


def films_of(connection: Connection, patient: str) -> list[Film]:
    """List a patient's films: dated ones by date, then by the source's day and running number."""
    rows = connection.execute(
        f"SELECT {FILM_COLUMNS} FROM film f WHERE f.patient = %s "  # noqa: S608
        'ORDER BY f.taken_on, f.day, f.follow_up, f.source, f.id COLLATE "C"',
        (clean(patient),),
    )
    return [film_of(row) for row in rows]


def reports_of(connection: Connection, patient: str) -> list[LabReport]:
    """List a patient's panels, the earliest first."""
    rows = connection.execute(
        "SELECT key FROM lab_report WHERE patient = %s ORDER BY effective_at, source, id",
        (clean(patient),),
    ).fetchall()
    keys = [key for (key,) in rows]
    reports = load_reports(connection, keys)
    return [reports[key] for key in keys]


def keys_of(connection: Connection, patients: Collection[str]) -> dict[str, PatientKeys]:
    """Name the films and panels of several patients; who has none is left out."""
    wanted = [clean(patient) for patient in patients]
    found: dict[str, tuple[list[RecordKey], list[RecordKey]]] = {}
    for place, query in enumerate((_FILM_KEYS, _REPORT_KEYS)):
        for patient, source, id_ in connection.execute(query, (wanted,)):
            found.setdefault(patient, ([], []))[place].append(RecordKey(source, id_))
    return {
        patient: PatientKeys(tuple(films), tuple(reports))
        for patient, (films, reports) in found.items()
    }


def reports_named(connection: Connection, id_: str) -> list[LabReport]:
    """Find the panels of that identifier, of whatever source."""
    rows = connection.execute(
        "SELECT key FROM lab_report WHERE id = %s ORDER BY source", (clean(id_),)
    ).fetchall()
    keys = [key for (key,) in rows]
    reports = load_reports(connection, keys)
    return [reports[key] for key in keys]
