"""A record's own interpretation and range decide worded questions before the table does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from mmrag import Engine, Settings
from mmrag.retrieval.results import LabHit
from tests.retrieval.oracle import Answer, World, but_not, flagged, judged, read_fhir, value

Json = dict[str, Any]


def leukocytes(day: int, number: float, unit: str = "10*3/uL", **judgement: Any) -> Json:
    node: Json = {
        "resourceType": "Observation",
        "id": f"o{day}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "6690-2"}]},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": f"2021-05-{day:02}T08:00:00Z",
        "valueQuantity": {
            "value": number,
            "code": unit,
            "system": "http://unitsofmeasure.org",
        },
    }
    if "word" in judgement:
        system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
        coding = {"system": system, "code": judgement["word"]}
        node["interpretation"] = [{"coding": [coding]}]
    if "normal" in judgement:
        low, high = judgement["normal"]
        node["referenceRange"] = [{"low": {"value": low}, "high": {"value": high}}]
    return node


RESULTS = [
    leukocytes(1, 9.5, normal=(4, 9)),
    leukocytes(2, 15, word="N"),
    leukocytes(3, 8, word="H"),
    leukocytes(4, 12),
    leukocytes(5, 11.0),
    leukocytes(6, 15000, "/uL"),
    leukocytes(7, 15, "g/dL"),
    leukocytes(8, 15, "g/dL", word="HH"),
    leukocytes(9, 12, normal=(4, 12)),
    leukocytes(10, 3.9, word="L", normal=(3, 9)),
    leukocytes(11, 3.8),
]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    person = {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1970-05-17"}
    file = tmp_path_factory.mktemp("judged") / "bundle.json"
    entries = [{"resource": resource} for resource in (person, *RESULTS)]
    file.write_text(
        json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}),
        encoding="utf-8",
    )
    return file


@pytest.fixture(scope="module")
def judging(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    home = tmp_path_factory.mktemp("judging")
    with Engine.open(settings=Settings(home=home, dsn=None)) as engine:
        engine.ingest("fhir", bundle)
        yield engine


@pytest.mark.parametrize(
    ("question", "answer", "days"),
    [
        ("leukocytosis", flagged("high", "leukocytes"), {1, 3, 4, 6, 8}),
        ("critically high WBC", None, {8}),
        ("leukopenia", flagged("low", "leukocytes"), {10, 11}),
        ("normal WBC", flagged("normal", "leukocytes"), {2, 5, 9}),
        (
            "no leukocytosis",
            but_not(judged("leukocytes"), flagged("high", "leukocytes")),
            {2, 5, 9, 10, 11},
        ),
        ("WBC above 11", value("leukocytes", lambda v: v > 11), {2, 4, 6, 9}),
        ("WBC of at least 11", value("leukocytes", lambda v: v >= 11), {2, 4, 5, 6, 9}),
        ("WBC > 14000 /uL", value("leukocytes", lambda v: v > 14), {2, 6}),
        ("WBC under 3.9", value("leukocytes", lambda v: v < Fraction("3.9")), {11}),
        ("rising WBC", None, set()),
        ("falling WBC", None, {11}),
    ],
)
def test_the_record_is_trusted_first(
    judging: Engine, bundle: Path, question: str, answer: Answer | None, days: set[int]
) -> None:
    assert {_day(hit) for hit in judging.search(question, labs=100).labs} == days
    if answer is not None:
        world: World = read_fhir([bundle])
        assert {world.panels[n].day.day for n in answer(world)} == days


def test_a_value_in_an_unknown_unit_is_shown_as_written_and_never_compared(
    judging: Engine,
) -> None:
    (state,) = judging.search("WBC above 11").coverage.labs.states
    assert state.measured == len(RESULTS) - 2
    by_word = [h for h in judging.search("leukocytosis").labs if _day(h) == 8]
    (observation,) = by_word[0].observations
    assert (observation.value, observation.unit, observation.flag) == (15, "g/dL", "HH")
    assert observation.matched


def _day(hit: LabHit) -> int:
    assert hit.effective_at is not None
    return hit.effective_at.day
