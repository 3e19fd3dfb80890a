from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from mmrag.errors import DatabaseError
from mmrag.settings import Settings
from mmrag.store import Store, connection, schema
from tests.store.conftest import DIMENSION, Server

SECRET = "tr0ub4dor&3"


def refused(settings: Settings) -> str:
    with pytest.raises(DatabaseError) as caught:
        Store.open(settings, DIMENSION)
    message = str(caught.value)
    assert "\n" not in message
    # Neither the message nor a traceback may show the password.
    error: BaseException | None = caught.value
    while error is not None:
        assert SECRET not in str(error)
        assert "tr0ub4dor%26" not in str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return message


def test_a_closed_port_is_one_line_without_the_password() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    message = refused(
        Settings(dsn=f"postgresql://me:tr0ub4dor%263@127.0.0.1:{port}/films?connect_timeout=2")
    )
    assert "127.0.0.1" in message
    assert str(port) in message
    assert "user=me" in message


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql:/me:{SECRET}@host/films",
        f"host=here passwrd={SECRET}",
        f"postgresql://me:{SECRET}@host:port/films",
        f"host=here password='{SECRET}",
    ],
)
def test_a_dsn_that_cannot_be_read_is_one_line_without_the_password(dsn: str) -> None:
    refused(Settings(dsn=dsn))


def test_another_postgresql_is_used_by_its_dsn(server: Server, database: str) -> None:
    with Store.open(Settings(dsn=server.dsn(database, password=SECRET)), DIMENSION) as store:
        status = store.status()
    assert not status.embedded
    assert f"dbname={database}" in status.location
    assert SECRET not in status.location


def test_a_server_without_pgvector_says_what_is_wanted(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "EXTENSION", "vectors_of_another_world")
    message = refused(Settings(dsn=server.dsn(server.new_database())))
    assert "no pgvector found, pgvector >= 0.7 wanted" in message


def test_an_old_pgvector_says_found_and_wanted(
    server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "OLDEST_PGVECTOR", (99, 1))
    message = refused(Settings(dsn=server.dsn(database)))
    assert "pgvector 0.8" in message
    assert "pgvector >= 99.1 wanted" in message


def test_a_user_who_may_not_create_the_extension_is_told_who_may(server: Server) -> None:
    name = server.new_database()
    with server.connect() as admin:
        admin.execute(f"CREATE ROLE weak_{name} LOGIN")
    weak = Settings(dsn=server.dsn(name, user=f"weak_{name}"))
    assert "CREATE EXTENSION vector" in refused(weak)
    with server.connect(name) as admin:
        admin.execute("CREATE EXTENSION vector")
    assert "grant it CREATE" in refused(weak)
    with server.connect(name) as admin:
        admin.execute(f"GRANT CREATE ON DATABASE {name} TO weak_{name}")
    with Store.open(weak, DIMENSION) as store:
        assert store.films.count() == 0


def test_pgvector_may_live_in_any_schema(server: Server) -> None:
    name = server.new_database()
    with server.connect(name) as admin:
        admin.execute('CREATE SCHEMA "Odd Place"')
        admin.execute('CREATE EXTENSION vector SCHEMA "Odd Place"')
    with Store.open(Settings(dsn=server.dsn(name)), DIMENSION) as store:
        assert store.films.count() == 0


def test_a_lost_connection_is_replaced(store: Store, server: Server, database: str) -> None:
    assert store.films.count() == 0
    with server.connect() as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (database,),
        )
    assert store.films.count() == 0


def test_threads_share_a_store(store: Store) -> None:
    counts: list[int] = []

    def count() -> None:
        counts.extend(store.films.count() for _ in range(20))

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [0] * 160


def test_a_closed_store_says_so(settings: Settings) -> None:
    store = Store.open(settings, DIMENSION)
    store.close()
    with pytest.raises(DatabaseError, match="closed"):
        store.films.count()


def test_looking_for_a_store_makes_none(server: Server, tmp_path: Path) -> None:
    assert Store.open_existing(Settings(home=tmp_path)) is None
    assert list(tmp_path.iterdir()) == []
    name = server.new_database()
    assert Store.open_existing(Settings(dsn=server.dsn(name))) is None
    with server.connect(name) as admin:
        assert admin.execute("SELECT to_regnamespace('mmrag')").fetchone() == (None,)


def test_an_existing_store_opens_without_an_encoder(settings: Settings) -> None:
    found = Store.open_existing(settings)
    assert found is not None
    with found:
        assert found.status().films == {}


def test_secrets_are_not_in_an_addresss_repr() -> None:
    address = connection.Address.of(Settings(dsn=f"host=here user=me password={SECRET}"))
    assert SECRET not in repr(address)
