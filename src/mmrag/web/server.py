"""Running the service on this machine's loopback address."""

from __future__ import annotations

import uvicorn

from mmrag.engine import Engine
from mmrag.web.app import create_app

HOST = "127.0.0.1"


def serve_forever(engine: Engine, port: int) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    engine : Engine
        Stays open; the caller closes it.
    port : int
        TCP port on the loopback address.
    """
    uvicorn.run(create_app(engine), host=HOST, port=port, log_level="warning", server_header=False)
