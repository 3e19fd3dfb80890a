"""Films read by radiologists, from the table to the brief."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mmrag import Engine, Settings
from mmrag.clinical.findings import finding_names
from mmrag.ingest.report import Tally
from mmrag.retrieval.lookup import FilmRecord
from mmrag.sources.demo import DemoFolders

Opened = Callable[[], Settings]


def stored(engine: Engine, name: str) -> FilmRecord:
    """A film that is there."""
    film = engine.film(name)
    assert film is not None
    return film


def write_reads(folder: Path, read: list[str], finding: str) -> Path:
    """Let radiologists see one finding on each of these films, whatever they show."""
    names = finding_names()
    cells = ",".join("YES" if name == finding else "NO" for name in names)
    header = ",".join(name.replace("_", " ") for name in names)
    rows = [f"{film},1,YES,{cells}" for film in read]
    table = folder / "reads.csv"
    table.write_text("\n".join([f"Image ID,Patient ID,Abnormal,{header}", *rows]) + "\n")
    return table


@pytest.fixture
def films(own_copy: DemoFolders) -> Path:
    """The made-up films as if somebody had taken them."""
    (own_copy.films / "mmrag-source.toml").unlink()
    return own_copy.films


def test_the_other_table_changes_stored_films_and_who_labelled_them(
    films: Path, new_store: Opened
) -> None:
    names = sorted(file.name for file in (films / "images").iterdir())
    read = names[:3]
    with Engine.open(settings=new_store()) as engine:
        engine.ingest("nih", films)
        mined = {name: stored(engine, name) for name in names}
        table = write_reads(films, read, "Hernia")
        touched = [n for n, film in mined.items() if n in read or film.findings is not None]
        report = engine.ingest("nih", films, labels=table)
        assert report.films == Tally(changed=len(touched), unchanged=len(names) - len(touched))
        assert engine.ingest("nih", films, labels=table).films == Tally(unchanged=len(names))
        for name in read:
            film, before = stored(engine, name), mined[name]
            assert (film.findings, film.labels_by) == (("Hernia",), "radiologists")
            assert (film.age, film.sex, film.view) == (before.age, before.sex, before.view)


def test_a_read_outweighs_pixels_and_its_score_adds_up(films: Path, new_store: Opened) -> None:
    read = sorted(file.name for file in (films / "images").iterdir())[:3]
    with Engine.open(settings=new_store()) as engine:
        engine.ingest("nih", films, labels=write_reads(films, read, "Hernia"))
        answer = engine.search("hernia", films=3, labs=0)
    assert {hit.id for hit in answer.films} == set(read)
    for hit in answer.films:
        (hernia,) = hit.why.evidence
        assert hernia.probability == pytest.approx(0.97, abs=1e-6)
        assert hernia.pixels_only < 0.9
        parts = hit.why.pixel + hit.why.label + hit.why.text + hit.why.patient
        assert parts == pytest.approx(hit.score, abs=1e-6)
    assert answer.model_dump(mode="json")["films"][0]["labels_by"] == "radiologists"


def test_the_same_labels_by_another_hand_are_a_changed_film(films: Path, new_store: Opened) -> None:
    names = sorted(file.name for file in (films / "images").iterdir())
    with Engine.open(settings=new_store()) as engine:
        engine.ingest("nih", films)
        mined = (stored(engine, name) for name in names)
        name, findings = next(
            (f.id, f.findings) for f in mined if f.findings and not f.findings[1:]
        )
        assert stored(engine, name).labels_by == "reports"
        engine.ingest("nih", films, labels=write_reads(films, [name], findings[0]))
        again = stored(engine, name)
        assert (again.findings, again.labels_by) == (findings, "radiologists")


def test_a_brief_says_who_read_and_fusing_anew_keeps_the_reads(
    films: Path, new_store: Opened
) -> None:
    read = sorted(file.name for file in (films / "images").iterdir())[:2]
    with Engine.open(settings=new_store()) as engine:
        engine.ingest("nih", films, labels=write_reads(films, read, "Hernia"))
        before = engine.search("hernia", films=2, labs=0)
        engine.refuse(w_pixel=0.7, w_label=0.3)
        assert engine.search("hernia", films=2, labs=0).films == before.films
        brief = engine.brief("hernia", films=2, labs=0)
    assert brief.dropped == 0
    assert "(read by radiologists)" in " ".join(claim.text for claim in brief.claims)
    assert not any("Text-mined" in claim.text for claim in brief.claims)
    assert not [claim for claim in brief.claims if claim.kind == "contradiction"]
