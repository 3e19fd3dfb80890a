"""Tokens open what they were made for, until they end; their secrets are nowhere."""

from __future__ import annotations

import pytest

from mmrag.errors import InputError
from mmrag.store import Scope, Store
from tests.store.conftest import Server


@pytest.fixture(autouse=True)
def _no_tokens(server: Server, database: str) -> None:
    with server.connect(database) as connection:
        connection.execute("TRUNCATE mmrag.token")


def test_a_token_is_found_by_its_secret_alone(store: Store) -> None:
    token, secret = store.tokens.create("copilot", [Scope.READ])
    assert store.tokens.of(secret) == token
    assert store.tokens.of(secret + "x") is None
    assert store.tokens.of("") is None
    assert store.tokens.of(token.id) is None


def test_the_secret_is_not_stored(store: Store, server: Server, database: str) -> None:
    _, secret = store.tokens.create("copilot", [Scope.READ])
    with server.connect(database) as connection:
        rows = connection.execute("SELECT t::text FROM mmrag.token t").fetchall()
    assert secret not in str(rows)
    _, _, hidden = secret.split("_", 2)  # which may hold an underscore itself
    assert len(hidden) > 40
    assert hidden not in str(rows)


def test_scopes(store: Store) -> None:
    reader, _ = store.tokens.create("reader", [Scope.READ])
    master, _ = store.tokens.create("master", [Scope.ADMIN])
    assert (reader.allows(Scope.READ), reader.allows(Scope.INGEST), reader.allows(Scope.ADMIN)) == (
        True,
        False,
        False,
    )
    assert all(master.allows(scope) for scope in Scope)


def test_a_revoked_token_opens_nothing_and_stays_in_the_list(store: Store) -> None:
    token, secret = store.tokens.create("copilot", [Scope.READ])
    revoked = store.tokens.revoke(token.id)
    assert store.tokens.of(secret) is None
    assert store.tokens.revoke(token.id).revoked_at == revoked.revoked_at
    assert [listed.id for listed in store.tokens.every()] == [token.id]


def test_an_expired_token_opens_nothing(store: Store) -> None:
    _, lasting = store.tokens.create("lasting", [Scope.READ], days=1)
    _, over = store.tokens.create("over", [Scope.READ], days=-1)
    assert store.tokens.of(lasting) is not None
    assert store.tokens.of(over) is None


@pytest.mark.parametrize(("name", "scopes"), [(" ", [Scope.READ]), ("copilot", [])])
def test_a_token_wants_a_name_and_a_scope(store: Store, name: str, scopes: list[Scope]) -> None:
    with pytest.raises(InputError, match="wants a name and a scope of read, ingest, admin"):
        store.tokens.create(name, scopes)


def test_revoking_what_is_not_there_says_so(store: Store) -> None:
    with pytest.raises(InputError, match="no token zzz: mmrag token list"):
        store.tokens.revoke("zzz")


@pytest.mark.parametrize("days", [1e12, 4e6, float("nan")])
def test_days_beyond_the_calendar_are_refused(store: Store, days: float) -> None:
    with pytest.raises(InputError, match="beyond the calendar"):
        store.tokens.create("copilot", [Scope.READ], days)
