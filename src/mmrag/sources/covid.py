"""The covid-chestxray-dataset: films and, in some rows, blood counts of the same patient.

The one set at hand in which film and blood are of one person. Calendar days are rare in it;
most rows say how many days had passed since the first symptoms or since admission, so films
and panels carry that day (`mmrag.records.Film.day`) and no date is made up from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path

from mmrag.clinical.interpret import interpret
from mmrag.errors import SourceError
from mmrag.records import (
    Film,
    LabReport,
    Observation,
    Patient,
    Problem,
    Provenance,
    Sex,
    day_in_order,
)
from mmrag.sources.base import Item, read_manifest
from mmrag.sources.covid_cells import UNIT, words
from mmrag.sources.covid_table import TABLE, CovidRow, read_rows
from mmrag.sources.problems import ProblemLedger

_CLOSING = {
    "missing-file": "rows name films that are not in this folder",
    "not-a-film": "rows of other modalities",
    "unknown-label": "unknown findings",
}


class CovidSource:
    """A folder of the covid-chestxray-dataset.

    Each row is a film; one with a leukocyte, neutrophil or lymphocyte count is a panel of
    the same patient as well, which goes in also where the film is missing. Its clinical notes
    go with the film; the columns of the patient's course are not read.

    Parameters
    ----------
    path : pathlib.Path
        The folder with ``metadata.csv`` and the folder ``images``.

    Raises
    ------
    SourceError
        When the folder or the table is not there, or the table lacks a needed column.
    """

    def __init__(self, path: Path) -> None:
        self._folder = path.resolve()
        table = self._folder / TABLE
        if not path.exists():
            raise SourceError(f"{path}: no such folder: check the path")
        if not table.is_file():
            raise SourceError(
                f"{path}: no {TABLE} here: point at the folder that holds it and images/"
            )
        self._manifest = read_manifest(self._folder, "covid")
        self._table = table
        self._rows = list(read_rows(table))

    @property
    def name(self) -> str:
        """First half of every patient identifier: ``covid`` unless the folder says otherwise."""
        return self._manifest.name

    @property
    def size(self) -> int:
        """Number of rows."""
        return sum(isinstance(row, CovidRow) for row in self._rows)

    def read(self) -> Iterator[Item]:
        """Yield each row's patient, film and panel, in the order of the table.

        Yields
        ------
        Patient, Film, LabReport or Problem
            Beyond twenty of a kind, problems are counted in one line.
        """
        ledger = ProblemLedger(TABLE, _CLOSING)
        sexes = _sexes(row for row in self._rows if isinstance(row, CovidRow))
        met: set[str] = set()
        used: set[str] = set()
        for row in self._rows:
            if isinstance(row, Problem):
                yield from ledger.admit(row)
                continue
            if row.filename in used:
                yield from ledger.admit(_problem(row, _TWICE, "duplicate-row"))
                continue
            used.add(row.filename)
            if row.patient is not None and row.patient not in met:
                met.add(row.patient)
                yield Patient(self._patient(row.patient), sex=sexes[row.patient])
            for item in self._records(row):
                yield from ledger.admit(item) if isinstance(item, Problem) else (item,)
        yield from ledger.close()

    def _records(self, row: CovidRow) -> Iterator[Film | LabReport | Problem]:
        file = self._folder / row.folder / row.filename
        if file.is_file():
            yield self._film(row, file)
        else:
            message = f"{row.folder}/{row.filename} is not in this folder: add the film"
            yield _problem(row, message, "missing-file")
        if row.counts:
            yield self._panel(row)

    def _film(self, row: CovidRow, file: Path) -> Film:
        return Film(
            id=row.filename,
            provenance=self._provenance(file, row),
            patient=None if row.patient is None else self._patient(row.patient),
            findings=row.findings,
            view=row.view,
            age=row.age,
            sex=row.sex,
            taken_on=row.taken_on,
            day=row.day,
            stated=row.stated,
            licence=row.licence,
            note=row.note,
        )

    def _panel(self, row: CovidRow) -> LabReport | Problem:
        if row.patient is None:
            return _problem(row, "counts without a patient were left out", "no-patient")
        if row.day is not None:
            at = day_in_order(row.day)
        elif row.taken_on is not None:
            at = datetime.combine(row.taken_on, time(), UTC)
        else:
            message = "counts with neither offset nor date were left out: give one of them"
            return _problem(row, message, "no-time")
        return LabReport(
            id=f"{self.name}:{row.filename}",
            provenance=self._provenance(self._table, row),
            patient=self._patient(row.patient),
            effective_at=at,
            age=row.age,
            sex=row.sex,
            observations=tuple(_observation(row, *count) for count in row.counts),
            day=row.day,
        )

    def _patient(self, identifier: str) -> str:
        return f"{self.name}:{identifier}"

    def _provenance(self, file: Path, row: CovidRow) -> Provenance:
        return Provenance(self.name, str(file), row.line, self._manifest.made_up)


_TWICE = "this film stands in an earlier row too: the first row counts"


def _sexes(rows: Iterator[CovidRow]) -> dict[str, Sex | None]:
    """Give each patient's sex, as the first row that has one states it."""
    sexes: dict[str, Sex | None] = {}
    for row in rows:
        if row.patient is not None and sexes.get(row.patient) is None:
            sexes[row.patient] = row.sex
    return sexes


def _observation(row: CovidRow, column: str, count: float) -> Observation:
    known = words().counts[column]
    return interpret(known.loinc, known.name, count, None, UNIT, "laboratory", row.age, row.sex)


def _problem(row: CovidRow, message: str, kind: str) -> Problem:
    return Problem(TABLE, message, row.line, kind)
