"""Reading the covid-chestxray-dataset: its real table, and tables gone wrong."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag import Engine, Settings
from mmrag.errors import SourceError
from mmrag.records import Film, LabReport, Patient, Problem
from mmrag.sources.covid import CovidSource
from mmrag.sources.covid_cells import (
    parse_cells,
    parse_date,
    parse_finding,
    parse_offset,
    parse_projection,
)

HEADER = (
    "patientid", "offset", "sex", "age", "finding", "view", "modality", "date", "folder",
    "filename", "license", "url", "clinical_notes", "leukocyte_count", "neutrophil_count",
    "lymphocyte_count",
)  # fmt: skip
ROW = {
    "patientid": "7",
    "offset": "3.0",
    "sex": "F",
    "age": "61",
    "finding": "Pneumonia/Viral/COVID-19",
    "view": "AP Supine",
    "modality": "X-ray",
    "date": "2020",
    "folder": "images",
    "filename": "a.png",
    "license": "CC BY 4.0",
    "url": "https://example.org/a",
    "clinical_notes": "Fever. Cough. ",
}


def folder_of(tmp_path: Path, *rows: dict[str, str], films: tuple[str, ...] = ("a.png",)) -> Path:
    (tmp_path / "images").mkdir(exist_ok=True)
    for film in films:
        (tmp_path / "images" / film).write_bytes(b"not looked at here")
    with (tmp_path / "metadata.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, HEADER, restval="")
        writer.writeheader()
        writer.writerows({**ROW, **row} for row in rows)
    return tmp_path


def read(folder: Path) -> list[Any]:
    return list(CovidSource(folder).read())


def of(kind: type, items: list[Any]) -> list[Any]:
    return [item for item in items if isinstance(item, kind)]


def test_a_row_is_a_patient_a_film_and_a_panel_of_one_day(tmp_path: Path) -> None:
    patient, film, panel = read(folder_of(tmp_path, {"lymphocyte_count": "0.7"}))
    assert patient == Patient("covid:7", sex="F")
    assert (film.id, film.patient, film.view, film.age, film.sex) == (
        "a.png", "covid:7", "AP", 61.0, "F",
    )  # fmt: skip
    assert (film.findings, film.stated) == (("Pneumonia",), "Pneumonia/Viral/COVID-19")
    assert (film.day, film.taken_on) == (3.0, None)
    assert film.licence == "CC BY 4.0 (https://example.org/a)"
    assert film.note == "Fever. Cough."
    assert film.path == tmp_path / "images" / "a.png"
    (lymphocytes,) = panel.observations
    assert (panel.patient, panel.day, panel.sampled_at) == ("covid:7", 3.0, None)
    assert (lymphocytes.value, lymphocytes.unit, lymphocytes.analyte) == (
        0.7, "10*9/L", "lymphocytes",
    )  # fmt: skip
    assert (lymphocytes.flag, lymphocytes.canonical_value) == ("L", 0.7)


def test_a_count_with_a_date_alone_has_that_time(tmp_path: Path) -> None:
    row = {"offset": "", "date": "March 9, 2020", "leukocyte_count": "12.5"}
    (panel,) = of(LabReport, read(folder_of(tmp_path, row)))
    assert panel.day is None
    assert panel.sampled_at is not None
    assert panel.sampled_at.date() == date(2020, 3, 9)


@pytest.mark.parametrize(
    ("wrong", "kind", "words"),
    [
        ({"lymphocyte_count": "1,1"}, "bad-value", "no count"),
        ({"lymphocyte_count": "-1"}, "bad-value", "no count"),
        ({"offset": "soon"}, "bad-offset", "no number of days"),
        ({"date": "03/09/20"}, "bad-date", "not a certain day"),
        ({"age": "400"}, "bad-age", "impossible"),
        ({"sex": "X"}, "bad-sex", "neither M nor F"),
        ({"view": "Axial"}, "bad-view", "none of PA, AP and L"),
        ({"finding": "Pneumonai"}, "unknown-label", "not known"),
        ({"clinical_notes": "fever\x00"}, "bad-note", "note left out"),
    ],
)
def test_a_bad_cell_costs_one_line_and_the_film_goes_in(
    tmp_path: Path, wrong: dict[str, str], kind: str, words: str
) -> None:
    items = read(folder_of(tmp_path, wrong))
    (problem,) = of(Problem, items)
    assert (problem.file, problem.row, problem.kind) == ("metadata.csv", 2, kind)
    assert words in problem.message
    assert len(of(Film, items)) == 1


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"modality": "CT"}, "not-a-film"),
        ({"filename": "../secret.png"}, "bad-name"),
        ({"folder": ".."}, "bad-name"),
        ({"filename": ""}, "bad-name"),
        ({"filename": "gone.png"}, "missing-file"),
    ],
)
def test_a_row_that_is_no_film_here_leaves_the_others(
    tmp_path: Path, wrong: dict[str, str], kind: str
) -> None:
    items = read(folder_of(tmp_path, {**wrong, "patientid": "8"}, {}))
    assert [problem.kind for problem in of(Problem, items)] == [kind]
    assert [film.id for film in of(Film, items)] == ["a.png"]


def test_counts_go_in_where_their_film_is_missing(tmp_path: Path) -> None:
    items = read(folder_of(tmp_path, {"filename": "gone.png", "lymphocyte_count": "2"}))
    assert not of(Film, items)
    assert len(of(LabReport, items)) == 1


@pytest.mark.parametrize(
    ("row", "kind"),
    [({"offset": "", "date": "2020"}, "no-time"), ({"patientid": ""}, "no-patient")],
)
def test_counts_that_cannot_be_placed_are_left_out(
    tmp_path: Path, row: dict[str, str], kind: str
) -> None:
    items = read(folder_of(tmp_path, {**row, "lymphocyte_count": "2"}))
    assert [problem.kind for problem in of(Problem, items)] == [kind]
    assert len(of(Film, items)) == 1
    assert not of(LabReport, items)


def test_a_film_named_twice_goes_in_once(tmp_path: Path) -> None:
    items = read(folder_of(tmp_path, {}, {"age": "20"}))
    assert [film.age for film in of(Film, items)] == [61.0]
    assert [problem.kind for problem in of(Problem, items)] == ["duplicate-row"]


def test_a_note_over_several_lines_is_one_row(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path, {"url": "two\nlines"}, {"filename": "b.png"}, films=("a.png", "b.png")
    )
    assert len(of(Film, read(folder))) == 2


def test_a_patients_sex_is_the_one_that_is_stated_first(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path, {"sex": ""}, {"filename": "b.png", "sex": "M"}, films=("a.png", "b.png")
    )
    (patient,) = of(Patient, read(folder))
    assert patient.sex == "M"


def test_a_folder_that_is_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no metadata\.csv here"):
        CovidSource(tmp_path)
    (tmp_path / "metadata.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SourceError, match="no column patientid, finding, view, filename"):
        CovidSource(tmp_path)


@pytest.mark.parametrize(
    ("written", "findings"),
    [
        ("COVID-19", ("Pneumonia",)),
        ("COVID-19, ARDS", ("Pneumonia",)),
        ("Pneumonia/Fungal/Pneumocystis", ("Pneumonia",)),
        ("No Finding", ()),
        ("Tuberculosis", None),
        ("ARDS", None),
        ("todo", None),
        ("", None),
        ("No Finding, ARDS", None),
    ],
)
def test_what_is_none_of_the_fourteen_is_not_called_a_clear_film(
    written: str, findings: tuple[str, ...] | None
) -> None:
    assert parse_finding(written) == (findings, [])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("January 25, 2020", date(2020, 1, 25)),
        ("2020-01-25", date(2020, 1, 25)),
        ("2020", None),
        ("", None),
    ],
)
def test_only_a_certain_day_is_a_date(written: str, expected: date | None) -> None:
    assert parse_date(written) == expected


@pytest.mark.parametrize("written", ["February 30, 2020", "Smarch 1, 2020", "25.1.2020"])
def test_a_day_that_cannot_be_told_is_said(written: str) -> None:
    with pytest.raises(ValueError, match="not a certain day"):
        parse_date(written)


@given(st.text())
def test_no_cell_breaks_the_reader(written: str) -> None:
    parse_finding(written)
    for parse in (parse_date, parse_offset, parse_cells, parse_projection):
        with contextlib.suppress(ValueError):
            parse(written)


@pytest.fixture(scope="module")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    home = tmp_path_factory.mktemp("covid")
    with Engine.open(settings=Settings(home=home, dsn=None)) as engine:
        engine.ingest("covid", shared_data / "covid")
        yield engine


def low_in(shared_data: Path, column: str, below: float) -> set[str]:
    """Film names of the rows below a bound, by the file itself."""
    with (shared_data / "covid" / "metadata.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return {f"covid:{r['filename']}" for r in rows if r[column] and float(r[column]) < below}


def test_the_real_set_goes_in_whole(shared_data: Path) -> None:
    items = read(shared_data / "covid")
    assert len(of(Film, items)) == 147
    assert len(of(Patient, items)) == 79
    assert len(of(LabReport, items)) == 13
    assert {problem.kind for problem in of(Problem, items)} == {"bad-date"}
    films = {film.id for film in of(Film, items)}
    assert all(panel.id.removeprefix("covid:") in films for panel in of(LabReport, items))


def test_lymphopenia_is_exactly_the_rows_below_their_range(shared_data: Path, real: Engine) -> None:
    # The lower bound of adults is 1.0, and no age has a lower one: it holds for every row.
    below = low_in(shared_data, "lymphocyte_count", 1.0)
    assert len(below) == 4
    found = real.search("lymphopenia", films=0, labs=100)
    assert {hit.report for hit in found.labs} == below
    assert found.coverage.labs.qualifying == 4


def test_leukocytosis_is_not_found_and_leukopenia_is_one_row(
    shared_data: Path, real: Engine
) -> None:
    assert real.search("leukocytosis", films=0).labs == ()
    low = real.search("leukopenia", films=0).labs
    assert {hit.report for hit in low} == low_in(shared_data, "leukocyte_count", 4.5)


def test_no_date_is_made_up_for_a_day_that_was_counted(real: Engine) -> None:
    answer = real.search("lymphopenia", films=0, labs=100)
    assert [hit.effective_at for hit in answer.labs] == [None] * 4
    assert {hit.day for hit in answer.labs} == {2.0, 6.0, 10.0, -6.0}
    assert "1900" not in answer.model_dump_json()
    assert not real.search("lymphopenia since 1900", films=0).labs
    assert not real.search("lymphopenia before 2030", films=0).labs
    falling = real.search("falling neutrophils", films=0).labs
    assert [hit.why.changes for hit in falling] == [
        ("neutrophils 2.8 10*3/uL, 4.0 on day 22 before",)
    ] * 2
