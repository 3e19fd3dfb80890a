"""Who may ask: this machine's own users, whoever has a token, and no page of another site."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from mmrag import Engine
from mmrag.settings import Settings
from mmrag.store import Scope
from mmrag.web.app import create_app
from mmrag.web.server import is_loopback
from tests.web.local import URL, local

QUESTION = {"text": "pneumothorax", "films": 1, "labs": 0}


def bearer(engine: Engine, *scopes: Scope) -> dict[str, str]:
    _, secret = engine.tokens.create("copilot", scopes)
    return {"authorization": f"Bearer {secret}"}


@pytest.fixture
def outside(engine: Engine) -> Iterator[TestClient]:
    """A service that listens to more than this machine."""
    with TestClient(create_app(engine, Settings(requests_per_minute=5), open_here=False)) as client:
        yield client


@pytest.fixture
def here(engine: Engine) -> Iterator[TestClient]:
    with local(create_app(engine)) as client:
        yield client


@pytest.mark.parametrize("path", ["/v1/status", "/metrics", "/v1/films/x", "/v1/ingest", "/"])
def test_from_outside_nothing_is_answered_without_a_token(outside: TestClient, path: str) -> None:
    answer = outside.get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "mmrag token create" in answer.json()["detail"]
    assert outside.get("/healthz").status_code == 200


def test_a_token_opens_what_it_was_made_for(outside: TestClient, engine: Engine) -> None:
    headers = bearer(engine, Scope.READ)
    assert outside.post("/v1/search", json=QUESTION, headers=headers).status_code == 200
    refused = outside.get("/v1/ingest", headers=headers)
    assert refused.status_code == 403
    assert "no scope ingest" in refused.json()["detail"]


@pytest.mark.parametrize(
    "written", ["Bearer mmrag_0_x", "Bearer ", "Basic eDp5", "mmrag", "Bearer \x00"]
)
def test_a_wrong_token_is_a_stranger_here_too(
    outside: TestClient, here: TestClient, written: str
) -> None:
    for service in (outside, here):
        assert service.get("/v1/status", headers={"authorization": written}).status_code == 401


def test_a_revoked_token_opens_nothing(outside: TestClient, engine: Engine) -> None:
    token, secret = engine.tokens.create("copilot", [Scope.READ])
    headers = {"authorization": f"Bearer {secret}"}
    assert outside.get("/v1/status", headers=headers).status_code == 200
    engine.tokens.revoke(token.id)
    assert outside.get("/v1/status", headers=headers).status_code == 401


def test_a_token_has_a_budget_and_others_keep_theirs(outside: TestClient, engine: Engine) -> None:
    greedy, modest = bearer(engine, Scope.READ), bearer(engine, Scope.READ)
    answers = [outside.get("/v1/status", headers=greedy).status_code for _ in range(7)]
    assert answers[:5] == [200] * 5
    assert answers[-1] == 429
    assert outside.get("/v1/status", headers=modest).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_sites_page_changes_nothing(here: TestClient, headers: dict[str, str]) -> None:
    answer = here.post("/v1/search", json=QUESTION, headers=headers)
    assert answer.status_code == 403
    assert "another site" in answer.json()["detail"]
    own = {"origin": URL, "sec-fetch-site": "same-origin"}
    assert here.post("/v1/search", json=QUESTION, headers=own).status_code == 200


def test_what_is_asked_and_seen_is_written_down(outside: TestClient, engine: Engine) -> None:
    before = engine.audit.verify().entries
    headers = bearer(engine, Scope.READ)
    found = outside.post("/v1/search", json=QUESTION, headers=headers).json()["films"][0]["id"]
    outside.get(f"/v1/films/{found}", headers=headers)
    said = [json.loads(entry.written) for entry in engine.audit.entries(before)]
    assert [(each["action"], each["records"]) for each in said] == [
        ("search", [f"film:{found}"]),
        ("view", [f"film:{found}"]),
    ]
    assert said[0]["query"] == "pneumothorax"
    assert said[0]["actor"].startswith("copilot (")
    assert engine.audit.verify().holds


@pytest.mark.parametrize(("keep", "kept"), [("none", None), ("hash", "sha256:")])
def test_the_words_of_a_question_can_be_kept_out_of_the_log(
    filled_home: Path, keep: str, kept: str | None
) -> None:
    settings = Settings(home=filled_home, audit_query=keep)
    with (
        Engine.open(settings=settings) as engine,
        local(create_app(engine, settings)) as client,
    ):
        before = engine.audit.verify().entries
        client.post("/v1/search", json=QUESTION)
        (entry,) = engine.audit.entries(before)
    assert "pneumothorax" not in entry.written
    query = json.loads(entry.written)["query"]
    assert query is None if kept is None else query.startswith(kept)


def test_metrics_tell_nothing_of_questions_or_people(here: TestClient, engine: Engine) -> None:
    film = engine.search("effusion", films=1, labs=0).films[0]
    here.post("/v1/search", json={"text": "zebra effusion"})
    here.get(f"/v1/films/{film.id}")
    written = here.get("/metrics").text
    assert 'mmrag_requests_total{route="/v1/films/{id_}",status="200"} 1.0' in written
    assert 'mmrag_records{kind="films"} 40.0' in written
    assert "zebra" not in written
    assert film.id not in written
    assert film.patient is not None
    assert film.patient not in written


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.1.2.3", True),
     ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("example.org", False)],
)  # fmt: skip
def test_loopback_addresses_are_known(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
