"""Another encoder for a store that is filled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from mmrag import Engine, Settings, SourceError, SpaceMismatch
from mmrag.ingest.report import EncodedAgain, Tally
from mmrag.sources.demo import DemoFolders

OTHER = "another"
QUESTIONS = ("pneumonia with pleural effusion", "low platelets")

pytestmark = pytest.mark.usefixtures("foreign_encoders")


def opened(settings: Settings, encoder: str) -> Engine:
    return Engine.open(settings=settings, encoder=encoder)


def filled(settings: Settings, encoder: str, folders: DemoFolders) -> Settings:
    with opened(settings, encoder) as engine:
        engine.ingest("nih", folders.films)
        engine.ingest("synthea", folders.labs)
    return settings


def everything(settings: Settings, encoder: str) -> object:
    """What a user can see of a store: counts, and all answers with their scores."""
    with opened(settings, encoder) as engine:
        status = engine.status().model_dump(exclude={"size_bytes", "location"})
        return status, [engine.search(q, films=99, labs=999).model_dump() for q in QUESTIONS]


def sql(settings: Settings, query: str) -> list[tuple[object, ...]]:
    assert settings.dsn is not None
    with psycopg.connect(settings.dsn, autocommit=True) as connection:
        cursor = connection.execute(query)
        return cursor.fetchall() if cursor.description else []


def another_source(folders: DemoFolders, name: str = OTHER) -> Path:
    """Some of the films once more, as a source of another name."""
    folder = folders.films.with_name(name)
    shutil.copytree(folders.films, folder)
    (folder / "mmrag-source.toml").write_text(f'name = "{name}"\n')
    for file in sorted((folder / "images").iterdir())[4:]:
        file.unlink()
    return folder


def again(settings: Settings, encoder: str, folder: Path) -> EncodedAgain:
    with opened(settings, encoder) as engine:
        report = engine.ingest("nih", folder, again=True)
    assert report.again is not None
    return report.again


def test_all_that_is_stored_is_as_if_this_encoder_had_filled_the_store(
    made_up: DemoFolders, new_store: Callable[[], Settings]
) -> None:
    store = filled(new_store(), "narrow", made_up)
    with opened(store, "wide") as engine:
        plan = engine.plan_again()
        assert plan is not None
        assert (plan.films, plan.made) == ({"demo": 40}, 0)
        report = engine.ingest("nih", made_up.films, again=True)
        assert engine.plan_again() is None
    assert report.films == Tally(unchanged=40)
    assert report.again is not None
    assert report.again.films == 40
    assert report.again.left_out == ()
    assert report.again.texts == sql(store, "SELECT count(*) FROM mmrag.lab_vector")[0][0]
    assert everything(store, "wide") == everything(filled(new_store(), "wide", made_up), "wide")
    assert sql(store, "SELECT to_regclass('mmrag.next_film')") == [(None,)]
    inline = sql(
        store,
        "SELECT relname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid "
        "WHERE attname = 'vector' AND attstorage = 'p' ORDER BY 1",
    )
    assert {("film_vector",), ("film_pixel",), ("lab_vector",)} <= set(inline)


def test_without_again_another_encoder_is_refused_by_both_names_and_the_mend(
    made_up: DemoFolders, new_store: Callable[[], Settings]
) -> None:
    store = filled(new_store(), "narrow", made_up)
    before = everything(store, "narrow")
    with opened(store, "wide") as engine:
        for work in (lambda: engine.ingest("nih", made_up.films), lambda: engine.search("mass")):
            with pytest.raises(SpaceMismatch) as caught:
                work()
            for part in (
                "narrow:nnnnnnnnnnnn:fp32 (length 6)",
                "wide:wwwwwwwwwwww:fp32 (length 9)",
                "--again",
            ):
                assert part in str(caught.value)
    assert everything(store, "narrow") == before


def test_within_one_space_the_source_is_encoded_anew(
    made_up: DemoFolders, new_store: Callable[[], Settings]
) -> None:
    store = filled(new_store(), "narrow", made_up)
    before = everything(store, "narrow")
    sql(store, "UPDATE mmrag.film_pixel SET vector = '[1,0,0,0,0,0]'")
    sql(store, "UPDATE mmrag.lab_vector SET vector = '[1,0,0,0,0,0]'")
    assert everything(store, "narrow") != before
    with opened(store, "narrow") as engine:
        report = engine.ingest("nih", made_up.films, again=True)
        assert report.again is None
        assert report.films == Tally(changed=40)
        panels = engine.ingest("synthea", made_up.labs, again=True).labs
        assert (panels.added, panels.unchanged) == (0, 0)
    assert everything(store, "narrow") == before


def some_are_made(settings: Settings) -> bool:
    if sql(settings, "SELECT to_regclass('mmrag.next_film')") == [(None,)]:
        return False
    return bool(sql(settings, "SELECT film FROM mmrag.next_film LIMIT 1"))


def test_a_run_that_is_killed_leaves_the_old_space_and_the_next_goes_on(
    made_up: DemoFolders, new_store: Callable[[], Settings]
) -> None:
    store = filled(new_store(), "narrow", made_up)
    before = everything(store, "narrow")
    assert store.dsn is not None
    command = [sys.executable, "-m", "mmrag", "ingest", "nih", str(made_up.films), "--again"]
    environment = {**os.environ, "MMRAG_DSN": store.dsn, "MMRAG_ENCODER": "wide", "STALL": "1"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as run:
        deadline = time.monotonic() + 120
        try:
            while not some_are_made(store) and run.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            run.kill()
        assert run.stderr is not None
        told = run.stderr.read()
    assert "narrow:nnnnnnnnnnnn:fp32 (length 6)" in told
    assert "40 films of demo" in told
    assert everything(store, "narrow") == before
    with opened(store, "wide") as engine:
        plan = engine.plan_again()
    assert plan is not None
    assert 0 < plan.made < 40
    without_stall = {name: value for name, value in environment.items() if name != "STALL"}
    finished = subprocess.run(
        [*command, "--json"],
        env=without_stall,
        check=True,
        capture_output=True,
        text=True,
    )
    assert f"{plan.made} films are done" in finished.stderr
    assert everything(store, "wide") == everything(filled(new_store(), "wide", made_up), "wide")


def test_what_was_made_for_a_third_space_is_thrown_away(
    made_up: DemoFolders, new_store: Callable[[], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled(new_store(), "narrow", made_up)

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mmrag.ingest.again.fuse_anew", stop)
    with opened(store, "wide") as engine, pytest.raises(KeyboardInterrupt):
        engine.ingest("nih", made_up.films, again=True)
    monkeypatch.undo()
    with opened(store, "compact") as engine:
        plan = engine.plan_again()
    assert plan is not None
    assert plan.made == 0


def test_films_that_are_gone_are_named_and_leave_the_store(
    own_copy: DemoFolders, new_store: Callable[[], Settings]
) -> None:
    folder = another_source(own_copy)
    store = filled(new_store(), "narrow", own_copy)
    with opened(store, "narrow") as engine:
        assert engine.ingest("nih", folder).films.added == 4
    gone, broken, *_ = sorted((folder / "images").iterdir())
    gone.unlink()
    broken.write_bytes(b"no picture")
    report = again(store, "wide", own_copy.films)
    assert sorted(report.left_out) == [f"{OTHER}:{gone.name}", f"{OTHER}:{broken.name}"]
    assert report.films == 42
    with opened(store, "wide") as engine:
        assert engine.status().films[OTHER].films == 2
        assert engine.search("effusion", films=99, labs=0).coverage.films.searched == 42


def test_a_source_that_is_gone_as_a_whole_changes_nothing(
    own_copy: DemoFolders, new_store: Callable[[], Settings]
) -> None:
    folder = another_source(own_copy)
    store = filled(new_store(), "narrow", own_copy)
    with opened(store, "narrow") as engine:
        engine.ingest("nih", folder)
    before = everything(store, "narrow")
    folder.rename(folder.with_name("unmounted"))
    with opened(store, "wide") as engine, pytest.raises(SourceError, match=f"4 films of {OTHER}"):
        engine.ingest("nih", own_copy.films, again=True)
    assert everything(store, "narrow") == before
    folder.with_name("unmounted").rename(folder)
    assert again(store, "wide", own_copy.films).films == 44


def test_films_of_the_source_may_have_moved_with_their_folder(
    own_copy: DemoFolders, new_store: Callable[[], Settings]
) -> None:
    store = filled(new_store(), "narrow", own_copy)
    moved = own_copy.films.rename(own_copy.films.with_name("elsewhere"))
    report = again(store, "wide", moved)
    assert (report.films, report.left_out) == (40, ())
    with opened(store, "wide") as engine:
        film = engine.search("effusion", films=1, labs=0).films[0]
        assert Path(film.file).is_relative_to(moved)


def test_an_empty_store_takes_vectors_of_any_length(
    made_up: DemoFolders, new_store: Callable[[], Settings]
) -> None:
    store = new_store()
    with opened(store, "narrow") as engine, pytest.raises(SourceError):
        engine.ingest("nih", made_up.labs, again=True)
    with opened(store, "narrow") as engine:
        assert engine.plan_again() is None  # made for 6 numbers, and nothing in it
    with opened(store, "wide") as engine:
        assert engine.ingest("nih", made_up.films).films.added == 40
        assert len(engine.search("effusion", films=40, labs=0).films) == 40
