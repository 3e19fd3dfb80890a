"""What the page's address asks, asked of the engine."""

from __future__ import annotations

from mmrag.brief import Brief
from mmrag.brief.writer.steps import Steps, finished
from mmrag.store import Action
from mmrag.web.access import Caller
from mmrag.web.briefs import begin, write_on
from mmrag.web.page_state import PageState
from mmrag.web.service import Service


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
    return finished(_begun(here, caller, state, action=action, detail=detail))


def written(here: Service, caller: Caller, state: PageState, shown: str) -> Steps:
    """Let the service's language model write the answer of a state.

    Parameters
    ----------
    here : Service
    caller : Caller
    state : PageState
    shown : str
        What the answer that is on the caller's page was kept under; where it is kept no
        longer, the question is asked again.

    Returns
    -------
    Steps

    Raises
    ------
    InputError
        As `answer` does.
    """
    brief = here.unwritten.take(caller.name, shown)
    if brief is None:
        return _begun(here, caller, state, writer=True)
    return write_on(here, caller, brief)


def _begun(
    here: Service,
    caller: Caller,
    state: PageState,
    *,
    writer: bool = False,
    action: Action = "brief",
    detail: str = "",
) -> Steps:
    image = None if state.image is None else here.asked.get(state.image)
    return begin(
        here,
        caller,
        state.question,
        image=image,
        film=None if image is not None else state.film,
        films=state.films,
        labs=state.labs,
        writer=writer,
        action=action,
        detail=detail,
    )
