"""The one embedding space of a store and the evidence in it, and the refusal of any other."""

from __future__ import annotations

from mmrag.errors import DatabaseError, SpaceMismatch
from mmrag.store.connection import Database
from mmrag.store.schema import Connection, change_dimension
from mmrag.store.terms import EncoderName, EvidenceName, FusionKind, Recipe, Space

_READ = (
    "SELECT encoder, weights, precision, dimension, w_pixel, w_label, created_at, fusion, "
    "evidence, evidence_hash FROM space"
)
_ADOPT = (
    "UPDATE space s SET fusion = n.fusion, evidence = n.evidence, evidence_hash = n.hash "
    "FROM (VALUES (%s::text, %s::text, %s::text)) AS n (fusion, evidence, hash) "
    "WHERE NOT EXISTS (SELECT FROM film) AND (s.fusion, s.evidence, s.evidence_hash) "
    "IS DISTINCT FROM (n.fusion, n.evidence, n.hash)"
)


def read_space(database: Database) -> Space | None:
    """Read the store's space; None before anything was stored."""
    with database.transaction() as connection:
        return _read(connection)


def claim_space(
    database: Database, encoder: EncoderName, dimension: int, w_pixel: float, w_label: float
) -> Space:
    """Take an empty store for a space, or make sure that it is this one already.

    An empty store takes vectors of any length.

    The stored fusion weights win over those given; `Films.refuse` changes them.

    Raises
    ------
    SpaceMismatch
        When the store belongs to another encoder, its weights, precision or dimension.
    """
    with database.transaction() as connection:
        claimed = connection.execute(
            "INSERT INTO space (encoder, weights, precision, dimension, w_pixel, w_label) "
            "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (encoder.name, encoder.weights, encoder.precision, dimension, w_pixel, w_label),
        )
        if claimed.rowcount:
            change_dimension(connection, dimension)
        stored = _read(connection)
    if stored is None:
        raise AssertionError("a claimed space is there")
    if not is_space_of(stored, encoder, dimension):
        raise SpaceMismatch(
            f"the store holds vectors of {stored.fingerprint} (length {stored.dimension}), not "
            f"of {encoder.name}:{encoder.weights[:12]}:{encoder.precision} (length {dimension}):"
            " run mmrag ingest KIND PATH --again with this encoder to encode all that is stored "
            "anew, or use the encoder that filled this store, or another MMRAG_HOME"
        )
    database.dimension = dimension
    return stored


def is_space_of(space: Space, encoder: EncoderName, dimension: int) -> bool:
    """Whether an encoder's vectors belong to a space."""
    wanted = (encoder.name, encoder.weights, encoder.precision, dimension)
    return wanted == (space.encoder, space.weights, space.precision, space.dimension)


def claim_evidence(database: Database, evidence: EvidenceName, fusion: FusionKind) -> Space:
    """Take a claimed store for an evidence model, or make sure that it is this one already.

    Where films are stored, the kind of fusion that they have wins over the one given.

    Raises
    ------
    SpaceMismatch
        When the films of the store were weighed with other parameters, or never.
    """
    with database.transaction() as connection:
        connection.execute(_ADOPT, (fusion, *evidence))
        stored = _read(connection)
    if stored is None:
        raise AssertionError("evidence is claimed of a space that is there")
    if stored.evidence != evidence:
        what = "have no evidence yet"
        if stored.evidence is not None:
            what = f"were weighed with {stored.evidence.short}, this mmrag has {evidence.short}"
        raise SpaceMismatch(f"the films of the store {what}: run mmrag refuse, which takes minutes")
    return stored


def set_recipe(connection: Connection, recipe: Recipe) -> None:
    """Record how the searched film vectors and the evidence are made.

    Raises
    ------
    DatabaseError
        When the store is empty.
    """
    done = connection.execute(
        "UPDATE space SET w_pixel = %s, w_label = %s, fusion = %s, evidence = %s, "
        "evidence_hash = %s",
        (recipe.w_pixel, recipe.w_label, recipe.fusion, *recipe.evidence),
    )
    if done.rowcount == 0:
        raise DatabaseError("the store is empty: run mmrag ingest first")


def _read(connection: Connection) -> Space | None:
    row = connection.execute(_READ).fetchone()
    if row is None:
        return None
    *known, name, digest = row
    evidence = None if name is None else EvidenceName(name, digest)
    return Space(*known, evidence=evidence)  # type: ignore[misc]  # as many as _READ names
