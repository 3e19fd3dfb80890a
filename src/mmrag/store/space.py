"""The one embedding space of a store, and the refusal of any other."""

from __future__ import annotations

from mmrag.errors import DatabaseError, SpaceMismatch
from mmrag.store.connection import Database
from mmrag.store.schema import Connection
from mmrag.store.terms import EncoderName, Space

_READ = "SELECT encoder, weights, precision, dimension, w_pixel, w_label, created_at FROM space"


def read_space(database: Database) -> Space | None:
    """Read the store's space; None before anything was stored."""
    with database.transaction() as connection:
        return _read(connection)


def claim_space(
    database: Database, encoder: EncoderName, dimension: int, w_pixel: float, w_label: float
) -> Space:
    """Take an empty store for a space, or make sure that it is this one already.

    The stored fusion weights win over those given; `Films.refuse` changes them.

    Raises
    ------
    SpaceMismatch
        When the store belongs to another encoder, its weights, precision or dimension.
    """
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO space (encoder, weights, precision, dimension, w_pixel, w_label) "
            "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (encoder.name, encoder.weights, encoder.precision, dimension, w_pixel, w_label),
        )
        stored = _read(connection)
    if stored is None:
        raise AssertionError("a claimed space is there")
    wanted = (encoder.name, encoder.weights, encoder.precision, dimension)
    if wanted != (stored.encoder, stored.weights, stored.precision, stored.dimension):
        raise SpaceMismatch(
            f"the store holds vectors of {stored.fingerprint} (length {stored.dimension}), not "
            f"of {encoder.name}:{encoder.weights[:12]}:{encoder.precision} (length {dimension}):"
            " use the encoder that filled this store, or another MMRAG_HOME"
        )
    return stored


def set_weights(connection: Connection, w_pixel: float, w_label: float) -> None:
    """Record the fusion weights with which the searched film vectors are made.

    Raises
    ------
    DatabaseError
        When the store is empty.
    """
    done = connection.execute("UPDATE space SET w_pixel = %s, w_label = %s", (w_pixel, w_label))
    if done.rowcount == 0:
        raise DatabaseError("the store is empty: run mmrag ingest first")


def _read(connection: Connection) -> Space | None:
    row = connection.execute(_READ).fetchone()
    return None if row is None else Space(*row)
