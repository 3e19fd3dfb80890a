"""Routes of the service, one module a subject."""

from __future__ import annotations

from fastapi import APIRouter

from mmrag.web.routes import ask, films, health, ingest, patients

ROUTERS: tuple[APIRouter, ...] = (
    ask.router,
    films.router,
    patients.router,
    ingest.router,
    health.router,
)

__all__ = ["ROUTERS"]
