"""Declaring that a patient of films and a patient of panels are one person, and taking it back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from mmrag.ingest.link_facts import contradiction
from mmrag.ingest.link_table import LinkRow, read_link_table
from mmrag.ingest.near_names import near_names
from mmrag.ingest.report import ProblemLine
from mmrag.records import Problem
from mmrag.sources.problems import LISTED, ProblemLedger
from mmrag.store import Link, PatientFacts, Persons, Store
from mmrag.store.links import LinkChange

_CLOSING = {
    "not-both": "rows without both patients",
    "no-such-patient": "rows with a patient who is not stored",
    "one-already": "rows with one patient twice",
    "contradiction": "rows whose patients cannot be one person",
    "not-declared": "rows that declare what is not declared",
}


class LinkReport(BaseModel):
    """What one table of links did.

    Attributes
    ----------
    file : str
        Its name.
    added, unchanged, removed : int
        Pairs that were declared now, were declared before, are taken back.
    problems : tuple of ProblemLine
        At most 20 lines a kind and one that counts the rest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    added: int = 0
    unchanged: int = 0
    removed: int = 0
    problems: tuple[ProblemLine, ...] = ()


def declare_links(
    store: Store, file: Path, declared_by: str, today: date | None = None
) -> LinkReport:
    """Declare the pairs of a table; rows that cannot be true stay out, the others go in.

    What follows from a pair counts too: who is linked with one of its patients already becomes
    one person with the other. So a row is held against all of them, and against the rows above.

    Parameters
    ----------
    store : Store
    file : path
        See `read_link_table`.
    declared_by : str
        Who says so.
    today : datetime.date, optional
        The present day by default.

    Returns
    -------
    LinkReport

    Raises
    ------
    SourceError
        When the file cannot be read as such a table.
    """
    rows = list(read_link_table(file))
    added: list[Link] = []
    unchanged, problems = 0, _Problems(file.name)
    with store.links.change() as change:
        book = _Book(change, rows, today or datetime.now(UTC).date())
        for row in rows:
            if isinstance(row, Problem):
                problems.add(row)
            elif book.holds(row):
                unchanged += 1
            elif problem := book.problem(row):
                problems.add(Problem(file.name, problem[1], row=row.number, kind=problem[0]))
            else:
                book.join(row)
                added.append(
                    Link(row.film_patient, row.lab_patient, declared_by, file.name, row.number)
                )
        change.add(added)
    return LinkReport(
        file=file.name, added=len(added), unchanged=unchanged, problems=problems.lines()
    )


def withdraw_links(store: Store, file: Path) -> LinkReport:
    """Take back the pairs of a table, whichever table declared them.

    Parameters
    ----------
    store : Store
    file : path

    Returns
    -------
    LinkReport

    Raises
    ------
    SourceError
        When the file cannot be read as such a table.
    """
    removed: list[tuple[str, str]] = []
    problems = _Problems(file.name)
    rows = list(read_link_table(file))
    with store.links.change() as change:
        declared = {link.pair for link in change.every()}
        for row in rows:
            if isinstance(row, Problem):
                problems.add(row)
            elif (row.film_patient, row.lab_patient) in declared:
                declared.remove((row.film_patient, row.lab_patient))
                removed.append((row.film_patient, row.lab_patient))
            else:
                said = f"{row.film_patient} and {row.lab_patient} are not declared to be one"
                mend = "mmrag link --list shows what is"
                problems.add(
                    Problem(file.name, f"{said}: {mend}", row=row.number, kind="not-declared")
                )
        change.remove(removed)
    return LinkReport(file=file.name, removed=len(removed), problems=problems.lines())


class _Book:
    """What is declared, and what is known of everyone whom a row could touch."""

    def __init__(
        self, change: LinkChange, rows: Collection[LinkRow | Problem], today: date
    ) -> None:
        self._change = change
        self._today = today
        pairs = [link.pair for link in change.every()]
        self._declared = set(pairs)
        self._persons = Persons(pairs)
        self._near: dict[str, tuple[str, ...]] = {}
        self._stored: dict[bool, list[str]] = {}
        named = [r for r in rows if isinstance(r, LinkRow)]
        asked = {p for row in named for p in (row.film_patient, row.lab_patient)}
        everyone = {one for patient in asked for one in self._persons.patients(patient)}
        self._facts: Mapping[str, PatientFacts] = change.facts(everyone)

    def holds(self, row: LinkRow) -> bool:
        """Whether the pair is declared already."""
        return (row.film_patient, row.lab_patient) in self._declared

    def join(self, row: LinkRow) -> None:
        """Take the pair as declared."""
        self._declared.add((row.film_patient, row.lab_patient))
        self._persons.join(row.film_patient, row.lab_patient)

    def problem(self, row: LinkRow) -> tuple[str, str] | None:
        """Say the kind of what is wrong, and what it is; None where nothing is."""
        if self._facts[row.film_patient].films == 0:
            return "no-such-patient", self._unknown(row.film_patient, of_films=True)
        if self._facts[row.lab_patient].panels == 0:
            return "no-such-patient", self._unknown(row.lab_patient, of_films=False)
        if row.film_patient == row.lab_patient:
            said = f"{row.film_patient} is one patient already: leave the row out"
            return "one-already", said
        return next((("contradiction", said) for said in self._against(row)), None)

    def _against(self, row: LinkRow) -> Iterator[str]:
        """Hold everyone who would become one person against each other, the row's own first."""
        own = (row.film_patient, row.lab_patient)
        everyone = product(*(sorted(self._persons.patients(each)) for each in own))
        for one, other in (own, *everyone):
            said = contradiction(one, self._facts[one], other, self._facts[other], self._today)
            if said and (one, other) == own:
                yield f"{said}: they are two people; name the right ones or leave the row out"
            elif said:
                yield (
                    f"{said}, and links that are there would make them one person through this "
                    "row: mmrag link --list shows them; take the wrong one back"
                )

    def _unknown(self, patient: str, *, of_films: bool) -> str:
        records = "film" if of_films else "panel"
        if ":" not in patient:
            said = f"{patient!r} does not say its source: write source:identifier"
        else:
            said = f"no {records} of {patient} is stored: ingest it first, or correct the name"
        near = self._nearest(patient, of_films)
        return f"{said} ({' or '.join(near)}?)" if near else said

    def _nearest(self, patient: str, of_films: bool) -> tuple[str, ...]:
        """Look for what may have been meant, for as many as the report lists."""
        if patient not in self._near and len(self._near) < LISTED:
            if of_films not in self._stored:
                read = self._change.film_patients if of_films else self._change.lab_patients
                self._stored[of_films] = read()
            self._near[patient] = near_names(patient, self._stored[of_films])
        return self._near.get(patient, ())


class _Problems:
    """Lines of the report, limited in number."""

    def __init__(self, file: str) -> None:
        self._limited = ProblemLedger(file, _CLOSING)
        self._listed: list[Problem] = []

    def add(self, problem: Problem) -> None:
        """Note one line; a line that stands for several is no further limited."""
        if problem.count > 1:
            self._listed.append(problem)
        else:
            self._listed.extend(self._limited.admit(problem))

    def lines(self) -> tuple[ProblemLine, ...]:
        """Give all lines in the order of the file, counts of the rest last."""
        return tuple(map(ProblemLine.of, (*self._listed, *self._limited.close())))
