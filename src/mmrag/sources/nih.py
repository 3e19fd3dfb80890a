"""Films in the layout of NIH ChestX-ray14: a folder of images and one table of labels."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from mmrag.errors import SourceError
from mmrag.records import Film, FilmLabels, LabelsBy, Patient, Problem, Provenance
from mmrag.sources.base import Item, read_manifest
from mmrag.sources.nih_table import FilmRow, LabelTable
from mmrag.sources.problems import ProblemLedger

_ENDINGS = (".png", ".jpg", ".jpeg")
_TABLES = ("Data_Entry_2017*.csv", "Data_Entry_2017*.csv.gz")
_OFFICIAL_NAME = re.compile(r"(\d{8})_(\d{3})\.\w+", re.ASCII)
_CLOSING = {
    "missing-file": "rows name films that are not in this folder",
    "labels-alone": "rows name films that are not in this folder; their labels are kept and count "
    "for the films of the same patients",
    "no-row": "films have no row and are unlabelled",
    "unknown-label": "unknown labels",
    "contradiction": 'rows with "No Finding" beside other labels',
    "bad-read": "reads that are unreadable or contradict themselves",
    "bad-age": "impossible ages",
    "bad-sex": "cells that are neither M nor F",
    "bad-patient": "unreadable patient identifiers",
    "bad-value": "unreadable cells",
    "bad-row": "unreadable rows",
    "duplicate-row": "rows that contradict an earlier row",
    "duplicate-file": "films of a name that occurs in an earlier folder",
    "bad-name": "films with unreadable names",
    "broken-link": "links that lead nowhere",
}
_OF_LABELS = ("unknown-label", "contradiction")
_NO_ROW = FilmRow(None, None, None, None, None, None, None, None, None)


class NihSource:
    """A folder of NIH ChestX-ray14 films.

    Three layouts are understood: ``DIR/images/*.png``, the official parts
    ``DIR/images_001/images/*.png`` and so on, and, where there is neither, ``DIR/*.png``.
    PNG and JPEG; the images are listed, not decoded. Links to files and folders are followed:
    whoever names the folder vouches for it, and a link can yield nothing but a film.

    A film with no row, or with an empty cell of labels, is unlabelled. A film without a row
    whose name is an official one (eight digits of the patient, three of the study) still has
    its patient.

    Parameters
    ----------
    path : pathlib.Path
        The folder.
    labels : pathlib.Path or None
        The table; by default the one ``Data_Entry_2017*.csv`` (or ``.csv.gz``) of the folder.
        A table of radiologists' reads (``Image ID``, ``Patient ID``, ``Abnormal`` and the
        fourteen findings, YES or NO) tells labels and patients alone: age, sex, view and size
        then come from the folder's own table, whose labels are left.

    Raises
    ------
    SourceError
        When the folder is not there or holds no film, when several tables fit, or when the
        table cannot be read.
    """

    def __init__(self, path: Path, labels: Path | None = None) -> None:
        self._folder = _existing_folder(path)
        manifest = read_manifest(self._folder, "nih")
        self._name, self._made_up = manifest.name, manifest.made_up
        self._problems: list[Problem] = []
        self._films = self._list_films()
        table = _find_table(self._folder) if labels is None else _existing_table(labels)
        self._table = None if table is None else LabelTable.load(table)
        self._details: LabelTable | None = None
        if labels is not None and self._table is not None and self._table.holds_reads:
            self._details = self._load_details()

    @property
    def name(self) -> str:
        """First half of every patient identifier: ``nih`` unless the folder says otherwise."""
        return self._name

    @property
    def size(self) -> int:
        """Number of films."""
        return len(self._films)

    def read(self) -> Iterator[Item]:
        """Yield films in the order of their names, each patient before the first of its films.

        Yields
        ------
        Patient, Film, FilmLabels or Problem
            Labels without a film are those of the patients whose films are here. After twenty
            problems of a kind the others are counted in one line at the end.
        """
        ledger = ProblemLedger(self._folder.name, _CLOSING)
        table = self._table
        if table is None:
            yield Problem(
                self._folder.name,
                f"no {_TABLES[0]} here, so every film is unlabelled: give the table with --labels",
                kind="no-table",
            )
        for problem in (*self._problems, *(table.problems if table else ())):
            yield from ledger.admit(problem)
        labels_by = self._labels_by()
        patients: set[str] = set()
        used: set[str] = set()
        for film_name, file in self._films.items():
            listed = table.name_for(film_name) if table else None
            row, number = _NO_ROW, None
            if table and listed is not None:
                used.add(listed)
                number = table.row_number(listed)
                row, problems = table.row(listed)
                for problem in problems:
                    yield from ledger.admit(problem)
            elif table:
                yield from ledger.admit(_no_row(film_name))
            if self._details is not None:
                row, problems = _described(film_name, row, self._details)
                for problem in problems:
                    yield from ledger.admit(problem)
            film = self._film(film_name, file, row, number, labels_by)
            if film.patient is not None and film.patient not in patients:
                patients.add(film.patient)
                yield Patient(film.patient, sex=film.sex)
            yield film
        if table:
            for name, line in table.missing(used):
                labels = self._labels_alone(table, name, patients)
                yield from ledger.admit(_missing_file(table.path.name, name, line, labels))
                if labels:
                    yield labels
        yield from ledger.close()

    def _labels_alone(
        self, table: LabelTable, name: str, patients: Collection[str]
    ) -> FilmLabels | None:
        patient, findings = table.told(name)
        known = f"{self._name}:{patient}"
        if patient is None or findings is None or known not in patients:
            return None
        return FilmLabels(name, known, findings)

    def _labels_by(self) -> LabelsBy:
        if self._table is not None and self._table.holds_reads:
            return "radiologists"
        # Software mined the labels of ChestX-ray14 from reports (Wang et al., CVPR 2017); who
        # gave those of another collection in its layout is not known.
        return "reports" if self._name == "nih" and not self._made_up else "source"

    def _load_details(self) -> LabelTable | None:
        tables = _tables(self._folder)
        if len(tables) == 1:
            return LabelTable.load(tables[0])
        found = f"several tables like {_TABLES[0]}: keep one" if tables else f"no {_TABLES[0]} here"
        self._problems.append(
            Problem(
                self._folder.name,
                f"{found}, to tell age, sex and view of the films that were read",
                kind="no-details",
            )
        )
        return None

    def _film(
        self, name: str, file: Path, row: FilmRow, number: int | None, labels_by: LabelsBy
    ) -> Film:
        official = _OFFICIAL_NAME.fullmatch(name)
        patient, follow_up = row.patient, row.follow_up
        if row is _NO_ROW and official:
            patient, follow_up = str(int(official[1])), int(official[2])
        return Film(
            id=name,
            provenance=Provenance(self._name, str(file), number, self._made_up),
            patient=None if patient is None else f"{self._name}:{patient}",
            findings=row.findings,
            view=row.view,
            age=row.age,
            sex=row.sex,
            follow_up=follow_up,
            width=row.width,
            height=row.height,
            pixel_spacing=row.pixel_spacing,
            stated=row.stated,
            labels_by="source" if row.findings is None and row.stated is None else labels_by,
        )

    def _list_films(self) -> dict[str, Path]:
        films: dict[str, Path] = {}
        parts = _parts(self._folder)
        for part in parts:
            before = len(films)
            for file in _images(part):
                self._admit(file, films)
            if len(films) == before and len(parts) > 1:
                self._complain(part, "no film in this folder: unpack it again", "empty-folder")
        if not films:
            for file in _images(self._folder):
                self._admit(file, films)
        if not films:
            raise SourceError(
                f"{self._folder}: no PNG or JPEG film here, in images/ or in images_001/images/: "
                "point at the folder that holds images/"
            )
        return dict(sorted(films.items()))

    def _admit(self, file: Path, films: dict[str, Path]) -> None:
        if not file.name.isprintable():
            self._complain(file, "the name is not readable text: rename the file", "bad-name")
        elif not file.exists():
            self._complain(file, "the link leads nowhere: mend or delete it", "broken-link")
        elif not file.is_file():
            self._complain(file, "not a file: move it elsewhere", "not-a-file")
        elif file.name in films:
            first = films[file.name].parent.relative_to(self._folder)
            self._complain(
                file, f"the film of this name in {first} is used: delete one", "duplicate-file"
            )
        else:
            films[file.name] = file

    def _complain(self, file: Path, message: str, kind: str) -> None:
        place = ascii(str(file.relative_to(self._folder)))[1:-1]
        self._problems.append(Problem(place, message, kind=kind))


def _existing_folder(path: Path) -> Path:
    folder = Path(os.path.abspath(path))  # noqa: PTH100 - links stay as the user wrote them
    if not folder.exists():
        raise SourceError(f"{path}: no such folder: check the path")
    if not folder.is_dir():
        raise SourceError(f"{path}: a file, not a folder: point at the folder that holds images/")
    if not str(folder).isprintable():
        raise SourceError(f"{str(path)!a}: the path is not readable text: rename the folder")
    return folder


def _existing_table(labels: Path) -> Path:
    if not labels.is_file():
        raise SourceError(f"{labels}: no such table: check the path given with --labels")
    return labels


def _tables(folder: Path) -> list[Path]:
    return sorted({table for pattern in _TABLES for table in folder.glob(pattern)})


def _find_table(folder: Path) -> Path | None:
    tables = _tables(folder)
    if len(tables) > 1:
        names = ", ".join(table.name for table in tables)
        raise SourceError(f"{folder}: several tables fit ({names}): name one with --labels")
    return tables[0] if tables else None


def _parts(folder: Path) -> list[Path]:
    official = [
        part / "images" if (part / "images").is_dir() else part
        for part in sorted(folder.glob("images_[0-9]*"))
        if part.is_dir()
    ]
    plain = folder / "images"
    return [plain, *official] if plain.is_dir() else official


def _images(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except OSError as error:
        raise SourceError(
            f"{folder}: cannot be read ({error.strerror}): check its permissions"
        ) from error
    # Names with a leading dot are left behind by file managers and archives.
    wanted = (n for n in names if n.lower().endswith(_ENDINGS) and not n.startswith("."))
    return [folder / name for name in sorted(wanted)]


def _described(film: str, read: FilmRow, details: LabelTable) -> tuple[FilmRow, list[Problem]]:
    """Keep what a read says of a film, and take the rest from the folder's own table."""
    listed = details.name_for(film)
    if listed is None:
        return read, []
    row, problems = details.row(listed)
    row = replace(
        row, findings=read.findings, stated=read.stated, patient=read.patient or row.patient
    )
    # Of labels that are not taken over nothing needs mending.
    return row, [each for each in problems if each.kind not in _OF_LABELS]


def _no_row(film: str) -> Problem:
    return Problem(film, "no row in the table, so the film is unlabelled", kind="no-row")


def _missing_file(table: str, name: str, line: int, labels: FilmLabels | None) -> Problem:
    missing = f"{name} is not in this folder"
    if labels is None:
        return Problem(table, f"{missing}: add the film or ignore the row", line, "missing-file")
    kept = f"{missing}; its labels are kept and count for the films of the same patient"
    return Problem(table, f"{kept}: add the film to have it found, too", line, "labels-alone")
