from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from mmrag.records import Condition, Film, LabReport, Observation, Patient, Problem
from mmrag.sources import open_source
from mmrag.sources.base import Item
from mmrag.sources.demo import DemoFolders, write_demo
from mmrag.sources.demo.anatomy import SIZE
from mmrag.sources.images import read_film
from mmrag.sources.nih_cells import FINDINGS


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> DemoFolders:
    return write_demo(tmp_path_factory.mktemp("demo"), films=69, patients=20)


@pytest.fixture(scope="module")
def films(folders: DemoFolders) -> list[Film]:
    items = list(open_source("nih", folders.films).read())
    assert not [item for item in items if isinstance(item, Problem)]
    return [item for item in items if isinstance(item, Film)]


@pytest.fixture(scope="module")
def labs(folders: DemoFolders) -> list[Item]:
    items = list(open_source("synthea", folders.labs).read())
    assert not [item for item in items if isinstance(item, Problem)]
    return items


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def results(reports: list[LabReport], loinc: str) -> list[Observation]:
    return [o for report in reports for o in report.observations if o.loinc == loinc]


def test_same_seed_same_bytes_other_seed_other_films(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_demo(tmp_path / name, seed=seed, films=5, patients=3)
    first = files_of(tmp_path / "a")
    assert first == files_of(tmp_path / "b")
    other = files_of(tmp_path / "c")
    assert first.keys() == other.keys()
    pictures = [name for name in first if name.endswith(".png")]
    assert len(pictures) == 5
    assert all(first[name] != other[name] for name in pictures)


def test_every_finding_and_every_kind_of_label_occurs(films: list[Film]) -> None:
    assert len(films) == 69
    assert {finding for film in films for finding in film.findings or ()} == set(FINDINGS)
    assert any(film.findings is None for film in films)
    assert any(film.findings == () for film in films)
    assert any({"Pneumonia", "Effusion"} <= set(film.findings or ()) for film in films)


def test_people_vary(films: list[Film]) -> None:
    assert {film.view for film in films} == {"PA", "AP"}
    assert {film.sex for film in films} == {"F", "M"}
    ages = [film.age for film in films if film.age is not None]
    assert min(ages) < 12
    assert max(ages) > 70


def test_everything_is_marked_as_made_up(films: list[Film], labs: list[Item]) -> None:
    assert all(film.provenance.made_up for film in films)
    assert all(item.provenance.made_up for item in labs if isinstance(item, LabReport))
    # The same letters stand in the same corner of every film.
    corners = [read_film(film.path).pixels[SIZE - 24 : SIZE - 4, 4:72] for film in films]
    letters = np.mean([corner == 235 for corner in corners], axis=0)
    assert (letters == 1).sum() > 50


def test_films_and_blood_belong_to_the_same_people(films: list[Film], labs: list[Item]) -> None:
    tested = {item.patient for item in labs if isinstance(item, LabReport)}
    seen = {film.patient for film in films}
    assert len(seen) == 20
    assert tested < seen
    sexes = {film.patient: film.sex for film in films}
    for item in labs:
        if isinstance(item, Patient):
            assert item.id.startswith("demo:")
            assert item.sex == sexes[item.id]


def test_age_on_the_film_is_the_age_at_the_blood(films: list[Film], labs: list[Item]) -> None:
    ages = {(film.patient, film.follow_up): film.age for film in films}
    for item in labs:
        if isinstance(item, LabReport):
            assert item.encounter is not None
            assert item.age is not None
            number = int(item.encounter.rsplit("-", 1)[1])
            assert ages[item.patient, number] == int(item.age)


def test_blood_goes_with_the_findings(films: list[Film], labs: list[Item]) -> None:
    findings = {(film.patient, film.follow_up): film.findings for film in films}
    ill: list[LabReport] = []
    well: list[LabReport] = []
    for item in labs:
        if isinstance(item, LabReport) and item.encounter is not None:
            shown = findings[item.patient, int(item.encounter.rsplit("-", 1)[1])]
            if shown is not None and {"Pneumonia", "Effusion"} <= set(shown):
                ill.append(item)
            elif shown == ():
                well.append(item)
    assert len(ill) >= 4
    # Leukocytes, C-reactive protein, share of neutrophils; a few stay normal, as in life.
    for loinc, bound in (("6690-2", 11), ("1988-5", 10), ("770-8", 70)):
        raised = [(o.value or 0) > bound for o in results(ill, loinc)]
        assert np.mean(raised) > 0.7
    flags = {o.flag for report in well for o in report.observations}
    assert well
    assert flags <= {"N", None}


def test_blood_counts_agree_with_themselves(labs: list[Item]) -> None:
    for item in labs:
        if isinstance(item, LabReport):
            value = {o.loinc: o.value or 0.0 for o in item.observations}
            assert value["4544-3"] == pytest.approx(value["789-8"] * value["787-2"] / 10, rel=0.01)
            shares = sum(value[code] for code in ("770-8", "736-9", "5905-5", "713-8", "706-2"))
            assert shares == pytest.approx(100, abs=0.3)
            counts = sum(value[code] for code in ("751-8", "731-0", "742-7", "711-2", "704-7"))
            assert counts == pytest.approx(value["6690-2"], abs=0.1)


def test_conditions_are_those_of_the_films(films: list[Film], labs: list[Item]) -> None:
    pneumonia = {
        item.patient for item in labs if isinstance(item, Condition) and item.code == "233604007"
    }
    shown = {film.patient for film in films if "Pneumonia" in (film.findings or ())}
    assert pneumonia
    assert shown & {item.patient for item in labs if isinstance(item, LabReport)} <= pneumonia


def test_tables_have_the_columns_of_a_real_export(folders: DemoFolders, shared_data: Path) -> None:
    pairs = [
        (folders.labs / name, shared_data / "synthea" / "csv" / name)
        for name in ("patients.csv", "encounters.csv", "conditions.csv", "observations.csv")
    ]
    pairs.append(
        (folders.films / "Data_Entry_2017.csv", shared_data / "nih" / "Data_Entry_2017.csv")
    )
    for made_up, real in pairs:
        with made_up.open(newline="") as ours, real.open(newline="") as theirs:
            assert next(csv.reader(ours)) == next(csv.reader(theirs))


def test_films_have_the_greys_of_a_radiograph(films: list[Film]) -> None:
    for film in films[::7]:
        pixels = read_film(film.path).pixels
        assert pixels.shape == (SIZE, SIZE)
        dark, middle, bright = np.percentile(pixels, [10, 50, 90])
        assert dark < 80 < middle < 180 < bright
