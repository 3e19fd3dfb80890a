"""Chest films in DICOM files: a file, or a folder of them however deep.

DICOM says nothing of findings, so its films are unlabelled. A patient's identifier is kept as
written, so that a film can be found again and joined with other records of the same person;
a hash of it would hide nothing, since short numbers are soon tried through. Whoever may not
keep identifiers de-identifies the files before ingesting them (PS3.15, annex E).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mmrag.errors import BadFilm, SourceError
from mmrag.records import Film, Patient, Problem, Provenance
from mmrag.sources.base import MANIFEST, Item, read_manifest
from mmrag.sources.dicom_pixels import HEAD, is_dicom, load_pydicom
from mmrag.sources.dicom_tags import DicomTags, read_tags
from mmrag.sources.problems import ProblemLedger

_CLOSING = {
    "not-dicom": "files that are no DICOM files",
    "not-a-film": "files that are no chest films",
    "bad-date": "dates that are none",
}


class DicomSource:
    """DICOM files of chest films.

    A film's identifier is the file's path within the folder, which for files that lie in the
    folder itself is their name.

    Parameters
    ----------
    path : pathlib.Path
        One file, or a folder; every file in it and below it is looked at, except hidden
        ones. Links to folders are not followed.

    Raises
    ------
    SourceError
        When there is no such file or folder, or no DICOM file in it.
    MissingExtra
        When pydicom is not installed.
    """

    def __init__(self, path: Path) -> None:
        load_pydicom()
        self._path = path.resolve()
        if not self._path.exists():
            raise SourceError(f"{path}: no such file or folder: check the path")
        self._folder = self._path if self._path.is_dir() else self._path.parent
        self._manifest = read_manifest(self._folder, "dicom")
        files = list(_files(self._path))
        self._files = [file for file in files if _begins_as_dicom(file)]
        self._others = sorted(set(files) - set(self._files))
        if not self._files:
            raise SourceError(f"{path}: no DICOM file here: point at the files or their folder")

    @property
    def name(self) -> str:
        """First half of every patient identifier: ``dicom`` unless the folder says otherwise."""
        return self._manifest.name

    @property
    def size(self) -> int:
        """Number of DICOM files."""
        return len(self._files)

    def read(self) -> Iterator[Item]:
        """Yield films in the order of their paths, each patient before the first of its films.

        Yields
        ------
        Patient, Film or Problem
            Beyond twenty of a kind, problems are counted in one line.
        """
        ledger = ProblemLedger(self._folder.name, _CLOSING)
        for file in self._others:
            message = "not a DICOM file: move it elsewhere"
            yield from ledger.admit(Problem(self._label(file), message, kind="not-dicom"))
        met: set[str] = set()
        for file in self._files:
            label = self._label(file)
            try:
                found = read_tags(file, label)
            except BadFilm as error:
                yield from ledger.admit(Problem(label, str(error), kind="not-a-film"))
                continue
            if found is None:
                continue
            tags, problems = found
            for problem in problems:
                yield from ledger.admit(problem)
            patient = None if tags.patient is None else f"{self.name}:{tags.patient}"
            if patient is not None and patient not in met:
                met.add(patient)
                yield Patient(patient, tags.birth_date, tags.sex)
            yield self._film(label, file, patient, tags)
        yield from ledger.close()

    def _film(self, label: str, file: Path, patient: str | None, tags: DicomTags) -> Film:
        return Film(
            id=label,
            provenance=Provenance(self.name, str(file), made_up=self._manifest.made_up),
            patient=patient,
            view=tags.view,
            age=tags.age,
            sex=tags.sex,
            width=tags.width,
            height=tags.height,
            pixel_spacing=tags.pixel_spacing,
            taken_on=tags.taken_on,
        )

    def _label(self, file: Path) -> str:
        return ascii(file.relative_to(self._folder).as_posix())[1:-1]


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, below, names in os.walk(path):
        below[:] = sorted(name for name in below if not name.startswith("."))
        wanted = (n for n in sorted(names) if not n.startswith(".") and n != MANIFEST)
        yield from (Path(folder) / name for name in wanted)


def _begins_as_dicom(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return is_dicom(stream.read(HEAD))
    except OSError:
        return False
