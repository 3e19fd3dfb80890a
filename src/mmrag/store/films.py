"""Films: written once, known by their hashes, searched by their fused vector."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from mmrag.records import Film
from mmrag.store import film_search
from mmrag.store import space as spaces
from mmrag.store.connection import Database
from mmrag.store.film_search import FILM_COLUMNS, film_of
from mmrag.store.indexes import VectorIndexes
from mmrag.store.rows import check_shape, clean, clean_or_none
from mmrag.store.schema import Connection
from mmrag.store.terms import (
    EVERY_FILM,
    FilmEntry,
    FilmFilter,
    FilmHashes,
    FilmMatch,
    PixelBatch,
    RecordKey,
    Vector,
    Vectors,
)
from mmrag.store.vectors import Full, Half

_UPSERT_FILM = """
INSERT INTO film (source, id, patient, file, line, made_up, sha256, record_hash, findings, view,
                  age, sex, follow_up, width, height, row_spacing, column_spacing)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (source, id) DO UPDATE SET
    patient = excluded.patient, file = excluded.file, line = excluded.line,
    made_up = excluded.made_up, sha256 = excluded.sha256, record_hash = excluded.record_hash,
    findings = excluded.findings, view = excluded.view, age = excluded.age, sex = excluded.sex,
    follow_up = excluded.follow_up, width = excluded.width, height = excluded.height,
    row_spacing = excluded.row_spacing, column_spacing = excluded.column_spacing
"""
# An unchanged vector is left alone: rewriting it would cost an insertion into the index.
_UPSERT_FUSED = """
INSERT INTO film_vector (film, vector)
SELECT key, %s FROM film WHERE source = %s AND id = %s
ON CONFLICT (film) DO UPDATE SET vector = excluded.vector
WHERE film_vector.vector <> excluded.vector
"""
_UPSERT_PIXELS = """
INSERT INTO film_pixel (film, vector)
SELECT key, %s FROM film WHERE source = %s AND id = %s
ON CONFLICT (film) DO UPDATE SET vector = excluded.vector
"""

_REFUSED_AT_ONCE = 1000


class Films:
    """The film family of tables."""

    def __init__(self, database: Database, indexes: VectorIndexes) -> None:
        self._database = database
        self._indexes = indexes

    def known(self, source: str) -> dict[str, FilmHashes]:
        """Hashes of every film of a source, by film identifier."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT id, sha256, record_hash FROM film WHERE source = %s", (source,)
            )
            return {id_: FilmHashes(sha256, record_hash) for id_, sha256, record_hash in rows}

    def write(self, entries: Sequence[FilmEntry], pixels: Vectors, fused: Vectors) -> None:
        """Write films with both vectors in one transaction; films already there are replaced.

        Parameters
        ----------
        entries : sequence of FilmEntry
        pixels, fused : ndarray
            Shape (len(entries), dimension), float32, unit norm; `fused` is what is searched.

        Raises
        ------
        InputError
            When the vectors do not fit the entries.
        DatabaseError
        """
        check_shape(pixels, len(entries), self._database.dimension)
        check_shape(fused, len(entries), self._database.dimension)
        keys = [entry.key for entry in entries]
        self._indexes.expect("film_vector", len(entries))
        with self._database.transaction() as connection, connection.cursor() as cursor:
            cursor.executemany(_UPSERT_FILM, [_row(entry) for entry in entries])
            cursor.executemany(_UPSERT_PIXELS, _full_rows(keys, pixels))
            cursor.executemany(_UPSERT_FUSED, _half_rows(keys, fused))

    def update_records(self, entries: Sequence[FilmEntry], fused: Vectors) -> None:
        """Write changed metadata of films whose pixels are as they were, in one transaction.

        Parameters
        ----------
        entries : sequence of FilmEntry
            Films that are in the store.
        fused : ndarray
            Shape (len(entries), dimension), float32: fused anew from `pixels` and the labels.
        """
        check_shape(fused, len(entries), self._database.dimension)
        self._indexes.expect("film_vector", len(entries))
        with self._database.transaction() as connection, connection.cursor() as cursor:
            cursor.executemany(_UPSERT_FILM, [_row(entry) for entry in entries])
            cursor.executemany(_UPSERT_FUSED, _half_rows([e.key for e in entries], fused))

    def pixels(self, keys: Sequence[RecordKey]) -> dict[RecordKey, Vector]:
        """Pixel vectors of films, each (dimension,) float32; unknown keys are left out."""
        found: dict[RecordKey, Vector] = {}
        by_source = groupby(sorted(keys), key=lambda key: key.source)
        with (
            self._database.transaction() as connection,
            connection.cursor(binary=True) as cursor,
        ):
            for source, group in by_source:
                cursor.execute(
                    "SELECT f.id, p.vector FROM film f JOIN film_pixel p ON p.film = f.key "
                    "WHERE f.source = %s AND f.id = ANY(%s)",
                    (source, [key.id for key in group]),
                )
                found.update((RecordKey(source, id_), vector) for id_, vector in cursor)
        return found

    def refuse(self, w_pixel: float, w_label: float, fuse: Callable[[PixelBatch], Vectors]) -> int:
        """Record new fusion weights and replace every searched vector, all or nothing.

        Films written by others while this runs keep the weights that they were fused with:
        do not ingest meanwhile.

        Parameters
        ----------
        w_pixel, w_label : float
        fuse : callable
            Gives the new vectors of a batch, shape (len(batch.keys), dimension), float32.

        Returns
        -------
        int
            How many films there are.

        Raises
        ------
        DatabaseError
            When the store is empty, or fails; nothing is changed then.
        """
        films = self.count()
        self._indexes.expect("film_vector", films)
        with self._database.transaction() as connection:
            spaces.set_weights(connection, w_pixel, w_label)
            for batch in _pixel_batches(connection):
                fused = fuse(batch)
                check_shape(fused, len(batch.keys), self._database.dimension)
                with connection.cursor() as cursor:
                    cursor.executemany(_UPSERT_FUSED, _half_rows(batch.keys, fused))
        return films

    def search(self, vector: Vector, k: int, where: FilmFilter = EVERY_FILM) -> list[FilmMatch]:
        """Find the `k` films nearest to a vector, or all that qualify where there are fewer.

        Up to some thousand qualifying films are compared one by one; more go through the
        index. Films of equal similarity are ordered by source and identifier.

        Parameters
        ----------
        vector : ndarray
            Shape (dimension,), float32.
        k : int
        where : FilmFilter

        Returns
        -------
        list of FilmMatch
            By falling similarity.
        """
        check_shape(np.atleast_2d(vector), 1, self._database.dimension)
        with self._database.transaction() as connection:
            return film_search.search(connection, self._database.pgvector, vector, k, where)

    def count(self, where: FilmFilter = EVERY_FILM) -> int:
        """Count the films that qualify."""
        with self._database.transaction() as connection:
            return film_search.count(connection, where)

    def get(self, key: RecordKey) -> Film | None:
        """One film; None where it is not stored."""
        return next((film for film in self.named(key.id) if _is_of(film, key.source)), None)

    def named(self, id_: str) -> list[Film]:
        """Find the films of that identifier, of whatever source."""
        with self._database.transaction() as connection:
            return _named(connection, id_)


def _pixel_batches(connection: Connection) -> Iterator[PixelBatch]:
    """Every film with its labels and pixel vector, in order of the keys."""
    with connection.cursor("pixels", binary=True) as cursor:
        cursor.execute(
            "SELECT f.source, f.id, f.findings, p.vector "
            "FROM film f JOIN film_pixel p ON p.film = f.key ORDER BY f.source, f.id"
        )
        while rows := cursor.fetchmany(_REFUSED_AT_ONCE):
            yield _pixel_batch(rows)


def _named(connection: Connection, id_: str) -> list[Film]:
    rows = connection.execute(
        f"SELECT {FILM_COLUMNS} FROM film f WHERE f.id = %s ORDER BY f.source",  # noqa: S608
        (clean(id_),),
    )
    return [film_of(row) for row in rows]


def _is_of(film: Film, source: str) -> bool:
    return film.provenance.source == source


def _row(entry: FilmEntry) -> tuple[Any, ...]:
    film, origin = entry.film, entry.film.provenance
    return (
        origin.source,
        clean(film.id),
        clean_or_none(film.patient),
        clean(origin.file),
        origin.row,
        origin.made_up,
        entry.sha256,
        entry.record_hash,
        None if film.findings is None else [clean(finding) for finding in film.findings],
        clean_or_none(film.view),
        film.age,
        film.sex,
        film.follow_up,
        film.width,
        film.height,
        *(film.pixel_spacing or (None, None)),
    )


def _half_rows(keys: Sequence[RecordKey], vectors: Vectors) -> list[tuple[Half, str, str]]:
    return [
        (Half(vector), key.source, clean(key.id)) for key, vector in zip(keys, vectors, strict=True)
    ]


def _full_rows(keys: Sequence[RecordKey], vectors: Vectors) -> list[tuple[Full, str, str]]:
    return [
        (Full(vector), key.source, clean(key.id)) for key, vector in zip(keys, vectors, strict=True)
    ]


def _pixel_batch(rows: Sequence[tuple[Any, ...]]) -> PixelBatch:
    return PixelBatch(
        keys=tuple(RecordKey(source, id_) for source, id_, _, _ in rows),
        findings=tuple(None if f is None else tuple(f) for _, _, f, _ in rows),
        vectors=np.stack([vector for _, _, _, vector in rows]),
    )
