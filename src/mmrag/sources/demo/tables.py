"""The demo's tables: NIH's table of labels and Synthea's export."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from mmrag.sources.base import MANIFEST
from mmrag.sources.demo.anatomy import SIZE
from mmrag.sources.demo.blood import PANEL, draw_blood
from mmrag.sources.demo.people import Person, Visit
from mmrag.sources.nih_cells import NO_FINDING

DEMO_NAME = "demo"

_NIH_HEADER = (
    "Image Index", "Finding Labels", "Follow-up #", "Patient ID", "Patient Age",
    "Patient Gender", "View Position", "OriginalImage[Width", "Height]",
    "OriginalImagePixelSpacing[x", "y]",
)  # fmt: skip
_PATIENTS_HEADER = (
    "Id", "BIRTHDATE", "DEATHDATE", "SSN", "DRIVERS", "PASSPORT", "PREFIX", "FIRST", "LAST",
    "SUFFIX", "MAIDEN", "MARITAL", "RACE", "ETHNICITY", "GENDER", "BIRTHPLACE", "ADDRESS",
    "CITY", "STATE", "COUNTY", "ZIP", "LAT", "LON", "HEALTHCARE_EXPENSES", "HEALTHCARE_COVERAGE",
)  # fmt: skip
_ENCOUNTERS_HEADER = (
    "Id", "START", "STOP", "PATIENT", "ORGANIZATION", "PROVIDER", "PAYER", "ENCOUNTERCLASS",
    "CODE", "DESCRIPTION", "BASE_ENCOUNTER_COST", "TOTAL_CLAIM_COST", "PAYER_COVERAGE",
    "REASONCODE", "REASONDESCRIPTION",
)  # fmt: skip
_CONDITIONS_HEADER = ("START", "STOP", "PATIENT", "ENCOUNTER", "CODE", "DESCRIPTION")
_OBSERVATIONS_HEADER = (
    "DATE", "PATIENT", "ENCOUNTER", "CATEGORY", "CODE", "DESCRIPTION", "VALUE", "UNITS", "TYPE",
)  # fmt: skip

_SPACING_MM = 0.91
"""Of a film 350 mm wide."""

_DIAGNOSES = {
    "Atelectasis": ("46621007", "Atelectasis (disorder)"),
    "Cardiomegaly": ("8186001", "Cardiomegaly (disorder)"),
    "Edema": ("19242006", "Pulmonary edema (disorder)"),
    "Effusion": ("60046008", "Pleural effusion (disorder)"),
    "Emphysema": ("87433001", "Pulmonary emphysema (disorder)"),
    "Fibrosis": ("51615001", "Fibrosis of lung (disorder)"),
    "Hernia": ("84089009", "Hiatal hernia (disorder)"),
    "Mass": ("309529002", "Mass of lung (finding)"),
    "Pneumonia": ("233604007", "Pneumonia (disorder)"),
    "Pneumothorax": ("36118008", "Pneumothorax (disorder)"),
}
"""SNOMED CT; findings that no clinician lists as a diagnosis are left out."""

Row = Sequence[str | int | float]


def write_manifest(folder: Path) -> None:
    """Mark a folder as made up, under the name that films and blood share."""
    text = f'name = "{DEMO_NAME}"\nmade_up = true\n'
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def film_name(person: Person, visit: Visit) -> str:
    """File name of a film, as ChestX-ray14 forms it."""
    return f"{person.identifier:08d}_{visit.number:03d}.png"


def write_labels(file: Path, people: Iterable[Person]) -> None:
    """Write the table of labels in the official layout; a withheld label is an empty cell."""
    rows: list[Row] = []
    for person in people:
        for visit in person.visits:
            labels = "|".join(sorted(visit.findings)) or NO_FINDING
            rows.append(
                (
                    film_name(person, visit), labels if visit.labelled else "", visit.number,
                    person.identifier, visit.age, person.sex, visit.view, SIZE, SIZE,
                    _SPACING_MM, _SPACING_MM,
                )
            )  # fmt: skip
    _write(file, _NIH_HEADER, rows)


def write_export(folder: Path, people: Sequence[Person], seed: int) -> None:
    """Write patients, encounters, conditions and observations as Synthea does."""
    tested = [person for person in people if person.has_blood]
    _write(folder / "patients.csv", _PATIENTS_HEADER, map(_patient, tested))
    _write(folder / "encounters.csv", _ENCOUNTERS_HEADER, _encounters(tested))
    _write(folder / "conditions.csv", _CONDITIONS_HEADER, _conditions(tested))
    _write(folder / "observations.csv", _OBSERVATIONS_HEADER, _observations(tested, seed))


def _write(file: Path, header: Sequence[str], rows: Iterable[Row]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _patient(person: Person) -> Row:
    known = {
        "Id": str(person.identifier),
        "BIRTHDATE": person.birth_date.isoformat(),
        "FIRST": "Made-up",
        "LAST": f"Patient{person.identifier}",
        "GENDER": person.sex,
    }
    return [known.get(column, "") for column in _PATIENTS_HEADER]


def _encounter_id(person: Person, visit: Visit) -> str:
    return f"{person.identifier}-{visit.number:03d}"


def _time(day: date) -> str:
    return f"{day.isoformat()}T08:30:00Z"


def _encounters(people: Iterable[Person]) -> Iterable[Row]:
    for person in people:
        for visit in person.visits:
            known = {
                "Id": _encounter_id(person, visit),
                "START": _time(visit.day),
                "STOP": f"{visit.day.isoformat()}T09:30:00Z",
                "PATIENT": str(person.identifier),
                "ENCOUNTERCLASS": "ambulatory",
                "CODE": "185345009",
                "DESCRIPTION": "Encounter for symptom",
            }
            yield [known.get(column, "") for column in _ENCOUNTERS_HEADER]


def _conditions(people: Iterable[Person]) -> Iterable[Row]:
    for person in people:
        for finding, (code, name) in _DIAGNOSES.items():
            seen = [visit for visit in person.visits if finding in visit.findings]
            if not seen:
                continue
            later = (v.day.isoformat() for v in person.visits if v.number > seen[-1].number)
            yield (
                seen[0].day.isoformat(), next(later, ""), str(person.identifier),
                _encounter_id(person, seen[0]), code, name,
            )  # fmt: skip


def _observations(people: Iterable[Person], seed: int) -> Iterable[Row]:
    for person in people:
        for visit in person.visits:
            # Once the film is clear, so is the blood.
            illness = person.illness if visit.findings else "none"
            blood = draw_blood(
                person=np.random.default_rng([seed, person.identifier, 0]),
                day=np.random.default_rng([seed, person.identifier, 1, visit.number]),
                age=visit.age,
                sex=person.sex,
                illness=illness,
                severity=visit.severity,
            )
            for analyte in PANEL:
                yield (
                    _time(visit.day), str(person.identifier), _encounter_id(person, visit),
                    "laboratory", analyte.loinc, analyte.name,
                    f"{blood[analyte.key]:.{analyte.decimals}f}", analyte.unit, "numeric",
                )  # fmt: skip
