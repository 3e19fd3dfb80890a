"""The page by keyboard, by the rules of accessibility, and without its scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, Request, expect

from mmrag import Engine
from mmrag.web.app import create_app
from tests.web.conftest import HEIGHT, PATIENCE_MS
from tests.web.local import served
from tests.web.shown import PNEUMONIA

ANSWER = "/?q=pneumonia&films=3&labs=2"
NOTHING = "/?q=hernia+in+men+over+110"


def test_keys_do_what_the_help_says(page: Page) -> None:
    page.goto(PNEUMONIA)
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.locator("a[data-film]").first.focus()
    columns = page.locator(".film").evaluate_all(
        "films => films.filter(f => f.offsetTop === films[0].offsetTop).length"
    )
    for key, place in (("ArrowRight", 2), ("ArrowLeft", 1), ("ArrowDown", 1 + columns),
                       ("ArrowUp", 1)):  # fmt: skip
        page.keyboard.press(key)
        expect(page.locator(f"#film-{place} a[data-film]")).to_be_focused()
    page.keyboard.press("c")
    assert page.locator("#film-1 .compare input").is_checked()
    page.keyboard.press("Enter")
    page.locator(".viewer[data-ready]").wait_for()


def test_every_key_of_the_help_is_known_to_the_tests(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys").locator("kbd").all_inner_texts()
    tested = ["/", "\N{LEFTWARDS ARROW}", "\N{RIGHTWARDS ARROW}", "\N{UPWARDS ARROW}",
              "\N{DOWNWARDS ARROW}", "Enter", "c", "i", "h", "+", "\N{MINUS SIGN}", "0", "Esc",
              "?"]  # fmt: skip
    assert keys == tested


@pytest.fixture(scope="module")
def outside(engine: Engine) -> Iterator[str]:
    """A service that asks for a token."""
    with served(create_app(engine, open_here=False)) as url:
        yield url


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_rules_of_accessibility_hold(
    browser: Browser, address: str, outside: str, scheme: str, width: int
) -> None:
    wrong = {}
    # axe puts a script into the page, which the page's own policy refuses
    context = browser.new_context(
        base_url=address, color_scheme=scheme, bypass_csp=True,  # type: ignore[arg-type]
        viewport={"width": width, "height": HEIGHT},
    )  # fmt: skip
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(ANSWER)
    film = page.locator("a[data-film]").first.get_attribute("href") or ""
    key = page.locator(".compare input").first.get_attribute("value") or ""
    for path in (
        "/", ANSWER, f"{ANSWER}#unfolded", film, f"/compare?film={key}", NOTHING,
        "/login", "/?q=WBC+outside+4+to+11", "/film?film=demo:none", f"{outside}/",
    ):  # fmt: skip
        page.goto(path)
        page.wait_for_load_state("networkidle")
        if path.endswith("#unfolded"):
            page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        found = Axe().run(page)
        wrong[path] = [
            (rule["id"], [node["target"] for node in rule["nodes"]])
            for rule in found.response["violations"]
        ]
    context.close()
    assert not {path: rules for path, rules in wrong.items() if rules}


def test_nothing_is_cut_off_or_beside_the_screen(page: Page) -> None:
    page.goto(PNEUMONIA)
    page.goto(page.locator("a[data-film]").first.get_attribute("href") or "")
    page.get_by_role("link", name="More like this").click()
    page.locator(".film").first.wait_for()
    cut = page.locator(".film .body").evaluate_all(
        "all => all.filter(each => each.scrollWidth > each.clientWidth).length"
    )
    assert cut == 0
    page.wait_for_load_state()  # keys are heard once the scripts are there
    page.keyboard.press("?")
    box = page.get_by_role("dialog", name="Keys").bounding_box()
    assert box is not None
    assert page.viewport_size is not None
    assert box["x"] >= 8
    assert box["x"] + box["width"] <= page.viewport_size["width"] - 8


def test_one_number_at_a_time_is_edited_on_the_screen(page: Page) -> None:
    page.goto("/?q=pneumothorax+in+women+over+40+under+90&films=1&labs=0")
    pencils = page.locator(".chip summary")
    assert pencils.count() == 2
    for place in range(2):
        pencils.nth(place).click()
        expect(page.get_by_role("textbox", name="Number")).to_have_count(1)
        page.get_by_role("textbox", name="Number").scroll_into_view_if_needed()
        assert page.viewport_size is not None
        width = page.viewport_size["width"]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("textbox", name="Number").press("Escape")
    expect(page.get_by_role("textbox", name="Number")).to_have_count(0)
    expect(pencils.last).to_be_focused()


def test_an_empty_question_is_not_sent(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("searchbox")).to_be_focused()
    assert page.url.endswith("/")


def test_everything_that_was_found_comes_in_one_answer_without_scripts(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))
    page.goto(PNEUMONIA)
    assert page.locator(".film").count() == 6
    assert page.locator(".panel").count() == 4
    assert page.locator(".claim").count() > 0
    assert [each.resource_type for each in sent].count("document") == 1
    assert "fetch" not in {each.resource_type for each in sent}
    page.get_by_role("link", name="Flip: rule out Effusion").click()
    assert page.get_by_role("link", name="Flip: ask for Effusion").count() == 1
    context.close()
