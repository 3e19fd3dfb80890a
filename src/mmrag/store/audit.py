"""What was done through the service: an append-only log whose entries are chained by hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from mmrag.store.connection import Database

Action = Literal["search", "brief", "view", "export", "ingest", "token"]
ACTIONS: tuple[Action, ...] = get_args(Action)

NOTHING_BEFORE = hashlib.sha256(b"mmrag audit").digest()
"""Stands where the first entry's predecessor would."""

_LOCK = 0x6D6D6175  # "mmau": writers take turns, so that the chain never forks
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One thing that somebody did.

    Attributes
    ----------
    at : datetime.datetime
        In UTC.
    actor : str
        Name of the token, ``page`` for a browser of this machine, ``local`` without either.
    action : str
        One of `ACTIONS`.
    query : str or None
        The question, as far as the settings let it be kept.
    records : tuple of str
        Records that were shown, ``film:ID`` and ``report:ID``.
    detail : str
        What else there is to say, e.g. the form of an export.
    """

    at: datetime
    actor: str
    action: Action
    query: str | None = None
    records: tuple[str, ...] = ()
    detail: str = ""

    def written(self) -> str:
        """Write it as it is stored and hashed: JSON with sorted keys."""
        content = {
            "at": self.at.astimezone(UTC).isoformat(),
            "actor": self.actor,
            "action": self.action,
            "query": self.query,
            "records": list(self.records),
            "detail": self.detail,
        }
        return json.dumps(content, sort_keys=True)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One stored entry, as it is and not as it should be.

    Attributes
    ----------
    number : int
        From 1.
    written : str
    hash : bytes
        SHA-256 of the hash before it and of `written`.
    """

    number: int
    written: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """Whether the chain holds.

    Attributes
    ----------
    entries : int
    head : str
        Hash of the last entry, hexadecimal: who notes it can later prove that no entry up
        to it was changed or taken off the end.
    broken_at : int or None
        First number whose entry is changed or missing.
    head_found : bool
        Whether the head that was asked for is in the chain.
    """

    entries: int
    head: str
    broken_at: int | None
    head_found: bool

    @property
    def holds(self) -> bool:
        """Whether nothing was changed."""
        return self.broken_at is None and self.head_found


class AuditLog:
    """The log of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, event: AuditEvent) -> AuditEntry:
        """Write one event at the end of the chain."""
        with self._database.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            last = connection.execute(
                "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1"
            ).fetchone()
            number, before = (0, NOTHING_BEFORE) if last is None else last
            written = event.written()
            entry = AuditEntry(number + 1, written, chained(bytes(before), written))
            connection.execute(
                "INSERT INTO audit (number, entry, hash) VALUES (%s, %s, %s)",
                (entry.number, entry.written, entry.hash),
            )
        return entry

    def entries(self, after: int = 0) -> Iterator[AuditEntry]:
        """Read the entries after a number, in order, a page at a time."""
        while True:
            with self._database.transaction() as connection:
                rows = connection.execute(
                    "SELECT number, entry, hash FROM audit WHERE number > %s "
                    "ORDER BY number LIMIT %s",
                    (after, _PAGE),
                ).fetchall()
            for number, written, digest in rows:
                yield AuditEntry(number, written, bytes(digest))
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]

    def verify(self, head: str | None = None) -> AuditVerdict:
        """Walk the chain from its first entry.

        Parameters
        ----------
        head : str, optional
            A hash noted earlier, hexadecimal, which must still be in the chain.

        Returns
        -------
        AuditVerdict
        """
        before, entries, broken_at, found = NOTHING_BEFORE, 0, None, head is None
        for entry in self.entries():
            entries += 1
            in_order = entry.number == entries
            if broken_at is None and not (
                in_order and entry.hash == chained(before, entry.written)
            ):
                broken_at = entries
            before = entry.hash
            found = found or entry.hash.hex() == head
        return AuditVerdict(entries, before.hex(), broken_at, found)


def chained(before: bytes, written: str) -> bytes:
    """Hash one entry together with the hash before it."""
    return hashlib.sha256(before + written.encode()).digest()
