"""Running the service on this machine's loopback address."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

import uvicorn

from mmrag.engine import Engine
from mmrag.errors import InputError
from mmrag.web.app import create_app

HOST = "127.0.0.1"


def serve_forever(engine: Engine, port: int, announce: Callable[[str], None]) -> None:
    """Serve until interrupted or terminated.

    Parameters
    ----------
    engine : Engine
        Stays open; the caller closes it.
    port : int
        TCP port on the loopback address; 0 takes a free one.
    announce : callable
        Told the address once it is taken.

    Raises
    ------
    InputError
        When the port is taken by another program.
    """
    try:
        listener = socket.create_server((HOST, port))
    except OSError as error:
        raise InputError(f"port {port}: {error.strerror}: choose another --port") from error
    with listener, contextlib.suppress(KeyboardInterrupt):
        announce(f"http://{HOST}:{listener.getsockname()[1]}")
        config = uvicorn.Config(create_app(engine), log_level="warning", server_header=False)
        uvicorn.Server(config).run(sockets=[listener])
