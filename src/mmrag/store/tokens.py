"""Tokens that let a program use the service from elsewhere; only their hashes are stored."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from mmrag.errors import InputError
from mmrag.store.connection import Database


class Scope(StrEnum):
    """What a token opens; ``admin`` holds the other two."""

    READ = "read"
    INGEST = "ingest"
    ADMIN = "admin"


_PREFIX = "mmrag_"
_COLUMNS = "id, name, scopes, created_at, expires_at, revoked_at"


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret.

    Attributes
    ----------
    id : str
        Its public part, to name it by.
    name : str
        Who or what it was made for.
    scopes : tuple of Scope
    created_at : datetime.datetime
    expires_at, revoked_at : datetime.datetime or None
    """

    id: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        """Whether it opens anything."""
        expired = self.expires_at is not None and self.expires_at <= now
        return self.revoked_at is None and not expired

    def allows(self, scope: Scope) -> bool:
        """Whether it was made for this."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


class Tokens:
    """The tokens of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, name: str, scopes: Iterable[Scope], days: float | None = None
    ) -> tuple[Token, str]:
        """Make a token.

        Parameters
        ----------
        name : str
        scopes : iterable of Scope
        days : float, optional
            How long it lasts; for good by default.

        Returns
        -------
        tuple of (Token, str)
            The second is the secret, which is nowhere else and cannot be shown again.

        Raises
        ------
        InputError
            When the name is empty, no scope is given, or the days lead nowhere.
        """
        wanted = tuple(scope for scope in Scope if scope in set(scopes))
        if not name.strip() or not wanted:
            raise InputError(f"a token wants a name and a scope of {', '.join(Scope)}")
        public, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        expires = None if days is None else _in_days(days)
        whole = f"{_PREFIX}{public}_{secret}"
        with self._database.transaction() as connection:
            row = connection.execute(
                f"INSERT INTO token (id, digest, name, scopes, expires_at) "  # noqa: S608
                f"VALUES (%s, %s, %s, %s, %s) RETURNING {_COLUMNS}",
                (public, _digest(whole), name.strip(), list(wanted), expires),
            ).fetchone()
        if row is None:
            raise AssertionError("an inserted token is there")
        return _token(row), whole

    def of(self, secret: str) -> Token | None:
        """Find the valid token with this secret."""
        with self._database.transaction() as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM token WHERE digest = %s",  # noqa: S608
                (_digest(secret),),
            ).fetchone()
        return _valid(row)

    def named(self, id_: str) -> Token | None:
        """Find the valid token with this public part."""
        with self._database.transaction() as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM token WHERE id = %s",  # noqa: S608
                (id_,),
            ).fetchone()
        return _valid(row)

    def every(self) -> list[Token]:
        """List all tokens, the oldest first."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM token ORDER BY created_at, id"  # noqa: S608
            ).fetchall()
        return [_token(row) for row in rows]

    def revoke(self, id_: str) -> Token:
        """Close a token for good; a second time changes nothing.

        Raises
        ------
        InputError
            When there is no such token.
        """
        with self._database.transaction() as connection:
            row = connection.execute(
                "UPDATE token SET revoked_at = coalesce(revoked_at, now()) "  # noqa: S608
                f"WHERE id = %s RETURNING {_COLUMNS}",
                (id_,),
            ).fetchone()
        if row is None:
            raise InputError(f"no token {id_}: mmrag token list shows them")
        return _token(row)


def _in_days(days: float) -> datetime:
    try:
        return datetime.now(UTC) + timedelta(days=days)
    except (OverflowError, ValueError) as error:
        said = f"{days:g} days lead beyond the calendar: give fewer, or none for a token for good"
        raise InputError(said) from error


def _valid(row: tuple[Any, ...] | None) -> Token | None:
    token = None if row is None else _token(row)
    return token if token is not None and token.is_valid(datetime.now(UTC)) else None


def _token(row: tuple[Any, ...]) -> Token:
    id_, name, scopes, created_at, expires_at, revoked_at = row
    return Token(id_, name, tuple(map(Scope, scopes)), created_at, expires_at, revoked_at)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
