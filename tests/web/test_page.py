"""The page in a real browser, point by point, at two widths."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from mmrag import Engine
from mmrag.sources.demo import DemoFolders
from mmrag.web.app import create_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WOMEN = "/?q=effusion+without+pneumothorax+in+women+over+60"
PNEUMONIA = "/?q=pneumonia+with+pleural+effusion&films=6&labs=4"
PATIENCE_MS = 20_000

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def address(engine: Engine) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(create_app(engine), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(params=[1280, 390])
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """A page of each width, which must complain of nothing and ask nobody else."""
    context = browser.new_context(
        viewport={"width": request.param, "height": 900}, base_url=address, accept_downloads=True
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
    assert opened.evaluate("document.documentElement.scrollWidth") <= request.param
    context.close()


@pytest.fixture
def wide(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=address)
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def asked(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def compiled(page: Page) -> dict[str, object]:
    content: dict[str, object] = json.loads(asked(page)["query"][0])
    return content


def chip(page: Page, text: str) -> str:
    return page.locator(".chip", has_text=text).locator(".flip").inner_text()


def test_an_example_fills_the_bar_and_reads_as_chips(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="effusion without pneumothorax in women over 60").click()
    page.get_by_role("heading", name="Clinical Brief").wait_for()
    texts = [each.strip() for each in page.locator(".chip .flip").all_inner_texts()]
    assert texts == ["+ Effusion", "\N{MINUS SIGN} Pneumothorax", "women", "> 60 y"]
    assert page.get_by_role("searchbox").input_value() == (
        "effusion without pneumothorax in women over 60"
    )
    drawn = page.evaluate("[...document.images].map(i => [i.loading, i.complete, i.naturalWidth])")
    assert drawn
    assert "For research only" in page.locator("header").inner_text()
    assert page.locator("#live").inner_text().startswith(f"{len(drawn)} films")


def test_chips_flip_change_and_go_and_the_address_holds_it_all(page: Page) -> None:
    page.goto(WOMEN)
    page.get_by_role("link", name="Flip: rule out Effusion").click()
    page.get_by_role("link", name="Flip: ask for Effusion").wait_for()
    findings = compiled(page)["findings"]
    assert isinstance(findings, list)
    assert {(each["finding"], each["assertion"]) for each in findings} == {
        ("Effusion", "absent"), ("Pneumothorax", "absent"),
    }  # fmt: skip
    page.get_by_role("link", name="Remove women").click()
    expect(page.get_by_role("link", name="Remove women")).to_have_count(0)
    page.get_by_label("Edit the number of > 60 y").click()
    page.get_by_role("textbox", name="Number").fill("40")
    page.get_by_role("button", name="Set").click()
    page.get_by_role("link", name="Remove > 40 y").wait_for()
    page.reload()
    page.get_by_role("link", name="Remove > 40 y").wait_for()
    page.go_back()
    page.get_by_role("link", name="Remove > 60 y").wait_for()


def test_a_number_of_a_result_is_a_chip(page: Page) -> None:
    page.goto("/?q=WBC+above+12&films=2&labs=2")
    page.locator(".chip", has_text="> 12").locator("summary").click()
    page.get_by_role("textbox", name="Number").fill("9,5")
    page.get_by_role("button", name="Set").click()
    page.locator(".chip", has_text="> 9.5").locator("a.flip").click()
    page.locator(".chip", has_text="≤ 9.5").wait_for()
    assert page.locator(".panel").count() > 0


def test_a_film_is_chosen_and_asked_with(page: Page, made_up: DemoFolders) -> None:
    film = next((made_up.films / "images").glob("*.png"))
    page.goto("/?q=effusion")
    page.set_input_files("#film-file", film)
    page.get_by_text("like the film that you gave").wait_for()
    assert len(asked(page)["image"][0]) == 64
    assert page.locator(".film").count() > 0
    page.get_by_role("link", name="Remove the film").click()
    expect(page.get_by_text("like the film that you gave")).to_have_count(0)
    assert "image" not in asked(page)


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_a_film_is_dropped_or_pasted(wide: Page, made_up: DemoFolders, way: str) -> None:
    film = next((made_up.films / "images").glob("*.png")).read_bytes()
    wide.goto("/")
    wide.evaluate(
        """([bytes, way]) => {
          const carrier = new DataTransfer();
          carrier.items.add(new File([new Uint8Array(bytes)], "f.png", { type: "image/png" }));
          const kinds = { drop: DragEvent, paste: ClipboardEvent };
          const event = new kinds[way](way, {
            bubbles: true, cancelable: true, dataTransfer: carrier, clipboardData: carrier,
          });
          document.body.dispatchEvent(event);
        }""",
        [list(film), way],
    )
    wide.get_by_text("like the film that you gave").wait_for()


def test_what_is_no_film_is_said_in_one_line(page: Page, tmp_path: Path) -> None:
    wrong = tmp_path / "film.png"
    wrong.write_bytes(b"no picture")
    page.goto("/")
    page.set_input_files("#film-file", wrong)
    assert "not a PNG or JPEG" in page.get_by_role("alert").inner_text()
    page.goto(f"/?image={'0' * 64}")
    assert "give the film again" in page.get_by_role("alert").inner_text()


def test_facets_count_what_is_left_and_narrow_it(page: Page) -> None:
    page.goto("/?q=effusion&labs=2")
    if page.viewport_size and page.viewport_size["width"] < 800:
        page.get_by_role("heading", name="Narrow").click()
    titles = page.locator(".facet h3")
    titles.first.wait_for()
    assert {"Finding, by label", "View", "Sex", "Age", "Labels", "Films from", "High results",
            "Measured"} <= set(titles.all_inner_texts())  # fmt: skip
    women = page.get_by_role("region", name="Sex").get_by_role("link", name="women")
    expected = int(women.locator(".count").inner_text())
    women.click()
    page.get_by_role("link", name="Remove women").wait_for()
    said = page.locator("#films-title small").inner_text()
    assert re.search(rf"of {expected} that answer", said)
    if page.viewport_size and page.viewport_size["width"] < 800:
        page.get_by_role("heading", name="Narrow").click()
    page.get_by_role("region", name="Labels").get_by_role("link", name=re.compile("^lab")).click()
    page.get_by_role("link", name="Remove labelled films").wait_for()
    assert compiled(page)["among"] == {"labelled": True}


def test_films_stand_beside_results_with_provenance_and_drawings(page: Page) -> None:
    page.goto(PNEUMONIA)
    film = page.locator(".film").first
    assert "label of the made-up set" in film.inner_text()
    assert re.search(r"pixels 0\.\d\d, label [+-]0\.\d\d", film.inner_text())
    assert film.locator("svg.evidence rect.pixels").count() > 0
    assert "made up" in film.inner_text()
    panel = page.locator(".panel").first
    assert panel.locator("svg.bar").count() > 0
    assert panel.locator(".flag").first.inner_text() in {"H", "HH", "L", "LL", "N"}
    assert page.locator(".linkage").inner_text().startswith(("Same patient.", "Cohort."))


def test_a_course_of_the_same_patient_is_drawn(page: Page) -> None:
    page.goto("/?q=leukocytosis&labs=8")
    assert page.locator("svg.course polyline").count() > 0


def test_nothing_found_is_said(page: Page) -> None:
    page.goto("/?q=hernia+in+men+over+110")
    assert "No films found" in page.locator(".nothing").first.inner_text()


def test_a_claim_lights_its_film_and_a_click_pins_it(page: Page) -> None:
    page.goto(PNEUMONIA)
    claim = page.locator('.claim[data-lights="film-1"]').first
    claim.scroll_into_view_if_needed()
    claim.hover()
    expect(page.locator("#film-1")).to_have_class(re.compile("lit"))
    pin = claim.get_by_role("button")
    pin.click()
    assert pin.get_attribute("aria-pressed") == "true"
    page.mouse.move(0, 0)
    expect(page.locator("#film-1")).to_have_class(re.compile("pinned"))
    pin.click()
    expect(page.locator("#film-1")).not_to_have_class(re.compile("pinned"))
    value = page.locator('.claim[data-lights^="value-"]').first
    value.get_by_role("button").focus()
    place = value.get_attribute("data-lights")
    expect(page.locator(f"#{place}")).to_have_class(re.compile("lit"))
    claim.locator(".cites a").first.click()
    assert page.url.endswith("#film-1")


def corner(page: Page) -> list[int]:
    """Mean brightness of the drawn film, and how coloured it is."""
    pixels: list[int] = page.evaluate(
        """() => {
          const canvas = document.querySelector(".viewer canvas");
          const { width, height } = canvas;
          const copy = new OffscreenCanvas(width, height)
            .getContext("2d", { willReadFrequently: true });
          copy.drawImage(canvas, 0, 0);
          const { data } = copy.getImageData(0, 0, width, height);
          let light = 0, colour = 0;
          for (let i = 0; i < data.length; i += 4) {
            light += data[i + 1]; colour += Math.abs(data[i] - data[i + 2]);
          }
          return [4 * light / data.length, 4 * colour / data.length].map(Math.round);
        }"""
    )
    return pixels


def test_the_film_view_moves_windows_inverts_and_explains(page: Page) -> None:
    page.goto(PNEUMONIA)
    page.locator("a[data-film]").first.click()
    viewer = page.locator(".viewer[data-ready]")
    viewer.wait_for()
    box = viewer.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + min(box["height"], 500) / 2
    page.mouse.move(x, y)
    page.mouse.wheel(0, -100)
    expect(viewer).to_have_attribute("data-zoom", "1.250")
    page.mouse.down()
    page.mouse.move(x + 40, y + 10, steps=2)
    page.mouse.up()
    assert viewer.get_attribute("data-place") != "0.000 0.000"
    page.keyboard.press("0")
    expect(viewer).to_have_attribute("data-zoom", "1.000")
    plain = corner(page)
    page.keyboard.press("i")
    assert abs(corner(page)[0] - plain[0]) > 5
    page.keyboard.press("i")
    assert corner(page) == plain
    page.get_by_role("button", name="Window by drag").click()
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y - 80, steps=2)
    page.mouse.up()
    assert page.locator('[data-says="window"]').inner_text() != "window 255, level 128"
    page.keyboard.press("0")
    page.keyboard.press("h")
    page.locator(".heat-note:visible").wait_for()
    assert corner(page)[1] > plain[1]
    page.keyboard.press("h")
    assert corner(page) == plain
    assert "demo:" in page.get_by_role("complementary", name="Record").inner_text()


def test_from_a_film_to_films_like_it_and_back(page: Page) -> None:
    page.goto(PNEUMONIA)
    page.locator("a[data-film]").first.click()
    page.get_by_role("link", name="Back to the results").click()
    page.get_by_role("heading", name="Clinical Brief").wait_for()
    assert "pneumonia" in asked(page)["q"][0]
    page.locator("a[data-film]").first.click()
    page.get_by_role("link", name="More like this").click()
    page.get_by_text("like film demo:").wait_for()
    assert page.locator(".film").count() > 0
    page.go_back()
    page.locator(".without a").first.click()
    page.locator(".chip.absent").wait_for()
    page.get_by_text("like film demo:").wait_for()


def test_films_are_compared_with_one_zoom(page: Page) -> None:
    page.goto(PNEUMONIA)
    for place in range(3):
        page.locator(".compare input").nth(place).check()
    assert "3 of up to four" in page.locator("#marked").inner_text()
    page.get_by_role("button", name="Compare marked films").click()
    expect(page.locator(".viewer[data-ready]")).to_have_count(3)
    page.get_by_role("button", name="Larger").click()
    zooms = page.locator(".viewer").evaluate_all("all => all.map(each => each.dataset.zoom)")
    assert zooms == ["1.250"] * 3


@pytest.mark.parametrize(
    ("title", "holds"),
    [("HTML brief", "Clinical Brief"), ("JSON", '"claims"'), ("CSV table", "leg,rank,id"),
     ("FHIR R4 bundle", '"resourceType"')],
)  # fmt: skip
def test_what_is_shown_is_exported(wide: Page, engine: Engine, title: str, holds: str) -> None:
    before = engine.audit.verify().entries
    wide.goto("/?q=pneumonia&films=3&labs=2")
    wide.get_by_text("Export", exact=True).click()
    with wide.expect_download() as got:
        wide.get_by_role("link", name=title).click()
    assert holds in got.value.path().read_text(encoding="utf-8")
    actions = [json.loads(each.written)["action"] for each in engine.audit.entries(before)]
    assert actions == ["brief", "export"]
    assert "mmrag brief pneumonia --films 3 --labs 2" in wide.locator("#command").inner_text()


def test_keys_do_what_the_help_says(page: Page) -> None:
    page.goto(PNEUMONIA)
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.locator("a[data-film]").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.closest('.film').id") == "film-2"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("c")
    assert page.locator("#film-1 .compare input").is_checked()
    page.keyboard.press("Enter")
    page.locator(".viewer[data-ready]").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_rules_of_accessibility_hold(browser: Browser, address: str, scheme: str) -> None:
    wrong = {}
    # axe puts a script into the page, which the page's own policy refuses
    context = browser.new_context(
        base_url=address, color_scheme=scheme, bypass_csp=True,  # type: ignore[arg-type]
        viewport={"width": 1280, "height": 900},
    )  # fmt: skip
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    for path in ("/", "/?q=pneumonia&films=3&labs=2", "film", "/login"):
        if path == "film":
            page.goto(page.locator("a[data-film]").first.get_attribute("href") or "")
        else:
            page.goto(path)
        page.wait_for_load_state("networkidle")
        found = Axe().run(page)
        wrong[path] = [
            (rule["id"], [node["target"] for node in rule["nodes"]])
            for rule in found.response["violations"]
        ]
    context.close()
    assert not {path: rules for path, rules in wrong.items() if rules}


def test_a_newcomer_finds_the_films_and_takes_the_brief_along(page: Page) -> None:
    """Effusion without pneumothorax in women over 60, from the page alone."""
    page.goto("/")
    page.get_by_role("searchbox").fill("effusion, no pneumothorax, women over 60")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Clinical Brief").wait_for()
    for film in page.locator(".film .body").all_inner_texts():
        age = re.search(r"female, (\d+) years", film)
        assert age is not None
        assert int(age[1]) >= 60
        assert "Pneumothorax" not in film.splitlines()[0]
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as got:
        page.get_by_role("link", name="HTML brief").click()
    assert got.value.suggested_filename == "brief.html"
    written = got.value.path().read_text(encoding="utf-8")
    for words in ("Effusion[^<]* present", "Pneumothorax[^<]* absent", "female"):
        assert re.search(words, written), words
