"""Vectors of another space, made beside the present ones and put in their place at once.

Until then the store is what it was, also for searches. What a run that died has made is found
again by the next run towards the same space.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, LiteralString, NamedTuple

from psycopg import sql

from mmrag.store import schema
from mmrag.store.connection import Database
from mmrag.store.rows import check_shape
from mmrag.store.schema import Connection
from mmrag.store.terms import EncoderName, Vectors
from mmrag.store.vectors import Full, Half

_MAKE = """
CREATE TABLE next_space (
    encoder text NOT NULL,
    weights text NOT NULL,
    precision text NOT NULL,
    dimension integer NOT NULL
);
CREATE TABLE next_film (
    film bigint PRIMARY KEY REFERENCES film ON DELETE CASCADE,
    sha256 text NOT NULL,  -- of the record that it was made for
    vector vector({dimension}) NOT NULL
);
CREATE TABLE next_panel (
    panel bigint PRIMARY KEY REFERENCES lab_vector ON DELETE CASCADE,
    vector halfvec({dimension}) NOT NULL
);
"""
_DROP = "DROP TABLE IF EXISTS next_film, next_panel, next_space"
_FILMS_LEFT = """
SELECT f.key, f.source, f.id, f.file, f.sha256
FROM film f LEFT JOIN next_film n ON n.film = f.key AND n.sha256 = f.sha256
WHERE f.key > %s AND n.film IS NULL ORDER BY f.key LIMIT %s
"""
_PANELS_LEFT = """
SELECT v.key, v.panel FROM lab_vector v LEFT JOIN next_panel n ON n.panel = v.key
WHERE v.key > %s AND n.panel IS NULL ORDER BY v.key LIMIT %s
"""
_ADD_FILM = """
INSERT INTO next_film (film, sha256, vector) VALUES (%s, %s, %s)
ON CONFLICT (film) DO UPDATE SET sha256 = excluded.sha256, vector = excluded.vector
"""
_ADD_PANEL = "INSERT INTO next_panel (panel, vector) VALUES (%s, %s)"

# The vectors to be replaced go first: a column changes its length fastest while it is empty.
_TAKE_OUT = (
    "DELETE FROM film f WHERE NOT EXISTS "
    "(SELECT FROM next_film n WHERE n.film = f.key AND n.sha256 = f.sha256)",
    "DROP INDEX IF EXISTS film_vector_near, lab_vector_near",
    "TRUNCATE film_vector, film_pixel",
)
_PUT_IN = (
    "INSERT INTO film_pixel (film, vector) SELECT film, vector FROM next_film ORDER BY film",
    "UPDATE lab_vector v SET vector = n.vector FROM next_panel n WHERE n.panel = v.key",
    "UPDATE space SET encoder = n.encoder, weights = n.weights, precision = n.precision, "
    "dimension = n.dimension, created_at = now() FROM next_space n",
    _DROP,
)
_PAGE = 1000


class StoredFilm(NamedTuple):
    """A film of the store, as far as encoding it again needs."""

    key: int
    source: str
    id: str
    file: str
    sha256: str


class StoredPanel(NamedTuple):
    """A distinct text of the store's panels."""

    key: int
    text: str


class NextSpace:
    """The space that a store is on its way to; used inside ``Store.bulk(alone=True)``.

    Parameters
    ----------
    database : Database
    encoder : EncoderName
    dimension : int
        Length of the encoder's vectors.
    """

    def __init__(self, database: Database, encoder: EncoderName, dimension: int) -> None:
        self._database = database
        self._name = (encoder.name, encoder.weights, encoder.precision, dimension)
        self._dimension = dimension

    def begin(self) -> None:
        """Make room for the vectors; those of a run towards this space that died are kept."""
        with self._database.transaction() as connection:
            if self._is_begun(connection):
                return
            connection.execute(_DROP)
            connection.execute(_MAKE.replace("{dimension}", str(int(self._dimension))))
            connection.execute("INSERT INTO next_space VALUES (%s, %s, %s, %s)", self._name)

    def made(self) -> tuple[int, int]:
        """Count the films and the panel texts that have a vector of this space."""
        with self._database.transaction() as connection:
            if not self._is_begun(connection):
                return 0, 0
            return _rows(connection, "next_film"), _rows(connection, "next_panel")

    def films_left(self) -> Iterator[StoredFilm]:
        """Films that have no vector of this space yet, in the order of their ingest."""
        last = 0
        while rows := self._page(_FILMS_LEFT, last):
            yield from (StoredFilm(*row) for row in rows)
            last = rows[-1][0]

    def panels_left(self) -> Iterator[StoredPanel]:
        """Panel texts that have no vector of this space yet."""
        last = 0
        while rows := self._page(_PANELS_LEFT, last):
            yield from (StoredPanel(*row) for row in rows)
            last = rows[-1][0]

    def add_films(self, films: Sequence[StoredFilm], pixels: Vectors) -> None:
        """Keep pixel vectors, in one transaction.

        Parameters
        ----------
        films : sequence of StoredFilm
        pixels : ndarray
            Shape (len(films), dimension), float32, unit norm.
        """
        check_shape(pixels, len(films), self._dimension)
        rows = [(film.key, film.sha256, Full(v)) for film, v in zip(films, pixels, strict=True)]
        with self._database.transaction() as connection, connection.cursor() as cursor:
            cursor.executemany(_ADD_FILM, rows)

    def add_panels(self, panels: Sequence[StoredPanel], vectors: Vectors) -> None:
        """Keep the vectors of panel texts, in one transaction.

        Parameters
        ----------
        panels : sequence of StoredPanel
        vectors : ndarray
            Shape (len(panels), dimension), float32, unit norm.
        """
        check_shape(vectors, len(panels), self._dimension)
        rows = [(panel.key, Half(v)) for panel, v in zip(panels, vectors, strict=True)]
        with self._database.transaction() as connection, connection.cursor() as cursor:
            cursor.executemany(_ADD_PANEL, rows)

    def move_in(self, connection: Connection) -> None:
        """Take the place of the present space, inside the caller's transaction.

        A film without a vector of this space leaves the store. Films have no searched vector
        after this: fuse them in the same transaction.
        """
        for statement in _TAKE_OUT:
            connection.execute(statement)
        schema.change_dimension(connection, self._dimension)
        for statement in _PUT_IN:
            connection.execute(statement)
        self._database.dimension = self._dimension

    def _is_begun(self, connection: Connection) -> bool:
        made = connection.execute("SELECT to_regclass('next_space')").fetchone()
        if made is None or made[0] is None:
            return False
        return connection.execute("SELECT * FROM next_space").fetchone() == self._name

    def _page(self, query: LiteralString, last: int) -> list[tuple[Any, ...]]:
        with self._database.transaction() as connection:
            return connection.execute(query, (last, _PAGE)).fetchall()


def _rows(connection: Connection, table: str) -> int:
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    row = connection.execute(query).fetchone()
    return 0 if row is None else int(row[0])
