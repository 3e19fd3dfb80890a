"""The server for copilots, asked by the protocol's own client, in process and as a command."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from mmrag import Engine
from mmrag.mcp_server import create_mcp_server

Ask = Callable[[Client], Awaitable[Any]]


def asked(server: object, ask: Ask) -> Any:
    async def run() -> Any:
        async with Client(server) as client:  # type: ignore[arg-type]
            return await ask(client)

    return asyncio.run(run())


def called(engine: Engine, tool: str, **arguments: object) -> Any:
    return asked(create_mcp_server(engine), lambda client: client.call_tool(tool, arguments))


def test_the_tools_are_named_described_and_only_read(engine: Engine) -> None:
    tools = asked(create_mcp_server(engine), lambda client: client.list_tools()).tools
    assert {tool.name for tool in tools} == {"search", "brief", "film", "panel", "timeline"}
    for tool in tools:
        assert tool.description
        assert tool.annotations.read_only_hint


def test_a_brief_is_the_engines(engine: Engine) -> None:
    answer = called(engine, "brief", question="pneumothorax", films=2, labs=2)
    expected = json.loads(engine.brief("pneumothorax", films=2, labs=2).model_dump_json())
    got = answer.structured_content
    assert [claim["text"] for claim in got["claims"]] == [c["text"] for c in expected["claims"]]
    assert "not for clinical" in got["disclaimer"]


def test_what_a_result_names_can_be_looked_up(engine: Engine) -> None:
    found = called(engine, "search", question="effusion with leukocytosis").structured_content
    film, lab = found["films"][0], found["labs"][0]
    assert called(engine, "film", id=film["id"]).structured_content["patient"] == film["patient"]
    panel = called(engine, "panel", report=lab["report"]).structured_content
    assert len(panel["observations"]) == len(lab["observations"])
    story = called(engine, "timeline", patient=lab["patient"]).structured_content
    assert lab["report"] in {each["report"] for each in story["panels"]}


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("search", {"question": ""}, "empty question"),
        ("search", {"question": "effusion", "films": -1}, "greater than or equal to 0"),
        ("film", {"id": "../../etc/passwd"}, "no film"),
        ("panel", {"report": "x"}, "no panel"),
        ("timeline", {"patient": "nobody:1"}, "nothing is stored"),
    ],
)
def test_wrong_use_is_an_error_that_says_why(
    engine: Engine, tool: str, arguments: dict[str, object], said: str
) -> None:
    answer = called(engine, tool, **arguments)
    assert answer.is_error
    assert said in answer.content[0].text


def test_uses_are_written_down(engine: Engine) -> None:
    before = engine.audit.verify().entries
    called(engine, "search", question="pneumothorax", films=1, labs=0)
    (entry,) = engine.audit.entries(before)
    said = json.loads(entry.written)
    assert (said["actor"], said["action"], said["query"]) == ("mcp", "search", "pneumothorax")


def test_a_timeline_is_written_down_with_all_that_it_shows(engine: Engine) -> None:
    patient = engine.search("leukocytosis", films=0, labs=1).labs[0].patient
    before = engine.audit.verify().entries
    story = called(engine, "timeline", patient=patient).structured_content
    (entry,) = engine.audit.entries(before)
    said = json.loads(entry.written)
    assert said["detail"] == patient
    assert set(said["records"]) == {
        *(f"film:{film['id']}" for film in story["films"]),
        *(f"report:{panel['report']}" for panel in story["panels"]),
    }


def test_the_command_speaks_over_standard_input(filled_home: Path, engine: Engine) -> None:
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "mmrag", "mcp"], env={"MMRAG_HOME": str(filled_home)}
    )
    answer = asked(
        server, lambda client: client.call_tool("search", {"question": "effusion", "films": 1})
    )
    assert len(answer.structured_content["films"]) == 1
