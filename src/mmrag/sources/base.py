"""What a source is, and the optional file by which a folder says what it holds."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mmrag.errors import SourceError
from mmrag.records import Condition, Film, FilmLabels, ImagingStudy, LabReport, Patient, Problem

MANIFEST = "mmrag-source.toml"

Item = Patient | Film | FilmLabels | LabReport | Condition | ImagingStudy | Problem
"""What reading a source yields, one at a time."""


class Source(Protocol):
    """A folder or file of records.

    Reading is lazy: memory does not grow with the source. A record that cannot be read is
    yielded as a `Problem`, and reading goes on. A folder that cannot be this source at all
    raises `mmrag.errors.SourceError` on construction.
    """

    @property
    def name(self) -> str:
        """First half of every patient identifier, e.g. ``nih``."""
        ...

    @property
    def size(self) -> int | None:
        """Number of films or table rows where it is cheap to know; for progress only."""
        ...

    def read(self) -> Iterator[Item]:
        """Yield patients before the records that name them."""
        ...


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder says of itself in ``mmrag-source.toml``.

    Attributes
    ----------
    name : str
        Overrides the source's usual name, so that films and laboratory results of the same
        people share their patients' identifiers.
    made_up : bool
        True when the records are generated; shown wherever they are shown.
    """

    name: str
    made_up: bool = False


def read_manifest(folder: Path, default_name: str) -> Manifest:
    """Read ``mmrag-source.toml`` of a folder, or stand in for it.

    Parameters
    ----------
    folder : pathlib.Path
    default_name : str
        Name of the source when the folder says nothing.

    Returns
    -------
    Manifest

    Raises
    ------
    SourceError
        When the file is there and cannot be understood.
    """
    file = folder / MANIFEST
    if not file.is_file():
        return Manifest(default_name)
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        name, made_up = content.get("name", default_name), content.get("made_up", False)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError(f"{file}: {error}: mend the file or delete it") from error
    if not isinstance(name, str) or not name or ":" in name or not isinstance(made_up, bool):
        raise SourceError(f"{file}: name must be a word without a colon and made_up true or false")
    return Manifest(name, made_up)
