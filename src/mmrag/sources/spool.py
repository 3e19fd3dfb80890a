"""Records that wait on disk until every file is read.

Rows of one panel lie far apart in real tables, and a bulk export may name a patient
thousands of files before it describes them. So everything goes into a temporary SQLite
file first, and comes out patient by patient, in order. Memory stays flat (SQLite's page
cache); the temporary folder needs about as much room as the source has without compression.
The file has no name and vanishes with the process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from types import TracebackType
from typing import Any, Literal, Self

from mmrag.errors import OutsideError
from mmrag.records import Flag, Sex
from mmrag.sources.stated_ranges import StatedRange, ranges_from_json, ranges_to_json

BATCH = 5000
"""Results that wait in memory before they are written."""

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -8192;
CREATE TABLE person (id TEXT PRIMARY KEY, birth TEXT, sex TEXT, described INT) WITHOUT ROWID;
CREATE TABLE encounter (id TEXT PRIMARY KEY, patient TEXT, start TEXT) WITHOUT ROWID;
CREATE TABLE report (id TEXT PRIMARY KEY, patient TEXT, encounter TEXT, at TEXT) WITHOUT ROWID;
CREATE TABLE member (resource TEXT PRIMARY KEY, report TEXT) WITHOUT ROWID;
CREATE TABLE seen (kind TEXT, id TEXT, digest BLOB, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE alias (kind TEXT, other TEXT, id TEXT, PRIMARY KEY (kind, other)) WITHOUT ROWID;
CREATE TABLE condition (
    patient TEXT, code TEXT, system TEXT, name TEXT, onset TEXT, abatement TEXT,
    file TEXT, line INT);
CREATE TABLE study (
    id TEXT PRIMARY KEY, patient TEXT, at TEXT, modality TEXT, site TEXT, file TEXT, line INT);
CREATE TABLE result (
    seq INTEGER PRIMARY KEY, resource TEXT, patient TEXT, encounter TEXT, at TEXT,
    loinc TEXT, name TEXT, value REAL, text TEXT, unit TEXT, category TEXT,
    ranges TEXT, flag TEXT, file TEXT, line INT);
BEGIN;
"""

_EVERYONE_NAMED = """
INSERT OR IGNORE INTO person (id, described)
SELECT patient, 0 FROM encounter UNION SELECT patient, 0 FROM condition
UNION SELECT patient, 0 FROM study UNION SELECT patient, 0 FROM result
"""

_REFERENCES = {
    "Patient": (
        ("encounter", "patient"), ("report", "patient"), ("condition", "patient"),
        ("study", "patient"), ("result", "patient"),
    ),
    "Encounter": (("report", "encounter"), ("result", "encounter")),
    "Observation": (("member", "resource"),),
}  # fmt: skip
"""Columns that hold references, by the kind of resource they name."""

_LOOSE_MEMBERS = """
SELECT TOTAL(result.patient IS NULL), TOTAL(result.patient <> report.patient)
FROM member JOIN report ON report.id = member.report
LEFT JOIN (SELECT DISTINCT resource, patient FROM result) AS result
    ON result.resource = member.resource
"""

_RESULTS_IN_ORDER = """
SELECT result.patient, COALESCE(result.at, report.at, encounter.start) AS taken_at,
       COALESCE(result.encounter, report.encounter) AS visit, report.id, encounter.patient,
       person.birth, person.sex,
       loinc, name, value, text, unit, category, ranges, flag, file, line
FROM result
LEFT JOIN member ON member.resource = result.resource
LEFT JOIN report ON report.id = member.report AND report.patient = result.patient
LEFT JOIN encounter ON encounter.id = COALESCE(result.encounter, report.encounter)
LEFT JOIN person ON person.id = result.patient
ORDER BY result.patient, taken_at, visit, report.id, seq
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Who is examined; `id` without the source's name."""

    id: str
    birth: date | None = None
    sex: Sex | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One result as its source states it; `resource` joins it to the reports that list it."""

    patient: str
    encounter: str | None
    at: datetime | None
    loinc: str
    name: str
    value: float | None
    text: str | None
    unit: str | None
    category: str | None
    file: str
    line: int | None
    resource: str | None = None
    ranges: tuple[StatedRange, ...] = ()
    flag: Flag | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One entry of a problem list."""

    patient: str
    code: str
    system: str
    name: str
    onset: date
    abatement: date | None
    file: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Study:
    """One imaging study."""

    id: str
    patient: str
    at: datetime
    modality: str | None
    site: str | None
    file: str
    line: int | None


@dataclass(frozen=True, slots=True)
class PlacedResult:
    """A result with all that the other records say of it.

    Attributes
    ----------
    person : Person
    at : datetime.datetime or None
        The result's own time, else that of its report, else the start of its encounter.
    encounter, report : str or None
    encounter_patient : str or None
        Whose encounter it is; differs from `person` only where the source contradicts itself.
    """

    person: Person
    at: datetime | None
    encounter: str | None
    report: str | None
    encounter_patient: str | None
    loinc: str
    name: str
    value: float | None
    text: str | None
    unit: str | None
    category: str | None
    ranges: tuple[StatedRange, ...]
    flag: Flag | None
    file: str
    line: int | None


class Spool:
    """A context in which records are put down in any order and read back sorted."""

    def __init__(self) -> None:
        self._waiting: list[tuple[object, ...]] = []

    def __enter__(self) -> Self:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.executescript(_SCHEMA)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        self._db.close()
        if isinstance(error, sqlite3.Error):
            raise OutsideError(
                f"the temporary file for sorting results failed ({error}): "
                "make room in the temporary folder or set TMPDIR to another"
            ) from error
        return False

    def first_time(self, kind: str, identifier: str, content: bytes) -> bool | None:
        """Note a resource by a digest of its content.

        Returns
        -------
        bool or None
            True the first time, False when it comes again with the same content, None when
            it comes again with another.
        """
        if self._inserted(
            "INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (kind, identifier, content)
        ):
            return True
        query = "SELECT digest FROM seen WHERE kind = ? AND id = ?"
        (before,) = self._db.execute(query, (kind, identifier)).fetchone()
        return False if before == content else None

    def put_alias(self, kind: str, other: str, identifier: str) -> None:
        """Put down another name by which a resource is referred to."""
        self._inserted("INSERT OR IGNORE INTO alias VALUES (?, ?, ?)", (kind, other, identifier))

    def settle_references(self) -> None:
        """Replace every alias in a reference by the identifier, once all records are put down."""
        self._write_waiting()
        for kind, places in _REFERENCES.items():
            for table, column in places:
                self._db.execute(
                    f"UPDATE OR IGNORE {table} SET {column} = "  # noqa: S608
                    f"(SELECT id FROM alias WHERE kind = :kind AND other = {table}.{column}) "
                    f"WHERE {column} IN (SELECT other FROM alias WHERE kind = :kind)",
                    {"kind": kind},
                )

    def loose_members(self) -> tuple[int, int]:
        """Count results that reports list but nobody stated, and those of another patient."""
        missing, foreign = self._db.execute(_LOOSE_MEMBERS).fetchone()
        return int(missing), int(foreign)

    def put_person(self, person: Person) -> Person:
        """Put down a person; return the one that counts, the first of this identifier."""
        row = (person.id, _iso(person.birth), person.sex)
        if self._inserted("INSERT OR IGNORE INTO person VALUES (?, ?, ?, 1)", row):
            return person
        found = self._db.execute("SELECT birth, sex FROM person WHERE id = ?", (person.id,))
        return _person(person.id, *found.fetchone())

    def put_encounter(self, identifier: str, patient: str, start: datetime | None) -> None:
        """Put down an encounter; the first of its identifier counts."""
        self._inserted(
            "INSERT OR IGNORE INTO encounter VALUES (?, ?, ?)", (identifier, patient, _iso(start))
        )

    def put_report(
        self,
        identifier: str,
        patient: str,
        encounter: str | None,
        at: datetime | None,
        resources: list[str],
    ) -> None:
        """Put down a report and the results it lists; a result counts to its first report."""
        row = (identifier, patient, encounter, _iso(at))
        self._inserted("INSERT OR IGNORE INTO report VALUES (?, ?, ?, ?)", row)
        self._db.executemany(
            "INSERT OR IGNORE INTO member VALUES (?, ?)",
            [(resource, identifier) for resource in resources],
        )

    def put_diagnosis(self, diagnosis: Diagnosis) -> None:
        """Put down a diagnosis."""
        d = diagnosis
        onset, abatement = _iso(d.onset), _iso(d.abatement)
        row = (d.patient, d.code, d.system, d.name, onset, abatement, d.file, d.line)
        self._inserted("INSERT INTO condition VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def put_study(self, study: Study) -> None:
        """Put down an imaging study; further rows of its identifier are its other images."""
        s = study
        row = (s.id, s.patient, _iso(s.at), s.modality, s.site, s.file, s.line)
        self._inserted("INSERT OR IGNORE INTO study VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def put_result(self, result: Result) -> None:
        """Put down a result."""
        r = result
        placed = (r.resource, r.patient, r.encounter, _iso(r.at), r.loinc, r.name)
        stated = (r.value, r.text, r.unit, r.category, ranges_to_json(r.ranges), r.flag)
        self._waiting.append((*placed, *stated, r.file, r.line))
        if len(self._waiting) >= BATCH:
            self._write_waiting()

    def people(self) -> Iterator[Person]:
        """Everyone who is described or named, by identifier."""
        self._write_waiting()
        self._db.execute(_EVERYONE_NAMED)
        for row in self._db.execute("SELECT id, birth, sex FROM person ORDER BY id"):
            yield _person(*row)

    def diagnoses(self) -> Iterator[Diagnosis]:
        """All diagnoses, by patient and onset."""
        query = "SELECT * FROM condition ORDER BY patient, onset, rowid"
        for row in self._db.execute(query):
            patient, code, system, name, onset, abatement, file, line = row
            began, ended = date.fromisoformat(onset), _date(abatement)
            yield Diagnosis(patient, code, system, name, began, ended, file, line)

    def studies(self) -> Iterator[Study]:
        """All imaging studies, by patient and time."""
        query = "SELECT * FROM study ORDER BY patient, at, id"
        for study, patient, at, *rest in self._db.execute(query):
            yield Study(study, patient, datetime.fromisoformat(at), *rest)

    def results(self) -> Iterator[PlacedResult]:
        """All results: by patient, time, encounter and report, then as they were read."""
        self._write_waiting()
        for row in self._db.execute(_RESULTS_IN_ORDER):
            patient, at, encounter, report, owner, birth, sex = row[:7]
            loinc, name, value, text, unit, category, ranges, flag, file, line = row[7:]
            yield PlacedResult(
                person=_person(patient, birth, sex),
                at=datetime.fromisoformat(at) if at else None,
                encounter=encounter,
                report=report,
                encounter_patient=owner,
                loinc=loinc,
                name=name,
                value=value,
                text=text,
                unit=unit,
                category=category,
                ranges=ranges_from_json(ranges),
                flag=flag,
                file=file,
                line=line,
            )

    def _inserted(self, statement: str, row: tuple[object, ...]) -> bool:
        return self._db.execute(statement, row).rowcount == 1

    def _write_waiting(self) -> None:
        places = ", ".join("?" * 14)
        self._db.executemany(f"INSERT INTO result VALUES (NULL, {places})", self._waiting)  # noqa: S608
        self._waiting.clear()


def _iso(moment: date | datetime | None) -> str | None:
    if isinstance(moment, datetime):
        return moment.isoformat(timespec="microseconds")
    return moment.isoformat() if moment else None


def _person(identifier: str, birth: str | None, sex: Any) -> Person:
    return Person(identifier, _date(birth), sex)


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
