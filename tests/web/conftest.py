"""The page in a real browser, at two widths."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from mmrag import Engine
from mmrag.web.app import create_app
from tests.web.local import served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE_MS = 20_000
HEIGHT = 900


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's own Chromium; skips where there is none.

    It goes with its module: while it is open no other test can run a loop of its own.
    """
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(engine: Engine) -> Iterator[str]:
    """Where the service is; a module may put another in its place."""
    with served(create_app(engine)) as url:
        yield url


@pytest.fixture(params=[1280, 390])
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """A page of each width, which must complain of nothing and ask nobody else."""
    context = browser.new_context(
        viewport={"width": request.param, "height": HEIGHT},
        base_url=address,
        accept_downloads=True,
    )
    context.set_default_timeout(PATIENCE_MS)
    opened = context.new_page()
    complaints: list[str] = []
    refused: list[str] = []

    def watch(asked: Request) -> None:
        if not asked.url.startswith((address, "blob:", "data:")):
            complaints.append(f"asked {asked.url}")

    opened.on("request", watch)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console",
        lambda said: (refused if "400 (Bad Request)" in said.text else complaints).append(
            said.text
        ),
    )
    yield opened
    assert not complaints
    opened.wait_for_load_state()
    assert opened.evaluate("document.documentElement.scrollWidth") <= request.param
    context.close()
