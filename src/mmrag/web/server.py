"""Running the service: on this machine's loopback address, or wherever it is told to."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Callable

import uvicorn

from mmrag.brief.writer.endpoint import Endpoint
from mmrag.engine import Engine
from mmrag.errors import InputError
from mmrag.settings import Settings
from mmrag.web.app import create_app

HOST = "127.0.0.1"

GRACE_S = 5
"""What is being answered when the service is stopped has so long; events would go on and on."""


def serve_forever(
    engine: Engine,
    host: str,
    port: int,
    announce: Callable[[str], None],
    settings: Settings,
    *,
    writer: bool = False,
) -> None:
    """Serve until interrupted or terminated.

    Parameters
    ----------
    engine : Engine
        Stays open; the caller closes it.
    host : str
        Address to listen to; any but a loopback one answers nobody without a token.
    port : int
        TCP port; 0 takes a free one.
    announce : callable
        Told the address once it is taken, and what guards it.
    settings : Settings
    writer : bool
        Whether the language model of the settings may be asked to write briefs.

    Raises
    ------
    InputError
        When the address or port cannot be taken, or the settings name no language model.
    """
    if writer:
        Endpoint.of(settings)  # what is missing is said now, not to whoever asks first
    open_here = is_loopback(host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{host} port {port}: {reason}: choose another --port") from error
    with listener, contextlib.suppress(KeyboardInterrupt):
        shown = f"[{host}]" if ":" in host else host
        announce(f"http://{shown}:{listener.getsockname()[1]}")
        if not open_here:
            announce(
                "every request needs a token (mmrag token create NAME); without TLS in front of "
                "it, tokens and records travel readable"
            )
        app = create_app(engine, settings, open_here=open_here, writer=writer)
        config = uvicorn.Config(
            app,
            log_level="warning",
            server_header=False,
            access_log=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        uvicorn.Server(config).run(sockets=[listener])


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
