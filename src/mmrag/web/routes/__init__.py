"""Routes of the service, one module a subject."""

from __future__ import annotations

from fastapi import APIRouter

from mmrag.web.routes import ask, export, facets, films, health, heat_map, ingest, patients

ROUTERS: tuple[APIRouter, ...] = (
    ask.router,
    facets.router,
    export.router,
    heat_map.router,  # before films, whose identifiers may hold slashes
    films.router,
    patients.router,
    ingest.router,
    health.router,
)

__all__ = ["ROUTERS"]
