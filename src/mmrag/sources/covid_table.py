"""The table of the covid-chestxray-dataset, row by row."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

from mmrag.errors import SourceError
from mmrag.records import Problem, Sex
from mmrag.sources.covid_cells import (
    parse_cells,
    parse_date,
    parse_finding,
    parse_note,
    parse_offset,
    parse_projection,
    words,
)
from mmrag.sources.nih_cells import parse_age, parse_patient, parse_sex, shown
from mmrag.sources.tables import why
from mmrag.sources.values import storable

TABLE = "metadata.csv"

_NEEDED = ("patientid", "finding", "view", "filename")
_FILMS = ("x-ray", "")
_PATHS = frozenset("/\\:")
_KEPT = (
    *_NEEDED, "folder", "modality", "age", "sex", "date", "offset", "license", "url",
    *words().counts,
)  # fmt: skip
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class CovidRow:
    """One row: a film and, in some, blood counts of the same patient and day.

    Attributes
    ----------
    line : int
        Line of the table on which the row ends, header counted as 1.
    filename, folder : str
        As written; names without a path.
    patient : str or None
    findings : tuple of str or None
    stated : str or None
        The column ``finding`` as written, where it says more than `findings`.
    view, licence : str or None
    age : float or None
    sex : {"F", "M"} or None
    taken_on : datetime.date or None
    day : float or None
        The column ``offset``.
    note : str or None
        The column ``clinical_notes``.
    counts : tuple of (str, float)
        Column and count, those that are given.
    """

    line: int
    filename: str
    folder: str
    patient: str | None
    findings: tuple[str, ...] | None
    stated: str | None
    view: str | None
    licence: str | None
    age: float | None
    sex: Sex | None
    taken_on: date | None
    day: float | None
    note: str | None
    counts: tuple[tuple[str, float], ...]


@dataclass(slots=True)
class _Cells:
    """One row's cells; reading them collects what is wrong."""

    line: int
    row: dict[str, str]
    problems: list[Problem] = field(default_factory=list)

    def get(self, column: str) -> str:
        return self.row.get(column, "")

    def read(self, column: str, parse: Callable[[str], _T | None], kind: str) -> _T | None:
        try:
            return parse(self.get(column))
        except ValueError as error:
            self.complain(str(error), kind, column)
            return None

    def complain(self, message: str, kind: str, column: str | None = None) -> None:
        where = f"{column}: " if column in words().counts else ""
        self.problems.append(Problem(TABLE, f"{where}{message}", self.line, kind))


def read_rows(file: Path) -> Iterator[CovidRow | Problem]:
    """Read the table.

    Parameters
    ----------
    file : pathlib.Path

    Yields
    ------
    CovidRow or Problem
        Rows of other modalities than radiography come as problems.

    Raises
    ------
    SourceError
        When the file cannot be read or lacks a needed column.
    """
    try:
        # a quoted note may run over several lines
        with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
            reader = csv.DictReader(stream, restkey="", restval="")
            _check_header(file, reader.fieldnames or ())
            for row in reader:
                yield from _row(_Cells(reader.line_num, _stripped(row)))
    except (OSError, csv.Error) as error:
        raise SourceError(f"{file}: cannot be read ({why(error)}): check the file") from error


def _check_header(file: Path, columns: Iterable[str]) -> None:
    if missing := [name for name in _NEEDED if name not in columns]:
        raise SourceError(
            f"{file}: no column {', '.join(missing)} in the first line: "
            "the table needs the header of the covid-chestxray-dataset"
        )


def _stripped(row: Mapping[str, object]) -> dict[str, str]:
    return {name: cell.strip() for name, cell in row.items() if isinstance(cell, str)}


def _row(cells: _Cells) -> Iterator[CovidRow | Problem]:
    row = _read(cells)
    yield from cells.problems
    if row is not None:
        yield row


def _read(cells: _Cells) -> CovidRow | None:
    if not all(storable(cells.get(column)) for column in _KEPT):
        cells.complain("holds bytes that are no UTF-8 text: save the file as UTF-8", "broken-row")
        return None
    modality, filename = cells.get("modality"), cells.get("filename")
    folder = cells.get("folder") or "images"
    if modality.lower() not in _FILMS:
        cells.complain(f"modality {shown(modality)} is no radiograph: left out", "not-a-film")
        return None
    if not (_is_plain_name(filename) and _is_plain_name(folder)):
        cells.complain(f"filename {shown(filename)} is not the name of a file", "bad-name")
        return None
    findings, complaints = parse_finding(cells.get("finding"))
    for complaint in complaints:
        cells.complain(complaint, "unknown-label")
    counts = ((name, cells.read(name, parse_cells, "bad-value")) for name in words().counts)
    return CovidRow(
        line=cells.line,
        filename=filename,
        folder=folder,
        patient=cells.read("patientid", parse_patient, "bad-patient"),
        findings=findings,
        stated=_stated(cells.get("finding"), findings),
        view=cells.read("view", parse_projection, "bad-view"),
        licence=_licence(cells),
        age=cells.read("age", parse_age, "bad-age"),
        sex=cells.read("sex", parse_sex, "bad-sex"),
        taken_on=cells.read("date", parse_date, "bad-date"),
        day=cells.read("offset", parse_offset, "bad-offset"),
        note=cells.read("clinical_notes", parse_note, "bad-note"),
        counts=tuple((name, count) for name, count in counts if count is not None),
    )


def _stated(written: str, findings: tuple[str, ...] | None) -> str | None:
    says_the_same = findings == () or findings == (written,)
    return None if says_the_same else written or None


def _is_plain_name(name: str) -> bool:
    return bool(name) and name.isprintable() and name not in (".", "..") and not set(name) & _PATHS


def _licence(cells: _Cells) -> str | None:
    """Name the terms and where the film was published, which the terms ask to be told."""
    terms, url = cells.get("license"), cells.get("url")
    return f"{terms} ({url})" if terms and url else terms or None
