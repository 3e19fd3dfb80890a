"""The main job on real films and real laboratory records, where they are present."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmrag import Engine, Settings
from mmrag.ingest.report import Tally


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """All development films and both forms of Synthea CSV in one store."""
    home = tmp_path_factory.mktemp("real")
    with Engine.open(settings=Settings(home=home, dsn=None)) as engine:
        films = engine.ingest("nih", shared_data / "nih")
        assert films.films == Tally(added=len(rows(shared_data / "nih" / "Data_Entry_2017.csv")))
        assert films.problems == ()
        engine.ingest("synthea", shared_data / "synthea" / "csv")
        yield engine


def test_the_films_that_show_it_come_first(real: Engine) -> None:
    films = real.search("pleural effusion", films=20, labs=0).films
    assert len(films) == 20
    assert sum("Effusion" in (film.findings or ()) for film in films) >= 17
    assert all(film.findings for film in films)  # none is "No Finding", none unlabelled


def test_ten_panels_that_hold_platelets(real: Engine) -> None:
    labs = real.search("platelets", films=0, labs=10).labs
    assert len(labs) == 10
    for lab in labs:
        assert any(o.loinc == "777-3" and o.matched for o in lab.observations)


def test_leukocytosis_is_not_found_and_never_replaced_by_a_normal_count(
    real: Engine, shared_data: Path
) -> None:
    brief = real.brief("leukocytosis", films=0, labs=10)
    assert brief.labs == ()
    highest = max(
        float(row["VALUE"])
        for row in rows(shared_data / "synthea" / "csv" / "observations.csv")
        if row["CODE"] == "6690-2"
    )
    (claim,) = [c for c in brief.claims if c.text.startswith("leukocytosis: none found")]
    assert f"{highest:g}" in claim.text


def test_films_and_panels_of_different_people_are_never_linked(real: Engine) -> None:
    brief = real.brief("pneumonia with pleural effusion")
    assert brief.linkage == "cohort"
    assert brief.dropped == 0
    assert not any(claim.kind in ("agreement", "contradiction") for claim in brief.claims)


def test_the_old_export_goes_in_and_its_blank_rows_are_one_line(
    shared_data: Path, tmp_path: Path
) -> None:
    with Engine.open(settings=Settings(home=tmp_path / "home", dsn=None)) as engine:
        report = engine.ingest("synthea", shared_data / "synthea/observations_2020_no_category.csv")
    assert report.observations == 9
    (blank,) = [line for line in report.problems if line.kind == "blank-row"]
    assert blank.count == 299_037


def test_what_the_encoder_was_taught_comes_out_of_a_search(real: Engine, shared_data: Path) -> None:
    """No measure of the encoder, which learnt from these reads: the way to the answer keeps them.

    Last in this module: it fuses the store anew, without labels.
    """
    read = {
        row["Image ID"]: row["Effusion"] == "YES"
        for row in rows(shared_data / "nih" / "expert_labels.csv")
    }
    real.refuse(1.0, 0.0)
    ranked = [film.id for film in real.search("pleural effusion", films=1000, labs=0).films]
    judged = [read[name] for name in ranked if name in read][:20]
    base_rate = sum(read.values()) / len(read)
    assert sum(judged) / 20 >= 1.5 * base_rate
