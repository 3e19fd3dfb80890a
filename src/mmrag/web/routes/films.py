"""One film: its record, its image, a small picture of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from mmrag.errors import BadFilm
from mmrag.retrieval.lookup import FilmRecord
from mmrag.sources.images import film_png, thumbnail
from mmrag.web.access import Reader
from mmrag.web.problems import PROBLEMS, may_miss
from mmrag.web.service import Here, Service


class FilmRoute(APIRoute):
    """A route about one film, whose own last word stands apart from the film's identifier.

    ``ward%2Fimage`` is the film ``image`` in the folder ``ward``; ``ward/image`` is the picture
    of the film ``ward``. Once the path is decoded the two are one.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a path, unless what would be this route's word is part of an identifier."""
        word = self.path_format.rpartition("/")[2].encode()
        if (scope.get("raw_path") or b"").lower().endswith(b"%2f" + word):
            return Match.NONE, {}
        return super().matches(scope)


router = APIRouter(
    prefix="/v1/films",
    tags=["films"],
    responses=PROBLEMS | may_miss("film"),
    route_class=FilmRoute,
)

Source = Annotated[str | None, Query(description="Where two sources use one identifier.")]


def picture(kind: str) -> dict[int | str, dict[str, object]]:
    """Describe a picture, for the OpenAPI document."""
    return {200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}}}}}


@router.get("/{id_:path}/image", response_class=Response, responses=picture("image/png"))
def image(id_: str, here: Here, caller: Reader, source: Source = None) -> Response:
    """Send the film, upright and in 8 bit, as the encoder sees it."""
    found = _viewed(here, caller.name, id_, source)
    with image_of(found) as path:
        return Response(film_png(path), media_type="image/png")


@router.get("/{id_:path}/thumbnail", response_class=Response, responses=picture("image/jpeg"))
def small(
    id_: str,
    here: Here,
    _: Reader,
    source: Source = None,
    size: Annotated[int, Query(ge=16, le=512)] = 192,
) -> Response:
    """Send a small picture of the film."""
    with image_of(found_film(here, id_, source)) as path:
        return Response(thumbnail(path, size), media_type="image/jpeg")


@router.get("/{id_:path}")
def film(id_: str, here: Here, caller: Reader, source: Source = None) -> FilmRecord:
    """Say what is stored of a film; its identifier may hold a slash, as a path in a folder does."""
    return _viewed(here, caller.name, id_, source)


@contextmanager
def image_of(film: FilmRecord) -> Iterator[Path]:
    """Give a film's file; where it cannot be read, say so without naming a path."""
    try:
        yield Path(film.file)
    except BadFilm as error:
        raise HTTPException(404, "the image of this film is not there any more") from error


def _viewed(here: Service, caller: str, id_: str, source: str | None) -> FilmRecord:
    found = found_film(here, id_, source)
    here.engine.audit.viewed(caller, found)
    return found


def found_film(here: Service, id_: str, source: str | None) -> FilmRecord:
    """Give a film by its name, or answer that there is none."""
    found = here.engine.film(id_, source)
    if found is None:
        raise HTTPException(404, f"no film {id_!r} is stored")
    return found
