"""The parameters that come with the package, and reading those of another encoder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from mmrag.errors import InputError
from mmrag.evidence.model import NAMES, EvidenceModel, Weighing

LABELS_ONLY = "labels"
"""Parameters for an encoder whose pixels nobody has fitted: labels alone are weighed."""


@cache  # asked for with every search
def evidence_model_for(encoder: str, weights: str) -> EvidenceModel:
    """Choose the parameters of an encoder.

    Parameters
    ----------
    encoder, weights : str
        Name and weights' hash, as in the encoder's fingerprint.

    Returns
    -------
    EvidenceModel
        The fitted one where there is one for exactly these weights, else `LABELS_ONLY`.
    """
    folder = resources.files("mmrag.evidence") / "data"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name == f"{encoder}.json":
            model = parse_model(file.read_text("utf-8"), file.name)
            if model.name == f"{encoder}:{weights}":
                return model
    return parse_model((folder / f"{LABELS_ONLY}.json").read_text("utf-8"), LABELS_ONLY)


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
        }

    content = {
        "name": model.name,
        "names": NAMES,
        "centre": rounded(model.centre),
        "scale": rounded(model.scale),
        "base_rate": rounded(model.base_rate),
        "similarity": model.similarity,
        "unlabelled": weighing(model.unlabelled),
        "labelled": weighing(model.labelled),
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


def _weighing(raw: Mapping[str, Any]) -> Weighing:
    labels = raw["labels"]
    return Weighing(
        prior=_vector(raw["prior"]),
        pixels=_matrix(raw["pixels"]),
        labels=None if labels is None else _matrix(labels),
    )
