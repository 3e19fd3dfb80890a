"""Bytes to records: one module a source."""

from __future__ import annotations

from pathlib import Path

from mmrag.errors import InputError
from mmrag.sources.base import Source
from mmrag.sources.fhir import FhirSource
from mmrag.sources.nih import NihSource
from mmrag.sources.synthea import SyntheaSource

__all__ = ["KINDS", "open_source"]

KINDS = ("nih", "synthea", "fhir")
"""Kinds of source that `open_source` knows."""


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
    return FhirSource(path) if kind == "fhir" else SyntheaSource(path)
