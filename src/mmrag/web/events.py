"""Server-sent events (WHATWG HTML, section 9.2): the steps of a brief, sent as they are done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any

from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from mmrag.brief.writer.steps import Step, Steps
from mmrag.errors import MmragError
from mmrag.web.problems import FAULT, of_the_house

MEDIA_TYPE = "text/event-stream"

QUIET_S = 15.0
"""After so long without a step a comment says that the service is still at it."""

EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The brief or, for those who accept text/event-stream, its steps as "
        "events: `searched` (the search), `composed` (the brief before a language model has its "
        "word), `sentence` and `rejected` (one of the model's sentences, held against its "
        "claims), and `done` (the whole brief) or `error` (a `Problem`).",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    }
}
"""What a route that sends them answers, for the OpenAPI document."""

Write = Callable[[Step], str]
"""Writes what a step holds, as an event's data."""


def as_json(step: Step) -> str:
    """Write a step as the same object is written elsewhere."""
    return step.content.model_dump_json()


def events(steps: Steps, write: Write = as_json) -> StreamingResponse:
    """Answer with the steps of a brief.

    Parameters
    ----------
    steps : Steps
        Closed when whoever listens goes away.
    write : callable

    Returns
    -------
    StreamingResponse
    """
    headers = {"X-Accel-Buffering": "no"}  # a proxy that gathers an answer would hold it back
    return StreamingResponse(_sent(_told(steps), write), media_type=MEDIA_TYPE, headers=headers)


def _told(steps: Steps) -> Generator[Step]:
    brief = yield from steps
    yield Step("done", brief)


async def _sent(told: Generator[Step], write: Write) -> AsyncIterator[str]:
    coming: asyncio.Future[Step | None] | None = None
    try:
        while True:
            coming = asyncio.ensure_future(run_in_threadpool(next, told, None))
            while not (await asyncio.wait({coming}, timeout=QUIET_S))[0]:
                yield ": still at it\n\n"
            step = coming.result()
            if step is None:
                return
            yield _event(step.stage, write(step))
    except MmragError as error:
        yield _event("error", of_the_house(error).model_dump_json())
    except Exception:
        yield _event("error", FAULT.model_dump_json())
        raise
    finally:
        _leave(told, coming)


def _leave(told: Generator[Step], coming: asyncio.Future[Step | None] | None) -> None:
    """Close the steps; where one is being done, once it is."""
    if coming is None or coming.done():
        told.close()
    else:
        coming.add_done_callback(lambda _: told.close())


def _event(name: str, data: str) -> str:
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))
    return f"event: {name}\n{lines}\n"
