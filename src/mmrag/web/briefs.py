"""Asking the engine for a brief, and writing down that it was asked."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, cast

from mmrag.brief import Brief
from mmrag.brief.writer.steps import Step, Steps
from mmrag.clinical.question import ClinicalQuery
from mmrag.errors import InputError
from mmrag.store import Action
from mmrag.web.access import Caller
from mmrag.web.service import Service
from mmrag.web.uploads import film_file

if TYPE_CHECKING:
    from mmrag.retrieval.results import SearchResult

NO_WRITER = (
    "no language model writes here: start the service with mmrag serve --writer, or ask "
    "without writer"
)


def begin(
    here: Service,
    caller: Caller,
    question: str | ClinicalQuery,
    *,
    image: bytes | None = None,
    film: str | None = None,
    films: int,
    labs: int,
    writer: bool = False,
    action: Action = "brief",
    detail: str = "",
) -> Steps:
    """Search for a brief; its other steps follow as they are taken.

    Parameters
    ----------
    here : Service
    caller : Caller
    question : str or ClinicalQuery
    image : bytes, optional
        A film that was sent.
    film : str, optional
        A stored film to ask with, instead.
    films, labs : int
    writer : bool
        Whether the service's language model writes it, too.
    action : str
        As the audit log names it.
    detail : str

    Returns
    -------
    Steps
        All of them, the search again among them.

    Raises
    ------
    InputError
        When the question cannot be read, or no language model writes here.
    """
    if writer and not here.writer:
        raise InputError(NO_WRITER)
    with nullcontext() if image is None else film_file(image) as path:
        steps = here.engine.brief_steps(
            question, image=path, film=film, films=films, labs=labs, writer=writer
        )
        searched = next(steps)
    found = cast("SearchResult", searched.content)  # the first step is the search
    words = question if isinstance(question, str) else found.query.text
    said = _said(detail, found, writer=writer)
    here.engine.audit.asked(caller.name, action, found, query=words, detail=said)
    return _all(searched, steps)


def write_on(here: Service, caller: Caller, brief: Brief) -> Steps:
    """Let the service's language model write a brief that the caller has before them.

    Parameters
    ----------
    here : Service
    caller : Caller
    brief : Brief

    Returns
    -------
    Steps
        Its sentences; nothing is searched.
    """
    steps = here.engine.write_steps(brief)
    said = _said("", brief, writer=True)
    here.engine.audit.asked(caller.name, "brief", brief, query=brief.query.text, detail=said)
    return steps


def _said(detail: str, found: SearchResult, *, writer: bool) -> str:
    """Say in the audit log how a question was asked."""
    with_film = "with a film" if found.image is not None else ""
    written = "written by a language model" if writer else ""
    return ", ".join(filter(None, (detail, with_film, written)))


def _all(first: Step, others: Steps) -> Steps:
    yield first
    return (yield from others)
