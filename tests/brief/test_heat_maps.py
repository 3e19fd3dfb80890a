"""The page shows heat maps of its first films, for what was asked, where the encoder has any."""

from __future__ import annotations

import pytest

from mmrag import Engine
from mmrag.brief import compose, render
from mmrag.brief.heat import CAPTION
from mmrag.brief.heat_maps import SHOWN, heat_maps
from mmrag.clinical.prompts import NORMAL
from mmrag.retrieval.results import FilmHit, FilmWhy, FindingEvidence, Wanted
from tests.brief.made import Shelf, answer, asking, film

JPEG = b"\xff\xd8\xff made up"


def why(*said: tuple[str, Wanted, float]) -> FilmWhy:
    evidence = tuple(
        FindingEvidence(finding=f, wanted=w, probability=0.5, pixels_only=p, label=0.0)
        for f, w, p in said
    )
    return FilmWhy(pixel=0.6, label=0.3, without_labels=0.6, evidence=evidence)


def drawn(*films: FilmHit) -> dict[int, str]:
    """By rank the finding of each heat map that is drawn."""
    result = answer(asking("Effusion"), films)
    brief = compose(result, Shelf(result))
    return {rank: finding for rank, (finding, _) in heat_maps(brief, lambda *_: JPEG).items()}


def test_the_likeliest_of_what_is_asked_is_shown() -> None:
    both = why(("Pneumonia", "present", 0.1), ("Effusion", "present", 0.4), ("Mass", "alike", 0.9))
    assert drawn(film(1, why=both)) == {1: "Effusion"}
    assert drawn(film(1, why=why(("Mass", "alike", 0.9)))) == {1: "Mass"}


@pytest.mark.parametrize(
    "said", [("Effusion", "absent", 0.9), (NORMAL, "present", 0.9)], ids=["ruled out", "normal"]
)
def test_what_is_not_there_has_no_place(said: tuple[str, Wanted, float]) -> None:
    assert drawn(film(1, why=why(said))) == {}
    assert drawn(film(1)) == {}


def test_only_the_first_films_have_one() -> None:
    asked = why(("Effusion", "present", 0.4))
    films = [film(rank, why=asked) for rank in range(1, SHOWN + 3)]
    assert list(drawn(*films)) == list(range(1, SHOWN + 1))


def test_the_page_holds_picture_words_and_caption_or_nothing_of_them() -> None:
    result = answer(asking("Effusion"), (film(1, why=why(("Effusion", "present", 0.4))),))
    brief = compose(result, Shelf(result))
    page = render(brief, "html", heat=lambda *_: JPEG)
    assert page.count("data:image/jpeg") == 1
    assert "Right: where the encoder sees Effusion" in page
    assert CAPTION in page
    for without in (render(brief, "html"), render(brief, "html", heat=lambda *_: None)):
        assert "with-heat" not in without.partition("</style>")[2]
        assert CAPTION not in without


def test_an_engines_page_is_small_and_asks_nothing_of_the_outside(engine: Engine) -> None:
    brief = engine.brief("pleural effusion", films=6, labs=0)
    drawing = {"thumbnail": engine.thumbnail, "courses": engine.courses}
    page = render(brief, "html", heat=engine.heat_map, **drawing)  # type: ignore[arg-type]
    bare = render(brief, "html", **drawing)  # type: ignore[arg-type]
    assert page.count("data:image/") - bare.count("data:image/") == SHOWN
    assert len(page) - len(bare) < SHOWN * 25_000
    assert "http" not in page.partition("</style>")[2].replace("http-equiv", "")
