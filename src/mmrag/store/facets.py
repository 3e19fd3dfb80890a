"""What the records that a question leaves are made of: counts by field, one query a leg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from mmrag.store import film_search, lab_search
from mmrag.store.connection import Database
from mmrag.store.film_order import FilmOrder
from mmrag.store.lab_terms import LabCondition, LabFilter
from mmrag.store.terms import FilmFilter

AGE_BAND = 20
"""Width of an age band in years."""


@dataclass(frozen=True, slots=True)
class Facet:
    """One value of one field, and how many records have it.

    Attributes
    ----------
    field : str
        Of films: ``finding``, ``view``, ``sex``, ``age``, ``source``, ``labelled``. Of panels:
        ``lab-source``, ``analyte`` (that it measured), ``high`` and ``low`` (analytes with such
        a flag).
    value : str
        As stored; of an age the years at which its band of `AGE_BAND` begins.
    count : int
        Films, or panels.
    """

    field: str
    value: str
    count: int


# What is one value a film is grouped in one pass; findings are several a film.
_OF_FILMS = sql.SQL(
    "WITH kept AS MATERIALIZED (SELECT f.findings, f.view, f.sex, f.source, "
    "(floor(f.age / {band}) * {band})::int AS age FROM film f {evidence} "
    "WHERE {where} AND {answers}) "
    "SELECT 'finding', name, count(*) FROM kept CROSS JOIN unnest(findings) AS name GROUP BY name "
    "UNION ALL SELECT 'finding', 'No Finding', count(*) FROM kept WHERE findings = '{{}}' "
    "UNION ALL SELECT CASE WHEN grouping(view) = 0 THEN 'view' WHEN grouping(sex) = 0 THEN 'sex' "
    "WHEN grouping(age) = 0 THEN 'age' WHEN grouping(source) = 0 THEN 'source' "
    "ELSE 'labelled' END, "
    "coalesce(view, sex, age::text, source, (findings IS NOT NULL)::text), count(*) FROM kept "
    "GROUP BY GROUPING SETS ((view), (sex), (age), (source), (findings IS NOT NULL))"
)
_OF_LABS = sql.SQL(
    "WITH kept AS MATERIALIZED (SELECT key, source FROM ({qualifying}) AS q), "
    "results AS MATERIALIZED (SELECT o.analyte, o.report, "
    "bool_or(o.flag IN ('H', 'HH')) AS high, bool_or(o.flag IN ('L', 'LL')) AS low "
    "FROM lab_observation o JOIN kept ON kept.key = o.report WHERE o.analyte IS NOT NULL "
    "GROUP BY o.analyte, o.report) "
    "SELECT 'lab-source', source, count(*) FROM kept GROUP BY source "
    "UNION ALL SELECT 'analyte', analyte, count(*) FROM results GROUP BY analyte "
    "UNION ALL SELECT 'high', analyte, count(*) FROM results WHERE high GROUP BY analyte "
    "UNION ALL SELECT 'low', analyte, count(*) FROM results WHERE low GROUP BY analyte"
)


class Facets:
    """Counts over the records that a question leaves."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_films(self, where: FilmFilter, order: FilmOrder) -> list[Facet]:
        """Count the films that pass a filter and stand high enough to answer, by field.

        Parameters
        ----------
        where : FilmFilter
        order : FilmOrder
            As a search takes it.

        Returns
        -------
        list of Facet
            Values that no film has, and films that have no value, are left out; the most
            frequent first within a field.
        """
        condition, parameters = film_search.filter_sql(where)
        query = _OF_FILMS.format(
            band=sql.Literal(AGE_BAND),
            where=condition,
            answers=film_search.answers(order),
            evidence=sql.SQL("JOIN film_evidence e ON e.film = f.key" if order.clauses else ""),
        )
        with self._database.transaction() as connection:
            return _sorted(connection.execute(query, parameters).fetchall())

    def of_labs(self, conditions: Sequence[LabCondition], where: LabFilter) -> list[Facet]:
        """Count the panels that meet every condition, by field.

        Parameters
        ----------
        conditions : sequence of LabCondition
        where : LabFilter

        Returns
        -------
        list of Facet
            As `of_films`.
        """
        qualifying, parameters = lab_search.qualifying(conditions, where)
        with self._database.transaction() as connection:
            query = _OF_LABS.format(qualifying=qualifying)
            return _sorted(connection.execute(query, parameters).fetchall())


def _sorted(rows: Sequence[tuple[str, str | None, int]]) -> list[Facet]:
    known = [Facet(field, value, count) for field, value, count in rows if value and count]
    return sorted(known, key=lambda each: (each.field, -each.count, each.value))
