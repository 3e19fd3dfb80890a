"""Questions: in words, with a film, and how words are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from mmrag.brief import Brief
from mmrag.brief.writer.steps import finished
from mmrag.clinical.query import LONGEST, compile_query
from mmrag.clinical.question import ClinicalQuery
from mmrag.retrieval.results import SearchResult
from mmrag.web.access import Reader
from mmrag.web.briefs import begin
from mmrag.web.events import EVENTS, MEDIA_TYPE, events
from mmrag.web.problems import PROBLEMS
from mmrag.web.service import Here
from mmrag.web.uploads import film_file

router = APIRouter(prefix="/v1", tags=["questions"], responses=PROBLEMS)

_FILM = "with a film"

Count = Annotated[int, Field(ge=0, le=1000)]
Words = Annotated[str, Field(max_length=LONGEST, examples=["pneumonia with pleural effusion"])]


class Ask(BaseModel):
    """A question in words."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[Words, Field(min_length=1)]
    films: Count = 10
    labs: Count = 10


class AskBrief(Ask):
    """A question in words, to be answered by a brief.

    Attributes
    ----------
    writer : bool
        Whether the service's language model puts the claims into sentences, too.
    """

    writer: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A film that was sent, and the question beside it.

    Attributes
    ----------
    film : bytes
    text : str
        May be empty.
    films, labs : int
    """

    film: bytes
    text: str
    films: int
    labs: int


def _sent(
    film: Annotated[UploadFile, File(description="A PNG or JPEG film.")],
    text: Annotated[str, Form(max_length=LONGEST)] = "",
    films: Annotated[int, Form(ge=0, le=1000)] = 10,
    labs: Annotated[int, Form(ge=0, le=1000)] = 10,
) -> Sent:
    return Sent(film.file.read(), text, films, labs)


def _step_by_step(request: Request) -> bool:
    return MEDIA_TYPE in request.headers.get("accept", "")


WithFilm = Annotated[Sent, Depends(_sent)]
Writer = Annotated[bool, Form()]
StepByStep = Annotated[bool, Depends(_step_by_step)]
"""Whether whoever asks accepts events."""


@router.post("/search")
def search(ask: Ask, here: Here, caller: Reader) -> SearchResult:
    """Rank films and panels, each kind by itself."""
    result = here.engine.search(ask.text, films=ask.films, labs=ask.labs)
    here.engine.audit.asked(caller.name, "search", result, query=ask.text)
    return result


@router.post("/brief", response_model=Brief, responses=EVENTS)
def brief(
    ask: AskBrief, here: Here, caller: Reader, step_by_step: StepByStep
) -> Brief | StreamingResponse:
    """Search, and write the Clinical Brief."""
    steps = begin(here, caller, ask.text, films=ask.films, labs=ask.labs, writer=ask.writer)
    return events(steps) if step_by_step else finished(steps)


@router.post("/search/film")
def search_with_film(sent: WithFilm, here: Here, caller: Reader) -> SearchResult:
    """Rank what is like a film, narrowed by words where there are any."""
    with film_file(sent.film) as path:
        result = here.engine.search(sent.text, image=path, films=sent.films, labs=sent.labs)
    here.engine.audit.asked(caller.name, "search", result, query=sent.text, detail=_FILM)
    return result


@router.post("/brief/film", response_model=Brief, responses=EVENTS)
def brief_with_film(
    sent: WithFilm, here: Here, caller: Reader, step_by_step: StepByStep, writer: Writer = False
) -> Brief | StreamingResponse:
    """Write the Clinical Brief of a film, narrowed by words where there are any."""
    steps = begin(
        here, caller, sent.text, image=sent.film, films=sent.films, labs=sent.labs, writer=writer
    )
    return events(steps) if step_by_step else finished(steps)


@router.get("/query")
def query(
    text: Annotated[str, Query(min_length=1, max_length=LONGEST)], _: Reader
) -> ClinicalQuery:
    """Say how a question is read; nothing is searched."""
    return compile_query(text)
