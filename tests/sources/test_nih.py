from __future__ import annotations

import csv
import gzip
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.errors import InputError, SourceError
from mmrag.records import Film, FilmLabels, Patient, Problem
from mmrag.sources import open_source
from mmrag.sources.nih import NihSource
from mmrag.sources.nih_cells import FINDINGS, parse_age, parse_findings
from mmrag.sources.problems import LISTED

OFFICIAL = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,"
    "View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]"
)
KAGGLE = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,"
    "View Position,OriginalImageWidth,OriginalImageHeight,"
    "OriginalImagePixelSpacing_x,OriginalImagePixelSpacing_y"
)
ROW = "00000061_002.png,Effusion|Mass,2,61,77,M,PA,2500,2048,0.171,0.168"


def make_films(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"listed, not decoded")


def write_table(folder: Path, *lines: str, name: str = "Data_Entry_2017.csv") -> Path:
    table = folder / name
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


def read(source: NihSource) -> tuple[list[Film], list[Problem]]:
    items = list(source.read())
    return (
        [item for item in items if isinstance(item, Film)],
        [item for item in items if isinstance(item, Problem)],
    )


def read_one(folder: Path, *lines: str) -> tuple[Film, list[Problem]]:
    make_films(folder / "images", "00000061_002.png")
    write_table(folder, *lines)
    films, problems = read(NihSource(folder))
    return films[0], problems


def test_rows_without_a_film_tell_of_the_patients_who_have_one(tmp_path: Path) -> None:
    make_films(tmp_path / "images", "00000061_002.png")
    write_table(
        tmp_path,
        OFFICIAL,
        ROW,
        "00000061_000.png,No Finding,0,61,77,M,PA,2500,2048,0.171,0.168",
        "00000061_001.png,Effusion|Mess,1,61,77,M,PA,2500,2048,0.171,0.168",
        "00000061_003.png,,3,61,77,M,PA,2500,2048,0.171,0.168",
        "00000062_000.png,Mass,0,62,50,F,PA,2500,2048,0.171,0.168",
    )
    items = list(NihSource(tmp_path).read())
    assert [item for item in items if isinstance(item, FilmLabels)] == [
        FilmLabels("00000061_000.png", "nih:61", ()),
        FilmLabels("00000061_001.png", "nih:61", ("Effusion",)),
    ]
    problems = [item for item in items if isinstance(item, Problem)]
    kinds = {problem.message.split(" ")[0]: problem.kind for problem in problems}
    assert kinds == {
        "00000061_000.png": "labels-alone",
        "00000061_001.png": "labels-alone",
        "00000061_003.png": "missing-file",
        "00000062_000.png": "missing-file",
    }


# ---------------------------------------------------------------- real films


def test_real_folder_agrees_with_a_plain_reading_of_its_table(shared_data: Path) -> None:
    films, problems = read(NihSource(shared_data / "nih"))
    with (shared_data / "nih" / "Data_Entry_2017.csv").open(newline="") as file:
        rows = {row[0]: row for row in list(csv.reader(file))[1:]}
    assert problems == []
    assert [film.id for film in films] == sorted(rows)
    for film in films:
        row = rows[film.id]
        labels = () if row[1] == "No Finding" else tuple(row[1].split("|"))
        assert film.findings == labels
        assert film.patient == f"nih:{row[3]}"
        assert (film.age, film.sex, film.view) == (float(row[4]), row[5], row[6])
        assert (film.width, film.height) == (int(row[7]), int(row[8]))
        assert film.path.is_file()


def test_whole_official_table_over_a_part_of_the_films_is_reported_briefly(
    shared_data: Path,
) -> None:
    table = shared_data / "labels" / "Data_Entry_2017_v2020.csv.gz"
    films, problems = read(NihSource(shared_data / "nih", table))
    assert all(film.findings is not None for film in films)
    assert {problem.kind for problem in problems} == {"missing-file", "labels-alone"}
    assert len(problems) == 2 * (LISTED + 1)
    assert sum(problem.count for problem in problems) == 112_120 - len(films)


# ---------------------------------------------------------------- layouts


@pytest.mark.parametrize("place", ["images", ".", "images_003/images", "images_003"])
def test_layouts(tmp_path: Path, place: str) -> None:
    make_films(tmp_path / place, "00000061_002.png", "00000062_000.JPG", "notes.txt", "._x.png")
    write_table(tmp_path, OFFICIAL, ROW)
    source = NihSource(tmp_path)
    films, _ = read(source)
    assert [film.id for film in films] == ["00000061_002.png", "00000062_000.JPG"]
    assert source.size == 2
    assert films[0].path == tmp_path / place / "00000061_002.png"


def test_official_parts_are_read_together_and_in_order(tmp_path: Path) -> None:
    make_films(tmp_path / "images_001" / "images", "00000002_000.png")
    make_films(tmp_path / "images_012" / "images", "00000001_000.png", "00000002_000.png")
    make_films(tmp_path / "images_002" / "images")
    make_films(tmp_path, "figure.png")
    films, problems = read(NihSource(tmp_path))
    assert [film.id for film in films] == ["00000001_000.png", "00000002_000.png"]
    assert films[1].path.parent.parent.name == "images_001"
    assert Counter(p.kind for p in problems) == {
        "no-table": 1, "duplicate-file": 1, "empty-folder": 1,
    }  # fmt: skip


def test_links_are_followed_and_a_broken_one_is_reported(tmp_path: Path) -> None:
    make_films(tmp_path / "elsewhere", "00000001_000.png")
    root = tmp_path / "root"
    (root / "images").mkdir(parents=True)
    (root / "images" / "00000001_000.png").symlink_to(tmp_path / "elsewhere" / "00000001_000.png")
    (root / "images" / "00000002_000.png").symlink_to(tmp_path / "gone.png")
    films, problems = read(NihSource(root))
    assert [film.id for film in films] == ["00000001_000.png"]
    assert [p.file for p in problems if p.kind == "broken-link"] == ["images/00000002_000.png"]


def test_name_that_is_no_text_is_reported(tmp_path: Path) -> None:
    make_films(tmp_path / "images", "00000001_000.png")
    try:
        (tmp_path / "images" / "bad\udcff.png").write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes no such names")
    films, problems = read(NihSource(tmp_path))
    assert len(films) == 1
    assert "bad-name" in {problem.kind for problem in problems}
    assert all(str(problem).isprintable() for problem in problems)


def test_manifest_names_the_source_and_marks_it(tmp_path: Path) -> None:
    make_films(tmp_path, "00000061_002.png")
    write_table(tmp_path, OFFICIAL, ROW)
    (tmp_path / "mmrag-source.toml").write_text('name = "clinic"\nmade_up = true\n')
    source = NihSource(tmp_path)
    patient, film = source.read()
    assert source.name == "clinic"
    assert patient == Patient("clinic:61", sex="M")
    assert isinstance(film, Film)
    assert film.provenance.made_up
    assert film.provenance.source == "clinic"


# ---------------------------------------------------------------- the table


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((OFFICIAL, ROW), id="official"),
        pytest.param((OFFICIAL + ",", ROW + ","), id="official-2017"),
        pytest.param((KAGGLE, ROW), id="kaggle"),
        pytest.param((KAGGLE, ROW.replace(",77,", ",077Y,")), id="kaggle-ages"),
        pytest.param(
            (
                OFFICIAL.replace("OriginalImage[Width,Height]", '"OriginalImage[Width,Height]"'),
                ROW.replace("Effusion|Mass", '"Effusion|Mass"'),
            ),
            id="quoted",
        ),
        pytest.param((KAGGLE.replace(",", ";"), ROW.replace(",", ";")), id="semicolons"),
        pytest.param((OFFICIAL.replace(",", "\t"), ROW.replace(",", "\t")), id="tabs"),
        pytest.param(("", OFFICIAL.upper(), "", ROW, "", ",,,,"), id="blank-lines-and-capitals"),
        pytest.param((OFFICIAL, "images_001/images/" + ROW), id="with-folder"),
    ],
)
def test_headers(tmp_path: Path, lines: tuple[str, ...]) -> None:
    film, problems = read_one(tmp_path, *lines)
    assert problems == []
    assert film.findings == ("Effusion", "Mass")
    assert (film.patient, film.follow_up) == ("nih:61", 2)
    assert (film.age, film.sex, film.view) == (77.0, "M", "PA")
    assert (film.width, film.height) == (2500, 2048)
    assert film.pixel_spacing == (0.168, 0.171)


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(lambda text: b"\xef\xbb\xbf" + text.encode(), id="byte-order-mark"),
        pytest.param(lambda text: text.encode("utf-16"), id="utf-16"),
        pytest.param(lambda text: text.replace("\n", "\r\n").encode(), id="crlf"),
        pytest.param(lambda text: text.replace("\n", "\r").encode(), id="cr"),
        pytest.param(lambda text: gzip.compress(text.encode()), id="gzip"),
    ],
)
def test_encodings(tmp_path: Path, encoded: object) -> None:
    make_films(tmp_path, "00000061_002.png")
    assert callable(encoded)
    (tmp_path / "Data_Entry_2017_v2020.csv").write_bytes(encoded(f"{OFFICIAL}\n{ROW}\n"))
    films, problems = read(NihSource(tmp_path))
    assert problems == []
    assert films[0].findings == ("Effusion", "Mass")


def test_other_encoding_is_read_and_reported(tmp_path: Path) -> None:
    make_films(tmp_path, "00000061_002.png")
    table = tmp_path / "Data_Entry_2017.csv"
    table.write_bytes(f"{OFFICIAL}\n{ROW.replace('PA', 'Pé')}\n".encode("latin-1"))
    films, problems = read(NihSource(tmp_path))
    assert films[0].view == "Pé"
    assert [problem.kind for problem in problems] == ["encoding"]


def test_unlabelled_and_no_finding_are_never_confused(tmp_path: Path) -> None:
    make_films(tmp_path, *(f"0000000{n}_000.png" for n in range(1, 5)))
    write_table(
        tmp_path,
        OFFICIAL,
        "00000001_000.png,No Finding,0,1,50,F,PA,1,1,1,1",
        "00000002_000.png,,0,2,50,F,PA,1,1,1,1",
        "00000003_000.png,Hernia,0,3,50,F,PA,1,1,1,1",
    )
    films, problems = read(NihSource(tmp_path))
    assert [film.findings for film in films] == [(), None, ("Hernia",), None]
    assert films[3].patient == "nih:4"
    assert [(problem.file, problem.kind) for problem in problems] == [
        ("00000004_000.png", "no-row")
    ]


def test_without_a_table_every_film_is_unlabelled_in_one_line(tmp_path: Path) -> None:
    make_films(tmp_path, *(f"000000{n}_000.png" for n in range(30, 70)), "scan.png")
    films, problems = read(NihSource(tmp_path))
    assert {film.findings for film in films} == {None}
    assert [problem.kind for problem in problems] == ["no-table"]
    assert films[-1].patient is None


@pytest.mark.parametrize(
    ("cell", "findings", "kinds"),
    [
        ("Effusion|Gout", ("Effusion",), ["unknown-label"]),
        ("Gout", None, ["unknown-label"]),
        ("pleural thickening| EFFUSION |Effusion", ("Pleural_Thickening", "Effusion"), []),
        ("No Finding|Mass", ("Mass",), ["contradiction"]),
        (" | ", None, []),
    ],
)
def test_labels(
    tmp_path: Path, cell: str, findings: tuple[str, ...] | None, kinds: list[str]
) -> None:
    film, problems = read_one(tmp_path, OFFICIAL, ROW.replace("Effusion|Mass", cell))
    assert film.findings == findings
    assert [problem.kind for problem in problems] == kinds
    assert all(problem.row == 2 for problem in problems)


@pytest.mark.parametrize(
    ("column", "cell", "attribute", "value", "kind"),
    [
        (4, "414", "age", None, "bad-age"),
        (4, "060Y", "age", 60.0, None),
        (4, "006M", "age", 0.5, None),
        (4, "-3", "age", None, "bad-age"),
        (4, "nan", "age", None, "bad-age"),
        (4, "", "age", None, None),
        (5, "female", "sex", "F", None),
        (5, "X", "sex", None, "bad-sex"),
        (5, "O", "sex", None, None),
        (3, "0061.0", "patient", "nih:61", None),
        (3, "A-17", "patient", "nih:A-17", None),
        (3, "6\x001", "patient", None, "bad-patient"),
        (3, "", "patient", None, None),
        (2, "x", "follow_up", None, "bad-value"),
        (7, "0", "width", None, "bad-value"),
        (9, "-0.1", "pixel_spacing", None, "bad-value"),
        (9, "inf", "pixel_spacing", None, "bad-value"),
        (6, "", "view", None, None),
    ],
)
def test_cells(
    tmp_path: Path, column: int, cell: str, attribute: str, value: object, kind: str | None
) -> None:
    cells = ROW.split(",")
    cells[column] = cell
    film, problems = read_one(tmp_path, OFFICIAL, ",".join(cells))
    assert getattr(film, attribute) == value
    assert [problem.kind for problem in problems] == ([kind] if kind else [])


def test_row_without_a_file_and_file_in_another_format(tmp_path: Path) -> None:
    make_films(tmp_path, "00000061_002.jpeg")
    gone = ROW.replace("00000061_002", "00000061_003")
    write_table(tmp_path, OFFICIAL, ROW, gone)
    films, problems = read(NihSource(tmp_path))
    assert films[0].findings == ("Effusion", "Mass")
    assert [(p.kind, p.row) for p in problems] == [("labels-alone", 3)]
    assert "00000061_003.png" in problems[0].message


def test_duplicate_rows(tmp_path: Path) -> None:
    film, problems = read_one(tmp_path, OFFICIAL, ROW, ROW, ROW.replace("Mass", "Nodule"))
    assert film.findings == ("Effusion", "Mass")
    assert [(problem.kind, problem.row) for problem in problems] == [("duplicate-row", 4)]


def test_damaged_rows_cost_only_themselves(tmp_path: Path) -> None:
    film, problems = read_one(
        tmp_path, OFFICIAL, '00000060_000.png,"Mass,0,60', "00000059_000.png", ",Mass,0,5", ROW
    )
    assert film.findings == ("Effusion", "Mass")
    assert [(problem.kind, problem.row) for problem in problems] == [
        ("bad-row", 2), ("bad-row", 3), ("bad-row", 4),
    ]  # fmt: skip


def test_missing_optional_column_is_one_line(tmp_path: Path) -> None:
    film, problems = read_one(
        tmp_path, "Image Index,Finding Labels,Patient ID", "00000061_002.png,Mass,61"
    )
    assert (film.findings, film.age, film.width) == (("Mass",), None, None)
    assert [problem.kind for problem in problems] == ["missing-column"]


def test_many_problems_of_a_kind_are_counted(tmp_path: Path) -> None:
    make_films(tmp_path, "00000001_000.png")
    rows = (f"{n:08d}_000.png,Mass,0,{n},50,F,PA,1,1,1,1" for n in range(1, 1001))
    write_table(tmp_path, OFFICIAL, *rows)
    _, problems = read(NihSource(tmp_path))
    assert len(problems) == LISTED + 1
    assert problems[-1].count == 999 - LISTED
    assert "979 more rows" in problems[-1].message


def test_patient_comes_once_and_before_the_films(tmp_path: Path) -> None:
    make_films(tmp_path, "00000061_001.png", "00000061_002.png")
    write_table(tmp_path, OFFICIAL, ROW, ROW.replace("_002", "_001"))
    kinds = [type(item) for item in NihSource(tmp_path).read()]
    assert kinds == [Patient, Film, Film]


# ---------------------------------------------------------------- wrong use


def test_folders_that_are_no_source(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such folder"):
        NihSource(tmp_path / "absent")
    with pytest.raises(SourceError, match="no PNG or JPEG film"):
        NihSource(tmp_path)
    file = tmp_path / "film.png"
    file.write_bytes(b"x")
    with pytest.raises(SourceError, match="a file, not a folder"):
        NihSource(file)


def test_several_tables_need_a_choice(tmp_path: Path) -> None:
    make_films(tmp_path, "00000061_002.png")
    chosen = write_table(tmp_path, OFFICIAL, ROW)
    write_table(tmp_path, OFFICIAL, name="Data_Entry_2017_v2020.csv")
    with pytest.raises(SourceError, match=r"Data_Entry_2017\.csv, Data_Entry_2017_v2020\.csv"):
        NihSource(tmp_path)
    films, _ = read(NihSource(tmp_path, chosen))
    assert films[0].findings == ("Effusion", "Mass")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"Image Index,Patient ID\nx,1\n", "column Finding Labels is missing, found 'Image Index'"),
        (b"\x89PNG\r\n\x1a\n\x00\x01", "is missing"),
        (b"\x1f\x8bbroken", "cannot be read"),
        (gzip.compress(b"Image Index")[:-6], "cannot be read"),
    ],
    ids=["empty", "without a column", "a picture", "no gzip", "half a gzip"],
)
def test_tables_that_cannot_be_used(tmp_path: Path, content: bytes, reason: str) -> None:
    make_films(tmp_path, "00000061_002.png")
    (tmp_path / "Data_Entry_2017.csv").write_bytes(content)
    with pytest.raises(SourceError, match=reason) as raised:
        NihSource(tmp_path)
    assert "\n" not in str(raised.value)


def test_labels_that_are_not_there(tmp_path: Path) -> None:
    make_films(tmp_path, "00000061_002.png")
    with pytest.raises(SourceError, match="no such table"):
        NihSource(tmp_path, tmp_path / "labels.csv")


def test_registry(tmp_path: Path) -> None:
    make_films(tmp_path, "00000061_002.png")
    assert isinstance(open_source("nih", tmp_path), NihSource)
    with pytest.raises(InputError, match="unknown source 'mimic': use one of nih"):
        open_source("mimic", tmp_path)
    with pytest.raises(InputError, match="leave --labels out"):
        open_source("synthea", tmp_path, tmp_path)


# ---------------------------------------------------------------- properties


@given(st.lists(st.sampled_from(FINDINGS), unique=True, min_size=1))
def test_findings_come_back_in_their_order(findings: list[str]) -> None:
    assert parse_findings("|".join(findings)) == (tuple(findings), [])


@given(st.text())
def test_any_cell_of_labels_yields_known_findings_or_a_complaint(text: str) -> None:
    findings, complaints = parse_findings(text)
    assert findings is None or set(findings) <= set(FINDINGS)
    if findings is None and text.replace("|", "").strip():
        assert complaints


@given(st.integers(0, 120), st.sampled_from(["{}", "{:03d}", "{:03d}Y", "{}y", "{}.0"]))
def test_ages_in_years(years: int, pattern: str) -> None:
    assert parse_age(pattern.format(years)) == years


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=200))
def test_any_row_leaves_the_others_alone(line: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        film, problems = read_one(Path(name), OFFICIAL, line, ROW)
    assert film.findings == ("Effusion", "Mass")
    assert all("\n" not in str(problem) for problem in problems)
