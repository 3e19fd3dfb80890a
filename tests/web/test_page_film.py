"""The film view and the comparison in a real browser, at two widths."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.web.shown import PNEUMONIA, asked


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
    assert "3 of 4 marked" in page.locator("#marked").inner_text()
    page.get_by_role("button", name="Compare marked films").click()
    expect(page.locator(".viewer[data-ready]")).to_have_count(3)
    page.get_by_role("button", name="Larger").click()
    zooms = page.locator(".viewer").evaluate_all("all => all.map(each => each.dataset.zoom)")
    assert zooms == ["1.250"] * 3


def opened(page: Page) -> Locator:
    """Open the first film; gives its viewer."""
    page.goto(PNEUMONIA)
    page.locator("a[data-film]").first.click()
    viewer = page.locator(".viewer[data-ready]")
    viewer.wait_for()
    return viewer


@pytest.mark.parametrize("button", ["left", "right"])
def test_shift_or_the_right_button_set_window_and_level(
    page: Page, button: Literal["left", "right"]
) -> None:
    viewer = opened(page)
    box = viewer.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + 200
    said = page.locator('[data-says="window"]')
    assert said.inner_text() == "window 255, level 128"
    if button == "left":
        page.keyboard.down("Shift")
    page.mouse.move(x, y)
    page.mouse.down(button=button)
    page.mouse.move(x - 40, y + 40, steps=4)
    page.mouse.up(button=button)
    page.keyboard.up("Shift")
    window, level = map(int, re.findall(r"\d+", said.inner_text()))
    assert window < 255
    assert level > 128
    assert viewer.get_attribute("data-place") == "0.000 0.000"


def test_keys_of_the_film_view(page: Page) -> None:
    viewer = opened(page)
    page.keyboard.press("+")
    expect(viewer).to_have_attribute("data-zoom", "1.250")
    page.keyboard.press("-")
    expect(viewer).to_have_attribute("data-zoom", "1.000")
    viewer.locator("canvas").focus()
    for key, place in (("ArrowRight", "-0.050 0.000"), ("ArrowDown", "-0.050 -0.050"),
                       ("ArrowLeft", "0.000 -0.050"), ("ArrowUp", "0.000 0.000")):  # fmt: skip
        page.keyboard.press(key)
        expect(viewer).to_have_attribute("data-place", place)
    for key, name in (("i", "Invert"), ("h", "Heat map")):
        tool = page.get_by_role("button", name=name, exact=True)
        page.keyboard.press(key)
        expect(tool).to_have_attribute("aria-pressed", "true")
        page.keyboard.press(key)
        expect(tool).to_have_attribute("aria-pressed", "false")


def test_there_and_back_by_keyboard_with_the_question_kept(page: Page) -> None:
    page.goto("/?q=effusion&films=4&labs=1")
    page.get_by_role("link", name="Flip: rule out Effusion").click()
    page.get_by_role("link", name="Flip: ask for Effusion").wait_for()
    before = page.locator(".film code").all_inner_texts()
    page.locator("a[data-film]").nth(1).focus()
    page.keyboard.press("Enter")
    page.locator(".viewer[data-ready]").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Flip: ask for Effusion").wait_for()
    assert (asked(page)["films"], asked(page)["labs"]) == (["4"], ["1"])
    assert page.locator(".film code").all_inner_texts() == before
    expect(page.locator("#film-2 a[data-film]")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#film-3 a[data-film]")).to_be_focused()


def test_wheel_and_drag_on_one_film_move_all_that_are_compared(page: Page) -> None:
    page.goto(PNEUMONIA)
    for place in range(2):
        page.locator(".compare input").nth(place).check()
    page.get_by_role("button", name="Compare marked films").click()
    viewers = page.locator(".viewer[data-ready]")
    expect(viewers).to_have_count(2)
    box = viewers.first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 3)
    page.mouse.wheel(0, -100)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=3)
    page.mouse.up()
    shown = viewers.evaluate_all("all => all.map(v => [v.dataset.zoom, v.dataset.place])")
    assert shown[0] == shown[1]
    assert shown[0][0] == "1.250"
    assert shown[0][1] != "0.000 0.000"
    page.keyboard.press("Escape")
    page.get_by_role("heading", name="Clinical Brief").wait_for()
    assert "pneumonia" in asked(page)["q"][0]


def test_the_heat_map_is_of_the_finding_that_stands_there(page: Page) -> None:
    """A slow map of the finding before never lies under the name of another."""
    page.goto("/?q=mass&films=2&labs=0")
    page.locator("a[data-film]").first.click()
    viewer = page.locator(".viewer[data-ready]")
    viewer.wait_for()
    finding = page.get_by_label("Finding")
    assert finding.input_value() == "Mass"  # as the question asks
    held: list[Route] = []
    page.route("**/heat-map*finding=Mass*", lambda route: held.append(route))
    page.keyboard.press("h")
    finding.select_option("Hernia")
    expect(viewer).to_have_attribute("data-heat", "Hernia")
    with page.expect_response("**/heat-map*finding=Mass*") as late:
        held[0].continue_()
    late.value.finished()
    page.wait_for_timeout(300)
    expect(viewer).to_have_attribute("data-heat", "Hernia")
    page.unroute("**/heat-map*finding=Mass*")
    finding.select_option("Mass")
    expect(viewer).to_have_attribute("data-heat", "Mass")
    page.get_by_role("button", name="Heat map").click()
    expect(viewer).to_have_attribute("data-heat", "")
