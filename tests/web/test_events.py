"""A brief step by step: what is sent, when, and what happens when nobody listens any more."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from mmrag import Brief, Client, Engine, InputError, OutsideError, Settings
from mmrag.client import read_events
from mmrag.errors import DatabaseError
from mmrag.web import events
from mmrag.web.app import create_app
from tests.brief.writer.speaking import Answering, lines, serving, streaming
from tests.brief.writer.test_command import repeating
from tests.web.local import local, served

QUESTION = {"text": "pleural effusion", "films": 2, "labs": 2}
STEP_BY_STEP = {"accept": "text/event-stream"}


def writing(home: Path, url: str) -> Engine:
    return Engine.open(settings=Settings(home=home, dsn=None, writer_url=url, writer_model="tiny"))


def told(client: TestClient, path: str = "/v1/brief", **body: Any) -> list[tuple[str, Any]]:
    answer = client.post(path, json=QUESTION | body, headers=STEP_BY_STEP)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    return [(name.decode(), json.loads(data)) for name, data in read_events([answer.content])]


def without_moment(brief: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in brief.items() if name != "made"}


@pytest.fixture
def client(engine: Engine) -> Iterator[TestClient]:
    with local(create_app(engine)) as opened:
        yield opened


def test_the_steps_of_a_brief_end_in_the_brief(client: TestClient) -> None:
    steps = told(client)
    assert [name for name, _ in steps] == ["searched", "composed", "done"]
    assert steps[0][1] == client.post("/v1/search", json=QUESTION).json() | {
        "films": steps[2][1]["films"]  # a brief knows the ranks without labels, too
    }
    whole = client.post("/v1/brief", json=QUESTION).json()
    assert without_moment(steps[1][1]) == without_moment(steps[2][1]) == without_moment(whole)


def test_each_sentence_is_sent_once_it_is_held_against_its_claims(filled_home: Path) -> None:
    with (
        serving(repeating) as model,
        writing(filled_home, model.url) as engine,
        local(create_app(engine, writer=True)) as client,
    ):
        steps = told(client, writer=True)
        without = told(client)
    names = [name for name, _ in steps]
    assert names[:2] == ["searched", "composed"]
    assert names[-1] == "done"
    assert set(names[2:-1]) == {"sentence", "rejected"}
    done = steps[-1][1]["written"]
    by_model = [each for each in done["sentences"] if each["by"] == "model"]
    sent = [said for name, said in steps if name == "sentence"]
    assert sorted(map(str, by_model)) == sorted(map(str, sent))
    assert [said for name, said in steps if name == "rejected"] == done["rejected"]
    assert [name for name, _ in without] == ["searched", "composed", "done"]
    assert len(model.bodies) == 1


def test_who_asks_for_no_events_waits_for_the_whole(filled_home: Path) -> None:
    with (
        serving(repeating) as model,
        writing(filled_home, model.url) as engine,
        local(create_app(engine, writer=True)) as client,
    ):
        answer = client.post("/v1/brief", json=QUESTION | {"writer": True})
        film = Path(engine.search("effusion", films=1, labs=0).films[0].file).read_bytes()
        shown = client.post(
            "/v1/brief/film", files={"film": film}, data={"labs": "1", "writer": "true"}
        )
        kept = [json.loads(each.written) for each in engine.audit.entries()][-2:]
    for each in (answer, shown):
        assert Brief.model_validate(each.json()).written is not None
    assert [each["detail"] for each in kept] == [
        "written by a language model",
        "with a film, written by a language model",
    ]


@pytest.mark.parametrize("headers", [{}, STEP_BY_STEP])
def test_a_service_that_was_not_told_so_asks_no_language_model(
    filled_home: Path, headers: dict[str, str]
) -> None:
    with (
        serving(repeating) as model,
        writing(filled_home, model.url) as engine,
        local(create_app(engine)) as client,
    ):
        answer = client.post("/v1/brief", json=QUESTION | {"writer": True}, headers=headers)
        page = client.get("/written?q=effusion", headers=headers)
    for each in (answer, page):
        assert each.status_code == 400
        assert "mmrag serve --writer" in each.json()["detail"]
    assert model.bodies == []


def test_what_is_wrong_with_a_question_is_no_event(client: TestClient) -> None:
    answer = client.post("/v1/brief", json={"text": "WBC outside 4 to 11"}, headers=STEP_BY_STEP)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_goes_wrong_on_the_way_is_the_last_event(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise DatabaseError("the store is gone: start it again")

    monkeypatch.setattr("mmrag.engine.compose", fail)
    steps = told(client)
    assert [name for name, _ in steps] == ["searched", "error"]
    assert steps[1][1]["status"] == 503
    assert steps[1][1]["detail"] == "the store is gone: start it again"


def test_a_fault_of_the_program_tells_nothing_of_it(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("/home/secret")

    monkeypatch.setattr("mmrag.engine.compose", fail)
    with TestClient(client.app, "http://127.0.0.1", raise_server_exceptions=False) as quiet:
        answer = quiet.post("/v1/brief", json=QUESTION, headers=STEP_BY_STEP)
    assert "/home/secret" not in answer.text
    assert answer.text.rstrip().rpartition("event: ")[2].startswith("error\ndata: {")


def slowly(text: str, stopped: threading.Event) -> Answering:
    """Say something at once, and then a piece of a line every now and then, for ever."""

    def respond(handler: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        try:
            for piece in (text + "\n", *["no\n"] * 1000):
                said = {"choices": [{"delta": {"content": piece}, "finish_reason": None}]}
                handler.wfile.write(f"data: {json.dumps(said)}\n\n".encode())
                time.sleep(0.05)
        except OSError:
            stopped.set()

    return respond


def test_who_goes_away_ends_the_work(filled_home: Path) -> None:
    stopped = threading.Event()
    with (
        serving(slowly(lines(("Effusion.", ["c1"])), stopped)) as model,
        writing(filled_home, model.url) as engine,
        served(create_app(engine, writer=True)) as url,
    ):
        where = urlsplit(url)
        body = json.dumps(QUESTION | {"writer": True}).encode()
        head = (
            f"POST /v1/brief HTTP/1.1\r\nHost: {where.netloc}\r\nAccept: text/event-stream\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((where.hostname or "", where.port or 0)) as listener:
            listener.sendall(head.encode() + body)
            heard = b""
            while b"event: rejected" not in heard:
                heard += listener.recv(65536)
        assert stopped.wait(10)


def test_a_silence_is_filled_with_comments(
    filled_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        time.sleep(0.4)
        streaming(lines(("Film.", ["c1"])))(handler, body)

    monkeypatch.setattr(events, "QUIET_S", 0.1)
    with (
        serving(late) as model,
        writing(filled_home, model.url) as engine,
        local(create_app(engine, writer=True)) as client,
    ):
        answer = client.post("/v1/brief", json=QUESTION | {"writer": True}, headers=STEP_BY_STEP)
    assert ": still at it\n\n" in answer.text
    assert [name for name, _ in read_events([answer.content])][-1] == b"done"


def test_the_client_lets_the_service_write(filled_home: Path) -> None:
    with (
        serving(repeating) as model,
        writing(filled_home, model.url) as engine,
        served(create_app(engine, writer=True)) as url,
        Client(url) as client,
    ):
        film = engine.search("effusion", films=1, labs=0).films[0].file
        for question in ({"text": "pleural effusion"}, {"image": film}):
            brief = client.brief(**question, films=2, labs=1, writer=True)
            assert brief.written is not None
            assert brief.written.by_model
        with pytest.raises(InputError, match="WBC outside"):
            client.brief("WBC outside 4 to 11", writer=True)


def test_the_client_says_what_went_wrong_on_the_way(
    engine: Engine, filled_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise DatabaseError("the store is gone: start it again")

    with (
        writing(filled_home, "http://127.0.0.1:9/v1") as writer,
        served(create_app(writer, writer=True)) as url,
        Client(url) as client,
    ):
        monkeypatch.setattr("mmrag.engine.compose", fail)
        with pytest.raises(OutsideError, match="the store is gone"):
            client.brief("effusion", writer=True)
    with (
        served(create_app(engine)) as url,
        Client(url) as client,
        pytest.raises(InputError, match="mmrag serve --writer"),
    ):
        client.brief("effusion", writer=True)


@pytest.mark.parametrize("cut", [1, 2, 3, 7, 1000])
def test_events_are_read_however_they_are_cut(cut: int) -> None:
    first = '{"x": "\N{LINE SEPARATOR}é"}'
    sent = f"event: a\ndata: {first}\n\n: still at it\n\ndata: 1\ndata: 2\n\nevent: b\n"
    content = sent.encode()
    pieces = [content[n : n + cut] for n in range(0, len(content), cut)]
    assert list(read_events(pieces)) == [
        (b"a", first.encode()),
        (b"", b"1\n2"),
    ]
