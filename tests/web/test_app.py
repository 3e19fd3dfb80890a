"""The service over a real store."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from mmrag import Engine
from mmrag.web.app import create_app
from tests.web.local import URL, local


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[TestClient]:
    with local(create_app(engine)) as opened:
        yield opened


def test_search_and_brief_answer_the_command_lines_objects(
    client: TestClient, engine: Engine
) -> None:
    text = "pneumonia with pleural effusion"
    for path, answer in (("search", engine.search), ("brief", engine.brief)):
        expected = answer(text, films=3, labs=2)
        got = client.post(f"/v1/{path}", json={"text": text, "films": 3, "labs": 2})
        assert got.status_code == 200
        wanted = json.loads(expected.model_dump_json())
        wanted.pop("made", None)  # the moment
        assert {key: value for key, value in got.json().items() if key != "made"} == wanted


def test_no_path_of_this_machine_leaves_the_service(client: TestClient, engine: Engine) -> None:
    film = engine.search("effusion", films=1, labs=0).films[0]
    got = client.post("/v1/brief", json={"text": "effusion"})
    assert film.file not in got.text
    assert '"file"' not in got.text


@pytest.mark.parametrize(
    "body",
    [
        {"text": ""},
        {},
        {"text": "effusion", "films": -1},
        {"text": "effusion", "films": 10_000},
        {"text": "effusion", "other": 1},
    ],
)
def test_a_wrong_body_is_refused(client: TestClient, body: dict[str, object]) -> None:
    assert client.post("/v1/search", json=body).status_code == 422


def test_an_uncompilable_question_is_a_problem(client: TestClient) -> None:
    got = client.post("/v1/search", json={"text": "WBC outside 4 to 11"})
    assert got.status_code == 400
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json()["status"] == 400
    assert "WBC outside 4" in got.json()["detail"]


def test_another_host_name_is_not_answered(client: TestClient) -> None:
    assert client.get("/healthz", headers={"host": "evil.example"}).status_code == 400
    assert client.get("/healthz").json() == {"status": "ok"}


def test_every_answer_forbids_other_hosts_scripts_and_caching(client: TestClient) -> None:
    for path in ("/", "/healthz", "/nowhere"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_a_fault_of_the_program_carries_them_too_and_tells_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("/home/secret")

    monkeypatch.setattr(Engine, "status", fail)
    with TestClient(create_app(engine), URL, raise_server_exceptions=False) as client:
        answer = client.get("/v1/status", headers={"accept": accept})
    assert answer.status_code == 500
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "/home/secret" not in answer.text
    assert "a fault of the program" in answer.text


def test_the_page_asks_and_answers(client: TestClient) -> None:
    empty = client.get("/")
    assert "For research only" in empty.text
    assert "demo" in empty.text
    answer = client.get("/", params={"q": "pneumothorax"})
    assert "Clinical Brief" in answer.text
    assert "/thumbnail?source=demo" in answer.text
    assert client.get("/", params={"q": "?" * 1999}).status_code == 200


def test_markup_in_a_question_stays_text(client: TestClient) -> None:
    answer = client.get("/", params={"q": "<script>alert(1)</script> effusion"})
    assert "<script>alert" not in answer.text
