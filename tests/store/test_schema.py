from __future__ import annotations

import subprocess
import sys

import pytest

from mmrag.errors import DatabaseError
from mmrag.settings import Settings
from mmrag.store import Store, schema
from mmrag.store.schema import Migration, migrations, version_tuple
from tests.store.conftest import DIMENSION, Server

OPEN = f"""
import sys
from mmrag.settings import Settings
from mmrag.store import Store
with Store.open(Settings(dsn=sys.argv[1]), {DIMENSION}) as store:
    print(store.films.count())
"""


def tables(server: Server, database: str) -> list[tuple[str, int]]:
    with server.connect(database) as connection:
        return connection.execute(
            "SELECT c.relname, c.oid::int8 FROM pg_class c JOIN pg_namespace n "
            "ON n.oid = c.relnamespace WHERE n.nspname = 'mmrag' ORDER BY 1"
        ).fetchall()


def test_no_two_migrations_have_one_number() -> None:
    numbers = [each.number for each in migrations()]
    assert numbers == sorted(set(numbers))


def test_migrating_again_changes_nothing(server: Server, own_database: str) -> None:
    before = tables(server, own_database)
    Store.open(Settings(dsn=server.dsn(own_database)), DIMENSION).close()
    assert tables(server, own_database) == before


def test_two_processes_may_open_an_empty_database_at_once(server: Server) -> None:
    dsn = server.dsn(server.new_database())
    processes = [
        subprocess.Popen([sys.executable, "-c", OPEN, dsn], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [process.communicate(timeout=60)[0] for process in processes] == ["0\n"] * 3


def test_a_newer_database_is_refused(server: Server, own_database: str) -> None:
    with server.connect(own_database) as connection:
        connection.execute("INSERT INTO mmrag.migration VALUES (999, 'later', 'x')")
    with pytest.raises(DatabaseError, match="migration 999"):
        Store.open(Settings(dsn=server.dsn(own_database)), DIMENSION)


def test_a_changed_migration_is_refused(server: Server, own_database: str) -> None:
    with server.connect(own_database) as connection:
        connection.execute("UPDATE mmrag.migration SET checksum = 'x' WHERE number = 2")
    with pytest.raises(DatabaseError, match="another migration 2"):
        Store.open(Settings(dsn=server.dsn(own_database)), DIMENSION)


def test_a_migration_that_fails_leaves_nothing_and_is_tried_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = server.new_database()
    settings = Settings(dsn=server.dsn(name))
    bad = Migration(999, "bad", "CREATE TABLE mmrag.half (a int); SELECT 1 / 0;")
    good = migrations()
    monkeypatch.setattr(schema, "migrations", lambda: [*good, bad])
    with pytest.raises(DatabaseError, match="division by zero"):
        Store.open(settings, DIMENSION)
    assert "half" not in dict(tables(server, name))
    mended = Migration(999, "mended", "CREATE TABLE mmrag.whole (v halfvec({dimension}));")
    monkeypatch.setattr(schema, "migrations", lambda: [*good, mended])
    Store.open(settings, DIMENSION).close()
    assert "whole" in dict(tables(server, name))


def test_stored_labels_are_mined_ones_where_only_such_could_be(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = server.new_database()
    settings = Settings(dsn=server.dsn(name))
    every = migrations()
    monkeypatch.setattr(schema, "migrations", lambda: [m for m in every if m.number < 10])
    with server.connect(name) as connection:
        Store.open(settings, DIMENSION).close()
        connection.execute(
            "INSERT INTO mmrag.film (source, id, file, made_up, sha256, record_hash, findings) "
            "VALUES ('nih', 'a', '', false, '', '', '{Mass}'), ('nih', 'b', '', true, '', '', "
            "'{Mass}'), ('covid', 'c', '', false, '', '', '{}'), "
            "('nih', 'd', '', false, '', '', NULL), ('nih', 'e', '', false, '', '', '{}')"
        )
        monkeypatch.setattr(schema, "migrations", lambda: every)
        Store.open(settings, DIMENSION).close()
        rows = connection.execute("SELECT id, labels_by FROM mmrag.film").fetchall()
    assert dict(rows) == {
        "a": "reports", "b": "source", "c": "source", "d": "source", "e": "reports",
    }  # fmt: skip


def test_versions_are_numbers() -> None:
    assert version_tuple("0.10.1") > version_tuple("0.9")
    assert version_tuple("0.7.0") >= (0, 7)
