"""What an ingest did, and every record that did not go in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict

from mmrag.records import Problem

Outcome = Literal["added", "changed", "unchanged"]

LISTED_PER_KIND = 20
"""Problems of one kind beyond this many are counted in one line."""


class Tally(BaseModel):
    """How many records of one family went where."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    added: int = 0
    changed: int = 0
    unchanged: int = 0


class ProblemLine(BaseModel):
    """One line of the report about what did not go in.

    Attributes
    ----------
    count : int
        Records that the line stands for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    file: str
    row: int | None
    message: str
    count: int


class IngestReport(BaseModel):
    """What one ingest did.

    Attributes
    ----------
    source : str
        Name of the source.
    films, labs : Tally
        Films and laboratory panels.
    observations : int
        Results in the added and changed panels.
    patients, conditions, imaging_studies : int
        Records read; re-reading them changes nothing.
    problems : tuple of ProblemLine
        At most 20 lines a kind and one that counts the rest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    films: Tally = Tally()
    labs: Tally = Tally()
    observations: int = 0
    patients: int = 0
    conditions: int = 0
    imaging_studies: int = 0
    problems: tuple[ProblemLine, ...] = ()


@dataclass(slots=True)
class Ledger:
    """Collects what happens during an ingest; memory stays bounded however much goes wrong."""

    source: str
    counts: Counter[str] = field(default_factory=Counter)
    _listed: dict[str, list[ProblemLine]] = field(default_factory=dict)
    _unlisted: Counter[str] = field(default_factory=Counter)

    def count(self, what: str, number: int = 1) -> None:
        """Count records, e.g. ``films.added``."""
        self.counts[what] += number

    def problem(self, problem: Problem) -> None:
        """Note one thing that did not go in."""
        lines = self._listed.setdefault(problem.kind, [])
        if len(lines) < LISTED_PER_KIND:
            lines.append(
                ProblemLine(
                    kind=problem.kind,
                    file=problem.file,
                    row=problem.row,
                    message=problem.message,
                    count=problem.count,
                )
            )
        else:
            self._unlisted[problem.kind] += problem.count

    def close(self) -> IngestReport:
        """Sum up."""
        return IngestReport(
            source=self.source,
            films=self._tally("films"),
            labs=self._tally("labs"),
            observations=self.counts["observations"],
            patients=self.counts["patients"],
            conditions=self.counts["conditions"],
            imaging_studies=self.counts["imaging_studies"],
            problems=tuple(self._lines()),
        )

    def _tally(self, family: str) -> Tally:
        return Tally(
            added=self.counts[f"{family}.added"],
            changed=self.counts[f"{family}.changed"],
            unchanged=self.counts[f"{family}.unchanged"],
        )

    def _lines(self) -> list[ProblemLine]:
        lines: list[ProblemLine] = []
        for kind, listed in self._listed.items():
            lines.extend(listed)
            if more := self._unlisted[kind]:
                message = f"and {more:,} more of this kind"
                lines.append(
                    ProblemLine(kind=kind, file="", row=None, message=message, count=more)
                )
        return lines
