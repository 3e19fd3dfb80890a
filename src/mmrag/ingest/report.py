"""What an ingest did, and every record that did not go in."""

from __future__ import annotations

from collections import Counter

from pydantic import BaseModel, ConfigDict

from mmrag.records import Problem
from mmrag.sources.problems import ProblemLedger


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

    @classmethod
    def of(cls, problem: Problem) -> ProblemLine:
        """Copy what a report prints."""
        return cls(
            kind=problem.kind,
            file=problem.file,
            row=problem.row,
            message=problem.message,
            count=problem.count,
        )


class EncodedAgain(BaseModel):
    """What was stored in another space and is encoded anew.

    Attributes
    ----------
    old, new : str
        The store's space before and now, with the lengths of their vectors.
    films, texts : int
        Films, and distinct texts of laboratory panels.
    left_out : tuple of str
        ``source:identifier`` of the films that left the store, since their files are gone
        or cannot be read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    old: str
    new: str
    films: int
    texts: int
    left_out: tuple[str, ...]


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
    histories : int
        Films that the table names and that are not here, of patients of whom others are: their
        labels are evidence for those.
    again : EncodedAgain or None
        What was stored before in another space and was encoded anew.
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
    histories: int = 0
    again: EncodedAgain | None = None
    problems: tuple[ProblemLine, ...] = ()

    @property
    def holds_anything(self) -> bool:
        """Whether a single record was read, be it new or known."""
        people = self.patients or self.conditions or self.imaging_studies
        return bool(people) or (self.films, self.labs) != (Tally(), Tally())


class Ledger:
    """Collects what happens during an ingest; memory stays bounded however much goes wrong.

    Parameters
    ----------
    source : str
        Name of the source.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._counts: Counter[str] = Counter()
        self._problems: list[Problem] = []
        self._limited = ProblemLedger(source, {"bad-film": "films that cannot be read"})

    def count(self, what: str, number: int = 1) -> None:
        """Count records, e.g. ``films.added``."""
        self._counts[what] += number

    def problem(self, problem: Problem) -> None:
        """Note one thing that did not go in, or a line that stands for several."""
        if problem.count > 1:
            self._problems.append(problem)
        else:
            self._problems.extend(self._limited.admit(problem))

    def close(self) -> IngestReport:
        """Sum up."""
        return IngestReport(
            source=self._source,
            films=self._tally("films"),
            labs=self._tally("labs"),
            observations=self._counts["observations"],
            patients=self._counts["patients"],
            conditions=self._counts["conditions"],
            imaging_studies=self._counts["imaging_studies"],
            histories=self._counts["histories"],
            problems=tuple(
                ProblemLine.of(problem) for problem in (*self._problems, *self._limited.close())
            ),
        )

    def _tally(self, family: str) -> Tally:
        return Tally(
            added=self._counts[f"{family}.added"],
            changed=self._counts[f"{family}.changed"],
            unchanged=self._counts[f"{family}.unchanged"],
        )
