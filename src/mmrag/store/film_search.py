"""The film leg's search: exact where few films qualify, through the index where many do.

PostgreSQL's planner takes the index nearly always, also where a filter makes it slow and
lossy; so the qualifying films are counted first, and the query is written so that it either
cannot or can use the index.
"""

from __future__ import annotations

from typing import Any, LiteralString

from psycopg import sql

from mmrag.records import Film, Provenance
from mmrag.store.rows import all_of
from mmrag.store.schema import Connection
from mmrag.store.terms import FilmFilter, FilmMatch, Vector
from mmrag.store.vectors import Half

EXACT_UP_TO = 5000
"""Qualifying rows that are compared one by one; measured to be the cheaper and exact way."""

INDEX_UP_TO = 500
"""Results that are asked of the index at most; more are found by comparing all."""

TIE_MARGIN = 32
"""Further rows taken from the index, so that equals at the end of the list stay in order."""

_ITERATIVE = (0, 8)  # first pgvector that goes on where a filter leaves too few

FILM_COLUMNS: LiteralString = (
    "f.source, f.id, f.patient, f.file, f.line, f.made_up, f.findings, f.view, f.age, f.sex, "
    "f.follow_up, f.width, f.height, f.row_spacing, f.column_spacing"
)

# The negated operator in a falling order is the same order, and one that no index offers.
_EXACT = sql.SQL(
    "SELECT f.key, -(v.vector <#> %(vector)s) AS similarity "
    "FROM film f JOIN film_vector v ON v.film = f.key WHERE {where} "
    'ORDER BY similarity DESC, f.source COLLATE "C", f.id COLLATE "C" LIMIT %(k)s'
)
_INDEXED = sql.SQL(
    "SELECT f.key, -(v.vector <#> %(vector)s) AS similarity "
    "FROM film_vector v JOIN film f ON f.key = v.film WHERE {where} "
    "ORDER BY v.vector <#> %(vector)s LIMIT %(k)s + %(margin)s"
)
_NAMED = sql.SQL(
    "WITH near AS MATERIALIZED ({near}) "
    "SELECT {columns}, near.similarity, p.vector FROM near "
    "JOIN film f ON f.key = near.key JOIN film_pixel p ON p.film = f.key "
    'ORDER BY near.similarity DESC, f.source COLLATE "C", f.id COLLATE "C" LIMIT %(k)s'
)


def search(
    connection: Connection,
    pgvector: tuple[int, ...],
    vector: Vector,
    k: int,
    where: FilmFilter,
) -> list[FilmMatch]:
    """Find the films nearest to a vector, by falling similarity; inside a transaction."""
    if k < 1:
        return []
    condition, parameters = _condition(where)
    parameters |= {"vector": Half(vector), "k": k, "margin": TIE_MARGIN}
    if k <= INDEX_UP_TO and _are_many(connection, condition, parameters):
        prepare_index_scan(connection, pgvector, k + TIE_MARGIN)
        found = _run(connection, _INDEXED.format(where=condition), parameters)
        if len(found) == k:
            return found
    return _run(connection, _EXACT.format(where=condition), parameters)


def count(connection: Connection, where: FilmFilter) -> int:
    """Count the films that qualify."""
    condition, parameters = _condition(where)
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
    )


def _are_many(
    connection: Connection, condition: sql.Composable, parameters: dict[str, Any]
) -> bool:
    query = sql.SQL("SELECT count(*) FROM (SELECT 1 FROM film f WHERE {} LIMIT {}) AS few")
    row = connection.execute(
        query.format(condition, sql.Literal(EXACT_UP_TO + 1)), parameters
    ).fetchone()
    return row is not None and row[0] > EXACT_UP_TO


def _run(connection: Connection, near: sql.Composed, parameters: dict[str, Any]) -> list[FilmMatch]:
    query = _NAMED.format(near=near, columns=sql.SQL(FILM_COLUMNS))
    with connection.cursor(binary=True) as cursor:
        cursor.execute(query, parameters)
        return [FilmMatch(film_of(row), row[15], row[16]) for row in cursor]


def _condition(where: FilmFilter) -> tuple[sql.SQL, dict[str, Any]]:
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
