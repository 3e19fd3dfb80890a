"""The command line and the Python that give what the page shows."""

from __future__ import annotations

import shlex

from mmrag.clinical.query import compile_query
from mmrag.clinical.question import ClinicalQuery
from mmrag.errors import QueryError
from mmrag.web.page_state import PageState, compact

SENT = "film.png"
"""Stands for a film that was sent: its file's name is not kept."""


def command_line(state: PageState, query: ClinicalQuery) -> str:
    """Write the command that gives the same brief.

    Parameters
    ----------
    state : PageState
    query : ClinicalQuery
        As the answer holds it.

    Returns
    -------
    str
        For a POSIX shell.
    """
    words = _words(state, query)
    parts = ["mmrag", "brief"]
    if words:
        parts.append(shlex.quote(words))
    elif state.edited is not None:
        parts += ["--query", "-"]
    if state.image is not None:
        parts += ["--image", SENT]
    elif state.film is not None:
        parts += ["--film", shlex.quote(state.film)]
    line = " ".join([*parts, "--films", str(state.films), "--labs", str(state.labs)])
    if state.edited is None or words:
        return line
    return f"echo {shlex.quote(compact(state.edited))} | {line}"


def python_lines(state: PageState, query: ClinicalQuery) -> str:
    """Write the Python that gives the same brief, in ASCII; parameters as for `command_line`."""
    words = _words(state, query)
    imports, question = "", ascii(words)  # what cannot be seen in a question is seen here
    if state.edited is not None and not words:
        imports = "from mmrag.clinical.query_json import read_query\n"
        question = f"read_query({compact(state.edited)!a}, 'the page')"
    film = ""
    if state.image is not None:
        film = f", image={SENT!r}"
    elif state.film is not None:
        film = f", film={state.film!a}"
    return (
        f"from mmrag import Engine\n{imports}\n"
        f"with Engine.open() as engine:\n"
        f"    brief = engine.brief({question}{film}, films={state.films}, labs={state.labs})\n"
    )


def _words(state: PageState, query: ClinicalQuery) -> str:
    """Give words that mean what is asked; empty where only the compiled question does."""
    if state.edited is None:
        return state.words.strip()
    try:
        same = compile_query(state.edited.text)
    except QueryError:
        return ""
    plain = state.edited.model_copy(update={"image": None, "text": same.text})
    return query.text if compact(same) == compact(plain) else ""
