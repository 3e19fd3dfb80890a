"""Comma-separated tables, line by line, however broken a line is.

A record is one line, as Synthea writes it (it takes line breaks and quotes out of its
texts). So an unbalanced quote costs one line, not the rest of the file.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from mmrag.errors import SourceError
from mmrag.records import Problem
from mmrag.sources.values import storable

GZIP_MAGIC = b"\x1f\x8b"
Row = dict[str, str]


def why(error: Exception) -> object:
    """Say what went wrong with a file, without the number that the system gives it."""
    return getattr(error, "strerror", None) or error


@dataclass(frozen=True, slots=True)
class Table:
    """One table on disk, plain or gzip.

    Attributes
    ----------
    file : pathlib.Path
    label : str
        The file's name in messages.
    columns : tuple of str
        The header, in capitals.
    kept : frozenset of str
        Columns that are read; whatever stands in the others is let be.
    """

    file: Path
    label: str
    columns: tuple[str, ...]
    kept: frozenset[str]

    @classmethod
    def open(
        cls,
        file: Path,
        label: str,
        needed: set[str],
        optional: set[str],
        header: str = "Synthea's header",
    ) -> Table:
        """Read the header.

        Parameters
        ----------
        file : pathlib.Path
        label : str
        needed, optional : set of str
            Names of columns, in capitals.
        header : str
            What the first line should be, for whoever has to mend it.

        Raises
        ------
        SourceError
            When the file cannot be opened or a needed column is missing.
        """
        try:
            with open_bytes(file) as stream:
                first = _decode(stream.readline())
        except (OSError, EOFError, zlib.error) as error:
            raise SourceError(f"{label}: cannot be read ({why(error)}): check the file") from error
        if "\r" in first:
            raise SourceError(f"{label}: lines end in bare carriage returns: save it with \\n")
        columns = tuple(name.strip().upper() for name in _fields(first) or ())
        if missing := needed - set(columns):
            raise SourceError(
                f"{label}: no column {', '.join(sorted(missing))} in the first line: "
                f"the table needs {header}, separated by commas"
            )
        return cls(file, label, columns, frozenset((needed | optional) & set(columns)))

    def rows(self) -> Iterator[tuple[int, Row] | Problem]:
        """Yield line number and kept fields of every row, and a problem for every loss.

        Blank rows are counted in one problem at the end. A kept field that is not UTF-8 or
        holds a NUL loses its row.
        """
        blank = 0
        try:
            with open_bytes(self.file) as stream:
                stream.readline()
                for number, line in enumerate(stream, start=2):
                    if not line.strip(b" \t\r\n,"):
                        blank += 1
                    else:
                        yield self._row(number, line)
        except (OSError, EOFError, zlib.error) as error:
            yield Problem(
                self.label,
                f"breaks off ({error}): what stands before went in; copy the file anew",
                kind="broken-file",
            )
        if blank:
            message = f"{blank:,} blank rows: nothing in them to read"
            yield Problem(self.label, message, kind="blank-row", count=blank)

    def _row(self, number: int, line: bytes) -> tuple[int, Row] | Problem:
        fields = _fields(_decode(line))
        if fields is None:
            return self._broken(number, "the quotes do not close: mend them, a record is a line")
        if len(fields) < len(self.columns) or any(fields[len(self.columns) :]):
            return self._broken(
                number,
                f"{len(fields)} fields where the header has {len(self.columns)}: "
                "complete the row or quote its commas",
            )
        row = {
            column: field.strip()
            for column, field in zip(self.columns, fields, strict=False)
            if column in self.kept
        }
        for column, field in row.items():
            if not storable(field):
                return self._broken(
                    number, f"{column} holds bytes that are no UTF-8 text: save the file as UTF-8"
                )
        return number, row

    def _broken(self, number: int, message: str) -> Problem:
        return Problem(self.label, message, row=number, kind="broken-row")


def open_bytes(file: Path) -> BinaryIO:
    """Open a file for reading, through gzip when its first two bytes say so."""
    with file.open("rb") as raw:
        zipped = raw.read(2) == GZIP_MAGIC
    return cast(BinaryIO, gzip.open(file, "rb")) if zipped else file.open("rb")


def _decode(line: bytes) -> str:
    return line.decode("utf-8", errors="surrogateescape").removeprefix("\ufeff").rstrip("\r\n")


def _fields(line: str) -> list[str] | None:
    """Split one line; None when its quotes do not close."""
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        return None
