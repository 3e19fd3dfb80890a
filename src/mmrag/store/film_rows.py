"""Films and what is made of them, on their way into rows and, to be fused anew, out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from psycopg import Cursor

from mmrag.store import film_history
from mmrag.store.film_evidence import write_evidence
from mmrag.store.rows import check_shape, clean, clean_or_none
from mmrag.store.schema import Connection
from mmrag.store.terms import FilmEntry, FilmEvidence, PixelBatch, RecordKey, Vectors
from mmrag.store.vectors import Full, Half

_UPSERT_FILM = """
INSERT INTO film (source, id, patient, file, line, made_up, sha256, record_hash, findings, view,
                  age, sex, follow_up, width, height, row_spacing, column_spacing, taken_on,
                  day, stated, licence, labels_by, note)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
        %s)
ON CONFLICT (source, id) DO UPDATE SET
    patient = excluded.patient, file = excluded.file, line = excluded.line,
    made_up = excluded.made_up, sha256 = excluded.sha256, record_hash = excluded.record_hash,
    findings = excluded.findings, view = excluded.view, age = excluded.age, sex = excluded.sex,
    follow_up = excluded.follow_up, width = excluded.width, height = excluded.height,
    row_spacing = excluded.row_spacing, column_spacing = excluded.column_spacing,
    taken_on = excluded.taken_on, day = excluded.day, stated = excluded.stated,
    licence = excluded.licence, labels_by = excluded.labels_by, note = excluded.note
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

_READ_AT_ONCE = 1000

Fuse = Callable[[PixelBatch], tuple[Vectors, FilmEvidence]]
"""Gives the searched vectors of a batch, shape (films, dimension), float32, and its evidence."""


def pixel_batches(
    connection: Connection, patients: list[str] | None = None
) -> Iterator[PixelBatch]:
    """Every film, or those of some patients, with labels and pixel vector, ordered by key."""
    with connection.cursor("pixels", binary=True) as cursor:
        cursor.execute(
            "SELECT f.source, f.id, f.findings, f.labels_by, p.vector "
            "FROM film f JOIN film_pixel p ON p.film = f.key "
            "WHERE %s::text[] IS NULL OR f.patient = ANY(%s) ORDER BY f.source, f.id",
            (patients, patients),
        )
        while rows := cursor.fetchmany(_READ_AT_ONCE):
            keys = tuple(RecordKey(source, id_) for source, id_, *_ in rows)
            histories = film_history.read_histories(connection, keys)
            yield PixelBatch(
                keys=keys,
                findings=tuple(None if f is None else tuple(f) for _, _, f, *_ in rows),
                labels_by=tuple(by for *_, by, _ in rows),
                histories=tuple(histories[key] for key in keys),
                vectors=np.stack([vector for *_, vector in rows]),
            )


def put_records(
    connection: Connection, cursor: Cursor[tuple[Any, ...]], entries: Sequence[FilmEntry]
) -> None:
    """Write what the source tells of films; whoever's they were or are has a new history."""
    keys = [entry.key for entry in entries]
    film_history.mark(connection, keys)
    cursor.executemany(_UPSERT_FILM, [_row(entry) for entry in entries])
    film_history.mark(connection, keys)


def put_pixels(cursor: Cursor[tuple[Any, ...]], keys: Sequence[RecordKey], pixels: Vectors) -> None:
    """Write pixel vectors, shape (films, dimension), float32."""
    cursor.executemany(_UPSERT_PIXELS, _vector_rows(Full, keys, pixels))


def put_anew(connection: Connection, batch: PixelBatch, fuse: Fuse, dimension: int) -> None:
    """Make and write anew what follows from pixel vectors and labels."""
    fused, evidence = fuse(batch)
    check_shape(fused, len(batch.keys), dimension)
    with connection.cursor() as cursor:
        put_made(cursor, batch.keys, fused, evidence)


def put_made(
    cursor: Cursor[tuple[Any, ...]],
    keys: Sequence[RecordKey],
    fused: Vectors,
    evidence: FilmEvidence,
) -> None:
    """Write what is made of pixel vectors and labels."""
    cursor.executemany(_UPSERT_FUSED, _vector_rows(Half, keys, fused))
    write_evidence(cursor, keys, evidence)


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
        film.taken_on,
        film.day,
        clean_or_none(film.stated),
        clean_or_none(film.licence),
        film.labels_by,
        clean_or_none(film.note),
    )


def _vector_rows(
    stored: type[Half | Full], keys: Sequence[RecordKey], vectors: Vectors
) -> list[tuple[Half | Full, str, str]]:
    return [
        (stored(vector), key.source, clean(key.id))
        for key, vector in zip(keys, vectors, strict=True)
    ]
