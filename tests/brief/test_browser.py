"""The brief in a real browser: citations jump, nothing overflows, the print is whole."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, sync_playwright

from mmrag.brief import compose, render
from mmrag.brief.heat import draw_heat
from mmrag.store.lab_terms import SeriesPoint
from tests.brief.made import Shelf, answer, asking, film, leukocytes, panel, platelets
from tests.brief.test_courses import SERIES
from tests.brief.test_heat_maps import why
from tests.brief.test_render import HOSTILE, brief_with

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


def of_all(wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], list[SeriesPoint]]:
    return dict.fromkeys(wanted, SERIES)


@pytest.fixture(scope="module")
def brief_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    result = answer(
        asking("Pneumonia", "Effusion"),
        (
            film(1, ("Pneumonia", "Effusion"), made_up=True, why=why(("Effusion", "present", 0.4))),
            film(2, None),
        ),
        (panel(1, leukocytes(), platelets(88.0, "L")), panel(2, leukocytes(7.1, "N"))),
    )
    brief = compose(result, Shelf(result))
    file = tmp_path_factory.mktemp("pages") / "brief.html"
    picture = draw_heat(np.full((240, 200), 90, np.uint8), np.eye(9, dtype=np.float32), 192)
    page = render(
        brief,
        "html",
        courses=of_all,
        thumbnail=lambda _: picture,
        heat=lambda *_: picture,
    )
    file.write_text(page, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser.new_page()
        browser.close()


def overflow(page: Page) -> int:
    wider: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return wider


@pytest.mark.parametrize("width", [1280, 768, 390])
@pytest.mark.parametrize("place", ["", "#lab-1", "#film-2"])
def test_nothing_is_wider_than_the_screen(
    page: Page, brief_file: Path, width: int, place: str
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("about:blank")
    page.goto(brief_file.as_uri() + place)
    assert page.locator("svg.course").count() == 1
    assert overflow(page) <= 0


@pytest.mark.parametrize("width", [1280, 390])
def test_a_heat_map_stands_beside_its_film(page: Page, brief_file: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(brief_file.as_uri())
    film, heat = (page.locator("#film-1 img").nth(n).bounding_box() for n in (0, 1))
    assert film is not None
    assert heat is not None
    assert film["y"] == heat["y"]
    assert (film["width"], film["height"]) == (heat["width"], heat["height"])
    assert film["x"] + film["width"] <= heat["x"] < width
    assert film["width"] > 100


def test_a_citation_jumps_to_its_record_highlights_it_and_opens_it(
    page: Page, brief_file: Path
) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(brief_file.as_uri())
    plain = page.locator("#lab-1").evaluate("e => getComputedStyle(e).outlineStyle")
    assert not page.locator("#lab-1 table").is_visible()
    page.locator('a[href="#lab-1"]').first.click()
    assert page.locator("#lab-1").evaluate("e => getComputedStyle(e).outlineStyle") != plain
    assert page.locator("#lab-1 table").is_visible()


@pytest.mark.parametrize("text", [HOSTILE[0], HOSTILE[1], HOSTILE[10], HOSTILE[11]])
def test_hostile_names_run_nothing_and_break_no_layout(
    page: Page, tmp_path: Path, text: str
) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    file = tmp_path / "brief.html"
    file.write_text(render(brief_with(text), "html", courses=of_all), encoding="utf-8")
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(file.as_uri())
    assert not dialogs
    assert overflow(page) <= 0


def test_it_prints(page: Page, brief_file: Path) -> None:
    page.goto(brief_file.as_uri())
    assert page.pdf(format="A4", print_background=True).startswith(b"%PDF")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.emulate_media(media="screen", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 20, 26)"
