"""A compiled question read from JSON, as it is printed: edited by hand or made by a program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from mmrag.clinical.query_check import checked, near
from mmrag.clinical.question import (
    AmongTerm,
    ClinicalQuery,
    DiagnosisTerm,
    FindingTerm,
    LabTerm,
    PatientTerm,
    PeriodTerm,
)
from mmrag.errors import QueryError

_MODELS: Mapping[str, type[BaseModel]] = {
    "findings": FindingTerm,
    "labs": LabTerm,
    "patient": PatientTerm,
    "diagnoses": DiagnosisTerm,
    "period": PeriodTerm,
    "among": AmongTerm,
}


_HOW = "`mmrag query TEXT --json` prints one"


def read_query(text: str, file: str) -> ClinicalQuery:
    """Read a compiled question.

    Parameters
    ----------
    text : str
        A JSON object with the keys of `ClinicalQuery`, as a search prints it under ``query``.
        All may be left out; of a result ``analyte`` is enough beside its comparison.
    file : str
        Where it comes from, for messages.

    Returns
    -------
    ClinicalQuery
        Checked and completed, see `mmrag.clinical.query_check.checked`.

    Raises
    ------
    QueryError
        When it is no such object; one line names the place and the mend.
    """
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        raise QueryError(f"{file}: no JSON ({error}): {_HOW}") from error
    except RecursionError as error:
        raise QueryError(f"{file}: no question (nested too deeply): {_HOW}") from error
    if not isinstance(content, dict):
        raise QueryError(f"{file}: a question is one JSON object: {_HOW}")
    try:
        return checked(ClinicalQuery.model_validate_json(json.dumps(_named(content))))
    except ValidationError as error:
        raise QueryError(f"{file}: {_first(error)}") from error
    except QueryError as error:
        raise QueryError(f"{file}: {error}") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _named(content: dict[str, Any]) -> dict[str, Any]:
    """Make room for what the tables say of an analyte and a person need not write."""
    labs = content.get("labs")
    if not isinstance(labs, list):
        return {"text": "", **content}
    filled = [
        {"name": "", "loinc": [], **term} if isinstance(term, dict) else term for term in labs
    ]
    return {"text": "", **content, "labs": filled}


def _first(error: ValidationError) -> str:
    """Say in one line what is wrong first."""
    first = error.errors()[0]
    path = first["loc"]
    place = ".".join(str(part + 1 if isinstance(part, int) else part) for part in path)
    if first["type"] == "extra_forbidden":
        model = _MODELS.get(str(path[0]), ClinicalQuery) if len(path) > 1 else ClinicalQuery
        return f"{place}: unknown key: {near(str(path[-1]), model.model_fields)}"
    if first["type"] == "missing":
        return f"{place}: is missing: write it"
    given = first["input"]
    said = f" (it says {given!r})" if isinstance(given, str | int | float) else ""
    return f"{place}: {first['msg'][:1].lower()}{first['msg'][1:]}{said}"
