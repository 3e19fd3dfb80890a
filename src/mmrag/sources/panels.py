"""What a spool holds, as records: patients, diagnoses, studies, and results as panels."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path

from mmrag.clinical.interpret import interpret, sign_problem, unit_problem
from mmrag.clinical.ranges import age_in_years
from mmrag.records import (
    Condition,
    ImagingStudy,
    LabReport,
    Observation,
    Patient,
    Problem,
    Provenance,
)
from mmrag.sources.base import Item, Manifest
from mmrag.sources.problems import ProblemLedger
from mmrag.sources.spool import PlacedResult, Spool
from mmrag.sources.stated_ranges import fitting_range


@dataclass(slots=True)
class Outlet:
    """Reads a spool out under one source's name.

    Attributes
    ----------
    manifest : Manifest
        Name and origin of the source.
    folder : pathlib.Path
        Where the source lies; messages name files relative to it.
    """

    manifest: Manifest
    folder: Path
    _reported_units: set[tuple[str, str | None]] = field(default_factory=set)

    def read(self, spool: Spool) -> Iterator[Item]:
        """Yield everyone, then diagnoses, imaging studies and panels, each by patient."""
        for person in spool.people():
            yield Patient(self._patient(person.id), person.birth, person.sex)
        for d in spool.diagnoses():
            origin = self._provenance(d.file, d.line)
            patient = self._patient(d.patient)
            yield Condition(patient, d.code, d.system, d.name, d.onset, d.abatement, origin)
        for s in spool.studies():
            origin = self._provenance(s.file, s.line)
            study = f"{self.manifest.name}:{s.id}"
            yield ImagingStudy(study, self._patient(s.patient), s.at, s.modality, s.site, origin)
        for _, rows in groupby(spool.results(), _panel_key):
            yield from self._panel(list(rows))

    def _panel(self, rows: list[PlacedResult]) -> Iterator[LabReport | Problem]:
        first = rows[0]
        if first.at is None:
            message = "no time of its own, of its report or of its encounter: state one"
            yield from (self._problem(row, message, "no-time") for row in rows)
            return
        if first.encounter_patient not in (None, first.person.id):
            message = f"encounter {first.encounter} is another patient's: mend one of the two"
            yield from (self._problem(row, message, "contested-patient") for row in rows)
            return
        birth = first.person.birth
        age = age_in_years(birth, first.at.date()) if birth else None
        if age is not None and age < 0:
            age = None
            message = f"taken on {first.at.date()}, before birth on {birth}: age left unknown"
            yield self._problem(first, message, "before-birth")
        yield LabReport(
            id=panel_id(self.manifest.name, first),
            provenance=self._provenance(first.file, first.line),
            patient=self._patient(first.person.id),
            effective_at=first.at,
            encounter=first.encounter,
            age=age,
            sex=first.person.sex,
            observations=tuple(_observation(row, age) for row in rows),
        )
        for row in rows:
            yield from self._unit_problem(row)
            yield from self._sign_problem(row)

    def _sign_problem(self, row: PlacedResult) -> Iterator[Problem]:
        if row.value is None or row.value >= 0:
            return
        if (why := sign_problem(row.loinc, row.value, row.unit)) is not None:
            yield self._problem(row, why, "negative")

    def _unit_problem(self, row: PlacedResult) -> Iterator[Problem]:
        if row.value is None or (row.loinc, row.unit) in self._reported_units:
            return
        self._reported_units.add((row.loinc, row.unit))
        if (why := unit_problem(row.loinc, row.unit)) is not None:
            yield self._problem(row, why, "unknown-unit")

    def _problem(self, row: PlacedResult, message: str, kind: str) -> Problem:
        return Problem(label_of(Path(row.file), self.folder), message, row.line, kind)

    def _patient(self, identifier: str) -> str:
        return f"{self.manifest.name}:{identifier}"

    def _provenance(self, file: str, line: int | None) -> Provenance:
        return Provenance(self.manifest.name, file, line, self.manifest.made_up)


def panel_id(source: str, row: PlacedResult) -> str:
    """Name a panel after its patient and time, with a hash that makes the name its own.

    Parameters
    ----------
    source : str
    row : PlacedResult
        Any result of the panel; its `at` is set.

    Returns
    -------
    str
        E.g. ``synthea:593aaa05:20210823T032650Z:0f3c9a51d2e4``: start of the patient's
        identifier, time in UTC, and 48 bits over patient, encounter, report and time in
        full. The same panel read again has the same name.
    """
    assert row.at is not None  # noqa: S101 - panels without a time are reported, not named
    key = _panel_key(row)
    digest = hashlib.sha256("\n".join(str(part) for part in key).encode()).hexdigest()
    start = re.sub(r"[^0-9A-Za-z-]", "", row.person.id)[:8]
    return f"{source}:{start}:{row.at:%Y%m%dT%H%M%SZ}:{digest[:12]}"


def label_of(file: Path, folder: Path) -> str:
    """Name a file in messages: relative to the folder that holds the source, where it does."""
    inside = file != folder and file.is_relative_to(folder)
    return str(file.relative_to(folder)) if inside else file.name


def briefly(items: Iterable[Item], source: str) -> Iterator[Item]:
    """Pass items on, but of one kind of problem 20 at most, and the others as one number.

    Parameters
    ----------
    items : iterable of Item
    source : str
        What the closing lines speak of.
    """
    ledger = ProblemLedger(source, {})
    for item in items:
        if isinstance(item, Problem) and item.count == 1:
            yield from ledger.admit(item)
        else:
            yield item
    yield from ledger.close()


def _panel_key(row: PlacedResult) -> tuple[str, datetime | None, str | None, str | None]:
    return row.person.id, row.at, row.encounter, row.report


def _observation(row: PlacedResult, age: float | None) -> Observation:
    return interpret(
        row.loinc,
        row.name,
        row.value,
        row.text,
        row.unit,
        row.category,
        age,
        row.person.sex,
        own_range=fitting_range(row.ranges, age, row.person.sex),
        own_flag=row.flag,
    )
