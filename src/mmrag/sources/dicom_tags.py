"""The tags of a DICOM film that a record needs; names, addresses and all others are not read.

Tags and their meaning: DICOM PS3.6 and PS3.3.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mmrag.clinical.ranges import age_in_years
from mmrag.errors import BadFilm
from mmrag.records import Problem, Sex
from mmrag.sources.dicom_pixels import load_pydicom
from mmrag.sources.nih_cells import parse_age, parse_patient, parse_sex, parse_spacing, shown
from mmrag.sources.values import LATEST_YEAR, storable

if TYPE_CHECKING:
    from pydicom import Dataset

EARLIEST_YEAR = 1985
"""The year of the first edition of the standard (ACR-NEMA 300-1985). Earlier days of a study
are what de-identification leaves in the place of a date."""

_WANTED = (
    "SOPClassUID", "Modality", "BodyPartExamined", "BurnedInAnnotation", "PatientID",
    "PatientBirthDate", "PatientAge", "PatientSex", "StudyDate", "AcquisitionDate",
    "ViewPosition", "Rows", "Columns", "ImagerPixelSpacing", "PixelSpacing",
)  # fmt: skip
_RADIOGRAPHY = ("CR", "DX")
_CHEST = ("", "CHEST", "THORAX", "LUNG")
_LATERAL = ("LL", "RL", "L", "LAT", "LATERAL", "LLD", "RLD")
_DIRECTORY = "1.2.840.10008.1.3.10"
_EARLIEST_BIRTH = 1850
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class DicomTags:
    """What the tags of one film say.

    Attributes
    ----------
    patient : str or None
        The patient's identifier as written.
    birth_date, taken_on : datetime.date or None
    age : float or None
        In years; as written or, where it is not, on the day of the film.
    sex : {"F", "M"} or None
    view : str or None
        ``PA``, ``AP``, ``LATERAL`` or the view position as written.
    width, height : int or None
        In pixels.
    pixel_spacing : tuple of float or None
        Row and column spacing in millimetres: at the detector or, where that is not given,
        as calibrated.
    """

    patient: str | None
    birth_date: date | None
    taken_on: date | None
    age: float | None
    sex: Sex | None
    view: str | None
    width: int | None
    height: int | None
    pixel_spacing: tuple[float, float] | None


@dataclass(slots=True)
class _Reader:
    """One dataset; reading it collects what is wrong."""

    label: str
    dataset: Dataset
    problems: list[Problem] = field(default_factory=list)

    def text(self, name: str) -> str:
        """Read a tag as text, several values joined as the file joins them; empty without it."""
        try:
            value = self.dataset.get(name)
        except (ValueError, TypeError, OverflowError):  # pydicom reads a value when it is asked
            return ""
        if value is None:
            return ""
        parts = value if not isinstance(value, str) and hasattr(value, "__iter__") else (value,)
        text = "\\".join(str(part) for part in parts).strip()
        return text if storable(text) else ""

    def read(self, name: str, parse: Callable[[str], _T | None], kind: str) -> _T | None:
        try:
            return parse(self.text(name))
        except ValueError as error:
            self.problems.append(Problem(self.label, f"{name}: {error}", kind=kind))
            return None


def read_tags(file: Path, label: str) -> tuple[DicomTags, list[Problem]] | None:
    """Read the tags of one film; pixels stay in the file.

    Parameters
    ----------
    file : pathlib.Path
        A file that begins as DICOM files do.
    label : str
        Its name in messages.

    Returns
    -------
    tuple of (DicomTags, list of Problem) or None
        None for a directory of DICOM files (DICOMDIR), which is no film.

    Raises
    ------
    BadFilm
        When it cannot be read, or its tags say that it is no radiograph of a chest or that
        writing is burnt into its pixels. The message lacks the file's name.
    """
    pydicom = load_pydicom()
    try:
        dataset = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=list(_WANTED))
        stored_as = str(dataset.file_meta.get("MediaStorageSOPClassUID", ""))
    # pydicom signals a damaged file by whatever it happens to meet
    except Exception as error:
        detail = " ".join(str(error).split())[:160] or type(error).__name__
        raise BadFilm(f"the DICOM file is damaged ({detail}): copy it again") from error
    if stored_as == _DIRECTORY:
        return None
    reader = _Reader(label, dataset)
    _check_is_a_chest_film(reader)
    taken_on = reader.read("AcquisitionDate", _study_day, "bad-date") or reader.read(
        "StudyDate", _study_day, "bad-date"
    )
    birth = reader.read("PatientBirthDate", _birth_day, "bad-date")
    tags = DicomTags(
        patient=reader.read("PatientID", parse_patient, "bad-patient"),
        birth_date=birth,
        taken_on=taken_on,
        age=_age(reader, birth, taken_on),
        sex=reader.read("PatientSex", parse_sex, "bad-sex"),
        view=reader.read("ViewPosition", _view, "bad-view"),
        width=_size(reader, "Columns"),
        height=_size(reader, "Rows"),
        pixel_spacing=_spacing(reader),
    )
    return tags, reader.problems


def _check_is_a_chest_film(reader: _Reader) -> None:
    modality, part = reader.text("Modality").upper(), reader.text("BodyPartExamined").upper()
    if modality not in _RADIOGRAPHY:
        raise BadFilm(f"modality {shown(modality)} is neither CR nor DX: left out")
    if part not in _CHEST:
        raise BadFilm(f"body part {shown(part)} is not the chest: left out")
    if reader.text("BurnedInAnnotation").upper() == "YES":
        raise BadFilm("writing is burnt into the pixels (BurnedInAnnotation): left out")


def _age(reader: _Reader, birth: date | None, taken_on: date | None) -> float | None:
    written = reader.read("PatientAge", parse_age, "bad-age")
    if written is not None or birth is None or taken_on is None or taken_on < birth:
        return written
    return age_in_years(birth, taken_on)


def _study_day(text: str) -> date | None:
    found = _day(text)
    if found is not None and not EARLIEST_YEAR <= found.year <= LATEST_YEAR:
        raise ValueError(f"{found} stands in the place of a date: day left unknown")
    return found


def _birth_day(text: str) -> date | None:
    found = _day(text)
    return found if found is None or found.year >= _EARLIEST_BIRTH else None


def _day(text: str) -> date | None:
    """Read a value of the type DA, also as ACR-NEMA wrote it (2004.08.26)."""
    if not text:
        return None
    digits = text.replace(".", "")
    if not re.fullmatch(r"\d{8}", digits, re.ASCII):
        raise ValueError(f"{shown(text)} is no date: left unknown")
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise ValueError(f"{shown(text)} is no day of the calendar: left unknown") from None


def _view(text: str) -> str | None:
    if text.upper() in _LATERAL:
        return "LATERAL"
    if len(text) > 20 or not text.isprintable():
        raise ValueError(f"{shown(text)} is no view position: left unknown")
    return text.upper() or None


def _size(reader: _Reader, name: str) -> int | None:
    text = reader.text(name)
    return int(text) if text.isdecimal() and int(text) > 0 else None


def _spacing(reader: _Reader) -> tuple[float, float] | None:
    for name in ("ImagerPixelSpacing", "PixelSpacing"):
        both = reader.read(name, _two_spacings, "bad-value")
        if both is not None:
            return both
    return None


def _two_spacings(text: str) -> tuple[float, float] | None:
    if not text:
        return None
    parts = [parse_spacing(part) for part in text.split("\\")]
    if len(parts) != 2 or parts[0] is None or parts[1] is None:
        raise ValueError(f"{shown(text)} is not two numbers: left unknown")
    return parts[0], parts[1]
