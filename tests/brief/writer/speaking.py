"""A server that speaks the chat completions protocol, and briefs to be written."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mmrag.brief import Brief, compose
from tests.brief.made import Shelf, answer, asking, film, leukocytes, panel, platelets

KEY = "sk-very-secret-7f3a"


@dataclass
class Served:
    """What a server saw."""

    url: str
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)

    @property
    def sent(self) -> str:
        """Everything that the writer sent, as one text."""
        return json.dumps(self.bodies, ensure_ascii=False)


Answering = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


@contextmanager
def serving(answering: Answering, host: str = "127.0.0.1") -> Iterator[Served]:
    """Serve on a free port of this host."""
    served = Served("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            served.bodies.append(body)
            served.headers.append(dict(self.headers))
            answering(self, body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its own name)
            pass

    with ThreadingHTTPServer((host, 0), Handler) as server:
        served.url = f"http://{host}:{server.server_address[1]}/v1"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield served
        server.shutdown()


def send(handler: BaseHTTPRequestHandler, body: str | bytes, kind: str, status: int = 200) -> None:
    """Answer with one body."""
    content = body.encode() if isinstance(body, str) else body
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def streaming(text: str, piece: int = 7) -> Answering:
    """Answer as an event stream, a few characters at a time."""

    def respond(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        chunks = [text[n : n + piece] for n in range(0, len(text), piece)]
        events: list[dict[str, Any]] = [
            {"choices": [{"delta": {"role": "assistant"}, "finish_reason": None}]}
        ]
        events += [{"choices": [{"delta": {"content": c}, "finish_reason": None}]} for c in chunks]
        events += [{"choices": [{"delta": {}, "finish_reason": "stop"}]}, {"choices": []}]
        lines = [f"data: {json.dumps(event)}\n\n" for event in events]
        send(handler, "".join([": a comment\n\n", *lines, "data: [DONE]\n\n"]), "text/event-stream")

    return respond


def whole(text: str, **message: Any) -> Answering:
    """Answer as one JSON object."""

    def respond(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        said = {"message": {"content": text, **message}, "finish_reason": "stop"}
        send(handler, json.dumps({"choices": [said]}), "application/json; charset=utf-8")

    return respond


def lines(*sentences: tuple[str, list[str]]) -> str:
    """Write sentences in the form asked for."""
    return "\n".join(json.dumps({"text": text, "claims": claims}) for text, claims in sentences)


def brief() -> Brief:
    """Two films and two panels of different people; the first panel is high, the second not."""
    result = answer(
        asking("Effusion", "Mass"),
        (film(1, ("Effusion",)), film(2, ("Mass",))),
        (
            panel(1, leukocytes(15.2, "H", matched=True)),
            panel(2, platelets(250.0, "N", matched=True)),
        ),
    )
    return compose(result, Shelf(result))


def same_patient() -> Brief:
    """Film and blood of one person, who is named in a sentence."""
    who = {"patient": "covid:patient-77", "source": "covid"}
    result = answer(
        asking("Pneumonia"),
        (film(1, ("Pneumonia",), **who),),
        (panel(1, leukocytes(15.2, "H"), **who),),
    )
    return compose(result, Shelf(result))
