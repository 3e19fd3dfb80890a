"""Laboratory questions and their exact answers, by plain reading of a Synthea export.

Nothing of the package reads the file here, so that a mistake there cannot hide itself.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources
from pathlib import Path

from mmrag.errors import SourceError

_NEEDED = {"DATE", "PATIENT", "CODE", "DESCRIPTION", "VALUE", "UNITS"}

Result = tuple[str, datetime, str, float]
"""Patient, time (UTC), LOINC code, number as written: by which a result is known again."""


@dataclass(frozen=True, slots=True)
class LabQuestion:
    """One question; attributes as ``lab_questions.toml`` describes them."""

    text: str
    codes: tuple[str, ...]
    unit: str
    above: float | None = None
    below: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    sex: str | None = None
    older: int | None = None
    younger: int | None = None


@dataclass(frozen=True, slots=True)
class LabRow:
    """One numeric row of ``observations.csv``, with its patient."""

    result: Result
    name: str
    unit: str
    sex: str
    birth: date


@cache
def lab_questions() -> tuple[LabQuestion, ...]:
    """Read the questions."""
    file = resources.files("mmrag.evaluation") / "lab_questions.toml"
    entries = tomllib.loads(file.read_text(encoding="utf-8"))["question"]
    return tuple(LabQuestion(**entry | {"codes": tuple(entry["codes"])}) for entry in entries)


def read_rows(folder: Path) -> tuple[LabRow, ...]:
    """Read every numeric result of a Synthea export.

    Parameters
    ----------
    folder : pathlib.Path
        Holds ``observations.csv`` and ``patients.csv``.

    Returns
    -------
    tuple of LabRow

    Raises
    ------
    SourceError
        When a table is missing or has other columns.
    """
    people = {
        row["Id"]: (row["GENDER"], date.fromisoformat(row["BIRTHDATE"]))
        for row in _table(folder / "patients.csv", {"Id", "GENDER", "BIRTHDATE"})
    }
    return tuple(
        LabRow(
            (row["PATIENT"], _time(row["DATE"]), row["CODE"], number),
            row["DESCRIPTION"],
            row["UNITS"],
            *people[row["PATIENT"]],
        )
        for row in _table(folder / "observations.csv", _NEEDED)
        if (number := _number(row["VALUE"])) is not None and row["PATIENT"] in people
    )


def answers(question: LabQuestion, rows: Sequence[LabRow]) -> frozenset[Result]:
    """Results that answer a question."""
    return frozenset(row.result for row in rows if _answers(question, row))


def _answers(asked: LabQuestion, row: LabRow) -> bool:
    _, at, code, number = row.result
    return (
        code in asked.codes
        and row.unit == asked.unit
        and (asked.above is None or number > asked.above)
        and (asked.below is None or number < asked.below)
        and (asked.at_least is None or number >= asked.at_least)
        and (asked.at_most is None or number <= asked.at_most)
        and (asked.sex is None or row.sex == asked.sex)
        and (asked.older is None or at.date() > _birthday(row.birth, asked.older))
        and (asked.younger is None or at.date() < _birthday(row.birth, asked.younger))
    )


def _birthday(birth: date, age: int) -> date:
    try:
        return birth.replace(year=birth.year + age)
    except ValueError:  # born on the 29th of February
        return date(birth.year + age, 3, 1)


def _table(file: Path, needed: set[str]) -> Iterator[dict[str, str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            table = csv.DictReader(stream)
            lacking = needed - set(table.fieldnames or ())
            if lacking:
                raise SourceError(
                    f"{file}: column {', '.join(sorted(lacking))} is missing: give the csv folder "
                    "of a Synthea export with --labs"
                )
            yield from table
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(
            f"{file}: cannot be read ({error}): give the csv folder of a Synthea export with --labs"
        ) from error


def _time(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC)


def _number(written: str) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None
