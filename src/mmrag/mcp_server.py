"""The engine for copilots: a server of the Model Context Protocol."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Annotated, ParamSpec, TypeVar

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from mmrag import __version__
from mmrag.brief import Brief
from mmrag.brief.model import DISCLAIMER
from mmrag.engine import Engine
from mmrag.errors import InputError, MmragError
from mmrag.retrieval.lookup import FilmRecord, PanelRecord, Timeline
from mmrag.retrieval.results import SearchResult

ACTOR = "mcp"
"""As the audit log names whoever asks through this server."""

_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)

Words = Annotated[str, Field(description="The question, e.g. 'pneumonia with pleural effusion'.")]
Count = Annotated[int, Field(ge=0, le=100, description="How many at most; 0 leaves them out.")]
Source = Annotated[str | None, Field(description="Where two sources use one identifier.")]


P = ParamSpec("P")
R = TypeVar("R")


def _telling(tool: Callable[P, R]) -> Callable[P, R]:
    """Let whoever asks read what went wrong; of other errors the protocol tells nothing."""

    @wraps(tool)
    def told(*given: P.args, **named: P.kwargs) -> R:
        try:
            return tool(*given, **named)
        except MmragError as error:
            raise ToolError(str(error)) from error

    return told


def create_mcp_server(engine: Engine) -> MCPServer:
    """Build the server over an open engine.

    Parameters
    ----------
    engine : Engine
        Stays open as long as the server runs; the caller closes it.

    Returns
    -------
    mcp.server.mcpserver.MCPServer
        With the tools ``search``, ``brief``, ``film``, ``panel`` and ``timeline``; all of them
        only read, and each use is written into the audit log.
    """
    server = MCPServer(
        name="med-multimodal-rag",
        version=__version__,
        instructions="Chest films and laboratory results that answer a clinical question, each "
        "claim with the records that it rests on. Say to users what the brief says was not "
        f"found. {DISCLAIMER}",
        log_level="WARNING",
    )

    @server.tool(annotations=_READS)
    @_telling
    def search(question: Words, films: Count = 5, labs: Count = 5) -> SearchResult:
        """Rank chest films and laboratory panels for a question, each kind by itself."""
        result = engine.search(question, films=films, labs=labs)
        engine.audit.asked(ACTOR, "search", result, query=question)
        return result

    @server.tool(annotations=_READS)
    @_telling
    def brief(question: Words, films: Count = 5, labs: Count = 5) -> Brief:
        """Answer a question with claims that each cite their records, and say what is missing."""
        answer = engine.brief(question, films=films, labs=labs)
        engine.audit.asked(ACTOR, "brief", answer, query=question)
        return answer

    @server.tool(annotations=_READS)
    @_telling
    def film(id: str, source: Source = None) -> FilmRecord:  # noqa: A002 - the key of results
        """Look up one film by the id that a result or citation gives."""
        found = engine.film(id, source)
        if found is None:
            raise InputError(f"no film {id!r} is stored")
        engine.audit.viewed(ACTOR, found)
        return found

    @server.tool(annotations=_READS)
    @_telling
    def panel(report: str, source: Source = None) -> PanelRecord:
        """Look up one laboratory panel by the report that a result or citation gives."""
        found = engine.panel(report, source)
        if found is None:
            raise InputError(f"no panel {report!r} is stored")
        engine.audit.viewed(ACTOR, found)
        return found

    @server.tool(annotations=_READS)
    @_telling
    def timeline(patient: str) -> Timeline:
        """Collect all films and panels of one patient (source:identifier), in order of time."""
        found = engine.timeline(patient)
        if found is None:
            raise InputError(f"nothing is stored of a patient {patient!r}")
        engine.audit.viewed(ACTOR, found)
        return found

    return server
