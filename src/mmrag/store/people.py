"""Patients, their conditions, and imaging studies without pixels."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from mmrag.records import Condition, Film, ImagingStudy, LabReport, Patient, Provenance
from mmrag.store import patient_records
from mmrag.store.connection import Database
from mmrag.store.rows import clean, clean_or_none
from mmrag.store.terms import PatientKeys

# A source that says less of a person than an earlier one does not erase what is known.
_UPSERT_PATIENT = """
INSERT INTO patient (id, birth_date, sex) VALUES (%s, %s, %s)
ON CONFLICT (id) DO UPDATE SET
    birth_date = coalesce(excluded.birth_date, patient.birth_date),
    sex = coalesce(excluded.sex, patient.sex)
"""
_UPSERT_CONDITION = """
INSERT INTO condition (patient, system, code, onset, abatement, name, source, file, line, made_up)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (patient, system, code, onset) DO UPDATE SET
    abatement = excluded.abatement, name = excluded.name, source = excluded.source,
    file = excluded.file, line = excluded.line, made_up = excluded.made_up
"""
_UPSERT_STUDY = """
INSERT INTO imaging_study (source, id, patient, started_at, modality, body_site, file, line,
                           made_up)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (source, id) DO UPDATE SET
    patient = excluded.patient, started_at = excluded.started_at, modality = excluded.modality,
    body_site = excluded.body_site, file = excluded.file, line = excluded.line,
    made_up = excluded.made_up
"""


class People:
    """The people family of tables; every write is an upsert in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write_patients(self, patients: Sequence[Patient]) -> None:
        """Write patients; what is unknown now and was known before stays known."""
        self._write(_UPSERT_PATIENT, [(clean(p.id), p.birth_date, p.sex) for p in patients])

    def write_conditions(self, conditions: Sequence[Condition]) -> None:
        """Write conditions; one patient, code and onset is one condition."""
        self._write(
            _UPSERT_CONDITION,
            [
                (
                    clean(each.patient),
                    clean(each.system),
                    clean(each.code),
                    each.onset,
                    each.abatement,
                    clean(each.name),
                    *_origin(each.provenance),
                )
                for each in conditions
            ],
        )

    def write_imaging_studies(self, studies: Sequence[ImagingStudy]) -> None:
        """Write imaging studies."""
        self._write(
            _UPSERT_STUDY,
            [
                (
                    each.provenance.source,
                    clean(each.id),
                    clean(each.patient),
                    each.started_at,
                    clean_or_none(each.modality),
                    clean_or_none(each.body_site),
                    *_origin(each.provenance)[1:],
                )
                for each in studies
            ],
        )

    def patient(self, id_: str) -> Patient | None:
        """One patient by ``source:identifier``; None where it is not stored."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT id, birth_date, sex FROM patient WHERE id = %s", (clean(id_),)
            ).fetchone()
            return None if row is None else Patient(*row)

    def conditions(self, patient: str, on: date | None = None) -> list[Condition]:
        """List a patient's conditions by onset, or only those active on a day."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT code, system, name, onset, abatement, source, file, line, made_up "
                "FROM condition WHERE patient = %(patient)s AND (%(day)s::date IS NULL "
                "OR onset <= %(day)s AND (abatement IS NULL OR abatement >= %(day)s)) "
                "ORDER BY onset, system, code",
                {"patient": clean(patient), "day": on},
            )
            return [
                Condition(patient, code, system, name, onset, abatement, Provenance(*origin))
                for code, system, name, onset, abatement, *origin in rows
            ]

    def condition_names(self) -> list[tuple[str, str]]:
        """List code and name of every condition that anyone has; one code may have several."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                'SELECT DISTINCT code, name COLLATE "C" AS name FROM condition ORDER BY name, code'
            )
            return [(code, name) for code, name in rows]

    def imaging_studies(self, patient: str) -> list[ImagingStudy]:
        """List a patient's imaging studies by time."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT id, started_at, modality, body_site, source, file, line, made_up "
                "FROM imaging_study WHERE patient = %s ORDER BY started_at, id",
                (clean(patient),),
            )
            return [
                ImagingStudy(id_, patient, at, modality, site, Provenance(*origin))
                for id_, at, modality, site, *origin in rows
            ]

    def films(self, *patients: str) -> list[Film]:
        """List the films of a patient, or of several who are one, in order of time if known."""
        with self._database.transaction() as connection:
            return patient_records.films_of(connection, patients)

    def reports(self, *patients: str) -> list[LabReport]:
        """List the panels of a patient, or of several who are one, the earliest first."""
        with self._database.transaction() as connection:
            return patient_records.reports_of(connection, patients)

    def keys(self, patients: Collection[str]) -> dict[str, PatientKeys]:
        """Name the films and panels of several patients, each in order of time.

        Those of whoever is declared to be the same person are among them. Who has neither is
        left out.
        """
        with self._database.transaction() as connection:
            return patient_records.keys_of(connection, patients)

    def reports_named(self, id_: str) -> list[LabReport]:
        """Find the panels of that identifier, of whatever source."""
        with self._database.transaction() as connection:
            return patient_records.reports_named(connection, id_)

    def _write(self, query: str, rows: Sequence[tuple[Any, ...]]) -> None:
        with self._database.transaction() as connection, connection.cursor() as cursor:
            cursor.executemany(query, rows)


def _origin(provenance: Provenance) -> tuple[str, str, int | None, bool]:
    return (provenance.source, clean(provenance.file), provenance.row, provenance.made_up)
