"""Whether the service runs, can answer, and how it does."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from mmrag.errors import MmragError
from mmrag.status import Status
from mmrag.web.access import Reader
from mmrag.web.metrics import CONTENT_TYPE
from mmrag.web.problems import PROBLEMS, problem
from mmrag.web.service import Here

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """That the process answers, or that the store does too."""

    status: Literal["ok"] = "ok"


@router.get("/healthz")
def healthz() -> Health:
    """Say that the process answers."""
    return Health()


@router.get("/readyz", response_model=Health, responses={503: PROBLEMS[503]})
def readyz(request: Request, here: Here) -> Health | Response:
    """Say whether the store answers."""
    try:
        here.engine.status()
    except MmragError:
        return problem(request, 503, "the store does not answer: the service's log says more")
    return Health()


@router.get("/v1/status", responses=PROBLEMS)
def status(here: Here, _: Reader) -> Status:
    """Say what is stored, in which space, how large and where."""
    return here.engine.status()


@router.get(
    "/metrics",
    response_class=Response,
    responses={**PROBLEMS, 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(here: Here, _: Reader) -> Response:
    """Figures for Prometheus: counts and times by route, nothing of questions or people."""
    return Response(here.metrics.written(here.engine.status()), media_type=CONTENT_TYPE)
