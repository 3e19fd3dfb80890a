"""What a notebook shows: whole, escaped, and without reach beyond its own element."""

from __future__ import annotations

import re

import pytest

from mmrag import Engine
from mmrag.brief import DISCLAIMER, Brief
from tests.brief.test_render import HOSTILE, Page, brief_with, full_brief, invisible


def harmless(fragment: str) -> bool:
    page = Page(fragment)
    tags = {tag for tag, _ in page.tags}
    style = re.sub(r"\{[^}]*\}", "{}", "".join(re.findall(r"<style>(.*?)</style>", fragment, re.S)))
    return (
        fragment.startswith('<div class="mmrag-answer">')
        and fragment.endswith("</div>")
        and fragment.count("<div") == fragment.count("</div>") == 1
        and tags.isdisjoint({"script", "iframe", "link", "object", "form", "a", "base"})
        and not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
        and all(src.startswith("data:image/jpeg;base64,") for src in page.values("src"))
        and all(
            part.strip().startswith(".mmrag-answer") for part in re.split(r"\{\}|,", style)[:-1]
        )
        and "@import" not in fragment
        and "url(" not in fragment
    )


def test_a_brief_shows_every_claim() -> None:
    brief = full_brief()
    shown = brief._repr_html_()
    assert harmless(shown)
    assert DISCLAIMER in shown
    assert all(re.search(rf"\b{claim.id}\b", shown) for claim in brief.claims)


@pytest.mark.parametrize("text", HOSTILE[:-1])
def test_hostile_records_stay_inside(text: str) -> None:
    for shown in (brief_with(text)._repr_html_(), super(Brief, brief_with(text))._repr_html_()):
        assert harmless(shown)
        tame = Page(brief_with()._repr_html_()).tags
        assert {tag for tag, _ in Page(shown).tags} <= {tag for tag, _ in tame} | {"style"}
        assert not invisible(Page(shown).words)


def test_a_search_shows_both_legs_with_pictures(engine: Engine) -> None:
    result = engine.search("pneumonia", films=3, labs=2)
    shown = result._repr_html_()
    assert harmless(shown)
    assert len(Page(shown).values("src")) == 3
    assert all(hit.id in shown for hit in result.films)
    assert all(hit.patient in shown for hit in result.labs)
    assert "made up" in shown


def test_a_picture_that_is_gone_leaves_an_empty_cell(engine: Engine) -> None:
    result = engine.search("pneumonia", films=1, labs=0)
    gone = result.films[0].model_copy(update={"file": ""})
    assert not Page(result.model_copy(update={"films": (gone,)})._repr_html_()).values("src")
