"""The table that declares identities: one pair of patients a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mmrag.records import Problem
from mmrag.sources.tables import Table

_COLUMNS = ("FILM_PATIENT", "LAB_PATIENT")


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One row.

    Attributes
    ----------
    number : int
        Line of the table, header counted as 1.
    film_patient, lab_patient : str
        As written.
    """

    number: int
    film_patient: str
    lab_patient: str


def read_link_table(file: Path) -> Iterator[LinkRow | Problem]:
    """Read ``film_patient,lab_patient`` rows; other columns are let be.

    Parameters
    ----------
    file : path
        CSV, plain or gzip.

    Yields
    ------
    LinkRow or Problem
        In the order of the file.

    Raises
    ------
    SourceError
        When the file cannot be opened or has another header.
    """
    header = "the columns film_patient and lab_patient"
    table = Table.open(file, file.name, set(_COLUMNS), set(), header=header)
    for row in table.rows():
        if isinstance(row, Problem):
            yield row
            continue
        number, fields = row
        film, lab = (fields[column] for column in _COLUMNS)
        if film and lab:
            yield LinkRow(number, film, lab)
        else:
            yield Problem(
                file.name,
                f"no {'lab_patient' if film else 'film_patient'}: a row names both patients, "
                "each as source:identifier",
                row=number,
                kind="not-both",
            )
