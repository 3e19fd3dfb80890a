"""The page in a real browser, point by point, at two widths: asking, narrowing, results, export."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from mmrag import Engine
from mmrag.sources.demo import DemoFolders
from tests.web.conftest import PATIENCE_MS
from tests.web.shown import PNEUMONIA, WOMEN, asked, compiled, is_narrow


def test_an_example_fills_the_bar_and_reads_as_chips(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="effusion without pneumothorax in women over 60").click()
    page.get_by_role("heading", name="Clinical Brief").wait_for()
    texts = [each.strip() for each in page.locator(".chip .flip").all_inner_texts()]
    assert texts == ["+ Effusion", "\N{MINUS SIGN} Pneumothorax", "women", "age > 60"]
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
    page.get_by_label("Edit the number of age > 60").click()
    page.get_by_role("textbox", name="Number").fill("40")
    page.get_by_role("button", name="Set").click()
    page.get_by_role("link", name="Remove age > 40").wait_for()
    page.reload()
    page.get_by_role("link", name="Remove age > 40").wait_for()
    page.go_back()
    page.get_by_role("link", name="Remove age > 60").wait_for()


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
def test_a_film_is_dropped_or_pasted(page: Page, made_up: DemoFolders, way: str) -> None:
    film = next((made_up.films / "images").glob("*.png")).read_bytes()
    page.goto("/")
    page.evaluate(
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
    page.get_by_text("like the film that you gave").wait_for()


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
    if is_narrow(page):
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
    if is_narrow(page):
        page.get_by_role("heading", name="Narrow").click()
    page.get_by_role("region", name="Labels").get_by_role("link", name=re.compile("^lab")).click()
    page.get_by_role("link", name="Remove labelled films").wait_for()
    assert compiled(page)["among"] == {"labelled": True}


@pytest.mark.parametrize(
    ("field", "leg"),
    [("Finding, by label", None), ("View", "films"), ("Sex", "films"), ("Age", "films"),
     ("Labels", "films"), ("Films from", "films"), ("High results", "labs"),
     ("Low results", "labs"), ("Measured", "labs"), ("Panels from", "labs")],
)  # fmt: skip
def test_every_facet_narrows_to_what_it_counts(page: Page, field: str, leg: str | None) -> None:
    page.goto("/?q=effusion+with+leukocytes&films=2&labs=2")
    if is_narrow(page):
        page.get_by_role("heading", name="Narrow").click()
    values = page.get_by_role("region", name=field, exact=True).locator("a:not(.chosen)")
    values.first.wait_for()
    counts = [int(each.replace(",", "")) for each in values.locator(".count").all_text_contents()]
    # where nothing that is left shows what is asked, nothing answers: the commonest does
    expected = max(counts)
    value = values.nth(counts.index(expected))
    name = value.locator(".name").text_content() or ""
    value.evaluate(
        "link => { const more = link.closest('.facet details'); if (more) more.open = true; }"
    )
    value.click()
    page.locator(".facet a.chosen .name", has_text=name).first.wait_for(state="attached")
    page.wait_for_url("**query=**")
    if leg:
        said = page.locator(f"#{leg}-title small").inner_text()
        assert re.search(rf"of {expected:,} that answer", said), (name, said)
    again = page.locator(".facet a.chosen", has=page.get_by_text(name, exact=True)).first
    if is_narrow(page):
        page.get_by_role("heading", name="Narrow").click()
    again.click()
    expect(page.locator(".facet a.chosen .name", has_text=name)).to_have_count(0)


def test_films_stand_beside_results_with_provenance_and_drawings(page: Page) -> None:
    page.goto(PNEUMONIA)
    film = page.locator(".film").first
    assert "label of the made-up set" in film.inner_text()
    assert re.search(r"pixels 0\.\d\d, labels? ([+\N{MINUS SIGN}]0\.\d\d|0\.00)", film.inner_text())
    assert film.locator("svg.evidence rect.pixels").count() > 0
    assert "made up" in film.inner_text()
    panel = page.locator(".panel").first
    assert panel.locator("svg.bar").count() > 0
    assert panel.locator(".flag").first.inner_text() in {"H", "HH", "L", "LL", "N"}
    assert page.locator(".linkage").inner_text().startswith(("Same patient.", "Cohort."))


def test_a_course_of_the_same_patient_is_drawn(page: Page) -> None:
    page.goto("/?q=leukocytosis&labs=8")
    course = page.locator(".over-time").first
    assert course.locator("svg.course polyline").count() == 1
    assert re.fullmatch(
        r"\d+ values, \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d", course.inner_text().strip()
    )


def test_nothing_found_is_said(page: Page) -> None:
    page.goto("/?q=hernia+in+men+over+110")
    assert "No films found" in page.locator(".nothing").first.inner_text()
    assert page.locator("#films-title small").inner_text().startswith("none answers, ")
    page.goto("/?q=low+platelets&labs=0")
    said = [each.strip() for each in page.locator(".nothing").all_inner_texts()]
    assert said == [
        "No films found. No word of the question says anything of films.",
        "No laboratory results asked for.",
    ]


def test_what_a_part_of_the_page_cannot_tell_is_told_by_the_address(
    browser: Browser, address: str
) -> None:
    """Too many questions: the counts say that they did not come, a question leads there."""
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    refused = "<h1>Too many requests</h1>"
    page.route("**/facets*", lambda route: route.fulfill(status=429, body=refused))
    page.goto("/?q=effusion&films=1&labs=0")
    page.get_by_text("The counts did not come").wait_for()
    page.route(
        "**/?q=pneumonia",
        lambda route: route.fulfill(status=429, body=refused, content_type="text/html"),
    )
    page.get_by_role("searchbox").fill("pneumonia")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Too many requests").wait_for()
    context.close()


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
    for fold in page.locator(".brief details.more > summary").all():
        fold.click()
    value = page.locator('.claim[data-lights^="value-"]').first
    value.get_by_role("button").focus()
    place = value.get_attribute("data-lights")
    expect(page.locator(f"#{place}")).to_have_class(re.compile("lit"))
    claim.locator(".cites a").first.click()
    assert page.url.endswith("#film-1")


def test_more_claims_unfold_and_light_as_the_first_do(page: Page) -> None:
    page.goto(PNEUMONIA)
    every = page.locator(".claim").count()
    said = page.locator("#brief-title small").inner_text()
    assert said.startswith(f"{every} claims")
    assert page.locator(".claim:visible").count() < every
    for fold in page.locator(".brief details.more > summary").all():
        fold.focus()
        page.keyboard.press("Enter")
    expect(page.locator(".claim:visible")).to_have_count(every)
    last = page.locator(".more .claim[data-lights]:not([data-lights=''])").last
    last.get_by_role("button").focus()
    place = (last.get_attribute("data-lights") or "").split(" ")[0]
    expect(page.locator(f"#{place}")).to_have_class(re.compile("lit"))
    page.keyboard.press("Enter")
    expect(page.locator(f"#{place}")).to_have_class(re.compile("pinned"))


@pytest.mark.parametrize(
    ("title", "holds"),
    [("HTML brief", "Clinical Brief"), ("JSON", '"claims"'), ("CSV table", "leg,rank,id"),
     ("FHIR R4 bundle", '"resourceType"')],
)  # fmt: skip
def test_what_is_shown_is_exported(page: Page, engine: Engine, title: str, holds: str) -> None:
    before = engine.audit.verify().entries
    page.goto("/?q=pneumonia&films=3&labs=2")
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as got:
        page.get_by_role("link", name=title).click()
    assert holds in got.value.path().read_text(encoding="utf-8")
    actions = [json.loads(each.written)["action"] for each in engine.audit.entries(before)]
    assert actions == ["brief", "export"]
    assert "mmrag brief pneumonia --films 3 --labs 2" in page.locator("#command").inner_text()


def test_the_python_that_is_shown_gives_the_same(
    page: Page, filled_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.goto("/?q=pneumonia&films=3&labs=2")
    page.get_by_text("Export", exact=True).click()
    claims = page.locator(".claim > div > p:first-child").all_text_contents()
    monkeypatch.setenv("MMRAG_HOME", str(filled_home))
    monkeypatch.delenv("MMRAG_DSN", raising=False)
    names: dict[str, Any] = {}
    exec(page.locator("#python").text_content() or "", names)
    assert sorted(claims) == sorted(claim.text for claim in names["brief"].claims)


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
