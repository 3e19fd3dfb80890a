"""Labels of a patient's other films in an ingest: whichever comes first, all are heard."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from mmrag import Engine, Settings
from mmrag.sources.demo import DemoFolders
from mmrag.store import Store

HEADER = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position\n"
)
ROWS = {
    "00000007_000.png": "Effusion",
    "00000007_001.png": "Effusion|Mass",
    "00000007_002.png": "No Finding",
    "00000007_003.png": "Effusion",
    "00000008_000.png": "Mass",
}


def folder(where: Path, names: tuple[str, ...], rows: Mapping[str, str], made_up: Path) -> Path:
    """Films that are there, beside a table that may name more."""
    pictures = sorted((made_up / "images").iterdir())
    (where / "images").mkdir(parents=True)
    for name in names:
        number = list(ROWS).index(name)
        with Image.open(pictures[number]) as picture:
            picture.save(where / "images" / name)
    tabulate(where, rows)
    return where


def tabulate(where: Path, rows: Mapping[str, str]) -> None:
    lines = [f"{n},{told},{int(n[9:12])},{int(n[:8])},60,M,PA\n" for n, told in rows.items()]
    (where / "Data_Entry_2017.csv").write_text(HEADER + "".join(lines), encoding="utf-8")


def evidence(engine: Engine) -> dict[str, dict[str, float]]:
    hits = engine.search("effusion or mass", films=99, labs=0).films
    return {hit.id: {e.finding: e.probability for e in hit.why.evidence} for hit in hits}


def histories(engine: Engine) -> dict[str, tuple[int, dict[str, int]] | None]:
    hits = engine.search("effusion or mass", films=99, labs=0).films
    return {hit.id: None if (h := hit.why.history) is None else (h.films, h.named) for hit in hits}


def opened(home: Path) -> Engine:
    return Engine.open(settings=Settings(home=home, dsn=None))


def test_films_that_come_one_by_one_are_weighed_as_if_they_came_together(
    made_up: DemoFolders, tmp_path: Path
) -> None:
    names = tuple(ROWS)
    whole = folder(tmp_path / "whole", names, ROWS, made_up.films)
    with opened(tmp_path / "one") as engine:
        engine.ingest("nih", whole)
        together = evidence(engine)
        engine.refuse()
        assert evidence(engine) == together
    with opened(tmp_path / "other") as engine:
        for place in range(len(names)):
            some = names[: place + 1]
            rows = {name: ROWS[name] for name in some}
            engine.ingest("nih", folder(tmp_path / f"part{place}", some, rows, made_up.films))
        assert evidence(engine) == together
    assert together["00000007_000.png"]["Effusion"] > 0


def test_rows_without_a_film_speak_and_the_answer_says_so(
    made_up: DemoFolders, tmp_path: Path
) -> None:
    here = ("00000007_000.png", "00000008_000.png")
    films = folder(tmp_path / "films", here, {n: ROWS[n] for n in here}, made_up.films)
    with opened(tmp_path / "home") as engine:
        engine.ingest("nih", films)
        assert histories(engine) == {here[0]: None, here[1]: None}
        before = evidence(engine)
        tabulate(films, ROWS)
        report = engine.ingest("nih", films)
        assert report.films.unchanged == 2
        heard = (3, {"Effusion": 2, "Mass": 1, "No Finding": 1})
        assert histories(engine) == {here[0]: heard, here[1]: None}
        after = evidence(engine)
    assert after[here[0]]["Effusion"] > before[here[0]]["Effusion"]
    assert after[here[1]] == before[here[1]]


def test_what_a_killed_run_left_due_is_weighed_by_the_next(
    made_up: DemoFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = folder(tmp_path / "whole", tuple(ROWS), ROWS, made_up.films)
    with opened(tmp_path / "home") as engine:
        engine.ingest("nih", whole)
        expected = evidence(engine)
    shutil.rmtree(tmp_path / "home")
    with opened(tmp_path / "home") as engine:
        with monkeypatch.context() as patch:
            patch.setattr("mmrag.store.films.Films.weigh_due", _killed)
            with pytest.raises(KeyboardInterrupt):
                engine.ingest("nih", whole)
        assert evidence(engine) != expected
        engine.ingest("nih", whole)
        assert evidence(engine) == expected


def _killed(store: Store, fuse: object) -> int:
    raise KeyboardInterrupt
