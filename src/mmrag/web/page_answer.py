"""Asking the engine what the page's address asks, and writing down that it was asked."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from mmrag.brief import Brief
from mmrag.store import Action
from mmrag.web.access import Caller
from mmrag.web.page_state import PageState
from mmrag.web.service import Service
from mmrag.web.uploads import film_file


def answer(
    here: Service, caller: Caller, state: PageState, action: Action = "brief", detail: str = ""
) -> Brief:
    """Answer a state.

    Parameters
    ----------
    here : Service
    caller : Caller
    state : PageState
    action : str
        As the audit log names it.
    detail : str

    Returns
    -------
    Brief

    Raises
    ------
    InputError
        When the question cannot be read, or its film is not kept any more.
    """
    film = nullcontext(None) if state.image is None else film_file(here.asked.get(state.image))
    with film as path:
        brief = _asked(here, state, path)
    with_film = "with a film" if state.image or state.film else ""
    said = ", ".join(filter(None, (detail, with_film)))
    here.engine.audit.asked(caller.name, action, brief, query=brief.query.text, detail=said)
    return brief


def _asked(here: Service, state: PageState, image: Path | None) -> Brief:
    return here.engine.brief(
        state.question,
        image=image,
        film=None if image is not None else state.film,
        films=state.films,
        labs=state.labs,
    )
