"""What is known of films: one row a film in two tables of the same columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from psycopg import Cursor, sql

from mmrag.store.film_order import EVIDENCE, column
from mmrag.store.rows import check_shape, clean, key_columns
from mmrag.store.schema import Connection
from mmrag.store.terms import FilmEvidence, RecordKey

_COLUMNS = [column(name) for name in EVIDENCE]


def write_evidence(
    cursor: Cursor[tuple[Any, ...]], keys: Sequence[RecordKey], evidence: FilmEvidence
) -> None:
    """Write the evidence of stored films, inside the caller's transaction.

    Parameters
    ----------
    cursor : psycopg.Cursor
    keys : sequence of RecordKey
    evidence : FilmEvidence
        Rows follow `keys`.

    Raises
    ------
    InputError
        When the evidence does not fit the films.
    """
    for table, numbers in (
        ("film_evidence", evidence.probability),
        ("film_pixel_evidence", evidence.pixels_only),
    ):
        check_shape(numbers, len(keys), len(EVIDENCE))
        rows = zip(keys, numbers.tolist(), strict=True)
        cursor.executemany(_upsert(table), [(*row, key.source, clean(key.id)) for key, row in rows])


def read_pixel_evidence(
    connection: Connection, keys: Collection[RecordKey]
) -> dict[RecordKey, dict[str, float]]:
    """Read what the pixels alone say of stored films, by name of `EVIDENCE`.

    Films that are not stored are left out.
    """
    query = sql.SQL(
        "SELECT f.source, f.id, {numbers} FROM film f JOIN film_pixel_evidence x ON x.film = f.key "
        "JOIN unnest(%s::text[], %s::text[]) AS wanted (source, id) "
        "ON (f.source, f.id) = (wanted.source, wanted.id)"
    ).format(numbers=sql.SQL(", ").join(sql.Identifier("x", name) for name in _COLUMNS))
    # binary, so that numbers are the very ones that a search returns
    with connection.cursor(binary=True) as cursor:
        rows = cursor.execute(query, key_columns(list(keys))).fetchall()
    return {
        RecordKey(source, id_): dict(zip(EVIDENCE, numbers, strict=True))
        for source, id_, *numbers in rows
    }


def _upsert(table: str) -> sql.Composed:
    """Write a statement that leaves a film alone whose evidence is as it was."""
    names = [sql.Identifier(name) for name in _COLUMNS]
    given = [sql.Identifier("excluded", name) for name in _COLUMNS]
    there = [sql.Identifier(table, name) for name in _COLUMNS]
    comma = sql.SQL(", ").join
    return sql.SQL(
        "INSERT INTO {table} (film, {names}) SELECT key, {values} FROM film "
        "WHERE source = %s AND id = %s ON CONFLICT (film) DO UPDATE SET ({names}) = ({given}) "
        "WHERE ({there}) IS DISTINCT FROM ({given})"
    ).format(
        table=sql.Identifier(table),
        names=comma(names),
        values=comma([sql.Placeholder()] * len(names)),
        given=comma(given),
        there=comma(there),
    )
