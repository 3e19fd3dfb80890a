from __future__ import annotations

import copy
import json
import math
import os
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from mmrag.errors import SourceError
from mmrag.records import Condition, ImagingStudy, Patient
from mmrag.sources import spool
from mmrag.sources.fhir import FhirSource
from tests.sources.fhir_material import (
    CONDITION,
    ENCOUNTER,
    EVERYTHING,
    LEUKOCYTES,
    PATIENT,
    PRESSURE,
    REPORT,
    STUDY,
    Json,
    bundle,
    kinds,
    observations,
    panels,
    problems,
    read,
    values,
    write,
)


def take(tmp_path: Path, *resources: object) -> list[Any]:
    return read(write(tmp_path, bundle(*resources)))


class TestWholeBundle:
    def test_records(self, tmp_path: Path) -> None:
        items = take(tmp_path, *EVERYTHING)
        assert not problems(items)
        assert items[0] == Patient("fhir:p1", date(1970, 5, 17), "F")
        condition, study = items[1], items[2]
        assert isinstance(condition, Condition)
        assert (condition.code, condition.system) == ("233604007", "SNOMED-CT")
        assert (condition.onset, condition.abatement) == (date(2021, 8, 1), date(2021, 9, 1))
        assert isinstance(study, ImagingStudy)
        assert (study.id, study.modality, study.body_site) == ("fhir:s1", "DX", "Chest")
        single, report = sorted(panels(items), key=lambda panel: panel.observations[0].loinc)[::-1]
        assert [o.loinc for o in single.observations] == ["8480-6", "8462-4"]
        (leukocytes,) = report.observations
        assert (leukocytes.value, leukocytes.unit) == (12.1, "10*3/uL")
        assert (leukocytes.flag, leukocytes.category) == ("H", "laboratory")
        assert leukocytes.reference is not None
        assert (leukocytes.reference.low, leukocytes.reference.high) == (4.5, 11.0)
        assert report.effective_at == datetime(2021, 8, 23, 3, 26, 50, tzinfo=UTC)
        assert (report.encounter, report.sex) == ("e1", "F")

    def test_order_does_not_matter(self, tmp_path: Path) -> None:
        forwards, backwards = tmp_path / "f", tmp_path / "b"
        forwards.mkdir()
        backwards.mkdir()
        one = read(write(forwards, bundle(*EVERYTHING)))
        other = read(write(backwards, bundle(*reversed(EVERYTHING))))
        assert [p.id for p in panels(one)] == [p.id for p in panels(other)]
        assert values(one) == values(other)

    def test_manifest_and_single_file(self, tmp_path: Path) -> None:
        write(tmp_path, bundle(PATIENT, LEUKOCYTES))
        (tmp_path / "mmrag-source.toml").write_text('name = "ward"\nmade_up = true\n')
        for path in (tmp_path, tmp_path / "a.json"):
            (panel,) = panels(read(path))
            assert (panel.patient, panel.provenance.made_up) == ("ward:p1", True)

    def test_nothing_there(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="no FHIR"):
            FhirSource(tmp_path)
        with pytest.raises(SourceError, match="absent: no such file or folder"):
            FhirSource(tmp_path / "absent")


class TestReferences:
    @pytest.mark.parametrize(
        "written",
        ["Patient/p1", "Patient/p1/_history/3", "https://a.org/fhir/Patient/p1", "urn:uuid:p1"],
    )
    def test_ways_to_name_a_patient(self, tmp_path: Path, written: str) -> None:
        (panel,) = panels(take(tmp_path, PATIENT, LEUKOCYTES | {"subject": {"reference": written}}))
        assert (panel.patient, panel.sex) == ("fhir:p1", "F")

    def test_an_address_other_than_the_id(self, tmp_path: Path) -> None:
        document = {
            "resourceType": "Bundle",
            "entry": [
                {"resource": LEUKOCYTES | {"subject": {"reference": "urn:uuid:aaa"}}},
                {"fullUrl": "urn:uuid:aaa", "resource": PATIENT},
            ],
        }
        (panel,) = panels(read(write(tmp_path, document)))
        assert (panel.patient, panel.sex) == ("fhir:p1", "F")

    def test_an_address_instead_of_an_id(self, tmp_path: Path) -> None:
        patient = {key: value for key, value in PATIENT.items() if key != "id"}
        document = {
            "resourceType": "Bundle",
            "entry": [
                {"resource": LEUKOCYTES | {"subject": {"reference": "urn:uuid:aaa"}}},
                {"fullUrl": "urn:uuid:aaa", "resource": patient},
            ],
        }
        (panel,) = panels(read(write(tmp_path, document)))
        assert (panel.patient, panel.sex) == ("fhir:aaa", "F")

    def test_contained_results_and_patients(self, tmp_path: Path) -> None:
        inner = {key: LEUKOCYTES[key] for key in ("resourceType", "code", "valueQuantity")}
        report = REPORT | {
            "subject": {"reference": "#who"},
            "contained": [PATIENT | {"id": "who"}, inner | {"id": "wbc"}],
            "result": [{"reference": "#wbc"}],
        }
        items = take(tmp_path, report)
        assert not problems(items)
        (panel,) = panels(items)
        assert (panel.patient, panel.sex) == ("fhir:r1#who", "F")
        assert panel.effective_at == datetime(2021, 8, 23, 3, 26, 50, tzinfo=UTC)

    @pytest.mark.parametrize(
        "subject",
        [None, {}, {"display": "Zoë"}, {"identifier": {"value": "7"}}, {"reference": "Group/g1"},
         {"reference": "Patient?identifier=x"}, {"reference": "p1"}, {"reference": 7}, "p1"],
    )  # fmt: skip
    def test_a_result_of_nobody_is_out(self, tmp_path: Path, subject: object) -> None:
        items = take(tmp_path, PATIENT, LEUKOCYTES | {"subject": subject}, PRESSURE)
        assert [o.loinc for o in observations(items)] == ["8480-6", "8462-4"]
        (problem,) = problems(items)
        assert problem.message.startswith("entry[1] Observation o1: ")

    def test_patients_that_are_only_named_go_in(self, tmp_path: Path) -> None:
        items = take(tmp_path, LEUKOCYTES)
        assert items[0] == Patient("fhir:p1")
        assert panels(items)[0].age is None


class TestReports:
    def test_results_of_several_times_are_several_panels(self, tmp_path: Path) -> None:
        later = LEUKOCYTES | {"id": "o3", "effectiveDateTime": "2021-08-24T03:26:50Z"}
        report = REPORT | {
            "result": [{"reference": "Observation/o1"}, {"reference": "Observation/o3"}]
        }
        days = [
            panel.effective_at.day for panel in panels(take(tmp_path, LEUKOCYTES, later, report))
        ]
        assert days == [23, 24]

    def test_time_comes_from_the_report_and_then_the_encounter(self, tmp_path: Path) -> None:
        timeless = {k: v for k, v in LEUKOCYTES.items() if k != "effectiveDateTime"}
        (panel,) = panels(take(tmp_path, timeless, REPORT, ENCOUNTER))
        assert (panel.effective_at.hour, panel.effective_at.minute) == (3, 26)
        (panel,) = panels(take(tmp_path, timeless, ENCOUNTER))
        assert (panel.effective_at.hour, panel.effective_at.minute) == (3, 0)
        items = take(tmp_path, timeless)
        assert not panels(items)
        assert kinds(items) == {"no-time": 1}

    def test_what_a_report_lists_wrongly(self, tmp_path: Path) -> None:
        foreign = LEUKOCYTES | {
            "id": "o9",
            "subject": {"reference": "Patient/p9"},
            "encounter": None,
        }
        listed = ["Observation/o1", "Observation/o9", "Observation/missing"]
        report = REPORT | {"result": [{"reference": name} for name in listed] + [{}]}
        items = take(tmp_path, PATIENT, LEUKOCYTES, foreign, report)
        assert kinds(items) == {"foreign-result": 1, "missing-result": 1, "bad-record": 1}
        assert {panel.patient for panel in panels(items)} == {"fhir:p1", "fhir:p9"}

    def test_an_encounter_of_someone_else_keeps_its_results_out(self, tmp_path: Path) -> None:
        stranger = ENCOUNTER | {"subject": {"reference": "Patient/p9"}}
        items = take(tmp_path, PATIENT, stranger, LEUKOCYTES)
        assert not panels(items)
        assert kinds(items) == {"contested-patient": 1}


class TestStatuses:
    def test_what_is_taken_back_is_counted(self, tmp_path: Path) -> None:
        refuted = CONDITION | {"verificationStatus": {"coding": [{"code": "refuted"}]}}
        items = take(
            tmp_path, PATIENT, PRESSURE, LEUKOCYTES | {"status": "entered-in-error"},
            STUDY | {"status": "cancelled"}, refuted,
        )  # fmt: skip
        (problem,) = problems(items)
        assert (problem.kind, problem.count) == ("withdrawn", 3)
        assert len(observations(items)) == 2
        assert not [item for item in items if isinstance(item, Condition | ImagingStudy)]

    def test_other_types_are_counted(self, tmp_path: Path) -> None:
        claims = [{"resourceType": "Claim", "id": str(i)} for i in range(40)]
        items = take(tmp_path, PATIENT, *claims, {"resourceType": "Goal"})
        (problem,) = problems(items)
        assert (problem.kind, problem.count) == ("other-type", 41)
        assert "Claim 40, Goal 1" in problem.message

    def test_a_condition_that_is_over_needs_an_end(self, tmp_path: Path) -> None:
        endless = {k: v for k, v in CONDITION.items() if k != "abatementDateTime"}
        items = take(tmp_path, endless, endless | {"id": "c2", "clinicalStatus": None},
                     endless | {"id": "c3", "abatementString": "last year"})  # fmt: skip
        (condition,) = (item for item in items if isinstance(item, Condition))
        assert condition.abatement is None
        assert kinds(items) == {"bad-record": 2}

    def test_partial_dates_of_a_condition_are_taken_at_their_widest(self, tmp_path: Path) -> None:
        partial = CONDITION | {"onsetDateTime": "2019", "abatementDateTime": "2020-02"}
        (condition,) = (i for i in take(tmp_path, partial) if isinstance(i, Condition))
        assert (condition.onset, condition.abatement) == (date(2019, 1, 1), date(2020, 2, 29))

    def test_resources_stated_again(self, tmp_path: Path) -> None:
        other = LEUKOCYTES | {"valueQuantity": {"value": 3}}
        items = take(tmp_path, PATIENT, LEUKOCYTES, LEUKOCYTES, other)
        assert values(items) == {"6690-2": 12.1}
        assert len(observations(items)) == 1
        assert kinds(items) == {"repeated": 1, "duplicate-id": 1}


class TestPatients:
    def test_unreadable_birth_and_gender(self, tmp_path: Path) -> None:
        for birth in ("0001-01-01", "9999-12-31", "1970", "1970-05", "17.05.1970"):
            items = take(tmp_path, PATIENT | {"birthDate": birth, "gender": "woman"}, LEUKOCYTES)
            assert items[-1].age is None
            assert items[-1].sex is None
            assert kinds(items) == {"bad-date": 1, "bad-sex": 1}

    def test_gender_other_and_unknown_are_no_sex(self, tmp_path: Path) -> None:
        for gender in ("other", "unknown"):
            items = take(tmp_path, PATIENT | {"gender": gender})
            assert items == [Patient("fhir:p1", date(1970, 5, 17))]


def mutations(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every element of a resource."""
    if path:
        yield path
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in children:
        if isinstance(value, dict | list):
            yield from mutations(value, (*path, key))
        else:
            yield (*path, key)


def mutated(resource: Json, path: tuple[str | int, ...], value: object) -> Json:
    changed = copy.deepcopy(resource)
    node: Any = changed
    for key in path[:-1]:
        node = node[key]
    if value is MISSING:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return changed


MISSING = object()
HOSTILE = [
    MISSING, None, True, [], {}, [None], [[]], "", "\x00", "\ud800", "x" * 10_000, -0.0, -1,
    10**400, float("nan"), float("inf"), "12.1", "<5", "0001-01-01", "9999-12-31T23:59:59Z",
    "Patient/p2", "urn:uuid:", {"reference": "#nowhere"}, {"value": "12,1"}, {"coding": "x"},
]  # fmt: skip


@pytest.mark.parametrize("resource", EVERYTHING, ids=lambda resource: resource["resourceType"])
def test_no_mutation_spoils_a_number_or_goes_unnoticed(tmp_path: Path, resource: Json) -> None:
    others = [r for r in EVERYTHING if r is not resource]
    bystander = LEUKOCYTES | {"id": "o0", "effectiveDateTime": "2001-01-01", "encounter": None}
    whole = {12.1, 131.0, 87.0}
    for path in mutations(resource):
        for hostile in HOSTILE:
            changed = mutated(resource, path, hostile)
            text = json.dumps(bundle(changed, *others, bystander))
            items = read(write(tmp_path, text))
            found = observations(items)
            numbers = {o.value for o in found if o.value is not None}
            assert 12.1 in numbers, (path, hostile)
            allowed = {0.0, -1.0} if path[-1] == "value" else set()
            assert numbers <= whole | allowed, (path, hostile)
            assert all(math.copysign(1, n) == 1 for n in numbers - {-1.0})
            left_out = hostile is MISSING and path[:-1] == ("component",)
            if len(numbers & whole) < 3 and not numbers & allowed and not left_out:
                assert problems(items), (path, hostile)
            for panel in panels(items):
                assert panel.effective_at.year in (2001, 2021), (path, hostile)


@pytest.mark.parametrize(
    "document",
    ["", "[]", "{}", "null", "7", '"x"', '{"resourceType": 7}', '{"resourceType": "Bundle"}',
     '{"resourceType": "Bundle", "entry": {}}', '{"resourceType": "Bundle", "entry": [null, 7]}',
     '{"resourceType": "Bundle", "entry": [{"fullUrl": "x"}]}', "{" * 2000, "\ufeff{}"],
)  # fmt: skip
def test_a_broken_file_does_not_stop_the_others(tmp_path: Path, document: str) -> None:
    write(tmp_path, document, "a.json")
    items = read(write(tmp_path, bundle(PATIENT, LEUKOCYTES), "b.json"))
    assert values(items) == {"6690-2": 12.1}
    if document not in ("", "[]", '{"resourceType": "Bundle"}'):
        assert {problem.file for problem in problems(items)} == {"a.json"}


def test_text_outside_utf_8(tmp_path: Path) -> None:
    named = copy.deepcopy(LEUKOCYTES)
    named["code"]["coding"][0]["display"] = "Größe"
    text = json.dumps(bundle(PATIENT, PRESSURE, named), ensure_ascii=False)
    (tmp_path / "a.json").write_bytes(text.encode("latin-1"))
    items = read(tmp_path)
    # The patient's name is not kept, so its bytes cost nothing.
    assert panels(items)[0].sex == "F"
    assert [o.loinc for o in observations(items)] == ["8480-6", "8462-4"]
    (problem,) = problems(items)
    assert "UTF-8" in problem.message


def test_a_byte_order_mark(tmp_path: Path) -> None:
    text = "\ufeff" + json.dumps(bundle(PATIENT, LEUKOCYTES))
    assert values(read(write(tmp_path, text))) == {"6690-2": 12.1}


def test_lines_are_named(tmp_path: Path) -> None:
    lines = [json.dumps(LEUKOCYTES), "{", json.dumps(PRESSURE | {"subject": None})]
    items = read(write(tmp_path, "\n".join(lines), "Observation.ndjson"))
    assert [(p.row, p.kind) for p in problems(items)] == [(2, "broken-file"), (3, "bad-record")]
    assert panels(items)[0].provenance.row == 1


def test_memory_does_not_grow_with_the_number_of_bundles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "BATCH", 20)

    def peak(bundles: int) -> int:
        folder = tmp_path / str(bundles)
        folder.mkdir()
        for number in range(bundles):
            who = f"p{number}"
            subject = {"reference": f"Patient/{who}"}
            results = [
                LEUKOCYTES | {"id": f"{who}-{i}", "subject": subject, "encounter": None}
                for i in range(20)
            ]
            write(folder, bundle(PATIENT | {"id": who}, *results), f"{who}.json")
        source = FhirSource(folder)
        tracemalloc.start()
        try:
            assert sum(1 for _ in source.read()) == 2 * bundles
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(5)
    assert peak(120) < 1.25 * peak(30)


def test_only_files_of_a_folder_are_read(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(SourceError, match="holds no FHIR"):
        FhirSource(tmp_path)
