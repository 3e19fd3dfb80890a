"""The NIH label table: its headers, its rows by film, and what can be wrong with them.

A table of radiologists' reads, known by its header, answers in the same way.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TypeVar

from mmrag.errors import SourceError
from mmrag.records import Problem, Sex
from mmrag.sources.nih_cells import (
    parse_age,
    parse_count,
    parse_findings,
    parse_patient,
    parse_sex,
    parse_size,
    parse_spacing,
    parse_view,
    shown,
)
from mmrag.sources.nih_reads import ABNORMAL, COLUMNS, labels_of, parse_read

MAX_TABLE_BYTES = 256 * 2**20
"""Largest table, unpacked; the official one has 8 MB."""

_REQUIRED = {"image": "Image Index", "labels": "Finding Labels", "patient": "Patient ID"}
_READ_REQUIRED = {
    "image": "Image ID", "patient": "Patient ID", ABNORMAL: ABNORMAL,
    **{column: column for column in COLUMNS.values()},
}  # fmt: skip
_OPTIONAL = {
    "follow_up": "Follow-up #", "age": "Patient Age", "sex": "Patient Gender",
    "view": "View Position", "width": "OriginalImageWidth", "height": "OriginalImageHeight",
    "spacing_x": "OriginalImagePixelSpacing_x", "spacing_y": "OriginalImagePixelSpacing_y",
}  # fmt: skip
# The official header writes two columns as one bracket with a comma in it.
_OFFICIAL_NAMES = {
    "originalimage[width": "width", "height]": "height",
    "originalimagepixelspacing[x": "spacing_x", "y]": "spacing_y",
}  # fmt: skip
_COLUMNS = _OFFICIAL_NAMES | {
    name.casefold(): column
    for columns in (_REQUIRED, _OPTIONAL, _READ_REQUIRED)
    for column, name in columns.items()
}

_T = TypeVar("_T")
_Labels = tuple[tuple[str, ...] | None, str | None]
_Complain = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class FilmRow:
    """What the table says of one film; attributes as in `mmrag.records.Film`."""

    findings: tuple[str, ...] | None
    patient: str | None
    follow_up: int | None
    age: float | None
    sex: Sex | None
    view: str | None
    width: int | None
    height: int | None
    pixel_spacing: tuple[float, float] | None
    stated: str | None = None


@dataclass(slots=True)
class LabelTable:
    """Rows by film; a row is only read in full when its film is there.

    Attributes
    ----------
    path : pathlib.Path
    problems : list of Problem
        What is wrong with the table as a whole, and rows without a usable film name.
    """

    path: Path
    problems: list[Problem] = field(default_factory=list)
    _delimiter: str = ","
    _required: Mapping[str, str] = field(default_factory=lambda: _REQUIRED)
    _column: dict[str, int] = field(default_factory=dict)
    _lines: dict[str, tuple[int, str]] = field(default_factory=dict)
    _by_stem: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> LabelTable:
        """Read a table, plain or gzip, UTF-8 (with or without mark) or UTF-16.

        Parameters
        ----------
        path : pathlib.Path

        Returns
        -------
        LabelTable

        Raises
        ------
        SourceError
            When the file cannot be read, is too large, or lacks a column that is needed.
        """
        table = cls(path)
        text = table._text(_read_bounded(path))
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        header = next((n for n, line in enumerate(lines) if line.strip()), None)
        if header is None:
            raise SourceError(f"{path}: the table is empty: download it again")
        table._read_header(lines[header])
        for number, line in enumerate(lines[header + 1 :], start=header + 2):
            if line.strip(" \t,;"):
                table._index(number, line)
        return table

    @property
    def holds_reads(self) -> bool:
        """Whether this is a table of radiologists' reads."""
        return self._required is _READ_REQUIRED

    def name_for(self, film: str) -> str | None:
        """Film name under which the table knows a file.

        A film that was saved in another format (``.jpg`` for ``.png``) is the same film.

        Parameters
        ----------
        film : str
            File name.

        Returns
        -------
        str or None
        """
        if film in self._lines:
            return film
        return self._by_stem.get(_stem(film))

    def row_number(self, name: str) -> int:
        """Line of the table for a name that the table knows, header counted as 1."""
        return self._lines[name][0]

    def missing(self, used: set[str]) -> Iterator[tuple[str, int]]:
        """Yield name and line of every row whose name is not among those used."""
        for name, (number, _) in self._lines.items():
            if name not in used:
                yield name, number

    def row(self, name: str) -> tuple[FilmRow, list[Problem]]:
        """Read the row of a name that the table knows.

        Parameters
        ----------
        name : str
            As answered by `name_for`.

        Returns
        -------
        row : FilmRow
            A cell that cannot be read is left empty.
        problems : list of Problem
            One line for each such cell.
        """
        number, line = self._lines[name]
        cells = self._cells(line)
        problems: list[Problem] = []

        def complain(kind: str, message: str) -> None:
            problems.append(Problem(self.path.name, f"{name}: {message}", number, kind))

        def read(column: str, parse: Callable[[str], _T | None], kind: str) -> _T | None:
            try:
                return parse(self._cell(cells, column))
            except ValueError as error:
                complain(kind, f"{error}: left empty; correct the cell")
                return None

        labels = self._read_labels if self.holds_reads else self._mined_labels
        findings, stated = labels(cells, complain)
        spacing_x = read("spacing_x", parse_spacing, "bad-value")
        spacing_y = read("spacing_y", parse_spacing, "bad-value")
        row = FilmRow(
            findings=findings,
            patient=read("patient", parse_patient, "bad-patient"),
            follow_up=read("follow_up", parse_count, "bad-value"),
            age=read("age", parse_age, "bad-age"),
            sex=read("sex", parse_sex, "bad-sex"),
            view=read("view", parse_view, "bad-value"),
            width=read("width", parse_size, "bad-value"),
            height=read("height", parse_size, "bad-value"),
            pixel_spacing=None
            if spacing_x is None or spacing_y is None
            else (spacing_y, spacing_x),
            stated=stated,
        )
        return row, problems

    def told(self, name: str) -> tuple[str | None, tuple[str, ...] | None]:
        """Read patient and labels alone of a row whose film is not there.

        Parameters
        ----------
        name : str
            As answered by `missing`.

        Returns
        -------
        tuple of (str or None, tuple of str or None)
            None for what the row does not tell, or not so that it can be read.
        """
        cells = self._cells(self._lines[name][1])
        labels = self._read_labels if self.holds_reads else self._mined_labels
        try:
            patient = parse_patient(self._cell(cells, "patient"))
        except ValueError:
            return None, None
        # what is wrong with the row of a film that is not there needs no mending
        return patient, labels(cells, lambda _kind, _message: None)[0]

    def _mined_labels(self, cells: list[str], complain: _Complain) -> _Labels:
        findings, complaints = parse_findings(self._cell(cells, "labels"))
        for complaint in complaints:
            complain(
                "unknown-label" if complaint.startswith("unknown") else "contradiction", complaint
            )
        return findings, None

    def _read_labels(self, cells: list[str], complain: _Complain) -> _Labels:
        try:
            read = parse_read(lambda column: self._cell(cells, column))
        except ValueError as error:
            complain("bad-read", f"{error}; the film is unlabelled until then")
            return None, None
        if read.findings and not read.abnormal:
            complain("bad-read", f"{ABNORMAL} is 'NO' beside findings, which stay: correct one")
        return labels_of(read)

    def _text(self, content: bytes) -> str:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return content.decode("utf-16", errors="replace")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            self.problems.append(
                Problem(
                    self.path.name,
                    "not UTF-8, read as Windows-1252: save the table as UTF-8",
                    kind="encoding",
                )
            )
            return content.decode("cp1252", errors="replace")

    def _read_header(self, line: str) -> None:
        # Commas inside the official brackets must not outvote the true separator.
        bare = re.sub(r"\[.*?\]", "", line)
        self._delimiter = max(",;\t", key=bare.count)
        names = [name.strip() for name in self._cells(line)]
        for position, name in enumerate(names):
            column = _COLUMNS.get(name.casefold())
            if column is not None:
                self._column.setdefault(column, position)
        if ABNORMAL in self._column and "labels" not in self._column:
            self._required = _READ_REQUIRED
        lacking = [name for column, name in self._required.items() if column not in self._column]
        if lacking:
            found = ", ".join(shown(name) for name in names[:12] if name)
            raise SourceError(
                f"{self.path}: column {', '.join(lacking)} is missing, found {found}: "
                + (
                    "add it; what radiologists read is YES or NO for every film"
                    if self.holds_reads
                    else "give the ChestX-ray14 table with --labels"
                )
            )
        if self.holds_reads:
            return
        absent = [name for column, name in _OPTIONAL.items() if column not in self._column]
        if absent:
            self.problems.append(
                Problem(
                    self.path.name,
                    f"no column {', '.join(absent)}: left empty for every film",
                    kind="missing-column",
                )
            )

    def _index(self, number: int, line: str) -> None:
        try:
            cells = self._cells(line)
        except csv.Error as error:
            self._reject(number, f"the row cannot be read ({error}): correct its quotes")
            return
        name = self._cell(cells, "image").replace("\\", "/").rsplit("/", 1)[-1]
        if not name or not name.isprintable():
            column = self._required["image"]
            self._reject(number, f"the row names no film: fill in {column} or delete the row")
        elif len(cells) <= max(self._column[column] for column in self._required):
            self._reject(number, f"the row has only {len(cells)} cells: complete or delete it")
        elif name not in self._lines:
            self._lines[name] = (number, line)
            self._by_stem.setdefault(_stem(name), name)
        elif line != self._lines[name][1] and cells != self._cells(self._lines[name][1]):
            self._reject(
                number,
                f"{name} has a different row at {self._lines[name][0]}, which is used: delete one",
                kind="duplicate-row",
            )

    def _reject(self, number: int, message: str, kind: str = "bad-row") -> None:
        self.problems.append(Problem(self.path.name, message, number, kind))

    def _cells(self, line: str) -> list[str]:
        # A row is a line: no cell of this table holds a line break, and reading line by line
        # keeps one stray quote from swallowing the rows after it.
        if '"' not in line:
            return [cell.strip() for cell in line.split(self._delimiter)]
        cells = next(csv.reader([line], delimiter=self._delimiter, strict=True))
        if self._delimiter == ",":
            # Programs that write the table again quote the official two-in-one names.
            cells = ",".join(cells).split(",")
        return [cell.strip() for cell in cells]

    def _cell(self, cells: list[str], column: str) -> str:
        position = self._column.get(column)
        return "" if position is None or position >= len(cells) else cells[position]


def _stem(name: str) -> str:
    return PurePosixPath(name).stem.casefold()


def _read_bounded(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if zipped else path.open("rb") as stream:
            content = stream.read(MAX_TABLE_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(
            f"{path}: cannot be read ({error}): check or download it again"
        ) from error
    if len(content) > MAX_TABLE_BYTES:
        raise SourceError(
            f"{path}: more than {MAX_TABLE_BYTES // 2**20} MiB, not a table of films: give --labels"
        )
    return content
