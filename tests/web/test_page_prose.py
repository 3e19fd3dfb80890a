"""A language model's words on the page, in a real browser, at two widths."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from mmrag import Engine, Settings
from mmrag.web.app import create_app
from tests.brief.writer.speaking import send, serving
from tests.web.local import served

QUESTION = "/?q=pneumothorax&films=2&labs=0"


@dataclass
class Model:
    """Says the first claim, and the rest when it may."""

    goes_on: threading.Event = field(default_factory=threading.Event)
    fails: bool = False

    def answer(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if self.fails:
            send(handler, "no", "text/plain", 500)
            return
        told = [json.loads(line) for line in body["messages"][1]["content"].splitlines()[1:]]
        said = [{"text": claim["text"], "claims": [claim["id"]]} for claim in told[:2]]
        said.append({"text": "<img src=x> A CT is recommended.", "claims": [told[0]["id"]]})
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        for sentence in said:
            content = json.dumps(sentence) + "\n"
            piece = {"choices": [{"delta": {"content": content}, "finish_reason": None}]}
            handler.wfile.write(f"data: {json.dumps(piece)}\n\n".encode())
            handler.wfile.flush()
            self.goes_on.wait(20)
        handler.wfile.write(b"data: [DONE]\n\n")


@pytest.fixture(scope="module")
def model() -> Model:
    return Model()


@pytest.fixture(scope="module")
def address(filled_home: Path, model: Model) -> Iterator[str]:
    with serving(model.answer) as speaking:
        settings = Settings(
            home=filled_home, dsn=None, writer_url=speaking.url, writer_model="tiny"
        )
        with (
            Engine.open(settings=settings) as engine,
            served(create_app(engine, writer=True)) as url,
        ):
            yield url


@pytest.fixture(autouse=True)
def _from_the_start(model: Model) -> None:
    model.goes_on.clear()
    model.fails = False


def test_sentences_arrive_one_by_one_and_point_at_their_claims(page: Page, model: Model) -> None:
    page.goto(QUESTION)
    prose = page.locator("#prose")
    sentences = prose.locator(".sentences li")
    expect(sentences).to_have_count(1)
    assert page.locator(".film").count() == 2  # what was found waits for nobody
    expect(prose.get_by_role("status")).to_have_text("Being written …")
    model.goes_on.set()
    expect(prose.get_by_role("status")).to_have_text("")
    expect(sentences).to_have_count(2)
    assert "2 sentences by tiny at 127.0.0.1" in prose.inner_text()
    prose.get_by_text("Not printed: 1").click()
    assert "it holds markup" in prose.inner_text()
    assert prose.locator("img").count() == 0
    sentences.last.get_by_role("link").first.click()
    claim = page.url.rpartition("#")[2]
    expect(page.locator(f"#{claim}")).to_be_in_viewport()
    said = page.locator(f"#{claim} p").first.inner_text()
    assert said in sentences.last.inner_text()


def test_another_question_leaves_the_first_ones_words(page: Page, model: Model) -> None:
    page.goto(QUESTION)
    expect(page.locator("#prose .sentences li")).to_have_count(1)
    page.get_by_role("searchbox").fill("cardiomegaly")
    page.keyboard.press("Enter")
    page.locator(".chip", has_text="Cardiomegaly").wait_for()
    model.goes_on.set()
    expect(page.locator("#prose").get_by_role("status")).to_have_text("")
    assert "neumothorax" not in page.locator("#prose").inner_text()


def test_a_model_that_fails_leaves_the_claims_and_says_so(page: Page, model: Model) -> None:
    model.fails = True
    page.goto(QUESTION)
    expect(page.locator("#prose")).to_contain_text("HTTP 500: check address")
    assert page.locator(".claim").count() > 0
    assert page.locator("#prose .sentences li").count() == 0
