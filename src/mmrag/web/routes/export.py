"""What is on the page, to take away."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from mmrag.brief import Brief, render
from mmrag.errors import QueryError
from mmrag.web.access import Reader
from mmrag.web.csv_table import csv_table
from mmrag.web.page_answer import answer
from mmrag.web.page_state import PageState, state_of
from mmrag.web.problems import PROBLEMS
from mmrag.web.service import Here, Service

Form = Literal["html", "json", "csv", "fhir"]

_KINDS: dict[Form, tuple[str, str]] = {
    "html": ("text/html", "html"),
    "json": ("application/json", "json"),
    "csv": ("text/csv", "csv"),
    "fhir": ("application/fhir+json", "fhir.json"),
}

router = APIRouter(prefix="/v1", tags=["questions"], responses=PROBLEMS)


@router.get(
    "/export",
    response_class=Response,
    responses={
        200: {
            "description": "A file to keep.",
            "content": {kind: {"schema": {"type": "string"}} for kind in ("text/html", "text/csv")}
            | {
                kind: {"schema": {"type": "object"}}
                for kind in ("application/json", "application/fhir+json")
            },
        }
    },
)
def export(
    here: Here,
    caller: Reader,
    state: Annotated[PageState, Depends(state_of)],
    form: Form = "html",
) -> Response:
    """Answer a question as a file: the brief in HTML, JSON or FHIR R4, or its records in CSV."""
    if not state.asks:
        raise QueryError("an empty question: give words, a compiled question or a film")
    brief = answer(here, caller, state, "export", form)
    kind, ending = _KINDS[form]
    return Response(
        _written(here, brief, form),
        media_type=kind,
        headers={"Content-Disposition": f'attachment; filename="brief.{ending}"'},
    )


def _written(here: Service, brief: Brief, form: Form) -> str:
    if form == "csv":
        return csv_table(brief)
    engine = here.engine
    return render(
        brief, form, thumbnail=engine.thumbnail, courses=engine.courses, heat=engine.heat_map
    )
