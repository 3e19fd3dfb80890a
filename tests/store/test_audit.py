"""The audit log grows, and shows whatever else was done to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.settings import Settings
from mmrag.store import AuditEvent, Store
from tests.store.conftest import DIMENSION, Server

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def own_store(server: Server, own_database: str) -> Iterator[Store]:
    with Store.open(Settings(dsn=server.dsn(own_database)), DIMENSION) as opened:
        for number in range(5):
            opened.audit.append(AuditEvent(AT, "page", "search", f"question {number}", ("film:1",)))
        yield opened


def test_entries_are_numbered_and_hold_what_was_done(own_store: Store) -> None:
    entries = list(own_store.audit.entries())
    assert [entry.number for entry in entries] == [1, 2, 3, 4, 5]
    assert json.loads(entries[2].written) == {
        "at": "2026-05-04T12:00:00+00:00",
        "actor": "page",
        "action": "search",
        "query": "question 2",
        "records": ["film:1"],
        "detail": "",
    }
    assert [entry.number for entry in own_store.audit.entries(after=3)] == [4, 5]


def test_a_chain_that_nobody_touched_holds(own_store: Store) -> None:
    verdict = own_store.audit.verify()
    assert (verdict.holds, verdict.entries, verdict.broken_at) == (True, 5, None)
    noted = verdict.head
    own_store.audit.append(AuditEvent(AT, "page", "view"))
    assert own_store.audit.verify(noted).holds


def test_an_empty_log_holds(server: Server, own_database: str) -> None:
    with Store.open(Settings(dsn=server.dsn(own_database)), DIMENSION) as opened:
        assert opened.audit.verify().holds


@pytest.mark.parametrize(
    "change",
    ["UPDATE audit SET entry = 'x' WHERE number = 2", "DELETE FROM audit", "TRUNCATE audit"],
)
def test_the_database_refuses_changes(
    own_store: Store, server: Server, own_database: str, change: str
) -> None:
    with server.connect(own_database) as connection:
        connection.execute("SET search_path TO mmrag")
        with pytest.raises(psycopg.errors.RaiseException, match="only grows"):
            connection.execute(change)
    assert own_store.audit.verify().entries == 5


def _by_force(server: Server, database: str, change: str) -> None:
    """Do as a database administrator could."""
    with server.connect(database) as connection:
        connection.execute("SET search_path TO mmrag")
        connection.execute("ALTER TABLE audit DISABLE TRIGGER USER")
        connection.execute(change)


@pytest.mark.parametrize(
    ("change", "broken_at"),
    [
        ("UPDATE audit SET entry = replace(entry, '1', '2') WHERE number = 2", 2),
        ("DELETE FROM audit WHERE number = 3", 3),
        ("DELETE FROM audit WHERE number = 1", 1),
        ("UPDATE audit SET number = 9 WHERE number = 4", 4),
    ],
)
def test_a_change_by_force_shows(
    own_store: Store, server: Server, own_database: str, change: str, broken_at: int
) -> None:
    _by_force(server, own_database, change)
    verdict = own_store.audit.verify()
    assert not verdict.holds
    assert verdict.broken_at == broken_at


def test_entries_taken_off_the_end_show_to_whoever_noted_the_head(
    own_store: Store, server: Server, own_database: str
) -> None:
    noted = own_store.audit.verify().head
    _by_force(server, own_database, "DELETE FROM audit WHERE number = 5")
    assert own_store.audit.verify().holds
    assert not own_store.audit.verify(noted).holds


def test_writers_take_turns(own_store: Store) -> None:
    def write() -> None:
        for _ in range(10):
            own_store.audit.append(AuditEvent(AT, "page", "view"))

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    verdict = own_store.audit.verify()
    assert (verdict.holds, verdict.entries) == (True, 45)


@given(st.text(), st.lists(st.text(), max_size=3))
def test_what_is_hashed_is_json_that_reads_back(query: str, records: list[str]) -> None:
    written = AuditEvent(AT, "page", "search", query, tuple(records)).written()
    read = json.loads(written)
    assert (read["query"], read["records"]) == (query, records)
