"""One question on the page is searched once, though a language model writes its answer later."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from mmrag import Brief, Engine, Settings
from mmrag.client import read_events
from mmrag.store import Scope
from mmrag.web.app import create_app
from mmrag.web.unwritten import MOST, SECONDS, Unwritten
from tests.brief.writer.speaking import brief, serving
from tests.brief.writer.test_command import repeating
from tests.web.local import local

ASKED = "/?q=pleural+effusion&films=2&labs=2"


@pytest.fixture(scope="module")
def engine(filled_home: Path) -> Iterator[Engine]:
    with serving(repeating) as model:
        settings = Settings(home=filled_home, dsn=None, writer_url=model.url, writer_model="tiny")
        with Engine.open(settings=settings) as opened:
            yield opened


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions that were searched."""
    asked: list[str] = []
    search = Engine.search

    def counted(engine: Engine, text: Any = "", **options: Any) -> Any:
        asked.append(str(text))
        return search(engine, text, **options)

    monkeypatch.setattr(Engine, "search", counted)
    return asked


def in_words(page: str) -> str:
    (address,) = re.findall(r'data-events="([^"]+)"', page)
    return unescape(address)


def sentences(client: TestClient, address: str, **headers: str) -> int:
    told = [name for name, _ in read_events([client.get(address, headers=headers).content])]
    assert told[-1] == b"done"
    return told.count(b"sentence")


def test_the_words_of_an_answer_need_no_second_search(engine: Engine, searches: list[str]) -> None:
    with local(create_app(engine, writer=True)) as client:
        address = in_words(client.get(ASKED).text)
        assert sentences(client, address) > 0
        assert searches == ["pleural effusion"]
        kept = [json.loads(each.written) for each in engine.audit.entries()][-2:]
        assert [each["detail"] for each in kept] == ["", "written by a language model"]
        assert kept[0]["query"] == kept[1]["query"] == "pleural effusion"
        assert kept[0]["records"] == kept[1]["records"]
        assert sentences(client, address) > 0  # who comes again is answered, by a search
        assert len(searches) == 2


def test_an_answer_is_written_for_nobody_else(engine: Engine, searches: list[str]) -> None:
    one, other = (
        {"authorization": f"Bearer {engine.tokens.create('ward', [Scope.READ])[1]}"}
        for _ in range(2)
    )
    with TestClient(create_app(engine, open_here=False, writer=True)) as client:
        address = in_words(client.get(ASKED, headers=one).text)
        sentences(client, address, **other)
        assert len(searches) == 2
        sentences(client, address, **one)
        assert len(searches) == 2


def test_without_a_language_model_nothing_is_kept(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keep(*_: object) -> str:
        raise AssertionError("an answer was kept")

    monkeypatch.setattr(Unwritten, "keep", keep)
    with local(create_app(engine)) as client:
        assert "data-events" not in client.get(ASKED).text


def test_answers_are_kept_for_a_while_and_few() -> None:
    now = [0.0]
    kept = Unwritten(clock=lambda: now[0])
    answer: Brief = brief()
    names = [kept.keep("ward", answer) for _ in range(MOST + 1)]
    assert kept.take("ward", names[0]) is None  # the oldest went when one more came
    assert kept.take("ward", names[1]) is answer
    assert kept.take("ward", names[1]) is None
    now[0] = SECONDS - 1
    late = kept.keep("ward", answer)
    now[0] = SECONDS
    assert kept.take("ward", names[2]) is None
    assert kept.take("ward", late) is answer
