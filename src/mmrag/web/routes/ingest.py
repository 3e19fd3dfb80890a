"""Ingests: started, watched and stopped from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from mmrag.sources import SourceKind
from mmrag.web.access import Ingester
from mmrag.web.jobs import Job, Jobs
from mmrag.web.problems import PROBLEMS, may_miss
from mmrag.web.service import Here

router = APIRouter(prefix="/v1/ingest", tags=["ingest"], responses=PROBLEMS)

_WATCH_SECONDS = 0.5


class Wanted(BaseModel):
    """What to ingest.

    Attributes
    ----------
    path : str
        Folder or file on the service's machine, below one of its ``MMRAG_INGEST_ROOTS``.
    """

    model_config = ConfigDict(extra="forbid")

    kind: SourceKind
    path: Annotated[str, Field(min_length=1, max_length=4096)]


class JobList(BaseModel):
    """Jobs, the newest first."""

    items: list[Job]
    total: int


@router.post("", status_code=202)
def start(wanted: Wanted, here: Here, caller: Ingester) -> Job:
    """Put an ingest in line; it runs beside the service."""
    job = here.jobs.start(wanted.kind, wanted.path)
    here.engine.audit.record(caller.name, "ingest", detail=f"{wanted.kind} {wanted.path}")
    return job


@router.get("")
def every(here: Here, _: Ingester) -> JobList:
    """Tell of all ingests since the service started."""
    jobs = here.jobs.every()
    return JobList(items=jobs, total=len(jobs))


@router.get("/{id_}", responses=may_miss("job"))
def one(id_: str, here: Here, _: Ingester) -> Job:
    """Tell how far an ingest is."""
    return _known(here.jobs.get(id_))


@router.get(
    "/{id_}/events",
    response_class=StreamingResponse,
    responses={
        **may_miss("job"),
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
    },
)
def watch(id_: str, here: Here, _: Ingester) -> StreamingResponse:
    """Send the job whenever it has changed, until it ends."""
    _known(here.jobs.get(id_))
    return StreamingResponse(_events(here.jobs, id_), media_type="text/event-stream")


@router.delete("/{id_}", responses=may_miss("job"))
def cancel(id_: str, here: Here, caller: Ingester) -> Job:
    """Ask an ingest to stop; what it has written stays."""
    job = _known(here.jobs.cancel(id_))
    here.engine.audit.record(caller.name, "ingest", detail=f"stopped {job.kind} {job.path}")
    return job


def _known(job: Job | None) -> Job:
    if job is None:
        raise HTTPException(404, "no such job since the service started")
    return job


async def _events(jobs: Jobs, id_: str) -> AsyncIterator[str]:
    told: Job | None = None
    while (job := jobs.get(id_)) is not None:
        if job != told:
            yield f"data: {job.model_dump_json()}\n\n"
            told = job
        if job.ended_at is not None:
            return
        await asyncio.sleep(_WATCH_SECONDS)
