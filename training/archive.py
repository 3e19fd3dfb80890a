"""The official table of the whole archive: what labels say of every film, here or not."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmrag.clinical.prompts import NORMAL
from mmrag.evidence.history import histories_of
from mmrag.records import History

TABLE = "Data_Entry_2017_v2020.csv.gz"


@dataclass(frozen=True)
class Archive:
    """What the official table says of every film.

    Attributes
    ----------
    films, patients : tuple of str
        Names and patients of the films.
    labels : tuple of (tuple of str)
        Of each; empty for "No Finding".
    """

    films: tuple[str, ...]
    patients: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]

    @property
    def frequencies(self) -> Mapping[str, float]:
        """Share of the films whose labels name each finding, or none."""
        named = Counter(name for names in self.labels for name in names or (NORMAL,))
        return {name: count / len(self.labels) for name, count in named.items()}

    @property
    def histories(self) -> Mapping[str, History]:
        """Labels of the other films of each film's patient, by the film's name."""
        return dict(zip(self.films, histories_of(self.patients, self.labels), strict=True))


def read_archive(table: Path) -> Archive:
    """Read the official table, compressed by gzip."""
    with gzip.open(table, "rt", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    cells = [row["Finding Labels"].split("|") for row in rows]
    return Archive(
        tuple(row["Image Index"] for row in rows),
        tuple(row["Patient ID"] for row in rows),
        tuple(tuple(name for name in names if name != NORMAL) for names in cells),
    )
