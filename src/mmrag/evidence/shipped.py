"""The parameters that come with the package, and reading those of another encoder."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from mmrag.errors import InputError
from mmrag.evidence.history import shipped_persistence
from mmrag.evidence.model import NAMES, EvidenceModel, Heard, Weighing

_DATA = resources.files("mmrag.evidence") / "data"

LABELS_ONLY = "labels"
"""Parameters for an encoder whose pixels nobody has fitted: labels alone are weighed."""


def evidence_model_for(encoder: str, weights: str, fitted: Path | None = None) -> EvidenceModel:
    """Choose the parameters of an encoder.

    Parameters
    ----------
    encoder, weights : str
        Name and weights' hash, as in the encoder's fingerprint.
    fitted : pathlib.Path, optional
        Folder of parameters that were fitted here.

    Returns
    -------
    EvidenceModel
        The one fitted here for exactly these weights, else the shipped one for them, else
        `LABELS_ONLY`.

    Raises
    ------
    InputError
        When the file of these weights holds no parameters, or another's.
    """
    name = f"{encoder}:{weights}"
    if fitted is not None:
        own = fitted / file_name(name)
        if own.is_file():
            return _of(name, own)
    shipped = _shipped(encoder)
    return shipped if shipped is not None and shipped.name == name else _labels_only()


def file_name(name: str) -> str:
    """Name the file of an encoder's parameters: its name and the start of its weights' hash."""
    encoder, _, weights = name.rpartition(":")
    return f"{re.sub(r'[^A-Za-z0-9.-]+', '_', encoder)}-{weights[:12]}.json"


@cache  # asked for with every search
def _shipped(encoder: str) -> EvidenceModel | None:
    file = _DATA / f"{encoder}.json"
    return parse_model(file.read_text("utf-8"), file.name) if file.is_file() else None


@cache
def _labels_only() -> EvidenceModel:
    return parse_model((_DATA / f"{LABELS_ONLY}.json").read_text("utf-8"), LABELS_ONLY)


def _of(name: str, file: Path) -> EvidenceModel:
    try:
        model = parse_model(file.read_text("utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read: fit evidence again or remove it") from error
    if model.name != name:
        raise InputError(f"{file}: was fitted for {model.name}, not {name}: fit it again")
    return model


def parse_model(text: str, file: str) -> EvidenceModel:
    """Read parameters from their JSON.

    Raises
    ------
    InputError
        When they are not those of today's findings, or not parameters at all.
    """
    try:
        raw: Mapping[str, Any] = json.loads(text)
        model = EvidenceModel(
            name=str(raw["name"]),
            centre=_vector(raw["centre"]),
            scale=_vector(raw["scale"]),
            base_rate=_vector(raw["base_rate"]),
            unlabelled=_weighing(raw["unlabelled"]),
            labelled=_weighing(raw["labelled"]),
            similarity=float(raw["similarity"]),
            history_rate=_vector(raw.get("history_rate", shipped_persistence().rate)),
            heard=_heard(raw.get("heard")),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file}: no evidence parameters ({error}): fit them again") from error
    if tuple(raw.get("names", ())) != NAMES:
        raise InputError(f"{file}: was fitted for other findings: fit it again")
    return model


def write_model(model: EvidenceModel) -> str:
    """Write parameters as JSON, rounded to what a fit on some hundred films can carry."""

    def rounded(values: Any) -> Any:
        return None if values is None else np.round(values, 4).tolist()

    def weighing(part: Weighing) -> dict[str, Any]:
        return {
            "prior": rounded(part.prior),
            "pixels": rounded(part.pixels),
            "labels": rounded(part.labels),
        } | ({} if part.history is None else {"history": rounded(part.history)})

    content = {
        "name": model.name,
        "names": NAMES,
        "centre": rounded(model.centre),
        "scale": rounded(model.scale),
        "base_rate": rounded(model.base_rate),
        "similarity": model.similarity,
        "history_rate": rounded(model.history_rate),
        "unlabelled": weighing(model.unlabelled),
        "labelled": weighing(model.labelled),
        "heard": None
        if model.heard is None
        else {
            "unlabelled": weighing(model.heard.unlabelled),
            "labelled": weighing(model.heard.labelled),
        },
    }
    return json.dumps(content, indent=1) + "\n"


def _vector(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    array = np.asarray(values, np.float64)
    if array.shape != (len(NAMES),) or not np.isfinite(array).all():
        raise ValueError(f"expected {len(NAMES)} numbers")
    return array


def _matrix(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    array = np.asarray(values, np.float64)
    if array.shape != (len(NAMES), len(NAMES)) or not np.isfinite(array).all():
        raise ValueError(f"expected {len(NAMES)} x {len(NAMES)} numbers")
    return array


def _heard(raw: Mapping[str, Any] | None) -> Heard | None:
    """Read the weights beside history; parameters that were fitted earlier have none."""
    if raw is None:
        return None
    return Heard(_weighing(raw["unlabelled"]), _weighing(raw["labelled"]))


def _weighing(raw: Mapping[str, Any]) -> Weighing:
    labels, history = raw["labels"], raw.get("history")
    return Weighing(
        prior=_vector(raw["prior"]),
        pixels=_matrix(raw["pixels"]),
        labels=None if labels is None else _matrix(labels),
        history=None if history is None else _vector(history),
    )
