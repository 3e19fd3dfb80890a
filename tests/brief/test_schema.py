"""The published schema is the model's, and says of real briefs that they are briefs."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mmrag import Engine
from mmrag.brief import Brief, brief_schema, compose, load_brief, render, render_schema
from mmrag.brief.schema import SCHEMA_FILE
from tests.brief.made import Shelf, answer, asking, film, leukocytes, panel, platelets

QUESTIONS = (
    "pneumonia with pleural effusion",
    "leukocytes above 12 in a woman over 60",
    "no effusion, latest haemoglobin low",
    "rising creatinine since 2015",
    "platelets below 1",
    "PA",
)


def problems(printed: str) -> list[str]:
    validator = Draft202012Validator(brief_schema())
    return [f"{e.json_path}: {e.message}" for e in validator.iter_errors(json.loads(printed))]


def test_the_published_file_is_the_models_schema() -> None:
    published = resources.files("mmrag.brief").joinpath(SCHEMA_FILE).read_text("utf-8")
    assert published == render_schema() + "\n", (
        f"write it anew: mmrag brief --schema > src/mmrag/brief/{SCHEMA_FILE}"
    )


def test_the_schema_is_a_schema_and_describes_no_path_of_this_machine() -> None:
    Draft202012Validator.check_schema(brief_schema())
    assert "file" not in brief_schema()["$defs"]["FilmHit"]["properties"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_real_briefs_are_valid_and_read_back_as_they_were(
    engine: Engine, tmp_path: Path, question: str
) -> None:
    brief = engine.brief(question, films=4, labs=4)
    printed = render(brief, "json")
    assert not problems(printed)
    assert "file" not in json.loads(printed)["films"][0] if brief.films else True
    file = tmp_path / "brief.json"
    file.write_text(printed, encoding="utf-8")
    again = load_brief(file)
    assert render(again, "json") == printed
    assert all(film.file == "" for film in again.films)


@pytest.mark.parametrize(
    ("key", "value"),
    [("claims", None), ("dropped", "none"), ("linkage", "twins"), ("extra", 1), ("made", {})],
)
def test_what_is_no_brief_is_told(key: str, value: Any) -> None:
    result = answer(asking("Effusion"), (film(),), (panel(1, leukocytes(), platelets()),))
    printed = json.loads(render(compose(result, Shelf(result)), "json"))
    assert not problems(json.dumps(printed))
    assert problems(json.dumps(printed | {key: value}))


def test_every_field_of_the_printed_brief_is_described() -> None:
    described = brief_schema()["properties"]
    assert set(described) == set(Brief.model_fields)
