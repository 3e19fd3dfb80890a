"""In what order films are wanted: by their evidence, by their likeness, by their vector.

The order is data, so that the store can put it into SQL and `mmrag.retrieval.film_score`
can compute it over arrays; both give the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from mmrag.clinical.findings import finding_names
from mmrag.clinical.prompts import NORMAL

EVIDENCE: tuple[str, ...] = (*finding_names(), NORMAL)
"""What a film has evidence for, in the order of the columns."""

LEAST = 1e-30
"""Below this a film is as far from what is asked as it can be."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that is asked of a film.

    Attributes
    ----------
    names : tuple of str
        Of `EVIDENCE`.
    present : bool
        True when at least one of them is to be there, False when none of them may be.
    weight : float
        Power that its probability is raised to; below 1 it counts for less.
    """

    names: tuple[str, ...]
    present: bool = True
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class FilmOrder:
    """A film's score: ``logic * standing + likeness * alike + similarity * (1 + cosine) / 2``.

    The films of `favoured` patients score ``favour`` more.

    With q the product of the clauses' probabilities, ``standing`` is ``odds(q) / (odds(q) +
    odds(average))``: one half for the average film, however rare what is asked. ``alike`` is the
    weighted sum of the probabilities of what a shown film shows.

    Attributes
    ----------
    clauses : tuple of Clause
        All of which are asked.
    average : float
        What q is for an average film, above 0 and below 1.
    alike : tuple of (str, float)
        What a shown film shows, with weights that sum to 1 at most.
    logic, likeness, favour : float
        Shares; what is left to 1 is the share of the vector's similarity.
    favoured : tuple of str
        Patients, ``source:identifier``, who are as asked beyond their films.
    least : float
        How a film has to stand at least to answer at all.
    """

    clauses: tuple[Clause, ...] = ()
    average: float = 0.5
    alike: tuple[tuple[str, float], ...] = ()
    logic: float = 0.0
    likeness: float = 0.0
    least: float = 0.0
    favour: float = 0.0
    favoured: tuple[str, ...] = ()

    @property
    def similarity(self) -> float:
        """Share of the vector's similarity."""
        return 1.0 - self.logic - self.likeness - self.favour

    @property
    def weighs_evidence(self) -> bool:
        """Whether anything but the vector counts."""
        return self.logic > 0 or self.likeness > 0


BY_SIMILARITY = FilmOrder()
"""The vector alone."""


def column(name: str) -> str:
    """Name the column of one of `EVIDENCE`."""
    return name.lower().replace(" ", "_")


def evidence_sql(order: FilmOrder, table: str) -> sql.Composable:
    """Write what evidence adds to a film's score, over the columns of a table of `EVIDENCE`.

    Probabilities are stored, not log-odds: over 112,120 films that is a third quicker, and
    nothing can overflow.
    """
    parts: list[sql.Composable] = []
    if order.logic > 0:
        parts.append(_times(order.logic, standing_sql(order, table)))
    if order.likeness > 0:
        parts.append(_times(order.likeness, _alike(order, table)))
    return sql.SQL(" + ").join(parts) if parts else number(0.0)


def favour_sql(order: FilmOrder) -> tuple[sql.Composable, dict[str, Any]]:
    """Write what a film's patient adds to its score, over ``film f``; and its parameters."""
    if not order.favoured:
        return number(0.0), {}
    added = sql.SQL("CASE WHEN f.patient = ANY(%(favoured)s) THEN {} ELSE 0 END")
    return added.format(number(order.favour)), {"favoured": list(order.favoured)}


def standing_sql(order: FilmOrder, table: str) -> sql.Composable:
    """Write how a film stands to the clauses, 0 to 1."""
    asked = _product(_clause(clause, table) for clause in order.clauses)
    return sql.SQL("(1 / (1 + {odds} * (1 / greatest({asked}, {least}) - 1)))").format(
        odds=number(order.average / (1.0 - order.average)), asked=asked, least=number(LEAST)
    )


def _clause(clause: Clause, table: str) -> sql.Composable:
    lacking = _product(_lacking(name, table) for name in clause.names)
    if not clause.present:
        probability = lacking
    elif len(clause.names) == 1:
        probability = _probability(clause.names[0], table)
    else:
        probability = sql.SQL("(1 - {})").format(lacking)
    if clause.weight == 1.0:
        return probability
    return sql.SQL("power({}, {})").format(probability, number(clause.weight))


def _alike(order: FilmOrder, table: str) -> sql.Composable:
    terms = [_times(weight, _probability(name, table)) for name, weight in order.alike]
    return sql.SQL("({})").format(sql.SQL(" + ").join(terms))


def _probability(name: str, table: str) -> sql.Composable:
    return sql.SQL("{}::float8").format(sql.Identifier(table, column(name)))


def _lacking(name: str, table: str) -> sql.Composable:
    return sql.SQL("(1 - {})").format(_probability(name, table))


def _product(factors: Iterable[sql.Composable]) -> sql.Composable:
    return sql.SQL("({})").format(sql.SQL(" * ").join(factors))


def _times(share: float, part: sql.Composable) -> sql.Composable:
    return sql.SQL("{} * {}").format(number(share), part)


def number(value: float) -> sql.Composable:
    """Write a number as SQL reads it back to the bit."""
    return sql.SQL("{}::float8").format(sql.Literal(repr(float(value))))
