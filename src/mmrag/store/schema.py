"""The extension and the numbered migrations, each in a transaction of its own."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import sql

from mmrag.errors import DatabaseError

SCHEMA = "mmrag"
EXTENSION = "vector"
OLDEST_PGVECTOR = (0, 7)

_VECTOR_COLUMNS = {"film_vector": "halfvec", "film_pixel": "vector", "lab_vector": "halfvec"}
"""Type of the column ``vector`` of each table that has one."""

_LOCK = 0x6D6D726167  # "mmrag": openers of one database take turns

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file of ``migrations/``.

    ``{dimension}`` in its text stands for the length of the store's vectors.
    """

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations() -> list[Migration]:
    """Read all migrations of this version, in order."""
    found = []
    for file in files("mmrag.store").joinpath("migrations").iterdir():
        if name := re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name):
            found.append(Migration(int(name[1]), name[2], file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.number)


def is_store(connection: Connection) -> bool:
    """Whether anything was ever stored in this database."""
    row = connection.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.migration",)).fetchone()
    return row is not None and row[0] is not None


def prepare(connection: Connection, dimension: int | None) -> int:
    """Bring a database to this version, whoever else opens it at the same time.

    Parameters
    ----------
    connection : psycopg.Connection
        In autocommit; its search path is set.
    dimension : int or None
        Length of the vectors of a new store; one that is there keeps its own.

    Returns
    -------
    int
        Length of the store's vectors.

    Raises
    ------
    DatabaseError
        When pgvector is missing or too old, or the database is of a newer version.
    """
    connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
    try:
        _ensure_extension(connection)
        if not is_store(connection):
            connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(_schema))
        set_search_path(connection)
        _ensure_migrated(connection, dimension)
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseError(
            "this database user may not create tables: grant it CREATE on the database"
        ) from error
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
    stored = stored_dimension(connection)
    if stored is None:
        raise DatabaseError("the store was never finished: run mmrag ingest")
    return stored


def set_search_path(connection: Connection) -> None:
    """Find the store's tables, and pgvector wherever it was installed."""
    connection.execute(
        "SELECT set_config('search_path', %s || ', ' || quote_ident(n.nspname), false) "
        "FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
        "WHERE e.extname = %s",
        (SCHEMA, EXTENSION),
    )


def pgvector_version(connection: Connection) -> str | None:
    """Version of the extension in this database; None where it is not created."""
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = %s", (EXTENSION,))
    found = row.fetchone()
    return None if found is None else str(found[0])


def version_tuple(version: str) -> tuple[int, ...]:
    """Read a version, so that 0.10 is newer than 0.9."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


_schema = sql.Identifier(SCHEMA)


def _wanted() -> str:
    return "pgvector >= " + ".".join(map(str, OLDEST_PGVECTOR))


def _ensure_extension(connection: Connection) -> None:
    version = pgvector_version(connection) or _create_extension(connection)
    if version_tuple(version) < OLDEST_PGVECTOR:
        raise DatabaseError(
            f"pgvector {version} found, {_wanted()} wanted: install it on the server and run "
            "ALTER EXTENSION vector UPDATE in this database"
        )


def _create_extension(connection: Connection) -> str:
    available = connection.execute(
        "SELECT default_version FROM pg_available_extensions WHERE name = %s", (EXTENSION,)
    ).fetchone()
    if available is None:
        raise DatabaseError(
            f"no pgvector found, {_wanted()} wanted: install it on the server "
            f"(PostgreSQL {connection.info.server_version // 10000})"
        )
    try:
        connection.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(EXTENSION)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseError(
            f"pgvector {available[0]} is installed but this database user may not create it: "
            "let an administrator run CREATE EXTENSION vector in this database"
        ) from error
    return str(pgvector_version(connection))


def _ensure_migrated(connection: Connection, dimension: int | None) -> None:
    known = migrations()
    applied = _applied(connection)
    if newer := applied.keys() - {migration.number for migration in known}:
        raise DatabaseError(
            f"the database has migration {max(newer)}, this version of mmrag ends at "
            f"{known[-1].number}: install the newer mmrag that made it"
        )
    for migration in known:
        checksum = applied.get(migration.number)
        if checksum is None:
            _apply(connection, migration, stored_dimension(connection) or dimension)
        elif checksum != migration.checksum:
            raise DatabaseError(
                f"the database was made with another migration {migration.number} "
                f"({migration.name}): install the mmrag that made it, or use another MMRAG_HOME"
            )


def _applied(connection: Connection) -> dict[int, str]:
    connection.execute(
        sql.SQL(
            "CREATE TABLE IF NOT EXISTS {}.migration (number integer PRIMARY KEY, "
            "name text NOT NULL, checksum text NOT NULL, "
            "applied_at timestamptz NOT NULL DEFAULT now())"
        ).format(_schema)
    )
    return dict(connection.execute("SELECT number, checksum FROM migration").fetchall())


def _apply(connection: Connection, migration: Migration, dimension: int | None) -> None:
    if dimension is None:
        raise DatabaseError("the store was never finished: run mmrag ingest")
    with connection.transaction():
        connection.execute(migration.text.replace("{dimension}", str(int(dimension))))
        connection.execute(
            "INSERT INTO migration (number, name, checksum) VALUES (%s, %s, %s)",
            (migration.number, migration.name, migration.checksum),
        )


def stored_dimension(connection: Connection) -> int | None:
    """Length of the store's vectors; None before the first migration."""
    made = connection.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.dimension",)).fetchone()
    if made is None or made[0] is None:
        return None
    row = connection.execute("SELECT length FROM dimension").fetchone()
    return None if row is None else int(row[0])


def change_dimension(connection: Connection, dimension: int) -> None:
    """Give the vectors another length; those that are there become zero, in its place.

    Does nothing where that is their length already.
    """
    if stored_dimension(connection) == dimension:
        return
    connection.execute("DROP INDEX IF EXISTS film_vector_near, lab_vector_near")
    for table, kind in _VECTOR_COLUMNS.items():
        retyped = sql.SQL(
            "ALTER TABLE {table} ALTER COLUMN vector TYPE {kind}({length}) "
            "USING array_fill(0::real, ARRAY[{length}])::{kind}, "
            # a new type brings its own way of storing along
            "ALTER COLUMN vector SET STORAGE PLAIN"
        )
        connection.execute(
            retyped.format(
                table=sql.Identifier(table), kind=sql.Identifier(kind), length=int(dimension)
            )
        )
    connection.execute("UPDATE dimension SET length = %s", (dimension,))
