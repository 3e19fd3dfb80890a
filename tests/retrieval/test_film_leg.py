"""The film leg and shown films, over made-up films."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from mmrag import Engine, Settings
from mmrag.clinical.query import compile_query
from mmrag.errors import QueryError, SpaceMismatch
from mmrag.evidence import evidence_model_for
from mmrag.retrieval import film_leg
from mmrag.retrieval.film_leg import film_filter
from mmrag.retrieval.question_vectors import film_question
from mmrag.retrieval.results import FilmHit, FindingEvidence
from mmrag.sources.demo import DemoFolders
from tests.ingest.test_fusing import ANCHORS, pixels


def films_of(engine: Engine, question: str = "", **more: object) -> tuple[FilmHit, ...]:
    return engine.search(question, labs=0, **more).films  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "question",
    ["effusion", "effusion without pneumothorax", "isolated mass", "normal chest", "PA film"],
)
def test_the_parts_add_up_to_a_falling_score(engine: Engine, question: str) -> None:
    films = films_of(engine, question)
    assert films
    scores = [film.score for film in films]
    assert scores == sorted(scores, reverse=True)
    for film in films:
        why = film.why
        assert why.pixel + why.label + why.text == pytest.approx(film.score, abs=1e-9)
        assert why.pixel + why.text == pytest.approx(why.without_labels, abs=1e-9)


def test_the_reason_tells_the_evidence_of_each_finding_named(engine: Engine) -> None:
    film = films_of(engine, "effusion without pneumothorax", films=1)[0]
    told = {each.finding: each for each in film.why.evidence}
    assert {name: each.wanted for name, each in told.items()} == {
        "Effusion": "present",
        "Pneumothorax": "absent",
    }
    for each in told.values():
        assert each.pixels_only + each.label == pytest.approx(each.probability)


def test_with_and_without_a_finding_share_no_film(engine: Engine) -> None:
    with_it = {film.id for film in films_of(engine, "effusion", films=10)}
    without = {film.id for film in films_of(engine, "no effusion", films=10)}
    assert with_it
    assert without
    assert not with_it & without


def test_only_leaves_out_films_that_are_said_to_show_more(engine: Engine) -> None:
    where = film_filter(compile_query("isolated effusion"))
    assert "Mass" in where.none_of
    assert "Effusion" not in where.none_of
    assert all(
        set(film.findings or ()) <= {"Effusion"}
        for film in films_of(engine, "isolated effusion", films=40)
    )


def test_none_is_found_where_no_film_comes_near(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_leg, "FOUND", 1.01)
    result = engine.search("hernia", labs=0)
    coverage = result.coverage.films
    assert result.films == ()
    assert (coverage.returned, coverage.qualifying, coverage.searched) == (0, 0, 40)
    assert coverage.nearest is not None
    assert "probability" in coverage.nearest


def test_a_label_of_nothing_is_told_where_the_pixels_say_otherwise() -> None:
    seen = FindingEvidence(
        finding="Mass", wanted="present", probability=0.5, pixels_only=0.81, label=-0.31
    )
    told = film_leg.disagreement((), [seen])
    assert told == "labelled No Finding; its pixels alone say Mass 0.81"
    assert film_leg.disagreement(("Mass",), [seen]) is None
    assert film_leg.disagreement(None, [seen]) is None
    assert film_leg.disagreement((), [seen.model_copy(update={"pixels_only": 0.2})]) is None


def test_a_shown_film_is_guessed_and_left_out(engine: Engine, made_up: DemoFolders) -> None:
    picture = sorted((made_up.films / "images").iterdir())[3]
    result = engine.search(image=picture, films=5, labs=0)
    shown = result.query.image
    assert shown is not None
    assert shown.left_out == (f"demo:{picture.name}",)
    chances = [guess.probability for guess in shown.findings]
    assert chances == sorted(chances, reverse=True)
    assert picture.name not in {film.id for film in result.films}
    assert {each.finding for each in result.films[0].why.evidence} == {
        guess.finding for guess in shown.findings
    }
    itself = films_of(engine, image=picture, itself=True, films=5)
    assert picture.name in {film.id for film in itself}


def test_a_stored_film_asks_as_its_file_does(engine: Engine, made_up: DemoFolders) -> None:
    picture = sorted((made_up.films / "images").iterdir())[3]
    by_file = engine.search(image=picture, films=5, labs=0)
    by_name = engine.search(film=picture.name, films=5, labs=0)
    assert by_name.films == by_file.films
    assert by_name.image == by_file.image
    assert by_name.query.image is not None
    assert by_name.query.image.film == f"demo:{picture.name}"
    assert films_of(engine, film=f"demo:{picture.name}", films=5) == by_file.films


def test_words_beside_a_shown_film_are_kept(engine: Engine, made_up: DemoFolders) -> None:
    labelled = films_of(engine, "pneumothorax", films=1)[0]
    films = films_of(engine, "like this, but without pneumothorax", film=labelled.id)
    assert films
    assert all("Pneumothorax" not in (film.findings or ()) for film in films)


def test_a_film_that_is_not_stored_or_not_one_is_told(engine: Engine) -> None:
    with pytest.raises(QueryError, match="is stored"):
        engine.search(film="nowhere.png")
    with pytest.raises(QueryError, match="two films"):
        engine.search(film="a.png", image="b.png")


def test_a_name_that_two_sources_share_wants_its_source(
    own_copy: DemoFolders, tmp_path: Path
) -> None:
    picture = min((own_copy.films / "images").iterdir())
    other = tmp_path / "other" / "images"
    other.mkdir(parents=True)
    shutil.copy(picture, other)
    table = (own_copy.films / "Data_Entry_2017.csv").read_text("utf-8").splitlines()[0]
    (other.parent / "Data_Entry_2017.csv").write_text(table + "\n", "utf-8")
    with Engine.open(settings=Settings(home=tmp_path / "home", dsn=None)) as engine:
        engine.ingest("nih", own_copy.films)
        engine.ingest("nih", other.parent)
        sources = set(engine.status().films)
        assert len(sources) == 2
        with pytest.raises(QueryError, match="more than one source"):
            engine.search(film=picture.name)
        named = engine.search(film=f"demo:{picture.name}", films=3, labs=0).query.image
        assert named is not None
        assert set(named.left_out) == {f"{source}:{picture.name}" for source in sources}


def test_other_parameters_want_a_refuse_and_get_it(
    own_copy: DemoFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Engine.open(settings=Settings(home=tmp_path / "home", dsn=None)) as engine:
        engine.ingest("nih", own_copy.films)
        before = films_of(engine, "effusion", films=40)
        labels = engine.status().space
        monkeypatch.setattr(
            "mmrag.opened.evidence_model_for",
            lambda *encoder: replace(evidence_model_for(*encoder), similarity=0.4),
        )
        with pytest.raises(SpaceMismatch, match="run mmrag refuse"):
            engine.search("effusion")
        with pytest.raises(SpaceMismatch, match="run mmrag refuse"):
            engine.ingest("nih", own_copy.films)
        assert engine.refuse().films == 40
        after = films_of(engine, "effusion", films=40)
        assert [film.score for film in after] != [film.score for film in before]
        monkeypatch.undo()
        engine.refuse()
        assert films_of(engine, "effusion", films=40) == before
        assert engine.status().space == labels


def test_a_shown_film_takes_the_place_of_findings_in_the_vector() -> None:
    shown = pixels(1)[0]
    told: list[str] = []

    def encode(texts: object) -> object:
        told.extend(texts)  # type: ignore[arg-type]
        return pixels(1, seed=2)

    query = compile_query("like this, but without pneumothorax")
    vector = film_question(query, ANCHORS, encode, shown)  # type: ignore[arg-type]
    assert vector == pytest.approx(shown, abs=1e-6)
    assert told == []
    film_question(query.model_copy(update={"free_text": "like wires"}), ANCHORS, encode, shown)  # type: ignore[arg-type]
    assert told == ["like wires"]
