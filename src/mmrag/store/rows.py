"""Small steps between records and rows that several table families share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from psycopg import sql

from mmrag.errors import InputError
from mmrag.store.terms import RecordKey, Vectors


def clean(text: str) -> str:
    """Replace what PostgreSQL's text cannot hold: NUL, and halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "�")


def clean_or_none(text: str | None) -> str | None:
    """`clean`, where there is a text."""
    return None if text is None else clean(text)


def key_columns(keys: Sequence[RecordKey]) -> tuple[list[str], list[str]]:
    """Give sources and identifiers of records as two arrays for ``unnest``."""
    return [clean(key.source) for key in keys], [clean(key.id) for key in keys]


def all_of(conditions: Sequence[str]) -> sql.SQL:
    """One condition that holds when all do; no conditions always hold."""
    return sql.SQL(" AND ".join(conditions) if conditions else "true")


def check_shape(vectors: Vectors, rows: int, dimension: int) -> None:
    """Refuse vectors that do not belong to the records beside them.

    Raises
    ------
    InputError
        When the shape is not (rows, dimension) or a number is not finite.
    """
    if vectors.shape != (rows, dimension):
        raise InputError(f"vectors of shape {vectors.shape} given, {(rows, dimension)} wanted")
    if not np.isfinite(vectors).all():
        raise InputError("a vector holds a number that is not finite: encode that record again")
