"""How much and how often: bodies are cut off while they arrive, callers have a budget."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mmrag.web.problems import problem

LARGEST_BODY = 64 * 2**10
LARGEST_UPLOAD = 40 * 2**20
"""A film with the fields around it: 16 million pixels in 16 bit, and some."""


class BodyLimit:
    """Refuses bodies that are too large, before and while they are read.

    Parameters
    ----------
    app : ASGIApp
    takes_films : callable
        Whether a path takes a film.
    """

    def __init__(self, app: ASGIApp, takes_films: Callable[[str], bool]) -> None:
        self._app = app
        self._takes_films = takes_films

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = LARGEST_UPLOAD if self._takes_films(scope["path"]) else LARGEST_BODY
        stated = dict(scope["headers"]).get(b"content-length", b"")
        if stated.isdigit() and int(stated) > limit:
            await _too_large(scope, limit)(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise HTTPException(413)
            return message

        async def told(message: Message) -> None:
            # the application answers a body that broke off in words of its own
            if taken <= limit:
                await send(message)
            elif message["type"] == "http.response.start":
                await _too_large(scope, limit)(scope, receive, send)

        await self._app(scope, counted, told)


class Budget:
    """So many requests a minute for each caller, unused ones kept for up to a minute.

    Parameters
    ----------
    per_minute : int
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def spend(self, caller: str) -> bool:
        """Count one request; False when nothing is left."""
        with self._lock:
            now = self._clock()
            left, seen = self._left.get(caller, (float(self._per_minute), now))
            left = min(self._per_minute, left + (now - seen) * self._per_minute / 60)
            self._left[caller] = (left - 1 if left >= 1 else left, now)
            return left >= 1


def _too_large(scope: Scope, limit: int) -> Response:
    size = f"{limit // 2**20} MiB" if limit >= 2**20 else f"{limit // 2**10} KiB"
    return problem(Request(scope), 413, f"more than {size}: send less")
