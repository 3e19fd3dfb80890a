"""Who says what a film shows: radiologists who read it, or labels mined from reports."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmrag.clinical.findings import finding_names
from mmrag.errors import BadRecord, SourceError
from mmrag.records import Film
from mmrag.sources.nih_reads import ABNORMAL, COLUMNS, Read, parse_read

EXPERT_TABLE = "expert_labels.csv"

Truth = NDArray[np.bool_]
"""Shape (films,) or (films, findings)."""


@dataclass(frozen=True)
class Judge:
    """What is held to be true of the films.

    Attributes
    ----------
    name : {"experts", "nih-labels"}
    title, caveat : str
        For people; what to keep in mind about its figures.
    shows : ndarray
        Shape (films, findings), bool, findings in the order of `finding_names`.
    normal : ndarray
        Shape (films,), bool: nothing to report.
    """

    name: str
    title: str
    caveat: str
    shows: Truth
    normal: Truth

    def has(self, finding: str) -> Truth:
        """Films that show a finding, shape (films,)."""
        column: Truth = self.shows[:, finding_names().index(finding)]
        return column


def read_expert_table(folder: Path) -> Mapping[str, Read]:
    """Read ``expert_labels.csv`` of a folder of films; see `read_reads`.

    Parameters
    ----------
    folder : pathlib.Path

    Returns
    -------
    mapping of str to Read
        By film name; empty where the folder has no such table.
    """
    file = folder / EXPERT_TABLE
    return read_reads(file) if file.is_file() else {}


def read_reads(file: Path) -> Mapping[str, Read]:
    """Read a table of experts' reads.

    Parameters
    ----------
    file : pathlib.Path
        CSV with the columns ``Image ID``, ``Abnormal`` and the findings, YES or NO.

    Returns
    -------
    mapping of str to Read
        By film name.

    Raises
    ------
    SourceError
        When the table cannot be read or lacks a column.
    BadRecord
        When a cell is neither YES nor NO.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            table = csv.DictReader(stream)
            lacking = {"Image ID", ABNORMAL, *COLUMNS.values()} - set(table.fieldnames or ())
            if lacking:
                raise SourceError(
                    f"{file}: column {', '.join(sorted(lacking))} is missing: add it, YES or NO "
                    "for every film"
                )
            return {
                row["Image ID"]: _read(row, file, number)
                for number, row in enumerate(table, start=2)
            }
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{file}: cannot be read ({error}): save it as UTF-8 CSV") from error


def expert_judge(films: Sequence[Film], reads: Mapping[str, Read]) -> Judge:
    """Let the radiologists judge films that they all read."""
    read = [reads[film.id] for film in films]
    return Judge(
        name="experts",
        title="films read by radiologists",
        caveat="the first judge; enriched for abnormal films, so no population",
        shows=_table([each.findings for each in read]),
        normal=np.array([not each.abnormal for each in read], bool),
    )


def label_judge(films: Sequence[Film]) -> Judge:
    """Let the labels of the films' table judge; all films have labels."""
    labels = [film.findings or () for film in films]
    return Judge(
        name="nih-labels",
        title="labels mined from reports",
        caveat="wrong often, and circular: a method that sees the labels is judged by what it "
        "was told, so only figures without labels (coverage 0%) mean anything here",
        shows=_table(labels),
        normal=np.array([not names for names in labels], bool),
    )


def _table(findings: Sequence[Sequence[str] | frozenset[str]]) -> Truth:
    return np.array([[name in shown for name in finding_names()] for shown in findings], bool)


def _read(cells: Mapping[str, str | None], file: Path, row: int) -> Read:
    try:
        return parse_read(cells.__getitem__)
    except ValueError as error:
        raise BadRecord(f"{file}, row {row}: {error}") from error
