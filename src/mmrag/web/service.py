"""What the routes work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from mmrag.engine import Engine
from mmrag.web.access import Gate
from mmrag.web.asked import AskedFilms
from mmrag.web.jobs import Jobs
from mmrag.web.metrics import Metrics
from mmrag.web.unwritten import Unwritten


@dataclass(frozen=True, slots=True)
class Service:
    """One running service.

    Attributes
    ----------
    engine : Engine
        Stays open as long as the service runs; the caller closes it.
    gate : Gate
    jobs : Jobs
    metrics : Metrics
    asked : AskedFilms
    unwritten : Unwritten
    writer : bool
        Whether the language model of the engine's settings may be asked to write.
    """

    engine: Engine
    gate: Gate
    jobs: Jobs
    metrics: Metrics
    asked: AskedFilms
    unwritten: Unwritten
    writer: bool


def service_of(request: Request) -> Service:
    """Give the service that a request came to."""
    service: Service = request.app.state.service
    return service


Here = Annotated[Service, Depends(service_of)]
