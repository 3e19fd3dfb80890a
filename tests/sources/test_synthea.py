from __future__ import annotations

import csv
import gzip
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mmrag.errors import SourceError
from mmrag.records import Condition, ImagingStudy, LabReport, Patient, Problem
from mmrag.sources.base import Item
from mmrag.sources.synthea import SyntheaSource

OBSERVATIONS = "DATE,PATIENT,ENCOUNTER,CATEGORY,CODE,DESCRIPTION,VALUE,UNITS,TYPE"
COLUMNS = OBSERVATIONS.split(",")
GOOD = {
    "DATE": "2021-08-23T03:26:50Z", "PATIENT": "p1", "ENCOUNTER": "e1", "CATEGORY": "laboratory",
    "CODE": "6690-2", "DESCRIPTION": "Leukocytes", "VALUE": "5.9", "UNITS": "10*3/uL",
    "TYPE": "numeric",
}  # fmt: skip
OTHER = GOOD | {"CODE": "789-8", "DESCRIPTION": "Erythrocytes", "VALUE": "4.5", "UNITS": "10*6/uL"}
TABLES = ("patients", "encounters", "conditions", "imaging_studies")
EMPTY = {"patients": "Id,BIRTHDATE,GENDER\n", "conditions": "START,STOP,PATIENT,CODE\n"}


def row(**changes: str) -> str:
    return ",".join((GOOD | changes)[column] for column in COLUMNS)


OTHER_ROW = ",".join(OTHER[column] for column in COLUMNS)


def folder(tmp_path: Path, *rows: str, header: str = OBSERVATIONS, **tables: str) -> Path:
    (tmp_path / "observations.csv").write_text("\n".join((header, *rows)) + "\n", "utf-8")
    for stem, text in (EMPTY | tables).items():
        (tmp_path / f"{stem}.csv").write_text(text, "utf-8")
    return tmp_path


def read(path: Path) -> list[Item]:
    return list(SyntheaSource(path).read())


def panels(items: Iterable[Item]) -> list[LabReport]:
    return [item for item in items if isinstance(item, LabReport)]


def problems(items: Iterable[Item]) -> list[Problem]:
    return [item for item in items if isinstance(item, Problem)]


def kinds(items: Iterable[Item]) -> Counter[str]:
    return Counter(problem.kind for problem in problems(items))


@pytest.fixture(scope="module")
def export(shared_data: Path) -> Path:
    return shared_data / "synthea" / "csv"


@pytest.fixture(scope="module")
def items(export: Path) -> list[Item]:
    return read(export)


@pytest.fixture(scope="module")
def rows(export: Path) -> list[dict[str, str]]:
    with (export / "observations.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


class TestRealExport:
    def test_everything_goes_in(
        self, export: Path, items: list[Item], rows: list[dict[str, str]]
    ) -> None:
        expected = {
            stem: sum(1 for _ in csv.reader((export / f"{stem}.csv").open(encoding="utf-8"))) - 1
            for stem in TABLES
        }
        found = Counter(type(item) for item in items)
        assert found[Patient] == expected["patients"]
        assert found[Condition] == expected["conditions"]
        assert found[ImagingStudy] == expected["imaging_studies"]
        assert sum(len(panel.observations) for panel in panels(items)) == len(rows)
        assert not {p.kind for p in problems(items)} - {"unknown-unit"}

    def test_panels_are_patient_encounter_and_time(
        self, items: list[Item], rows: list[dict[str, str]]
    ) -> None:
        expected: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
        for r in rows:
            key = (f"synthea:{r['PATIENT']}", r["ENCOUNTER"], r["DATE"])
            expected[key].append((r["CODE"], r["VALUE"]))
        found = {
            (p.patient, p.encounter or "", f"{p.effective_at:%Y-%m-%dT%H:%M:%SZ}"): p
            for p in panels(items)
        }
        assert found.keys() == expected.keys()
        for key, results in expected.items():
            codes = [observation.loinc for observation in found[key].observations]
            assert codes == [code for code, _ in results]
        assert len({p.id for p in panels(items)}) == len(expected)

    @pytest.mark.parametrize("code", ["6690-2", "718-7", "777-3", "39156-5", "8480-6", "2708-6"])
    def test_values_of_an_analyte(
        self, items: list[Item], rows: list[dict[str, str]], code: str
    ) -> None:
        expected = Counter((r["PATIENT"], float(r["VALUE"])) for r in rows if r["CODE"] == code)
        found = Counter(
            (panel.patient.removeprefix("synthea:"), observation.value)
            for panel in panels(items)
            for observation in panel.observations
            if observation.loinc == code
        )
        assert expected
        assert found == expected

    def test_texts_stay_texts(self, items: list[Item], rows: list[dict[str, str]]) -> None:
        expected = Counter(r["VALUE"] for r in rows if r["TYPE"] == "text")
        found = Counter(o.text for p in panels(items) for o in p.observations if o.value is None)
        assert found == expected

    def test_names_of_one_code_stay_as_written(self, items: list[Item]) -> None:
        names = {o.name for p in panels(items) for o in p.observations if o.loinc == "6690-2"}
        assert len(names) > 1

    def test_age_and_sex_come_from_the_patients(self, export: Path, items: list[Item]) -> None:
        with (export / "patients.csv").open(encoding="utf-8", newline="") as stream:
            people = {f"synthea:{r['Id']}": r for r in csv.DictReader(stream)}
        for panel in panels(items):
            person = people[panel.patient]
            days = (panel.effective_at.date() - date.fromisoformat(person["BIRTHDATE"])).days
            assert panel.sex == person["GENDER"]
            assert panel.age == pytest.approx(days / 365.25, abs=0.01)

    def test_provenance_is_the_first_row(
        self, items: list[Item], rows: list[dict[str, str]]
    ) -> None:
        for panel in panels(items):
            assert panel.provenance.row is not None
            first = rows[panel.provenance.row - 2]
            assert first["CODE"] == panel.observations[0].loinc
            assert f"synthea:{first['PATIENT']}" == panel.patient

    def test_patients_come_before_records_that_name_them(self, items: list[Item]) -> None:
        known: set[str] = set()
        for item in items:
            if isinstance(item, Patient):
                known.add(item.id)
            elif not isinstance(item, Problem):
                assert item.patient in known

    def test_reading_again_gives_the_same(self, export: Path, items: list[Item]) -> None:
        assert read(export) == items

    def test_old_format_counts_its_blank_rows(self, shared_data: Path) -> None:
        items = read(shared_data / "synthea" / "observations_2020_no_category.csv")
        assert sum(len(panel.observations) for panel in panels(items)) == 9
        (blank,) = (p for p in problems(items) if p.kind == "blank-row")
        assert (blank.count, blank.row) == (299_037, None)
        assert {o.category for p in panels(items) for o in p.observations} == {None}
        assert {(p.birth_date, p.sex) for p in items if isinstance(p, Patient)} == {(None, None)}


class TestLayouts:
    def test_csv_subfolder_gzip_and_single_file(self, tmp_path: Path) -> None:
        nested = tmp_path / "out" / "csv"
        nested.mkdir(parents=True)
        text = f"{OBSERVATIONS}\n{row()}\n".encode()
        (nested / "observations.csv.gz").write_bytes(gzip.compress(text))
        (tmp_path / "any name.csv").write_bytes(text)
        for path in (nested, nested.parent, tmp_path / "any name.csv"):
            (panel,) = panels(read(path))
            assert panel.observations[0].value == 5.9

    def test_columns_in_any_order_and_case_with_a_mark(self, tmp_path: Path) -> None:
        header = "Value,Code,Patient,Date,Unheard_Of"
        path = folder(tmp_path, "5.9,6690-2,p1,2021-08-23,x", header="\ufeff" + header)
        (panel,) = panels(read(path))
        assert panel.observations[0].value == 5.9
        assert panel.effective_at == datetime(2021, 8, 23, tzinfo=UTC)

    def test_manifest_names_the_source_and_marks_it(self, tmp_path: Path) -> None:
        path = folder(tmp_path, row())
        (path / "mmrag-source.toml").write_text('name = "demo"\nmade_up = true\n')
        (panel,) = panels(read(path))
        assert panel.patient == "demo:p1"
        assert panel.id.startswith("demo:")
        assert panel.provenance.source == "demo"
        assert panel.provenance.made_up

    @pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "\x00\x00", "PK\x03\x04"])
    def test_what_is_no_table_of_observations(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "observations.csv").write_text(content)
        with pytest.raises(SourceError, match="DATE"):
            SyntheaSource(tmp_path)

    def test_nothing_there(self, tmp_path: Path) -> None:
        for path in (tmp_path, tmp_path / "absent"):
            with pytest.raises(SourceError, match=r"observations\.csv"):
                SyntheaSource(path)

    def test_a_broken_companion_costs_itself_alone(self, tmp_path: Path) -> None:
        path = folder(tmp_path, row(), patients="nonsense\n", conditions="")
        items = read(path)
        assert len(panels(items)) == 1
        assert {p.file for p in problems(items)} == {"patients.csv", "conditions.csv"}

    def test_a_missing_table_says_what_nobody_knows_without_it(self, tmp_path: Path) -> None:
        path = folder(tmp_path, row())
        (path / "patients.csv").unlink()
        (path / "conditions.csv").unlink()
        items = read(path)
        assert len(panels(items)) == 1
        age, diagnosis = problems(items)
        assert (age.file, age.kind) == ("patients.csv", "missing-table")
        assert "sex and age" in age.message
        assert "diagnosis" in diagnosis.message
        assert not problems(read(path / "observations.csv"))

    def test_a_table_that_breaks_off(self, tmp_path: Path) -> None:
        text = "\n".join((OBSERVATIONS, *(row(ENCOUNTER=f"e{i}") for i in range(5000))))
        whole = gzip.compress(text.encode(), mtime=0)
        path = folder(tmp_path)
        (path / "observations.csv").rename(path / "observations.csv.gz").write_bytes(
            whole[: len(whole) // 2]
        )
        items = read(path)
        assert panels(items)
        assert kinds(items) == {"broken-file": 1, "broken-row": 1} or kinds(items) == {
            "broken-file": 1
        }


class TestCompanions:
    def test_sex_birth_and_the_birthday(self, tmp_path: Path) -> None:
        patients = "Id,BIRTHDATE,GENDER\np1,2003-08-23,F\n"
        (panel,) = panels(read(folder(tmp_path, row(), patients=patients)))
        assert (panel.age, panel.sex) == (18.0, "F")

    def test_unreadable_birth_and_sex_are_unknown(self, tmp_path: Path) -> None:
        patients = "Id,BIRTHDATE,GENDER\np1,0001-01-01,X\np1,1970-01-01,F\n,1970-01-01,M\n"
        items = read(folder(tmp_path, row(), patients=patients))
        (panel,) = panels(items)
        assert (panel.age, panel.sex) == (None, None)
        assert kinds(items) == {
            "bad-date": 1, "bad-sex": 1, "duplicate-patient": 1, "missing-field": 1,
        }  # fmt: skip

    def test_names_in_another_encoding_lose_nothing(self, tmp_path: Path) -> None:
        path = folder(tmp_path, row())
        (path / "patients.csv").write_bytes("Id,LAST,GENDER\np1,Adán,M\n".encode("latin-1"))
        items = read(path)
        assert panels(items)[0].sex == "M"
        assert not problems(items)

    def test_a_sample_before_birth_has_no_age(self, tmp_path: Path) -> None:
        items = read(folder(tmp_path, row(), patients="Id,BIRTHDATE\np1,2021-08-24\n"))
        assert panels(items)[0].age is None
        assert kinds(items) == {"before-birth": 1}

    def test_an_encounter_of_someone_else_keeps_its_results_out(self, tmp_path: Path) -> None:
        encounters = "Id,START,PATIENT\ne1,2021-08-23,p2\ne2,2021-08-23,p1\n"
        items = read(folder(tmp_path, row(), row(ENCOUNTER="e2"), encounters=encounters))
        assert [panel.encounter for panel in panels(items)] == ["e2"]
        assert kinds(items) == {"contested-patient": 1}

    def test_conditions_old_and_new(self, tmp_path: Path) -> None:
        old = "START,STOP,PATIENT,CODE,DESCRIPTION\n2020-01-01,2020-02-01,p1,1,Flu\n"
        items = read(folder(tmp_path, conditions=old))
        (condition,) = (item for item in items if isinstance(item, Condition))
        assert (condition.system, condition.onset) == ("SNOMED-CT", date(2020, 1, 1))
        assert condition.abatement == date(2020, 2, 1)
        assert condition.provenance.row == 2
        new = (
            "START,STOP,PATIENT,SYSTEM,CODE,DESCRIPTION\n2020-01-01T10:00:00Z,,p1,ICD-10,J18,Pn\n"
            "9999-01-01,,p1,ICD-10,J18,Pn\n2020-01-01,2019-01-01,p1,ICD-10,J18,Pn\n"
        )
        items = read(folder(tmp_path, conditions=new))
        (condition,) = (item for item in items if isinstance(item, Condition))
        assert (condition.system, condition.abatement) == ("ICD-10", None)
        assert kinds(items) == {"bad-date": 2}

    def test_a_study_of_several_images_is_one(self, tmp_path: Path) -> None:
        studies = (
            "Id,DATE,PATIENT,BODYSITE_DESCRIPTION,MODALITY_CODE,INSTANCE_UID\n"
            "s1,2020-01-01T00:00:00Z,p9,Chest,DX,1\ns1,2020-01-01T00:00:00Z,p9,Chest,DX,2\n"
        )
        items = read(folder(tmp_path, imaging_studies=studies))
        (study,) = (item for item in items if isinstance(item, ImagingStudy))
        assert (study.id, study.patient, study.modality) == ("synthea:s1", "synthea:p9", "DX")
        assert Patient("synthea:p9") in items


class TestPanels:
    def test_scattered_rows_come_together(self, tmp_path: Path) -> None:
        other = row(PATIENT="p0", ENCOUNTER="")
        items = read(folder(tmp_path, row(), other, OTHER_ROW, row(ENCOUNTER="e2")))
        assert [(p.patient, p.encounter, len(p.observations)) for p in panels(items)] == [
            ("synthea:p0", None, 1),
            ("synthea:p1", "e1", 2),
            ("synthea:p1", "e2", 1),
        ]

    def test_a_name_does_not_depend_on_the_rest_of_the_table(self, tmp_path: Path) -> None:
        (alone,) = panels(read(folder(tmp_path, row())))
        together = panels(read(folder(tmp_path, row(PATIENT="p0"), row(), OTHER_ROW)))
        assert alone.id in {panel.id for panel in together}
        offset = row(DATE="2021-08-23T05:26:50+02:00")
        assert [p.id for p in panels(read(folder(tmp_path, offset)))] == [alone.id]

    def test_a_known_analyte_in_an_unknown_unit_is_reported_once(self, tmp_path: Path) -> None:
        rows = [row(UNITS="bushels", ENCOUNTER=f"e{i}") for i in range(5)]
        items = read(folder(tmp_path, *rows))
        assert kinds(items) == {"unknown-unit": 1}
        observations = [panel.observations[0] for panel in panels(items)]
        assert {(o.value, o.canonical_value, o.flag) for o in observations} == {(5.9, None, None)}


HOSTILE = [
    "", "null", "NaN", "Infinity", "-inf", "1e999", "-0.0", "12,1", "<5", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z", "x" * 5000, "\x00", '"', "'); DROP TABLE", "\u0665", "\ufeff", "-1",
]  # fmt: skip


class TestBrokenInput:
    @pytest.mark.parametrize("column", COLUMNS)
    @pytest.mark.parametrize("hostile", HOSTILE)
    def test_a_mutated_field_spoils_no_number(
        self, tmp_path: Path, column: str, hostile: str
    ) -> None:
        items = read(folder(tmp_path, row(**{column: hostile}), OTHER_ROW))
        found = [o for panel in panels(items) for o in panel.observations]
        assert any((o.loinc, o.value) == ("789-8", 4.5) for o in found)
        allowed = {"-0.0": 0.0, "-1": -1.0}.get(hostile) if column == "VALUE" else None
        for observation in found:
            if observation.name != "Erythrocytes":
                assert observation.value in (5.9, None, allowed)
                if observation.value is not None:
                    assert math.copysign(1, observation.value) == 1 or observation.value == -1.0
        if len(found) < 2:
            assert problems(items)

    @pytest.mark.parametrize("column", COLUMNS)
    def test_a_field_in_latin_1_costs_its_row(self, tmp_path: Path, column: str) -> None:
        lines = (OBSERVATIONS, row(**{column: "µ"}), OTHER_ROW)
        path = folder(tmp_path)
        (path / "observations.csv").write_bytes("\n".join(lines).encode("latin-1"))
        items = read(path)
        (problem,) = problems(items)
        assert (problem.file, problem.row, problem.kind) == ("observations.csv", 2, "broken-row")
        assert column in problem.message
        assert len(panels(items)) == 1

    @pytest.mark.parametrize(
        "broken",
        ["2021-08-23", row() + ",extra", row(DESCRIPTION="a,b"), row(DESCRIPTION='"open'), '"'],
    )
    def test_a_broken_row_costs_itself_alone(self, tmp_path: Path, broken: str) -> None:
        items = read(folder(tmp_path, broken, OTHER_ROW, row(ENCOUNTER="e2")))
        assert [(p.row, p.kind) for p in problems(items)] == [(2, "broken-row")]
        assert sum(len(panel.observations) for panel in panels(items)) == 2

    def test_quoted_commas_are_text(self, tmp_path: Path) -> None:
        (panel,) = panels(read(folder(tmp_path, row(DESCRIPTION='"Cells, ""white"""') + ",,")))
        assert panel.observations[0].name == 'Cells, "white"'

    def test_a_number_that_is_none_stays_text_and_is_reported(self, tmp_path: Path) -> None:
        items = read(folder(tmp_path, row(VALUE="<5"), row(VALUE="<5", TYPE="")))
        (panel,) = panels(items)
        assert [(o.value, o.text) for o in panel.observations] == [(None, "<5"), (None, "<5")]
        assert [(p.row, p.kind) for p in problems(items)] == [(2, "bad-number")]

    def test_a_text_is_not_read_as_a_number(self, tmp_path: Path) -> None:
        (panel,) = panels(read(folder(tmp_path, row(TYPE="text"))))
        assert (panel.observations[0].value, panel.observations[0].text) == (None, "5.9")

    @pytest.mark.parametrize("column", ["DATE", "PATIENT", "CODE", "VALUE"])
    def test_a_row_without_what_it_needs_is_out(self, tmp_path: Path, column: str) -> None:
        items = read(folder(tmp_path, row(**{column: " "}), OTHER_ROW))
        assert [p.row for p in problems(items)] == [2]
        assert sum(len(panel.observations) for panel in panels(items)) == 1

    def test_many_problems_of_a_kind_end_in_a_number(self, tmp_path: Path) -> None:
        items = read(folder(tmp_path, *(row(DATE="never") for _ in range(50))))
        assert [p.count for p in problems(items)] == [1] * 20 + [30]

    def test_blank_rows_are_counted(self, tmp_path: Path) -> None:
        items = read(folder(tmp_path, ",,,,,,,,", "", row(), "  ", "\r"))
        assert [(p.kind, p.count, p.row) for p in problems(items)] == [("blank-row", 4, None)]
        assert panels(items)[0].provenance.row == 4


def test_a_negative_count_is_one_line_with_its_row(tmp_path: Path) -> None:
    source = SyntheaSource(folder(tmp_path, OTHER_ROW, row(VALUE="-3", ENCOUNTER="e2")))
    problems = [item for item in source.read() if isinstance(item, Problem)]
    assert [(p.file, p.row, p.kind) for p in problems] == [("observations.csv", 3, "negative")]
    assert "leukocytes of -3 cannot be" in problems[0].message
