"""The protocol as servers really speak it, and everything that goes wrong with it."""

from __future__ import annotations

import sys
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from mmrag.brief.writer.endpoint import MOST_BYTES, Endpoint
from mmrag.errors import InputError, MissingExtra, WriterError
from mmrag.settings import Settings
from tests.brief.writer.speaking import KEY, Answering, Served, send, serving, streaming, whole

ASKED = [{"role": "user", "content": "hello"}]


def endpoint(served: Served, **other: Any) -> Endpoint:
    fields = {"writer_url": served.url, "writer_model": "m", "writer_key": KEY, **other}
    return Endpoint.of(Settings(**fields))


@pytest.mark.parametrize("respond", [streaming("Grüße,\nline two"), whole("Grüße,\nline two")])
def test_an_answer_comes_streamed_or_whole(respond: Answering) -> None:
    with serving(respond) as served:
        assert "".join(endpoint(served).ask(ASKED)) == "Grüße,\nline two"
    (body,) = served.bodies
    assert body == {"model": "m", "messages": ASKED, "temperature": 0, "stream": True}
    assert served.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert served.headers[0]["Host"] == served.url.removeprefix("http://").removesuffix("/v1")


def test_without_a_key_none_is_sent() -> None:
    with serving(whole("x")) as served:
        "".join(endpoint(served, writer_key=None).ask(ASKED))
    assert "Authorization" not in served.headers[0]


def body_of(content: str | bytes, kind: str, status: int = 200) -> Answering:
    return lambda handler, _: send(handler, content, kind, status)


def cut(handler: BaseHTTPRequestHandler, _: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b'data: {"choices": [{"delta": {"content": "half"}}]}\n\n')


def redirect(handler: BaseHTTPRequestHandler, _: Any) -> None:
    handler.send_response(307)
    handler.send_header("Location", "http://127.0.0.1:9/elsewhere")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


HALF = 'data: {"choices": [{"delta": {"content": "half"}}]}\n\n'


@pytest.mark.parametrize(
    ("respond", "reason"),
    [
        (whole("", refusal="I can't help with that"), "the model refuses"),
        (body_of("{", "application/json"), "no JSON"),
        (body_of("[" * 100_000, "application/json"), "no JSON"),
        (body_of("[]", "application/json"), "no chat completion"),
        (body_of('"error"', "application/json"), "error|no chat completion"),
        (body_of('{"choices": []}', "application/json"), "no chat completion"),
        (body_of('{"choices": [{"message": "x"}]}', "application/json"), "no chat completion"),
        (body_of('{"choices": [{"message": {"content": 5}}]}', "application/json"), "no chat"),
        (body_of('{"error": {"message": "' + KEY + '"}}', "application/json"), "error of its own"),
        (body_of("data: {nonsense\n\n", "text/event-stream"), "no JSON"),
        (body_of(HALF, "text/event-stream"), "breaks off"),
        (body_of("<html>hello", "text/html"), "neither JSON nor an event stream"),
        (body_of(b"\xff\xfe\x00", "application/json"), "no JSON"),
        (body_of("no", "text/plain", 500), "HTTP 500"),
        (body_of(f"bad key {KEY}", "text/plain", 401), "MMRAG_WRITER_KEY"),
        (body_of("no such model", "text/plain", 404), "MMRAG_WRITER_MODEL"),
        (body_of("x" * (MOST_BYTES + 1), "application/json"), "longer than"),
        (body_of(HALF * 40_000, "text/event-stream"), "longer than"),
        (cut, "connection failed"),
        (redirect, "redirects elsewhere"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line_without_the_key(
    respond: Answering, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with serving(respond) as served, pytest.raises(WriterError) as failed:
        "".join(endpoint(served).ask(ASKED))
    said = str(failed.value)
    assert any(part in said for part in reason.split("|")), said
    assert "\n" not in said
    assert said.startswith(f"language model at {served.url[7:-3]}: ")
    assert KEY not in said
    assert KEY not in caplog.text


def test_a_server_that_does_not_answer_in_time_is_left() -> None:
    def late(handler: BaseHTTPRequestHandler, _: Any) -> None:
        time.sleep(0.6)

    with serving(late) as served, pytest.raises(WriterError, match=r"within 0\.2 s"):
        "".join(endpoint(served, writer_timeout=0.2).ask(ASKED))


def test_a_server_that_drips_is_left_too() -> None:
    def dripping(handler: BaseHTTPRequestHandler, _: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        for _n in range(40):
            try:
                handler.wfile.write(b": still there\n\n")
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    with serving(dripping) as served, pytest.raises(WriterError, match=r"within 0\.3 s"):
        "".join(endpoint(served, writer_timeout=0.3).ask(ASKED))


def test_nobody_there() -> None:
    with serving(whole("x")) as served:
        pass
    with pytest.raises(WriterError, match="connection failed"):
        "".join(endpoint(served).ask(ASKED))


def test_a_key_that_no_header_can_hold_is_not_repeated() -> None:
    with serving(whole("x")) as served, pytest.raises(WriterError) as failed:
        "".join(endpoint(served, writer_key="broken\nkey").ask(ASKED))
    assert "broken" not in str(failed.value)


def test_neither_key_nor_password_is_shown() -> None:
    settings = Settings(
        writer_url="http://user:pass@localhost:1/v1", writer_model="m", writer_key=KEY
    )
    made = Endpoint.of(settings)
    assert made.host == "localhost:1"
    assert KEY not in repr(made)
    assert KEY not in repr(settings)
    assert KEY not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:1/v1", True),
        ("http://127.8.8.8/v1", True),
        ("http://[::1]:1/v1", True),
        ("http://localhost:1/v1", True),
        ("http://192.0.2.1/v1", False),
        ("http://0.0.0.0/v1", False),
        ("http://[2001:db8::1]/v1", False),
        ("http://127.0.0.1.invalid/v1", False),
    ],
)
def test_only_the_loopback_interface_is_this_host(url: str, local: bool) -> None:
    made = Endpoint.of(Settings(writer_url=url, writer_model="m"))
    assert made.is_on_this_host() is local


def test_what_is_meant_for_this_host_takes_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://192.0.2.1:1")
    with serving(whole("here")) as served:
        assert "".join(endpoint(served).ask(ASKED)) == "here"


@pytest.mark.parametrize(
    "url", [None, "", "localhost:11434", "ftp://x/v1", "http://", "http://x:y"]
)
def test_an_address_that_is_none_is_bad_input(url: str | None) -> None:
    with pytest.raises(InputError, match="MMRAG_WRITER_URL"):
        Endpoint.of(Settings(writer_url=url, writer_model="m"))


def test_a_model_has_to_be_named() -> None:
    with pytest.raises(InputError, match="MMRAG_WRITER_MODEL"):
        Endpoint.of(Settings(writer_url="http://localhost:1/v1", writer_model=None))


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(MissingExtra, match=r"med-multimodal-rag\[writer\]"):
        Endpoint.of(Settings(writer_url="http://localhost:1/v1", writer_model="m"))
