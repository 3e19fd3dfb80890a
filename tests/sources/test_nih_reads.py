"""Films whose labels are radiologists' reads."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.errors import SourceError
from mmrag.records import Film, Problem
from mmrag.sources.nih import NihSource
from mmrag.sources.nih_cells import FINDINGS
from mmrag.sources.nih_reads import COLUMNS, Read, labels_of, parse_read
from tests.sources.test_nih import OFFICIAL, make_films, read, write_table

HEADER = ("Image ID", "Patient ID", "Abnormal", *COLUMNS.values(), "Other")
NAMES = ("00000061_002.png", "00000062_000.png", "00000063_000.png")


def row(film: str, *shown: str, abnormal: str = "YES") -> str:
    """One read: what it says is there, by the names of the columns."""
    cells = ("YES" if column in shown else "NO" for column in HEADER[3:])
    return ",".join([film, str(int(film.split("_")[0])), abnormal, *cells])


def reads_table(folder: Path, *rows: str, header: str = ",".join(HEADER)) -> Path:
    return write_table(folder, header, *rows, name="reads.csv")


def read_by_name(folder: Path, table: Path) -> tuple[dict[str, Film], list[Problem]]:
    films, problems = read(NihSource(folder, table))
    return {film.id: film for film in films}, problems


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three films and their own table."""
    make_films(tmp_path / "images", *NAMES)
    write_table(
        tmp_path,
        OFFICIAL,
        f"{NAMES[0]},Mass,2,61,77,M,PA,2500,2048,0.171,0.168",
        f"{NAMES[1]},Nothing known,0,62,41,F,AP,2500,2048,0.171,0.168",
        f"{NAMES[2]},Hernia,0,63,30,F,PA,2500,2048,0.171,0.168",
    )
    return tmp_path


@given(st.frozensets(st.sampled_from(FINDINGS)), st.booleans())
def test_a_row_says_what_it_was_written_from(shown: frozenset[str], abnormal: bool) -> None:
    cells = {COLUMNS[name]: "YES" if name in shown else "NO" for name in FINDINGS}
    read = parse_read({**cells, "Abnormal": "YES" if abnormal else "NO"}.get)
    assert read == Read(shown, abnormal)
    findings, stated = labels_of(read)
    if shown:
        assert set(findings or ()) == shown
        assert stated is None
    else:
        assert (findings, stated) == ((None, "Abnormal") if abnormal else ((), None))


def test_reads_are_told_from_mined_labels_and_the_rest_comes_from_the_folders_table(
    folder: Path,
) -> None:
    table = reads_table(
        folder,
        row(NAMES[0], "Effusion", "Pleural Thickening"),
        row(NAMES[1], abnormal="NO"),
        row("00000099_000.png", "Mass"),
    )
    films, problems = read_by_name(folder, table)
    first, normal, unread = (films[name] for name in NAMES)
    assert first.findings == ("Effusion", "Pleural_Thickening")
    assert (first.labels_by, first.provenance.row) == ("radiologists", 2)
    assert (first.patient, first.age, first.sex, first.view) == ("nih:61", 77.0, "M", "PA")
    assert (first.follow_up, first.width) == (2, 2500)
    assert (normal.findings, normal.labels_by, normal.age) == ((), "radiologists", 41.0)
    assert (unread.findings, unread.labels_by) == (None, "source")
    assert (unread.patient, unread.sex, unread.provenance.row) == ("nih:63", "F", None)
    # The unknown label of the other table is nobody's business here.
    assert sorted((p.kind, p.file) for p in problems) == [
        ("missing-file", "reads.csv"),
        ("no-row", NAMES[2]),
    ]


def test_abnormal_without_one_of_the_findings_is_neither_normal_nor_labelled(folder: Path) -> None:
    films, _ = read_by_name(folder, reads_table(folder, row(NAMES[0], "Other")))
    film = films[NAMES[0]]
    assert (film.findings, film.stated, film.labels_by) == (None, "Abnormal", "radiologists")


@pytest.mark.parametrize("others", [0, 2])
def test_without_one_table_beside_the_films_age_sex_and_view_stay_unknown(
    tmp_path: Path, others: int
) -> None:
    make_films(tmp_path, NAMES[0])
    for number in range(others):
        write_table(tmp_path, OFFICIAL, name=f"Data_Entry_2017_{number}.csv")
    films, problems = read_by_name(tmp_path, reads_table(tmp_path, row(NAMES[0], "Mass")))
    film = films[NAMES[0]]
    assert (film.findings, film.patient) == (("Mass",), "nih:61")
    assert (film.age, film.sex, film.view, film.follow_up) == (None, None, None, None)
    (problem,) = problems
    assert problem.kind == "no-details"
    assert problem.message.startswith("several tables" if others else "no Data_Entry_2017*.csv")


def test_a_cell_that_is_neither_yes_nor_no_leaves_the_film_unlabelled(folder: Path) -> None:
    rows = (row(NAMES[0], "Mass").replace("NO", "maybe", 1), row(NAMES[1], "Mass"))
    films, problems = read_by_name(folder, reads_table(folder, *rows, row(NAMES[2])))
    assert (films[NAMES[0]].findings, films[NAMES[0]].labels_by) == (None, "source")
    assert films[NAMES[1]].findings == ("Mass",)
    (problem,) = problems
    assert (problem.kind, problem.row) == ("bad-read", 2)
    assert "Atelectasis is 'maybe': write YES or NO" in problem.message


def test_findings_on_a_film_called_normal_stay_and_are_named(folder: Path) -> None:
    rows = (row(NAMES[0], "Mass", abnormal="NO"), row(NAMES[1]), row(NAMES[2]))
    films, problems = read_by_name(folder, reads_table(folder, *rows))
    assert films[NAMES[0]].findings == ("Mass",)
    assert [(p.kind, p.row) for p in problems] == [("bad-read", 2)]


def test_a_lacking_column_and_a_row_without_a_film_are_named(folder: Path) -> None:
    lacking = reads_table(folder, header=",".join(c for c in HEADER if c != "Hernia"))
    with pytest.raises(SourceError, match=r"column Hernia is missing.*YES or NO"):
        NihSource(folder, lacking)
    nameless = reads_table(folder, ",,NO" + ",NO" * 15)
    _, problems = read_by_name(folder, nameless)
    assert any("fill in Image ID" in problem.message for problem in problems)


def test_a_folder_of_another_name_has_labels_of_unknown_origin(folder: Path) -> None:
    assert {film.labels_by for film in read(NihSource(folder))[0]} == {"reports", "source"}
    (folder / "mmrag-source.toml").write_text('name = "clinic"\n')
    assert {film.labels_by for film in read(NihSource(folder))[0]} == {"source"}
    table = reads_table(folder, *map(row, NAMES))
    assert {film.labels_by for film in read(NihSource(folder, table))[0]} == {"radiologists"}


def test_real_reads_agree_with_a_plain_reading_of_their_table(shared_data: Path) -> None:
    table = shared_data / "nih" / "expert_labels.csv"
    films, problems = read_by_name(shared_data / "nih", table)
    with table.open(newline="") as file:
        rows = {line["Image ID"]: line for line in csv.DictReader(file)}
    mined = {film.id: film for film in read(NihSource(shared_data / "nih"))[0]}
    assert {film.id for film in films.values() if film.labels_by == "radiologists"} == set(rows)
    for name, film in films.items():
        before = mined[name]
        assert (film.patient, film.age, film.sex, film.view) == (
            before.patient, before.age, before.sex, before.view,
        )  # fmt: skip
        if name not in rows:
            assert film.findings is None
            continue
        shown = {f for f in FINDINGS if rows[name][f.replace("_", " ")] == "YES"}
        assert set(film.findings or ()) == shown
        assert (film.findings == ()) == (rows[name]["Abnormal"] == "NO")
    assert {problem.kind for problem in problems} == {"no-row"}
    assert sum(problem.count for problem in problems) == len(films) - len(rows)
