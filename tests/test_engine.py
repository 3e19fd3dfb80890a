"""The front door, over made-up films and panels in a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmrag import BadFilm, Engine, QueryError, Settings, SourceError
from mmrag.sources.demo import DemoFolders
from mmrag.sources.images import thumbnail


def test_both_legs_answer_side_by_side(engine: Engine) -> None:
    result = engine.search("pneumonia with pleural effusion", films=5, labs=4)
    assert [film.rank for film in result.films] == [1, 2, 3, 4, 5]
    assert [lab.rank for lab in result.labs] == [1, 2, 3, 4]
    assert len(result.merged) == 9
    assert {leg for leg, _ in result.merged} == {"films", "labs"}
    scores = [film.score for film in result.films]
    assert scores == sorted(scores, reverse=True)


def test_a_leg_of_zero_is_left_out(engine: Engine) -> None:
    assert engine.search("effusion", films=0, labs=3).films == ()
    assert engine.search("effusion", films=3, labs=0).labs == ()


def test_as_many_rows_as_asked_for_wherever_they_exist(engine: Engine) -> None:
    for wanted in (1, 7, 40, 1000):
        result = engine.search("cardiomegaly", films=wanted, labs=0)
        assert 7 <= result.coverage.films.qualifying <= 40
        assert len(result.films) == min(wanted, result.coverage.films.qualifying)


def test_contributions_add_up_to_the_score(engine: Engine) -> None:
    for film in engine.search("pleural effusion", films=10, labs=0).films:
        parts = film.why.pixel + film.why.label + film.why.text
        assert parts == pytest.approx(film.score, abs=1e-6)


def test_labelled_films_of_the_finding_come_first(engine: Engine) -> None:
    films = engine.search("pneumothorax", films=3, labs=0).films
    assert films[0].findings is not None
    assert "Pneumothorax" in films[0].findings
    assert films[0].why.labels == ("Pneumothorax",)


def test_a_finding_ruled_out_is_not_among_the_labels(engine: Engine) -> None:
    films = engine.search("pneumonia without pleural effusion", films=10, labs=0).films
    assert films
    assert all("Effusion" not in (film.findings or ()) for film in films)


def test_sex_and_age_are_exact(engine: Engine) -> None:
    films = engine.search("effusion in women over 50", films=40, labs=0).films
    assert films
    assert all(film.sex == "F" and (film.age or 0) > 50 for film in films)


def test_a_film_finds_itself(engine: Engine, made_up: DemoFolders) -> None:
    picture = sorted((made_up.films / "images").iterdir())[3]
    found = engine.search(image=picture, itself=True, films=40, labs=0).films
    likest = max(found, key=lambda film: film.why.text)
    assert likest.id == picture.name


def test_film_and_blood_of_one_patient_are_linked(engine: Engine) -> None:
    brief = engine.brief("pneumonia with pleural effusion", films=10, labs=10)
    assert brief.linkage == "same-patient"
    assert brief.dropped == 0
    assert all(claim.checked and claim.citations for claim in brief.claims)
    assert {"imaging", "laboratory", "context"} == {claim.section for claim in brief.claims}


def test_made_up_records_say_so(engine: Engine) -> None:
    result = engine.search("effusion", films=2, labs=2)
    assert all(film.made_up for film in result.films)
    assert all(lab.made_up for lab in result.labs)


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_an_empty_question_is_refused(engine: Engine, text: str) -> None:
    with pytest.raises(QueryError, match="empty question"):
        engine.search(text)


def test_a_broken_picture_is_refused(engine: Engine, tmp_path: Path) -> None:
    broken = tmp_path / "film.png"
    broken.write_bytes(b"\x89PNG\r\n")
    with pytest.raises(BadFilm, match=r"film\.png"):
        engine.search(image=broken)


def test_a_heat_map_is_drawn_or_nothing(engine: Engine) -> None:
    film = engine.search("effusion", films=1, labs=0).films[0]
    drawn = engine.heat_map(film, "Effusion")
    assert drawn is not None
    assert drawn.startswith(b"\xff\xd8\xff")
    gone = film.model_copy(update={"file": str(Path(film.file).with_name("gone.png"))})
    assert engine.heat_map(gone, "Effusion") is None
    with pytest.raises(QueryError, match="name one of the findings"):
        engine.heat_map(film, "Gout")


def test_the_brief_tells_where_a_film_would_rank_without_labels(engine: Engine) -> None:
    plain = engine.search("effusion", films=40, labs=0)
    assert {film.why.rank_without_labels for film in plain.films} == {None}
    films = engine.brief("effusion", films=40, labs=0).films
    by_pixels = sorted(films, key=lambda film: -film.why.without_labels)
    ranks = [film.why.rank_without_labels for film in by_pixels]
    assert None not in ranks
    assert ranks == sorted(ranks, key=lambda rank: rank or 0)
    assert ranks[0] is not None
    assert ranks[0] >= 1


def test_thumbnails_are_small_pictures_or_nothing(engine: Engine) -> None:
    film = engine.search("effusion", films=1, labs=0).films[0]
    drawn = engine.thumbnail(film)
    assert drawn == thumbnail(Path(film.file), 192)
    gone = film.model_copy(update={"file": "/nowhere/film.png"})
    assert engine.thumbnail(gone) is None


def test_status_tells_what_is_stored(engine: Engine, filled_home: Path) -> None:
    status = engine.status()
    assert status.exists
    assert status.films["demo"].films == 40
    assert status.films["demo"].made_up == 40
    assert status.labs["demo"].patients <= 12
    assert status.space is not None
    assert status.space.dimension == 512
    assert str(filled_home) in status.location


def test_an_empty_home_is_searched_in_vain(tmp_path: Path) -> None:
    with Engine.open(settings=Settings(home=tmp_path / "new", dsn=None)) as empty:
        assert not empty.status().exists
        brief = empty.brief("pleural effusion")
        assert brief.films == ()
        assert brief.labs == ()
        empty_handed = {c.section for c in brief.claims if c.kind == "nothing-found"}
        assert empty_handed == {"imaging", "laboratory"}
        assert empty.status().exists


def test_a_failed_ingest_leaves_no_store_behind(tmp_path: Path) -> None:
    with (
        Engine.open(settings=Settings(home=tmp_path / "new", dsn=None)) as engine,
        pytest.raises(SourceError),
    ):
        engine.ingest("nih", tmp_path / "nowhere")
    assert not (tmp_path / "new").exists()


def test_refusing_equals_a_fresh_ingest_with_those_weights(
    made_up: DemoFolders, tmp_path: Path
) -> None:
    fused_late = Settings(home=tmp_path / "late", dsn=None)
    with Engine.open(settings=fused_late) as engine:
        engine.ingest("nih", made_up.films)
        before = engine.search("effusion", films=40, labs=0)
        report = engine.refuse(0.2, 0.8)
        after = engine.search("effusion", films=40, labs=0)
    assert report.films == 40
    assert (report.space.w_pixel, report.space.w_label) == (0.2, 0.8)
    fused_at_once = Settings(home=tmp_path / "once", dsn=None, w_pixel=0.2, w_label=0.8)
    with Engine.open(settings=fused_at_once) as engine:
        engine.ingest("nih", made_up.films)
        fresh = engine.search("effusion", films=40, labs=0)
    assert after.films == fresh.films
    assert after.films != before.films
