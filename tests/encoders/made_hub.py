"""A hub of models on this machine: the few routes that its client asks for, over real HTTP."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "c" * 40


@dataclass
class MadeHub:
    """What the hub holds, and what it was asked for.

    Attributes
    ----------
    pages : mapping of str to Path
        ``owner/name`` to the folder whose files the page shows.
    url : str
        Where it answers.
    cut_after : int or None
        Bytes of a file after which the line goes dead.
    sent : list of str
        Names of the files that were sent.
    """

    pages: Mapping[str, Path]
    url: str = ""
    cut_after: int | None = None
    sent: list[str] = field(default_factory=list)

    def environment(self, home: Path) -> dict[str, str]:
        """Variables that lead the hub's client here, with a cache of its own."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            "HF_HUB_CACHE": str(home / "hub"),
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }


@contextmanager
def made_hub(pages: Mapping[str, Path]) -> Iterator[MadeHub]:
    """Run a hub until the block ends."""
    hub = MadeHub(pages)

    class Answers(_Answers):
        shown = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Answers(BaseHTTPRequestHandler):
    shown: MadeHub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].strip("/")
        if path.startswith("api/models/"):
            self._tell(*path.removeprefix("api/models/").split("/")[:3])
        else:
            self._send(path)

    do_HEAD = do_GET  # noqa: N815  the name that the base class looks for

    def _tell(self, owner: str, name: str, what: str = "") -> None:
        folder = self.shown.pages.get(f"{owner}/{name}")
        if folder is None:
            self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            return
        files = sorted(file for file in folder.iterdir() if file.is_file())
        answer: object = [
            {"type": "file", "path": f.name, "size": f.stat().st_size, "oid": _etag(f)}
            for f in files
        ]
        if what != "tree":
            siblings = [{"rfilename": file.name} for file in files]
            answer = {"id": f"{owner}/{name}", "sha": COMMIT, "siblings": siblings}
        self._answer(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _send(self, path: str) -> None:
        page, _, rest = path.partition("/resolve/")
        file = self.shown.pages.get(page, Path("nowhere")) / rest.rpartition("/")[2]
        if not file.is_file():
            self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        content, status, headers = file.read_bytes(), 200, {}
        if asked := self.headers.get("Range"):
            first = int(asked.removeprefix("bytes=").partition("-")[0])
            headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
            content, status = content[first:], 206
        if self.command == "GET":
            self.shown.sent.append(file.name)
        self._answer(
            status, content, headers | {"ETag": f'"{_etag(file)}"', "X-Repo-Commit": COMMIT}
        )

    def _answer(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return
        cut = self.shown.cut_after
        if cut is not None and len(content) > cut:
            self.wfile.write(content[:cut])
            self.close_connection = True
            return
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def _etag(file: Path) -> str:
    return hashlib.sha1(file.read_bytes(), usedforsecurity=False).hexdigest()
