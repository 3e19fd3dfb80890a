"""The two vector indexes: dropped before a large load, built after it, never in the way.

Inserting into a live HNSW index costs some 4.5 times what building it does, so an index is
dropped once the rows of a run exceed the share of the table at which that pays. While it is
gone searches are exact. A run that dies leaves it gone; the next run builds it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, LiteralString

import psycopg
from psycopg import sql

from mmrag.errors import DatabaseError
from mmrag.store.connection import Database
from mmrag.store.schema import Connection

VectorTable = Literal["film_vector", "lab_vector"]

_TABLES: tuple[VectorTable, ...] = ("film_vector", "lab_vector")
_ANALYSED = ("film", "film_vector", "film_pixel", "lab_report", "lab_observation", "lab_vector")
_RUNNING = 0x6D6D726168  # shared by every run that loads, taken alone by the one that builds
_INSERT_COST = 4.5  # inserting into a live index against building it, a row
_NODE_BYTES = 900  # a node's neighbours and upkeep at m = 16, beside its vector
_MEMORY_LIMITS_KB = (64 * 1024, 2 * 1024 * 1024)


@dataclass
class _Run:
    before: dict[VectorTable, int] = field(default_factory=dict)
    written: dict[VectorTable, int] = field(default_factory=dict)
    dropped: set[VectorTable] = field(default_factory=set)


class VectorIndexes:
    """Keeps both indexes of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._run: _Run | None = None

    @contextlib.contextmanager
    def bulk(self, *, alone: bool = False) -> Iterator[None]:
        """Load many rows inside this block; both indexes are there, and fresh, after it.

        Several processes may load at once: the last one to end builds. Who loads `alone`
        makes the others wait.

        Raises
        ------
        DatabaseError
            When others load and `alone` is wanted.
        """
        with self._database.session() as connection:
            unlock = _take_turn(connection, alone)
            self._run = _Run()
            try:
                try:
                    yield
                finally:
                    written, self._run = self._run.written, None
                    if not connection.closed:
                        connection.execute(unlock, (_RUNNING,))
            except Exception:
                self._finish(connection, bool(written))
                raise
            self._finish(connection, bool(written))

    def expect(self, table: VectorTable, rows: int) -> None:
        """Drop the index where the rows about to be written make building it anew cheaper."""
        run = self._run
        if run is None or not rows:
            return
        if table not in run.before:
            with self._database.transaction() as connection:
                run.before[table] = _rows(connection, table)
        run.written[table] = run.written.get(table, 0) + rows
        total = run.before[table] + run.written[table]
        if table not in run.dropped and run.written[table] * _INSERT_COST > total:
            with self._database.transaction() as connection:
                connection.execute(
                    sql.SQL("DROP INDEX IF EXISTS {}").format(sql.Identifier(f"{table}_near"))
                )
            run.dropped.add(table)

    def present(self, connection: Connection) -> dict[VectorTable, bool]:
        """Which of the indexes are there."""
        return {table: _is_there(connection, table) for table in _TABLES}

    def _finish(self, connection: Connection, wrote: bool) -> None:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_RUNNING,)).fetchone()
        if row is None or not row[0]:  # another run still loads, and will build
            return
        try:
            for table in _TABLES:
                if not _is_there(connection, table):
                    _build(connection, table, self._database.dimension)
            if wrote:
                for name in _ANALYSED:
                    connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(name)))
        finally:
            if not connection.closed:
                connection.execute("SELECT pg_advisory_unlock(%s)", (_RUNNING,))


def _take_turn(connection: Connection, alone: bool) -> LiteralString:
    """Wait for the turn, or take it alone; gives the statement that ends it."""
    if not alone:
        connection.execute("SELECT pg_advisory_lock_shared(%s)", (_RUNNING,))
        return "SELECT pg_advisory_unlock_shared(%s)"
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_RUNNING,)).fetchone()
    if row is None or not row[0]:
        raise DatabaseError(
            "another ingest is at work on this store: wait until it has ended, then run the "
            "same command again"
        )
    return "SELECT pg_advisory_unlock(%s)"


def _build(connection: Connection, table: VectorTable, dimension: int) -> None:
    workers = max(1, min(7, (os.cpu_count() or 2) - 1))
    try:
        _create(connection, table, dimension, workers)
    except (psycopg.errors.DiskFull, psycopg.errors.OutOfMemory):
        # Workers share the whole memory through /dev/shm, which containers keep small.
        _create(connection, table, dimension, 0)


def _create(connection: Connection, table: VectorTable, dimension: int, workers: int) -> None:
    least, most = _MEMORY_LIMITS_KB
    with connection.transaction():
        needed = _rows(connection, table) * (2 * dimension + _NODE_BYTES) * 5 // 4 // 1024
        for setting, value in (
            ("maintenance_work_mem", f"{min(most, max(least, needed))}kB"),
            ("max_parallel_maintenance_workers", str(workers)),
        ):
            connection.execute("SELECT set_config(%s, %s, true)", (setting, value))
        connection.execute(
            sql.SQL(
                "CREATE INDEX IF NOT EXISTS {} ON {} USING hnsw (vector halfvec_ip_ops) "
                "WITH (m = 16, ef_construction = 64)"
            ).format(sql.Identifier(f"{table}_near"), sql.Identifier(table))
        )


def _is_there(connection: Connection, table: VectorTable) -> bool:
    row = connection.execute("SELECT to_regclass(%s)", (f"{table}_near",)).fetchone()
    return row is not None and row[0] is not None


def _rows(connection: Connection, table: VectorTable) -> int:
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    row = connection.execute(query).fetchone()
    return 0 if row is None else int(row[0])
