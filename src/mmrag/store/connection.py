"""The way to a database: the embedded one, or any PostgreSQL that ``MMRAG_DSN`` names."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from mmrag.errors import DatabaseError
from mmrag.settings import Settings
from mmrag.store.schema import (
    Connection,
    is_store,
    pgvector_version,
    prepare,
    set_search_path,
    version_tuple,
)
from mmrag.store.vectors import VectorTypes

if TYPE_CHECKING:
    from mmrag.store.server import EmbeddedServer

_CONNECT_TIMEOUT_S = 10
_IDLE_CONNECTIONS = 8
_SHOWN = ("host", "hostaddr", "port", "dbname", "user", "service")


def is_made(home: Path) -> bool:
    """Whether a home folder holds an embedded database."""
    return (home.expanduser() / "postgres" / "data" / "PG_VERSION").is_file()


@dataclass(frozen=True, slots=True)
class Address:
    """Where the database is.

    Attributes
    ----------
    parameters : dict
        What psycopg connects with; holds the password.
    location : str
        What may be shown.
    server : EmbeddedServer or None
        Our hold on the embedded server.
    """

    parameters: dict[str, Any] = field(repr=False)
    location: str
    server: EmbeddedServer | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Read the settings; starts the embedded server where no DSN is given.

        Raises
        ------
        DatabaseError
        """
        if settings.dsn is not None:
            return cls._of_dsn(settings.dsn)
        if os.name != "posix":
            raise DatabaseError(
                "the embedded PostgreSQL runs on Linux and macOS only: set MMRAG_DSN to "
                "another PostgreSQL"
            )
        from mmrag.store.server import EmbeddedServer

        server = EmbeddedServer.join(settings.home)
        return cls(
            {**server.address, "dbname": "postgres", "password": ""},
            str(settings.home),
            server,
        )

    @classmethod
    def _of_dsn(cls, dsn: str) -> Self:
        try:
            parameters = conninfo_to_dict(dsn)
        except psycopg.Error:
            # Its message may quote the string, and with it the password.
            raise DatabaseError(
                "MMRAG_DSN cannot be read: write postgresql://user:password@host:5432/database"
            ) from None
        parameters.setdefault("connect_timeout", _CONNECT_TIMEOUT_S)
        shown = {key: parameters[key] for key in _SHOWN if parameters.get(key)}
        return cls(parameters, make_conninfo("", **shown) or "the default PostgreSQL server")

    def connect(self) -> Connection:
        """Open a connection in autocommit; a dead embedded server is started again.

        Raises
        ------
        DatabaseError
        """
        with translated(self):
            try:
                return psycopg.connect(**self.parameters, autocommit=True)
            except psycopg.OperationalError:
                if self.server is None:
                    raise
            self.server.ensure_running()
            return psycopg.connect(**self.parameters, autocommit=True)

    def leave(self) -> None:
        """Give back the hold on the embedded server."""
        if self.server is not None:
            self.server.leave()


@contextlib.contextmanager
def translated(address: Address) -> Iterator[None]:
    """Turn PostgreSQL's errors into ours: one line, no password, no traceback of theirs."""
    try:
        yield
    except psycopg.Error as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        message = " ".join(lines if isinstance(error, psycopg.OperationalError) else lines[:1])
        for secret in ("password", "sslpassword"):
            if value := address.parameters.get(secret):
                message = message.replace(str(value), "***")
        raise DatabaseError(
            f"PostgreSQL at {address.location}: {message or type(error).__name__}"
        ) from None


class Database:
    """An open, migrated database; hands out a connection to each thread that asks.

    Attributes
    ----------
    address : Address
    dimension : int
        Length of the store's vectors.
    pgvector : tuple of int
        Version of the extension.
    """

    def __init__(self, address: Address, dimension: int | None) -> None:
        self.address = address
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._here = threading.local()
        self._closed = False
        connection = address.connect()
        try:
            with translated(address):
                self.dimension = prepare(connection, dimension)
                self.pgvector = version_tuple(pgvector_version(connection) or "")
                self._types = VectorTypes.of(connection)
        finally:
            connection.close()

    @classmethod
    def existing(cls, address: Address) -> Self | None:
        """Open a database if it is a store, and leave it alone if it is none."""
        with contextlib.closing(address.connect()) as connection, translated(address):
            if not is_store(connection):
                return None
        return cls(address, None)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction on a connection of one's own; PostgreSQL's errors become ours.

        Inside `at_once` it is a part of that transaction.

        Raises
        ------
        DatabaseError
        """
        shared: Connection | None = getattr(self._here, "connection", None)
        if shared is not None:
            with translated(self.address), shared.transaction():
                yield shared
            return
        connection = self._take()
        try:
            with translated(self.address), connection.transaction():
                yield connection
        finally:
            self._give(connection)

    @contextlib.contextmanager
    def at_once(self, *, reading: bool = False) -> Iterator[None]:
        """Make one transaction of all that this thread does in the block.

        Parameters
        ----------
        reading : bool
            Nothing is written, and every query sees the database as the first one saw it.

        Raises
        ------
        DatabaseError
        """
        with self.transaction() as connection:
            if reading:
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            self._here.connection = connection
            try:
                yield
            finally:
                self._here.connection = None

    @contextlib.contextmanager
    def session(self) -> Iterator[Connection]:
        """Like `transaction`, in autocommit: each statement is its own transaction."""
        connection = self._take()
        try:
            with translated(self.address):
                yield connection
        finally:
            self._give(connection)

    def close(self) -> None:
        """Close every idle connection, and give back the hold on the embedded server."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        self.address.leave()

    def _take(self) -> Connection:
        while True:
            with self._lock:
                if self._closed:
                    raise DatabaseError("the store is closed: open it again")
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._connect()
            if _is_usable(connection):
                return connection
            connection.close()

    def _give(self, connection: Connection) -> None:
        with self._lock:
            keep = (
                not self._closed and not connection.closed and len(self._idle) < _IDLE_CONNECTIONS
            )
            if keep:
                self._idle.append(connection)
        if not keep:
            connection.close()

    def _connect(self) -> Connection:
        connection = self.address.connect()
        with translated(self.address):
            set_search_path(connection)
            connection.execute("SET TIME ZONE 'UTC'")
            self._types.register(connection)
        return connection


def _is_usable(connection: Connection) -> bool:
    try:
        connection.execute("")
    except psycopg.Error:
        return False
    return True
