"""A service as somebody on this machine asks it: in process, or over a socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

URL = "http://127.0.0.1"


def local(app: FastAPI) -> TestClient:
    """Ask a service in process."""
    return TestClient(app, base_url=URL)


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve on a free port; gives the address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.05)
    yield f"{URL}:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()
