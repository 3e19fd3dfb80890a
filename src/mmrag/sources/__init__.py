"""Bytes to records: one module a source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

from mmrag.errors import InputError
from mmrag.sources.base import Source
from mmrag.sources.covid import CovidSource
from mmrag.sources.dicom import DicomSource
from mmrag.sources.fhir import FhirSource
from mmrag.sources.nih import NihSource
from mmrag.sources.synthea import SyntheaSource

__all__ = ["KINDS", "SourceKind", "open_source"]

SourceKind = Literal["nih", "synthea", "fhir", "covid", "dicom"]
KINDS: tuple[SourceKind, ...] = get_args(SourceKind)
"""Kinds of source that `open_source` knows."""

_WITHOUT_LABELS: dict[str, Callable[[Path], Source]] = {
    "synthea": SyntheaSource,
    "fhir": FhirSource,
    "covid": CovidSource,
    "dicom": DicomSource,
}


def open_source(kind: str, path: Path, labels: Path | None = None) -> Source:
    """Open a folder or file as a source.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    path : pathlib.Path
    labels : pathlib.Path or None
        Table of labels, for ``nih`` alone.

    Returns
    -------
    Source

    Raises
    ------
    SourceError
        When the path cannot be this kind of source.
    InputError
        When the kind is unknown or takes no labels.
    """
    if kind not in KINDS:
        raise InputError(f"unknown source {kind!r}: use one of {', '.join(KINDS)}")
    if kind == "nih":
        return NihSource(path, labels)
    if labels is not None:
        raise InputError(f"{kind} takes no table of labels: leave --labels out")
    return _WITHOUT_LABELS[kind](path)
