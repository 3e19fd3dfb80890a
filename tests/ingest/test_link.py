"""A table of links: good rows go in, every other row is told with its mend."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from mmrag import Settings
from mmrag.errors import SourceError
from mmrag.ingest.link import LinkReport, declare_links, withdraw_links
from mmrag.records import Patient
from mmrag.sources.problems import LISTED
from mmrag.store import Store
from tests.store import test_films as films
from tests.store import test_labs as labs
from tests.store.conftest import DIMENSION, evidence, unit_vectors

TODAY = date(2026, 6, 1)
HEADER = "film_patient,lab_patient\n"


@pytest.fixture
def filled(new_store: Callable[[], Settings]) -> Iterator[Store]:
    """Films nih:0 .. nih:9 and covid:0 .. covid:9, panels synthea:0 .. synthea:9."""
    with Store.open(new_store(), DIMENSION) as store:
        for source in ("nih", "covid"):
            entries = [films.entry(n, source) for n in range(20)]
            store.films.write(entries, unit_vectors(20), unit_vectors(20), evidence(20))
        labs.fill(store, rows=10)
        yield store


def table(folder: Path, *rows: str, header: str = HEADER) -> Path:
    file = folder / "links.csv"
    file.write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return file


def declared(store: Store) -> list[tuple[str, str]]:
    return [link.pair for link in store.links.every()]


def declare(store: Store, file: Path) -> LinkReport:
    return declare_links(store, file, "somebody", TODAY)


def test_good_rows_go_in_and_the_others_are_told(filled: Store, tmp_path: Path) -> None:
    # nih:1 is M (films 2 and 3), nih:2 is F and M; synthea:n is F where n is odd
    file = table(
        tmp_path,
        "nih:2,synthea:3",
        "nih:1,synthea:1",  # M and F
        "nih:404,synthea:3",
        "nih:2,synthea:404",
        "nih:2",
        "nih:2,",
        "nih:2,synthea:3",
        "3,synthea:3",
        "synthea:3,synthea:3",
    )
    report = declare(filled, file)
    assert (report.added, report.unchanged) == (1, 1)
    assert declared(filled) == [("nih:2", "synthea:3")]
    told = {line.row: (line.kind, line.message) for line in report.problems}
    assert told.keys() == {3, 4, 5, 6, 7, 9, 10}
    assert told[3][0] == "contradiction"
    assert told[3][1].startswith("nih:1 is male and synthea:1 female: they are two people")
    assert told[4] == (
        "no-such-patient", "no film of nih:404 is stored: ingest it first, or correct the name",
    )  # fmt: skip
    assert told[5][1].startswith("no panel of synthea:404 is stored")
    assert told[6][0] == "broken-row"
    assert told[7][0] == "not-both"
    assert told[9][1].endswith("write source:identifier (covid:3 or nih:3?)")
    assert told[10][0] == "no-such-patient"  # synthea:3 has panels and no film


def test_declared_again_nothing_changes(filled: Store, tmp_path: Path) -> None:
    file = table(tmp_path, "nih:2,synthea:3")
    declare(filled, file)
    before = filled.links.every()
    assert declare(filled, file) == LinkReport(file="links.csv", unchanged=1)
    assert filled.links.every() == before


def test_what_follows_from_a_row_is_held_against_it(filled: Store, tmp_path: Path) -> None:
    first = table(tmp_path, "nih:2,synthea:3", "covid:2,synthea:3")
    assert declare(filled, first).added == 2
    report = declare(filled, table(tmp_path, "nih:5,synthea:3", "covid:2,synthea:5"))
    assert report.added == 0
    (films_apart, panels_apart) = (line.message for line in report.problems)
    assert films_apart.startswith("source nih has films of both nih:5 and nih:2 as two patients")
    assert "mmrag link --list" in films_apart
    assert panels_apart.startswith("source synthea has panels of both synthea:3 and synthea:5")


def test_sex_that_is_known_through_another_patient_counts(filled: Store, tmp_path: Path) -> None:
    filled.people.write_patients([Patient("nih:9", None, None)])
    labs.write(filled, [labs.entry(50, labs.leukocytes(5.0), patient="fhir:1", sex=None)])
    # covid:1 is M, synthea:1 is F; fhir:1 says nothing
    assert declare(filled, table(tmp_path, "covid:1,fhir:1")).added == 1
    report = declare(filled, table(tmp_path, "nih:2,fhir:1", "nih:2,synthea:1"))
    assert declared(filled) == [("covid:1", "fhir:1"), ("nih:2", "fhir:1")]
    (line,) = report.problems
    assert line.message.startswith("covid:1 is male and synthea:1 female, and links that are there")


def test_a_year_of_birth_that_does_not_fit(filled: Store, tmp_path: Path) -> None:
    filled.people.write_patients([Patient("synthea:3", date(2025, 1, 1))])
    report = declare(filled, table(tmp_path, "nih:5,synthea:3"))  # ages 10 and none
    (line,) = report.problems
    assert "nih:5 was born in 2016 or before, being 10 years old on an undated" in line.message
    filled.people.write_patients([Patient("synthea:3", date(2010, 1, 1))])
    assert declare(filled, table(tmp_path, "nih:5,synthea:3")).added == 1


def test_many_bad_rows_are_counted(filled: Store, tmp_path: Path) -> None:
    report = declare(filled, table(tmp_path, *(f"nih:x{n},synthea:1" for n in range(LISTED + 5))))
    assert len(report.problems) == LISTED + 1
    last = report.problems[-1]
    assert (last.count, last.message) == (5, "and 5 more rows with a patient who is not stored")


def test_pairs_are_taken_back_whoever_declared_them(filled: Store, tmp_path: Path) -> None:
    declare(filled, table(tmp_path, "nih:2,synthea:3", "nih:5,synthea:5"))
    report = withdraw_links(filled, table(tmp_path, "nih:5,synthea:5", "nih:5,synthea:5"))
    assert (report.removed, [line.kind for line in report.problems]) == (1, ["not-declared"])
    assert declared(filled) == [("nih:2", "synthea:3")]


@pytest.mark.parametrize(
    ("header", "wrong"),
    [
        ("patient,lab_patient\n", "no column FILM_PATIENT in the first line"),
        ("", "no column FILM_PATIENT, LAB_PATIENT"),
    ],
)
def test_another_header_is_refused(filled: Store, tmp_path: Path, header: str, wrong: str) -> None:
    with pytest.raises(SourceError, match=wrong) as caught:
        declare(filled, table(tmp_path, "nih:2,synthea:3", header=header))
    assert "the columns film_patient and lab_patient" in str(caught.value)
    assert filled.links.every() == []


def test_columns_in_any_order_case_and_company(filled: Store, tmp_path: Path) -> None:
    file = table(
        tmp_path, ' synthea:3 ,"seen, twice",nih:2', header="\ufeffLab_Patient,note,FILM_PATIENT\n"
    )
    zipped = tmp_path / "links.csv.gz"
    zipped.write_bytes(gzip.compress(file.read_bytes()))
    assert declare(filled, zipped).added == 1
    (link,) = filled.links.every()
    assert (link.file, link.row, link.declared_by) == ("links.csv.gz", 2, "somebody")
