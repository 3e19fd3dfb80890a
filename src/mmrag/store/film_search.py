"""The film leg's search: exact where few films qualify, through lists where many do.

PostgreSQL's planner takes the vector index nearly always, also where a filter makes it slow
and lossy; so the qualifying films are counted first, and the query is written so that it
either cannot or can use the index.

Where many qualify, candidates come from two lists: the nearest by vector, and the first by
evidence; films of favoured patients are candidates, too. A film in neither list is at best as
near as the last of the one and as likely as the last of the other (the threshold algorithm of
Fagin, Lotem and Naor, 2003); while such a film could still displace one that was found the
lists are read further, and in the end all films are compared.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, LiteralString

import numpy as np
from psycopg import sql

from mmrag.records import Film, Provenance
from mmrag.store.film_order import (
    EVIDENCE,
    FilmOrder,
    column,
    evidence_sql,
    favour_sql,
    number,
    standing_sql,
)
from mmrag.store.rows import all_of
from mmrag.store.schema import Connection
from mmrag.store.terms import EVERY_FILM, FilmFilter, FilmMatch, FilmSurvey, Vector
from mmrag.store.vectors import Half

EXACT_UP_TO = 5000
"""Qualifying rows that are compared one by one; measured to be the cheaper and exact way."""

INDEX_UP_TO = 500
"""Results that are asked of the index at most; more are found by comparing all."""

TIE_MARGIN = 32
"""Further rows taken from the index, so that equals at the end of the list stay in order."""

DEPTHS = ((128, 512), (INDEX_UP_TO, 8192))
"""How far the lists by vector and by evidence are read at least, and where that is too short."""

_ITERATIVE = (0, 8)  # first pgvector that goes on where a filter leaves too few

FILM_COLUMNS: LiteralString = (
    "f.source, f.id, f.patient, f.file, f.line, f.made_up, f.findings, f.view, f.age, f.sex, "
    "f.follow_up, f.width, f.height, f.row_spacing, f.column_spacing, f.taken_on, f.day, "
    "f.stated, f.licence, f.labels_by, f.note"
)

_FILM_FIELDS = 21

_EVIDENCE_COLUMNS = tuple(column(name) for name in EVIDENCE)

# The negated operator in a falling order is the same order, and one that no index offers.
_ALL = sql.SQL(
    "SELECT f.key, -(v.vector <#> %(vector)s) AS similarity "
    "FROM film f JOIN film_vector v ON v.film = f.key JOIN film_evidence e ON e.film = f.key "
    "WHERE {where} AND {answers} "
    "ORDER BY {evidence} + {share} * (1 - (v.vector <#> %(vector)s)) / 2 + {favour} DESC, "
    'f.source COLLATE "C", f.id COLLATE "C" LIMIT %(k)s'
)
_NEAR = sql.SQL(
    "SELECT f.key, -(v.vector <#> %(vector)s) AS similarity "
    "FROM film_vector v JOIN film f ON f.key = v.film WHERE {where} "
    "ORDER BY v.vector <#> %(vector)s LIMIT %(near)s"
)
_LIKELY = sql.SQL(
    "SELECT e.film AS key, {evidence} AS evidence FROM film_evidence e "
    "ORDER BY evidence DESC LIMIT %(likely)s"
)
_EITHER = sql.SQL(
    "SELECT key, similarity FROM near UNION "
    "SELECT f.key, -(v.vector <#> %(vector)s) FROM likely "
    "JOIN film f ON f.key = likely.key JOIN film_vector v ON v.film = f.key WHERE {where}"
)
_FAVOURED = sql.SQL(
    " UNION SELECT f.key, -(v.vector <#> %(vector)s) FROM film f "
    "JOIN film_vector v ON v.film = f.key WHERE f.patient = ANY(%(favoured)s) AND {where}"
)
_NAMED = sql.SQL(
    "SELECT {columns}, {evidence} + {share} * (1 + c.similarity) / 2 + {favour} AS score, "
    "c.similarity, "
    "p.vector, ARRAY[{probability}], ARRAY[{pixels_only}], {beyond} AS beyond "
    "FROM candidate c JOIN film f ON f.key = c.key JOIN film_pixel p ON p.film = f.key "
    "JOIN film_evidence e ON e.film = f.key JOIN film_pixel_evidence x ON x.film = f.key "
    "WHERE {answers} "
    'ORDER BY score DESC, f.source COLLATE "C", f.id COLLATE "C" LIMIT %(k)s'
)
_BEYOND = sql.SQL(
    "(SELECT coalesce(min(evidence), 0) FROM likely) + "
    "{share} * (1 + (SELECT min(similarity) FROM near)) / 2"
)
# Joining all films to all evidence costs three times what setting a few aside does.
_ALL_BUT_FEW = sql.SQL(
    "e.film NOT IN (SELECT f.key FROM film f WHERE f.findings && %(none_of)s::text[]) AND "
    "e.film NOT IN (SELECT f.key FROM film f JOIN unnest(%(not_sources)s::text[], "
    "%(not_ids)s::text[]) AS n (source, id) USING (source, id))"
)
_SOME = sql.SQL("e.film IN (SELECT f.key FROM film f WHERE {where})")
_FROM_ALL = sql.SQL("WITH candidate AS MATERIALIZED ({all}) {named}")
_FROM_LISTS = sql.SQL(
    "WITH near AS MATERIALIZED ({near}), likely AS MATERIALIZED ({likely}), "
    "candidate AS MATERIALIZED ({either}) {named}"
)


def search(
    connection: Connection,
    pgvector: tuple[int, ...],
    vector: Vector,
    k: int,
    where: FilmFilter,
    order: FilmOrder,
) -> list[FilmMatch]:
    """Find the first films of an order, by falling score; inside a transaction."""
    if k < 1:
        return []
    condition, parameters = filter_sql(where)
    parameters |= {"vector": Half(vector), "k": k} | favour_sql(order)[1]
    if k <= INDEX_UP_TO and _are_many(connection, condition, parameters):
        for near, likely in _depths(k, order):
            prepare_index_scan(connection, pgvector, near)
            lists = parameters | {"near": near, "likely": likely}
            found, beyond = _run(connection, _from_lists(condition, order), lists)
            if len(found) == k and beyond is not None and found[-1].score > beyond:
                return found
    found, _ = _run(connection, _from_all(condition, order), parameters)
    return found


def survey(connection: Connection, where: FilmFilter, order: FilmOrder) -> FilmSurvey:
    """Count the films that answer, and find how well the best one stands."""
    if not order.clauses:
        films = count(connection, where)
        return FilmSurvey(films, films, None)
    condition, parameters = filter_sql(where)
    passing = _ALL_BUT_FEW if _leaves_few_out(where) else _SOME
    query = sql.SQL(
        "SELECT count(*), count(*) FILTER (WHERE standing >= {least}), max(standing) FROM "
        "(SELECT {standing} AS standing FROM film_evidence e WHERE {passing} OFFSET 0) AS s"
    ).format(
        least=number(order.least),
        standing=standing_sql(order, "e"),
        passing=passing.format(where=condition),
    )
    row = connection.execute(query, parameters).fetchone()
    return FilmSurvey(0, 0, None) if row is None else FilmSurvey(*row)


def count(connection: Connection, where: FilmFilter) -> int:
    """Count the films that qualify."""
    condition, parameters = filter_sql(where)
    query = sql.SQL("SELECT count(*) FROM film f WHERE {}").format(condition)
    row = connection.execute(query, parameters).fetchone()
    return 0 if row is None else int(row[0])


def prepare_index_scan(connection: Connection, pgvector: tuple[int, ...], rows: int) -> None:
    """Let the index of this transaction yield as many rows as are wanted."""
    settings = {"hnsw.ef_search": str(max(100, rows))}
    if pgvector >= _ITERATIVE:
        settings["hnsw.iterative_scan"] = "relaxed_order"
    for setting, value in settings.items():
        connection.execute("SELECT set_config(%s, %s, true)", (setting, value))


def film_of(row: tuple[Any, ...]) -> Film:
    """Make a film of its columns in the order of `FILM_COLUMNS`."""
    source, id_, patient, file, line, made_up, findings, view, age, sex = row[:10]
    follow_up, width, height, row_spacing, column_spacing = row[10:15]
    taken_on, day, stated, licence, labels_by, note = row[15:_FILM_FIELDS]
    return Film(
        id=id_,
        provenance=Provenance(source, file, line, made_up),
        patient=patient,
        findings=None if findings is None else tuple(findings),
        view=view,
        age=age,
        sex=sex,
        follow_up=follow_up,
        width=width,
        height=height,
        pixel_spacing=None if row_spacing is None else (row_spacing, column_spacing),
        taken_on=taken_on,
        day=day,
        stated=stated,
        licence=licence,
        labels_by=labels_by,
        note=note,
    )


def _are_many(
    connection: Connection, condition: sql.Composable, parameters: dict[str, Any]
) -> bool:
    query = sql.SQL("SELECT count(*) FROM (SELECT 1 FROM film f WHERE {} LIMIT {}) AS few")
    row = connection.execute(
        query.format(condition, sql.Literal(EXACT_UP_TO + 1)), parameters
    ).fetchone()
    return row is not None and row[0] > EXACT_UP_TO


def _leaves_few_out(where: FilmFilter) -> bool:
    """Whether a filter names what it leaves out, not what it wants."""
    return replace(where, none_of=(), exclude=()) == EVERY_FILM


def _depths(k: int, order: FilmOrder) -> list[tuple[int, int]]:
    """How far to read both lists, shortest first; the second is not needed for a vector alone."""
    if not order.weighs_evidence:
        return [(k + TIE_MARGIN, 0)]
    return [(max(near, k + TIE_MARGIN), max(likely, 4 * k)) for near, likely in DEPTHS]


def _from_lists(condition: sql.Composable, order: FilmOrder) -> sql.Composed:
    either = sql.SQL("{}{}").format(
        _EITHER.format(where=condition),
        _FAVOURED.format(where=condition) if order.favoured else sql.SQL(""),
    )
    return _FROM_LISTS.format(
        near=_NEAR.format(where=condition),
        likely=_LIKELY.format(evidence=evidence_sql(order, "e")),
        either=either,
        named=_named(order, _BEYOND.format(share=number(order.similarity))),
    )


def _from_all(condition: sql.Composable, order: FilmOrder) -> sql.Composed:
    everything = _ALL.format(
        where=condition,
        answers=answers(order),
        evidence=evidence_sql(order, "e"),
        share=number(order.similarity),
        favour=favour_sql(order)[0],
    )
    return _FROM_ALL.format(all=everything, named=_named(order, sql.SQL("NULL::float8")))


def _named(order: FilmOrder, beyond: sql.Composable) -> sql.Composed:
    return _NAMED.format(
        columns=sql.SQL(FILM_COLUMNS),
        evidence=evidence_sql(order, "e"),
        share=number(order.similarity),
        favour=favour_sql(order)[0],
        probability=_columns("e"),
        pixels_only=_columns("x"),
        beyond=beyond,
        answers=answers(order),
    )


def answers(order: FilmOrder) -> sql.Composable:
    """Give what is true of the films that stand high enough, over ``film_evidence e``."""
    if not order.clauses:
        return sql.SQL("true")
    return sql.SQL("{} >= {}").format(standing_sql(order, "e"), number(order.least))


def _columns(table: str) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(table, name) for name in _EVIDENCE_COLUMNS)


def _run(
    connection: Connection, query: sql.Composed, parameters: dict[str, Any]
) -> tuple[list[FilmMatch], float | None]:
    """Give the films, and the best score that a film beside them could have."""
    with connection.cursor(binary=True) as cursor:
        rows = cursor.execute(query, parameters).fetchall()
    matches = [_match(row[:_FILM_FIELDS], *row[_FILM_FIELDS:-1]) for row in rows]
    return matches, rows[-1][-1] if rows else None


def _match(
    film: tuple[Any, ...],
    score: float,
    similarity: float,
    pixels: Vector,
    probability: list[float],
    pixels_only: list[float],
) -> FilmMatch:
    return FilmMatch(
        film=film_of(film),
        score=score,
        similarity=similarity,
        pixels=pixels,
        probability=np.array(probability, np.float32),
        pixels_only=np.array(pixels_only, np.float32),
    )


def filter_sql(where: FilmFilter) -> tuple[sql.SQL, dict[str, Any]]:
    """Give a filter on ``film f`` and its parameters."""
    parts: list[LiteralString] = []
    if where.sex is not None:
        parts.append("f.sex = %(sex)s")
    if where.age_min is not None:
        parts.append("f.age >= %(age_min)s" if where.age_min_inclusive else "f.age > %(age_min)s")
    if where.age_max is not None:
        parts.append("f.age <= %(age_max)s" if where.age_max_inclusive else "f.age < %(age_max)s")
    if where.view is not None:
        parts.append("f.view = %(view)s")
    if where.source is not None:
        parts.append("f.source = %(source)s")
    if where.patient is not None:
        parts.append("f.patient = %(patient)s")
    if where.exclude:
        parts.append(
            "(f.source, f.id) NOT IN (SELECT * FROM unnest(%(not_sources)s::text[], "
            "%(not_ids)s::text[]))"
        )
    if where.any_of:
        parts.append("f.findings && %(any_of)s::text[]")
    if where.all_of:
        parts.append("f.findings @> %(all_of)s::text[]")
    if where.none_of:
        parts.append("(f.findings IS NULL OR NOT f.findings && %(none_of)s::text[])")
    if where.labelled is not None:
        parts.append("(f.findings IS NOT NULL) = %(labelled)s")
    return all_of(parts), {
        "sex": where.sex,
        "age_min": where.age_min,
        "age_max": where.age_max,
        "view": where.view,
        "source": where.source,
        "patient": where.patient,
        "not_sources": [key.source for key in where.exclude],
        "not_ids": [key.id for key in where.exclude],
        "any_of": list(where.any_of),
        "all_of": list(where.all_of),
        "none_of": list(where.none_of),
        "labelled": where.labelled,
    }
