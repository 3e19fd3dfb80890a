from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from mmrag.records import Condition, ImagingStudy, LabReport, Patient, Problem, Provenance
from mmrag.sources.base import Item
from tests.sources.fhir_material import observations, panels, read

Json = dict[str, Any]
NOWHERE = Provenance("fhir", "")


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "synthea" / "fhir"


@pytest.fixture(scope="module")
def items(folder: Path) -> list[Item]:
    return read(folder)


@pytest.fixture(scope="module")
def resources(folder: Path) -> list[Json]:
    return [
        entry["resource"]
        for file in sorted(folder.iterdir())
        for entry in json.loads(gzip.decompress(file.read_bytes()))["entry"]
    ]


def of_type(resources: list[Json], kind: str) -> list[Json]:
    return [resource for resource in resources if resource["resourceType"] == kind]


def tail(reference: Json) -> str:
    return str(reference["reference"]).removeprefix("urn:uuid:")


def results(observation: Json) -> list[tuple[str, float | str]]:
    """Read the results of an observation plainly."""
    found: list[tuple[str, float | str]] = []
    for node in (observation, *observation.get("component", [])):
        code = node["code"]["coding"][0]["code"]
        if "valueQuantity" in node:
            found.append((code, float(node["valueQuantity"]["value"])))
        elif "valueCodeableConcept" in node:
            found.append((code, node["valueCodeableConcept"]["text"]))
        elif "valueString" in node:
            found.append((code, node["valueString"].strip()))
    return found


def stated(panel: LabReport) -> Counter[tuple[str, float | str | None]]:
    return Counter((o.loinc, o.text if o.value is None else o.value) for o in panel.observations)


def test_everything_goes_in(items: list[Item], resources: list[Json]) -> None:
    expected = Counter(resource["resourceType"] for resource in resources)
    found = Counter(type(item) for item in items)
    assert found[Patient] == expected["Patient"] == 120
    assert found[Condition] == expected["Condition"]
    assert found[ImagingStudy] == expected["ImagingStudy"]
    assert len(observations(items)) == sum(
        len(results(o)) for o in of_type(resources, "Observation")
    )
    lost = [p for p in items if isinstance(p, Problem) and p.kind != "unknown-unit"]
    assert [p.kind for p in lost] == ["other-type"]
    read_types = ("Patient", "Encounter", "Observation", "DiagnosticReport", "Condition")
    known = sum(expected[kind] for kind in (*read_types, "ImagingStudy"))
    assert lost[0].count == expected.total() - known


def test_panels_are_reports_or_else_encounters_and_times(
    items: list[Item], resources: list[Json]
) -> None:
    report_of = {
        tail(listed): report["id"]
        for report in of_type(resources, "DiagnosticReport")
        for listed in report["result"]
    }
    expected: dict[tuple[object, ...], Counter[tuple[str, float | str]]] = defaultdict(Counter)
    for o in of_type(resources, "Observation"):
        group = report_of.get(o["id"], "")
        moment = datetime.fromisoformat(o["effectiveDateTime"])
        key = (tail(o["subject"]), tail(o["encounter"]), moment, group)
        expected[key].update(results(o))
    found = Counter(
        (p.patient, p.encounter, p.effective_at, frozenset(stated(p).items()))
        for p in panels(items)
    )
    assert found == Counter(
        (f"fhir:{patient}", encounter, moment, frozenset(counts.items()))
        for (patient, encounter, moment, _), counts in expected.items()
    )
    assert len({p.id for p in panels(items)}) == len(panels(items))


@pytest.mark.parametrize("code", ["6690-2", "718-7", "39156-5", "8480-6", "8462-4", "72166-2"])
def test_values_of_an_analyte(items: list[Item], resources: list[Json], code: str) -> None:
    expected = Counter(
        (f"fhir:{tail(o['subject'])}", value)
        for o in of_type(resources, "Observation")
        for found, value in results(o)
        if found == code
    )
    assert expected
    assert expected == Counter(
        (panel.patient, o.text if o.value is None else o.value)
        for panel in panels(items)
        for o in panel.observations
        if o.loinc == code
    )


def test_age_and_sex(items: list[Item], resources: list[Json]) -> None:
    people = {f"fhir:{p['id']}": p for p in of_type(resources, "Patient")}
    for panel in panels(items):
        person = people[panel.patient]
        days = (panel.effective_at.date() - date.fromisoformat(person["birthDate"])).days
        assert panel.sex == {"male": "M", "female": "F"}[person["gender"]]
        assert panel.age == pytest.approx(days / 365.25, abs=0.01)


def test_nothing_of_a_person_but_birth_and_sex_is_kept(
    items: list[Item], resources: list[Json]
) -> None:
    kept = repr(
        [replace(item, provenance=NOWHERE) for item in items if isinstance(item, LabReport)]
    )
    kept += repr([item for item in items if isinstance(item, Patient)])
    for person in of_type(resources, "Patient"):
        assert person["name"][0]["family"] not in kept
        assert person["telecom"][0]["value"] not in kept


def unplaced(items: Iterable[Item]) -> list[Item]:
    """Take out where records stood; problems and the order within a panel as well."""
    found: list[Item] = []
    for item in items:
        if isinstance(item, LabReport):
            results = tuple(sorted(item.observations, key=repr))
            found.append(replace(item, provenance=NOWHERE, observations=results))
        elif isinstance(item, Condition | ImagingStudy):
            found.append(replace(item, provenance=NOWHERE))
        elif isinstance(item, Patient):
            found.append(item)
    return sorted(found, key=repr)


@pytest.fixture(scope="module")
def few(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())[:8]


@pytest.fixture(scope="module")
def from_bundles(few: list[Path]) -> list[Item]:
    return unplaced(item for file in few for item in read(file))


def resources_of(files: list[Path]) -> list[Json]:
    """Read resources with references as a bulk export writes them."""
    found = []
    for file in files:
        entries = json.loads(gzip.decompress(file.read_bytes()))["entry"]
        kind = {entry["fullUrl"]: entry["resource"]["resourceType"] for entry in entries}
        text = json.dumps(entries)
        for url, name in kind.items():
            text = text.replace(f'"reference": "{url}"', f'"reference": "{name}/{url[9:]}"')
        found += [entry["resource"] for entry in json.loads(text)]
    return found


@pytest.mark.parametrize("zipped", [False, True])
def test_bulk_export_gives_the_same(
    few: list[Path], from_bundles: list[Item], tmp_path: Path, zipped: bool
) -> None:
    by_kind: dict[str, list[str]] = defaultdict(list)
    for resource in resources_of(few):
        by_kind[resource["resourceType"]].append(json.dumps(resource, ensure_ascii=False))
    for kind, lines in by_kind.items():
        content = "\n".join(lines).encode()
        if zipped:
            (tmp_path / f"{kind}.ndjson.gz").write_bytes(gzip.compress(content, 1))
        else:
            (tmp_path / f"{kind}.ndjson").write_bytes(content)
    assert unplaced(read(tmp_path)) == from_bundles


def test_single_resources_and_absolute_references_give_the_same(
    few: list[Path], from_bundles: list[Item], tmp_path: Path
) -> None:
    for number, resource in enumerate(resources_of(few)):
        text = json.dumps(resource).replace(
            '"reference": "', '"reference": "https://example.org/fhir/'
        )
        (tmp_path / f"{-number:06d}.json").write_text(text)
    assert unplaced(read(tmp_path)) == from_bundles


def test_reading_again_gives_the_same(few: list[Path]) -> None:
    assert read(few[0]) == read(few[0])
