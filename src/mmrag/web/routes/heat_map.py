"""Where in a film the encoder sees a finding."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import AfterValidator, WithJsonSchema
from starlette.exceptions import HTTPException

from mmrag.clinical.findings import finding_names
from mmrag.web.access import Reader
from mmrag.web.problems import PROBLEMS, may_miss
from mmrag.web.routes.films import FilmRoute, Source, found_film, image_of, picture
from mmrag.web.service import Here

router = APIRouter(
    prefix="/v1/films",
    tags=["films"],
    responses=PROBLEMS | may_miss("film, or no heat map of it"),
    route_class=FilmRoute,
)


def _known(name: str) -> str:
    if name not in finding_names():
        raise ValueError(f"one of {', '.join(finding_names())}")
    return name


Finding = Annotated[
    str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(finding_names())})
]


@router.get("/{id_:path}/heat-map", response_class=Response, responses=picture("image/png"))
def heat_map(
    id_: str,
    here: Here,
    caller: Reader,
    finding: Annotated[Finding, Query(description="One of the 14 findings.")],
    source: Source = None,
) -> Response:
    """Send a picture to lay over the film: strong where much speaks for the finding.

    It compares places within one film and does not say whether the finding is there.
    """
    film = found_film(here, id_, source)
    with image_of(film):
        drawn = here.engine.heat_overlay(film, finding)
    if drawn is None:
        raise HTTPException(404, "this encoder cannot show where it sees a finding")
    here.engine.audit.record(
        caller.name, "view", records=(f"film:{film.id}",), detail=f"heat map of {finding}"
    )
    return Response(drawn, media_type="image/png")
