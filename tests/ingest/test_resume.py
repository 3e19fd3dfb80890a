"""Ingesting again, ingesting changes, and ingesting after being killed."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmrag import Engine, Settings
from mmrag.ingest.report import Tally
from mmrag.sources.demo import DemoFolders

QUESTIONS = ("pneumonia with pleural effusion", "low platelets")


def everything(engine: Engine) -> object:
    """What a user can see of a store: counts, and all answers with their scores."""
    status = engine.status().model_dump(exclude={"size_bytes", "location"})
    answers = [engine.search(q, films=1000, labs=1000).model_dump() for q in QUESTIONS]
    return status, answers


def rewrite(table: Path, row: int, column: str, value: str) -> None:
    """Change one cell of a table, rows counted from 0."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    rows[row + 1][rows[0].index(column)] = value
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def test_again_adds_nothing(own_copy: DemoFolders, tmp_path: Path) -> None:
    with Engine.open(settings=Settings(home=tmp_path / "home", dsn=None)) as engine:
        first = engine.ingest("nih", own_copy.films)
        labs = engine.ingest("synthea", own_copy.labs)
        before = everything(engine)
        assert engine.ingest("nih", own_copy.films).films == Tally(unchanged=first.films.added)
        assert engine.ingest("synthea", own_copy.labs).labs == Tally(unchanged=labs.labs.added)
        assert everything(engine) == before


def test_only_what_changed_goes_in(own_copy: DemoFolders, tmp_path: Path) -> None:
    pictures = sorted((own_copy.films / "images").iterdir())
    with Engine.open(settings=Settings(home=tmp_path / "home", dsn=None)) as engine:
        engine.ingest("nih", own_copy.films)
        rewrite(own_copy.films / "Data_Entry_2017.csv", 0, "Finding Labels", "Hernia")
        pictures[1].write_bytes(pictures[2].read_bytes())
        (own_copy.films / "images" / "99999999_000.png").write_bytes(pictures[5].read_bytes())
        report = engine.ingest("nih", own_copy.films)
        assert report.films == Tally(added=1, changed=2, unchanged=len(pictures) - 2)
        films = {film.id: film for film in engine.search("hernia", films=99, labs=0).films}
        assert films[pictures[0].name].findings == ("Hernia",)
        assert films[pictures[0].name].why.label > 0
        assert len(films) == len(pictures) + 1


def test_a_changed_result_replaces_the_old_one(own_copy: DemoFolders, tmp_path: Path) -> None:
    with Engine.open(settings=Settings(home=tmp_path / "home", dsn=None)) as engine:
        before = engine.ingest("synthea", own_copy.labs)
        rewrite(own_copy.labs / "observations.csv", 0, "VALUE", "31.5")
        report = engine.ingest("synthea", own_copy.labs)
        assert report.labs == Tally(changed=1, unchanged=before.labs.added - 1)
        found = engine.search("WBC above 31", labs=5, films=0).labs
        assert [o.value for lab in found for o in lab.observations if o.matched] == [31.5]


def test_broken_films_are_lines_and_the_rest_goes_in(own_copy: DemoFolders, tmp_path: Path) -> None:
    pictures = sorted((own_copy.films / "images").iterdir())
    whole = pictures[0].read_bytes()
    pictures[0].write_bytes(whole[: len(whole) // 2])
    pictures[1].write_bytes(b"")
    pictures[2].unlink()
    with Engine.open(settings=Settings(home=tmp_path / "home", dsn=None)) as engine:
        report = engine.ingest("nih", own_copy.films)
        assert report.films.added == len(pictures) - 3
        named = {
            line.file.rsplit("/", 1)[-1] for line in report.problems if line.kind == "bad-film"
        }
        assert named == {pictures[0].name, pictures[1].name}
        assert any(pictures[2].name in line.message for line in report.problems)
        pictures[0].write_bytes(whole)
        assert engine.ingest("nih", own_copy.films).films.added == 1


def test_a_film_that_breaks_later_keeps_its_good_record(
    own_copy: DemoFolders, tmp_path: Path
) -> None:
    pictures = sorted((own_copy.films / "images").iterdir())
    with Engine.open(settings=Settings(home=tmp_path / "home", dsn=None)) as engine:
        engine.ingest("nih", own_copy.films)
        pictures[0].write_bytes(b"not a film")
        report = engine.ingest("nih", own_copy.films)
        assert [line.kind for line in report.problems] == ["bad-film"]
        assert engine.status().films["demo"].films == len(pictures)


@pytest.mark.parametrize("patience", [0.0, 0.25, 0.6])
def test_killed_at_any_moment_and_run_again_ends_the_same(
    patience: float, made_up: DemoFolders, engine: Engine, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    arguments = [sys.executable, "-m", "mmrag", "ingest"]
    environment = {**os.environ, "MMRAG_HOME": str(home)}
    environment.pop("MMRAG_DSN", None)
    with subprocess.Popen([*arguments, "nih", str(made_up.films)], env=environment) as run:
        deadline = time.monotonic() + 60
        while not (home / "postgres").exists() and run.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(patience)
        run.send_signal(signal.SIGKILL)
    for kind, path in (("nih", made_up.films), ("synthea", made_up.labs)):
        subprocess.run([*arguments, kind, str(path)], env=environment, check=True)
    with Engine.open(settings=Settings(home=home, dsn=None)) as mended:
        assert everything(mended) == everything(engine)
