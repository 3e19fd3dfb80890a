"""The brief as a file, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from mmrag import Engine
from mmrag.brief import render


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    yield opened
    opened.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_brief_fits_the_screen_and_calls_nobody(
    page: Page, engine: Engine, tmp_path: Path, width: int
) -> None:
    file = tmp_path / "brief.html"
    answer = engine.brief("pneumonia with pleural effusion", films=4, labs=3)
    file.write_text(render(answer, "html", thumbnail=engine.thumbnail), encoding="utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert all(url.startswith(("file:", "data:")) for url in asked)


def test_a_citation_jumps_to_its_record(page: Page, engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "brief.html"
    answer = engine.brief("pneumonia with pleural effusion", films=4, labs=3)
    file.write_text(render(answer, "html", thumbnail=engine.thumbnail), encoding="utf-8")
    page.goto(file.as_uri())
    page.locator(".claims a").first.click()
    target = page.evaluate("location.hash.slice(1)")
    assert page.locator(f'[id="{target}"]').count() == 1
