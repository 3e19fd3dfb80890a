"""Every form says the same, and no stored string can do harm in any of them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import unicodedata
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mmrag.brief import DISCLAIMER, FORMATS, Brief, BriefFormat, compose, render
from mmrag.clinical.question import ClinicalQuery, FindingTerm, LabTerm, PatientTerm
from tests.brief.made import Shelf, answer, asking, film, leukocytes, panel, platelets

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    '"><a href="https://evil.example/">x</a>',
    "{{ 7*7 }}{% raw %}",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07\x9b2J",
    "a\r\nb\x00c\u2028d",
    "\u202egnp.exe\u202c \u2066x\u2069 z\u200bw",
    "![x](https://evil.example/p.png) [y](javascript:alert(1)) <https://evil.example>",
    "`code` **bold** _it_ | cell | ~~no~~ $x$ # head\n# head\n- item",
    "https://evil.example www.evil.example someone@evil.example",
    "``` ```` `",
    "long " * 5000,
    "x" * 20000,
    "' OR 1=1; --",
    "\ud800 lone surrogate",
)
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


def brief_with(text: str = "plain", **film_fields: Any) -> Brief:
    """A brief in which every stored string is `text`."""
    same = {"source": text, "patient": f"{text}:1"}
    result = answer(
        ClinicalQuery(
            text=text,
            findings=(FindingTerm(finding=text, written=text), FindingTerm(finding="Mass")),
            labs=(LabTerm(analyte=text, name=text, loinc=(text,), unit=text, value=1.0),),
            free_text=text,
        ),
        (film(1, (text,), id=text, view=text, **same, **film_fields), film(2, ())),
        (
            panel(
                1,
                leukocytes(loinc=text, name=text, unit=text, range_source=text, flag_source=text),
                leukocytes(None, None, text=text, name=text, matched=True),
                platelets(name=text, matched=True),
                report=text,
                **same,
            ),
        ),
        nearest=text,
    )
    return compose(result, Shelf(result))


def full_brief() -> Brief:
    result = answer(
        asking("Pneumonia", "Effusion"),
        (film(1, ("Pneumonia", "Effusion"), made_up=True), film(2, None)),
        (
            panel(1, leukocytes(), platelets(88.0, "L"), made_up=True),
            panel(2, leukocytes(7.1, "N")),
        ),
    )
    return compose(result, Shelf(result))


class Page(HTMLParser):
    """Tags and links of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def values(self, name: str) -> list[str]:
        return [str(attrs[name]) for _, attrs in self.tags if name in attrs]


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_holds_every_claim_its_records_and_the_disclaimer(form: BriefFormat) -> None:
    brief = full_brief()
    page = render(brief, form)
    assert DISCLAIMER in page
    for claim in brief.claims:
        assert re.search(rf"\b{claim.id}\b", page), claim
        assert form == "text" or claim.records[0].split(":")[1] in page
    for words in ("15.2", "10*3/uL" if form != "markdown" else r"10\*3/uL", "panel-2"):
        assert words in page


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_made_up_records_are_marked_beside_whose_they_are(form: BriefFormat) -> None:
    page = render(full_brief(), form)
    assert page.count("made up") >= 2
    assert "Made-up film #1" in page if form != "markdown" else r"Made-up film \#1" in page


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_both_sections_are_always_there(form: BriefFormat) -> None:
    result = answer(asking("Hernia"))
    page = render(compose(result, Shelf(result)), form).lower()
    assert "imaging evidence" in page
    assert "laboratory evidence" in page
    assert "no film found" in page
    assert "no panel found" in page


def test_json_is_the_brief() -> None:
    brief = full_brief()
    assert json.loads(render(brief, "json")) == brief.model_dump(mode="json")


@pytest.mark.parametrize("text", HOSTILE[:-1])
def test_json_gives_hostile_strings_back_unchanged_and_prints_nothing_invisible(text: str) -> None:
    printed = render(brief_with(text), "json")
    assert json.loads(printed)["films"][0]["id"] == text
    assert not invisible(printed)


@pytest.mark.parametrize("text", HOSTILE[:-1])
def test_plain_text_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    printed = render(brief_with(text), "text")
    assert not invisible(printed)
    assert len(printed) < 60_000


@pytest.mark.parametrize("width", [20, 60, 80, 120])
def test_plain_text_keeps_to_the_width(width: int) -> None:
    assert max(map(len, render(full_brief(), "text", width=width).split("\n"))) <= max(width, 60)


@pytest.mark.parametrize("text", HOSTILE[:-1])
def test_markdown_forms_no_markup_link_or_html(text: str) -> None:
    tame, wild = (
        MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(render(b, "markdown"))
        for b in (brief_with(), brief_with(text))
    )
    assert [token.type for token in tame] == [token.type for token in wild]
    inline = {child.type for token in wild for child in token.children or ()}
    assert inline <= {"text", "text_special", "code_inline", "strong_open", "strong_close"}
    assert not invisible(render(brief_with(text), "markdown"))


@pytest.mark.parametrize("text", HOSTILE[:-1])
def test_html_has_the_same_tags_whatever_the_records_say(text: str) -> None:
    tame, wild = (Page(render(b, "html")) for b in (brief_with(), brief_with(text)))
    assert [tag for tag, _ in tame.tags] == [tag for tag, _ in wild.tags]
    assert [sorted(attrs) for _, attrs in tame.tags] == [sorted(attrs) for _, attrs in wild.tags]
    assert not invisible(wild.words)


def test_a_lone_surrogate_is_printed_harmlessly() -> None:
    brief = brief_with().model_copy(
        update={"query": ClinicalQuery(text=HOSTILE[-1], patient=PatientTerm(sex="F"))}
    )
    for form in ("text", "markdown", "html"):
        render(brief, form).encode("utf-8")


def test_html_asks_nothing_of_the_outside_and_its_policy_says_so() -> None:
    page = Page(render(full_brief(), "html", thumbnail=lambda _: PNG))
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "iframe", "object", "base"})
    assert page.values("src")
    assert all(src.startswith("data:image/png;base64,") for src in page.values("src"))
    assert all(href.startswith("#") for href in page.values("href"))
    assert not page.values("style")
    policy = next(c for c in page.values("content") if "default-src" in c)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_policy_allows_the_very_style_sheet_inside() -> None:
    page = render(full_brief(), "html")
    match = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert match is not None
    digest = base64.b64encode(hashlib.sha256(match[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page
    assert "url(" not in match[1]
    assert "@import" not in match[1]


def test_citations_jump_to_places_that_exist_once() -> None:
    page = Page(render(full_brief(), "html"))
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    targets = {href.removeprefix("#") for href in page.values("href")}
    assert targets
    assert targets <= set(ids)
    assert {"film-1", "lab-1"} <= targets


@pytest.mark.parametrize("image", [None, b"", b"<svg onload=alert(1)>", b"GIF89a"])
def test_only_png_and_jpeg_become_pictures(image: bytes | None) -> None:
    page = Page(render(full_brief(), "html", thumbnail=lambda _: image))
    assert not page.values("src")


def test_films_of_one_name_in_two_sources_keep_their_own_claims() -> None:
    films = (
        film(1, ("Mass",), id="a.png"),
        film(2, None, id="a.png", source="demo", made_up=True),
    )
    result = answer(asking("Mass"), films)
    page = render(compose(result, Shelf(result)), "html")
    first, second = page.split('id="film-2"')
    assert "Film #1 is labelled Mass" in first
    assert "Made-up film #2 has no label" in second
    assert "Film #1 is labelled Mass" not in second


def test_the_question_is_printed_as_it_was_read() -> None:
    query = ClinicalQuery(
        text="leukocytes above 12 without effusion in women over 60, PA",
        findings=(FindingTerm(finding="Effusion", assertion="absent"),),
        labs=(
            LabTerm(
                analyte="leukocytes",
                name="Leukocytes",
                loinc=("6690-2",),
                comparison="above",
                value=12.0,
                unit="10*3/uL",
            ),
        ),
        patient=PatientTerm(sex="F", age_min=60),
        view="PA",
    )
    result = answer(query)
    text = render(compose(result, Shelf(result)), "text")
    for reading in ("absent", "Leukocytes above 12.0 10*3/uL", "female", "aged 60 or more", "PA"):
        assert reading in text


@given(text=st.text(max_size=60))
def test_any_string_leaves_the_page_and_the_text_whole(text: str) -> None:
    brief = brief_with(text)
    assert not invisible(render(brief, "text"))
    tame, wild = (Page(render(b, "html")) for b in (brief_with(), brief))
    # a string without anything visible prints no reading of its own, nothing else may change
    assert {tag for tag, _ in wild.tags} == {tag for tag, _ in tame.tags}


def invisible(text: str) -> set[str]:
    """Characters that a terminal might obey or a reader might not see."""
    return {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")}
