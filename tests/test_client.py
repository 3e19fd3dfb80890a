"""The client over a real socket: what the engine gives, and one line for what goes wrong."""

from __future__ import annotations

import inspect
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmrag import Brief, Client, Engine, InputError, OutsideError
from mmrag.settings import Settings
from mmrag.sources.demo import DemoFolders
from mmrag.store import Scope
from mmrag.web.app import create_app
from tests.web.local import served


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[Client]:
    with served(create_app(engine, Settings(), open_here=True)) as url, Client(url) as opened:
        yield opened


def without_moment(brief: Brief) -> dict[str, object]:
    return brief.model_dump(exclude={"made"})


def test_its_methods_are_the_engines() -> None:
    for name, method in inspect.getmembers(Client, inspect.isfunction):
        if name.startswith("_") or name == "close":
            continue
        wanted = inspect.signature(getattr(Engine, name)).parameters
        given = inspect.signature(method).parameters
        assert list(given) == [each for each in wanted if each in given], name
        for each in given:
            assert given[each].default == wanted[each].default, (name, each)


def test_answers_are_the_engines(client: Client, engine: Engine) -> None:
    question = "pneumonia with pleural effusion"
    found = client.search(question, films=3, labs=2)
    assert found.model_dump_json() == engine.search(question, films=3, labs=2).model_dump_json()
    brief = client.brief(question, films=3, labs=2)
    assert without_moment(brief) == without_moment(
        Brief.model_validate_json(engine.brief(question, films=3, labs=2).model_dump_json())
    )
    assert client.status().films == engine.status().films


def test_a_film_can_be_the_question(client: Client, engine: Engine) -> None:
    film = Path(engine.search("pneumothorax", films=1, labs=0).films[0].file)
    ours, theirs = (each.search(image=film, films=3, labs=0) for each in (engine, client))
    assert [hit.id for hit in theirs.films] == [hit.id for hit in ours.films]


def test_records_are_looked_up(client: Client, engine: Engine) -> None:
    found = engine.search("effusion with leukocytosis", films=1, labs=1)
    film, lab = found.films[0], found.labs[0]
    stored = engine.film(film.id, film.source)
    assert stored is not None
    assert client.film(film.id, film.source) == stored.model_copy(update={"file": ""})
    assert client.panel(lab.report) == engine.panel(lab.report)
    story = client.timeline(lab.patient)
    assert story is not None
    assert lab.report in {panel.report for panel in story.panels}
    for missing in (client.film("a/b?c#d"), client.panel("x"), client.timeline("x:1")):
        assert missing is None


def test_wrong_use_is_the_same_error(client: Client) -> None:
    with pytest.raises(InputError, match="text"):
        client.search("")
    with pytest.raises(InputError, match=r"[Nn]o such file"):
        client.search(image="/nowhere/film.png")


def test_an_ingest_is_waited_for(made_up: DemoFolders, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", ingest_roots=(made_up.labs.parent,))
    with (
        Engine.open(settings=settings) as engine,
        served(create_app(engine, settings, open_here=True)) as url,
        Client(url) as client,
    ):
        assert client.ingest("synthea", made_up.labs).labs.added > 0
        with pytest.raises(InputError, match="may ingest from"):
            client.ingest("synthea", tmp_path)


def test_a_token_opens_a_guarded_service(engine: Engine) -> None:
    _, secret = engine.tokens.create("client", [Scope.READ])
    with served(create_app(engine, Settings(), open_here=False)) as url:
        with Client(url) as stranger, pytest.raises(InputError, match="mmrag token create"):
            stranger.status()
        with Client(url, token=secret) as known:
            assert known.status().films


def test_nobody_there_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        Client(f"http://127.0.0.1:{port}") as client,
        pytest.raises(OutsideError, match="mmrag serve"),
    ):
        client.status()
