"""Small resources that the tests of FHIR start from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmrag.records import LabReport, Observation, Problem
from mmrag.sources.base import Item
from mmrag.sources.fhir import FhirSource

Json = dict[str, Any]

PATIENT: Json = {
    "resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1970-05-17",
    "name": [{"family": "Alcántar", "given": ["Zoë"]}],
}  # fmt: skip
ENCOUNTER: Json = {
    "resourceType": "Encounter", "id": "e1", "status": "finished",
    "subject": {"reference": "Patient/p1"}, "period": {"start": "2021-08-23T03:00:00Z"},
}  # fmt: skip
LEUKOCYTES: Json = {
    "resourceType": "Observation", "id": "o1", "status": "final",
    "category": [{"coding": [{
        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
        "code": "laboratory"}]}],
    "code": {"coding": [{"system": "http://loinc.org", "code": "6690-2",
                         "display": "Leukocytes"}]},
    "subject": {"reference": "Patient/p1"}, "encounter": {"reference": "Encounter/e1"},
    "effectiveDateTime": "2021-08-23T05:26:50+02:00",
    "valueQuantity": {"value": 12.1, "unit": "10^3/uL", "code": "10*3/uL",
                      "system": "http://unitsofmeasure.org"},
    "interpretation": [{"coding": [{
        "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
        "code": "H"}]}],
    "referenceRange": [{"low": {"value": 4.5, "unit": "10*3/uL"},
                        "high": {"value": 11.0, "unit": "10*3/uL"}}],
}  # fmt: skip
PRESSURE: Json = {
    "resourceType": "Observation", "id": "o2", "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
    "subject": {"reference": "Patient/p1"}, "encounter": {"reference": "Encounter/e1"},
    "effectiveDateTime": "2021-08-23T03:26:50Z",
    "component": [
        {"code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
         "valueQuantity": {"value": 131, "unit": "mmHg", "code": "mm[Hg]",
                           "system": "http://unitsofmeasure.org"}},
        {"code": {"coding": [{"system": "http://loinc.org", "code": "8462-4"}]},
         "valueQuantity": {"value": 87, "unit": "mmHg", "code": "mm[Hg]",
                           "system": "http://unitsofmeasure.org"}},
    ],
}  # fmt: skip
REPORT: Json = {
    "resourceType": "DiagnosticReport", "id": "r1", "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "58410-2"}]},
    "subject": {"reference": "Patient/p1"}, "encounter": {"reference": "Encounter/e1"},
    "effectiveDateTime": "2021-08-23T03:26:50Z", "result": [{"reference": "Observation/o1"}],
}  # fmt: skip
CONDITION: Json = {
    "resourceType": "Condition", "id": "c1",
    "clinicalStatus": {"coding": [{"code": "resolved"}]},
    "verificationStatus": {"coding": [{"code": "confirmed"}]},
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "233604007",
                         "display": "Pneumonia"}]},
    "subject": {"reference": "Patient/p1"},
    "onsetDateTime": "2021-08-01T10:00:00Z", "abatementDateTime": "2021-09-01",
}  # fmt: skip
STUDY: Json = {
    "resourceType": "ImagingStudy", "id": "s1", "status": "available",
    "subject": {"reference": "Patient/p1"}, "started": "2021-08-23T04:00:00Z",
    "series": [{"uid": "1.2", "modality": {"code": "DX"}, "bodySite": {"display": "Chest"}}],
}  # fmt: skip
EVERYTHING = [PATIENT, ENCOUNTER, LEUKOCYTES, PRESSURE, REPORT, CONDITION, STUDY]


def bundle(*resources: object, kind: str = "collection") -> Json:
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def write(folder: Path, document: object, name: str = "a.json") -> Path:
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    (folder / name).write_text(text, "utf-8")
    return folder


def read(path: Path) -> list[Item]:
    return list(FhirSource(path).read())


def panels(items: Iterable[Item]) -> list[LabReport]:
    return [item for item in items if isinstance(item, LabReport)]


def observations(items: Iterable[Item]) -> list[Observation]:
    return [observation for panel in panels(items) for observation in panel.observations]


def values(items: Iterable[Item]) -> dict[str, float | str | None]:
    return {o.loinc: o.text if o.value is None else o.value for o in observations(items)}


def kinds(items: Iterable[Item]) -> Counter[str]:
    return Counter(item.kind for item in items if isinstance(item, Problem))


def problems(items: Iterable[Item]) -> list[Problem]:
    return [item for item in items if isinstance(item, Problem)]
