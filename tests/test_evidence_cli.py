"""``mmrag evidence fit`` on real files, right and wrong."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mmrag import Engine, Settings
from mmrag.clinical.findings import finding_names
from mmrag.errors import InputError, SpaceMismatch
from mmrag.evaluation.collection import films_of
from mmrag.evidence import evidence_model_for
from mmrag.evidence.shipped import file_name, parse_model, write_model
from mmrag.evidence_cli import evidence_app
from mmrag.sources.demo import DemoFolders, write_demo


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> DemoFolders:
    return write_demo(tmp_path_factory.mktemp("read"), films=60, patients=12)


def write_reads(file: Path, films: DemoFolders) -> None:
    """Let the made-up table's own labels be the experts' reads."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        columns = [name.replace("_", " ") for name in finding_names()]
        table.writerow(["Image ID", "Patient ID", "Abnormal", *columns])
        for film in films_of(films.films)[0]:
            shown = film.findings or ()
            cells = ["YES" if name in shown else "NO" for name in finding_names()]
            table.writerow([film.id, film.patient, "YES" if shown else "NO", *cells])


def test_it_writes_parameters_of_the_encoder(films: DemoFolders, tmp_path: Path) -> None:
    reads, out = tmp_path / "reads.csv", tmp_path / "mine.json"
    write_reads(reads, films)
    answer = CliRunner().invoke(
        evidence_app,
        ["fit", "--data", str(films.films), "--reads", str(reads), "--out", str(out), "--json"],
    )
    assert answer.exception is None, answer.output
    said = json.loads(answer.stdout)
    model = parse_model(out.read_text("utf-8"), out.name)
    assert said["name"] == model.name
    assert said["films"] == 60
    assert model.name.startswith("compact:")
    assert model.labelled.labels is not None


def test_without_reads_it_says_what_to_give(films: DemoFolders, tmp_path: Path) -> None:
    out = str(tmp_path / "mine.json")
    answer = CliRunner().invoke(evidence_app, ["fit", "--data", str(films.films), "--out", out])
    assert isinstance(answer.exception, InputError)
    assert "give --reads CSV" in str(answer.exception)


def test_reads_of_too_few_films_are_refused(films: DemoFolders, tmp_path: Path) -> None:
    reads = tmp_path / "reads.csv"
    write_reads(reads, films)
    reads.write_text("".join(reads.read_text("utf-8").splitlines(True)[:20]), "utf-8")
    answer = CliRunner().invoke(
        evidence_app,
        ["fit", "--data", str(films.films), "--reads", str(reads), "--out", str(tmp_path / "x")],
    )
    assert isinstance(answer.exception, InputError)
    assert "give more reads" in str(answer.exception)


def test_what_was_fitted_here_weighs_the_stored_films(
    films: DemoFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = tmp_path / "reads.csv"
    write_reads(reads, films)
    monkeypatch.setenv("MMRAG_EVIDENCE", str(tmp_path / "evidence"))
    with Engine.open(settings=Settings(home=tmp_path / "home", dsn=None)) as engine:
        engine.ingest("nih", films.films)
        shipped = engine.status().space
        answer = CliRunner().invoke(
            evidence_app, ["fit", "--data", str(films.films), "--reads", str(reads)]
        )
        assert answer.exception is None, answer.output
        assert "mmrag refuse" in answer.output
        with pytest.raises(SpaceMismatch, match="run mmrag refuse"):
            engine.search("effusion")
        engine.refuse()
        fitted = engine.status().space
        assert shipped is not None
        assert fitted is not None
        assert fitted.evidence != shipped.evidence
        assert engine.brief("effusion").dropped == 0


def test_parameters_of_other_weights_under_this_name_are_refused(tmp_path: Path) -> None:
    other = evidence_model_for("none", "")
    file = tmp_path / file_name("mine:0123456789abcdef")
    file.write_text(write_model(other), encoding="utf-8")
    with pytest.raises(InputError, match="was fitted for labels, not mine:0123456789abcdef"):
        evidence_model_for("mine", "0123456789abcdef", tmp_path)
    file.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="no evidence parameters"):
        evidence_model_for("mine", "0123456789abcdef", tmp_path)


def test_a_place_that_cannot_be_written_is_named(films: DemoFolders, tmp_path: Path) -> None:
    reads = tmp_path / "reads.csv"
    write_reads(reads, films)
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    out = tmp_path / "file" / "where.json"
    answer = CliRunner().invoke(
        evidence_app,
        ["fit", "--data", str(films.films), "--reads", str(reads), "--out", str(out)],
    )
    assert isinstance(answer.exception, InputError)
    assert "choose another --out" in str(answer.exception)
