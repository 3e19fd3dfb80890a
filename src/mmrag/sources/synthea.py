"""Synthea's CSV export, old and new columns, as a folder or as one table of observations.

Layout: https://github.com/synthetichealth/synthea/wiki/CSV-File-Data-Dictionary. Early
exports lack CATEGORY (observations) and SYSTEM (conditions).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mmrag.errors import SourceError
from mmrag.records import Problem, Sex
from mmrag.sources.base import Item, read_manifest
from mmrag.sources.panels import Outlet, briefly, label_of
from mmrag.sources.spool import Diagnosis, Person, Result, Spool, Study
from mmrag.sources.tables import Row, Table
from mmrag.sources.values import day, finite_number, instant

DEFAULT_SYSTEM = "SNOMED-CT"
_SEXES: dict[str, Sex] = {"F": "F", "M": "M"}


@dataclass(frozen=True, slots=True)
class _Layout:
    """One table: its file's stem, the columns it needs and may have, its reader, its loss.

    The loss is what nobody knows where the table is missing; empty where nobody would ask.
    """

    stem: str
    needed: set[str]
    optional: set[str]
    read: Callable[[_Line, Spool], None]
    loss: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    """One row in its place; reading it collects what is wrong with it."""

    table: Table
    number: int
    row: Row
    problems: list[Problem]

    def get(self, column: str) -> str:
        """Return a field, empty where the table lacks the column."""
        return self.row.get(column, "")

    def lost(self, message: str, kind: str) -> None:
        """Note what is wrong."""
        self.problems.append(Problem(self.table.label, message, self.number, kind))


class SyntheaSource:
    """Patients, conditions, imaging studies and panels of a Synthea export.

    A panel is all results, of every category, of one patient, one encounter and one time.
    Rows of one panel need not stand together: results are sorted through a temporary file
    on disk (see `mmrag.sources.spool`), so memory does not grow with the tables.

    Parameters
    ----------
    path : pathlib.Path
        A folder with ``observations.csv`` (or with a folder ``csv`` that holds it) and,
        where they exist, ``patients.csv``, ``encounters.csv``, ``conditions.csv`` and
        ``imaging_studies.csv``; or one table of observations of any name, which is then
        read alone. Each file plain or gzip.

    Raises
    ------
    SourceError
        When there is no table of observations, or it lacks a needed column.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        files = _files(self._path)
        self._manifest = read_manifest(files["observations"].parent, "synthea")
        self._tables: list[tuple[_Layout, Table]] = []
        self._unread: list[Problem] = []
        for layout in _LAYOUTS:
            if layout.stem in files:
                self._add_table(layout, files[layout.stem])
            elif layout.loss and self._path.is_dir():
                self._unread.append(_missing(layout))

    @property
    def name(self) -> str:
        """First half of every patient identifier."""
        return self._manifest.name

    @property
    def size(self) -> int | None:
        """Unknown: how many panels the rows make shows when they are sorted."""
        return None

    def read(self) -> Iterator[Item]:
        """Yield problems as rows are read, then patients, conditions, studies and panels.

        Beyond 20 of a kind, problems are counted in one line.
        """
        return briefly(self._items(), self._path.name)

    def _add_table(self, layout: _Layout, file: Path) -> None:
        label = label_of(file, self._path)
        try:
            table = Table.open(file, label, layout.needed, layout.optional)
        except SourceError as error:
            if layout.stem == "observations":
                raise
            message = str(error).removeprefix(f"{label}: ")
            self._unread.append(Problem(label, message, kind="broken-table"))
        else:
            self._tables.append((layout, table))

    def _items(self) -> Iterator[Item]:
        yield from self._unread
        with Spool() as spool:
            for layout, table in self._tables:
                yield from _read_table(layout, table, spool)
            yield from Outlet(self._manifest, self._path).read(spool)


def _files(path: Path) -> dict[str, Path]:
    """Find the tables of an export, by stem."""
    if path.is_file():
        return {"observations": path}
    if not path.is_dir():
        raise SourceError(f"{path}: no such file or folder: name a folder with observations.csv")
    for folder in (path, path / "csv"):
        found = {
            layout.stem: file
            for layout in _LAYOUTS
            for file in (folder / f"{layout.stem}.csv.gz", folder / f"{layout.stem}.csv")
            if file.is_file()
        }
        if "observations" in found:
            return found
    raise SourceError(f"{path}: holds no observations.csv: name the folder of a Synthea export")


def _missing(layout: _Layout) -> Problem:
    table = f"{layout.stem}.csv"
    mend = f"put the export's {table} beside observations.csv and ingest again"
    return Problem(table, f"is missing: {layout.loss}; {mend}", kind="missing-table")


def _read_table(layout: _Layout, table: Table, spool: Spool) -> Iterator[Problem]:
    problems: list[Problem] = []
    for row in table.rows():
        if isinstance(row, Problem):
            yield row
            continue
        layout.read(_Line(table, *row, problems), spool)
        yield from problems
        problems.clear()


def _read_patient(line: _Line, spool: Spool) -> None:
    identifier = _needed(line, "ID")
    if identifier is None:
        return
    birth = _day(line, "BIRTHDATE", "left unknown")
    written = line.get("GENDER").upper()
    if written and written not in _SEXES:
        line.lost(f"GENDER {_short(written)} is neither F nor M: sex left unknown", "bad-sex")
    person = Person(identifier, birth, _SEXES.get(written))
    if spool.put_person(person) != person:
        line.lost(
            f"patient {identifier} stands in the table twice with different data: "
            "the first row counts",
            "duplicate-patient",
        )


def _read_encounter(line: _Line, spool: Spool) -> None:
    identifier, patient = _needed(line, "ID"), _needed(line, "PATIENT")
    if identifier and patient:
        spool.put_encounter(identifier, patient, instant(line.get("START")))


def _read_condition(line: _Line, spool: Spool) -> None:
    patient, code = _needed(line, "PATIENT"), _needed(line, "CODE")
    if patient is None or code is None:
        return
    onset = day(line.get("START"))
    if onset is None:
        line.lost(f"START {_short(line.get('START'))} is no date: row left out", "bad-date")
        return
    abatement = None
    if line.get("STOP"):
        abatement = day(line.get("STOP"))
        if abatement is None or abatement < onset:
            written = _short(line.get("STOP"))
            line.lost(f"STOP {written} is no date after START: row left out", "bad-date")
            return
    system = line.get("SYSTEM") or DEFAULT_SYSTEM
    name = line.get("DESCRIPTION") or code
    file = str(line.table.file)
    spool.put_diagnosis(Diagnosis(patient, code, system, name, onset, abatement, file, line.number))


def _read_study(line: _Line, spool: Spool) -> None:
    identifier, patient = _needed(line, "ID"), _needed(line, "PATIENT")
    started = instant(line.get("DATE"))
    if started is None:
        line.lost(f"DATE {_short(line.get('DATE'))} is no time: row left out", "bad-time")
    if identifier is None or patient is None or started is None:
        return
    modality, site = line.get("MODALITY_CODE") or None, line.get("BODYSITE_DESCRIPTION") or None
    file = str(line.table.file)
    spool.put_study(Study(identifier, patient, started, modality, site, file, line.number))


def _read_observation(line: _Line, spool: Spool) -> None:
    patient, code = _needed(line, "PATIENT"), _needed(line, "CODE")
    at = instant(line.get("DATE"))
    if at is None:
        line.lost(f"DATE {_short(line.get('DATE'))} is no time: row left out", "bad-time")
    written = line.get("VALUE")
    if not written:
        line.lost("VALUE is empty: row left out", "no-value")
    if patient is None or code is None or at is None or not written:
        return
    value = _value(line, written)
    spool.put_result(
        Result(
            patient=patient,
            encounter=line.get("ENCOUNTER") or None,
            at=at,
            loinc=code,
            name=line.get("DESCRIPTION") or code,
            value=value,
            text=written if value is None else None,
            unit=line.get("UNITS") or None,
            category=line.get("CATEGORY") or None,
            file=str(line.table.file),
            line=line.number,
        )
    )


def _value(line: _Line, written: str) -> float | None:
    """Return the number of a result; None where it is a text, by its TYPE or by its look."""
    kind = line.get("TYPE").lower()
    if kind == "text":
        return None
    value = finite_number(written)
    if value is None and kind == "numeric":
        line.lost(f"VALUE {_short(written)} is no number: kept as text", "bad-number")
    return value


def _needed(line: _Line, column: str) -> str | None:
    if written := line.get(column):
        return written
    line.lost(f"{column} is empty: row left out", "missing-field")
    return None


def _day(line: _Line, column: str, otherwise: str) -> date | None:
    written = line.get(column)
    found = day(written)
    if written and found is None:
        line.lost(f"{column} {_short(written)} is no date: {otherwise}", "bad-date")
    return found


def _short(written: str) -> str:
    return repr(written if len(written) <= 40 else f"{written[:40]}...")


_LAYOUTS = (
    _Layout(
        "patients",
        {"ID"},
        {"BIRTHDATE", "GENDER"},
        _read_patient,
        "sex and age of every patient stay unknown, and with them the ranges that depend on these",
    ),
    _Layout("encounters", {"ID", "PATIENT"}, {"START"}, _read_encounter),
    _Layout(
        "conditions",
        {"START", "PATIENT", "CODE"},
        {"STOP", "SYSTEM", "DESCRIPTION"},
        _read_condition,
        "no patient has a diagnosis",
    ),
    _Layout(
        "imaging_studies",
        {"ID", "DATE", "PATIENT"},
        {"MODALITY_CODE", "BODYSITE_DESCRIPTION"},
        _read_study,
    ),
    _Layout(
        "observations",
        {"DATE", "PATIENT", "CODE", "VALUE"},
        {"ENCOUNTER", "CATEGORY", "DESCRIPTION", "UNITS", "TYPE"},
        _read_observation,
    ),
)
