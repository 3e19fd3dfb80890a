"""The cells of the NIH label table.

Column meanings are those of the "README_ChestXray" and "FAQ" that the NIH Clinical Center
distributes with ChestX-ray14 (Wang et al., CVPR 2017).
"""

from __future__ import annotations

import math
import re

from mmrag.records import Sex

FINDINGS = (
    "Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Effusion", "Emphysema", "Fibrosis",
    "Hernia", "Infiltration", "Mass", "Nodule", "Pleural_Thickening", "Pneumonia", "Pneumothorax",
)  # fmt: skip
"""The fourteen labels of ChestX-ray14, spelt as in its table."""

NO_FINDING = "No Finding"
MAX_AGE_YEARS = 120.0
"""Older ages are slips of the table: the first release has patients of 414 years."""

_LABELS = {name.casefold(): name for name in (*FINDINGS, NO_FINDING.replace(" ", "_"))}
_AGE = re.compile(r"(\d{1,5}(?:\.\d{1,6})?)\s*([YMWD]?)", re.ASCII | re.IGNORECASE)
_UNITS_A_YEAR = {"": 1.0, "Y": 1.0, "M": 12.0, "W": 365.25 / 7, "D": 365.25}
_SEXES: dict[str, Sex | None] = {
    "f": "F", "female": "F", "m": "M", "male": "M",
    "": None, "o": None, "other": None, "u": None, "unknown": None,
}  # fmt: skip


def parse_findings(text: str) -> tuple[tuple[str, ...] | None, list[str]]:
    """Read a cell of labels separated by ``|``.

    Parameters
    ----------
    text : str

    Returns
    -------
    findings : tuple of str or None
        Known labels in the order written; ``()`` for "No Finding"; None when the cell is
        empty or holds nothing that is known.
    complaints : list of str
        One line for each label that could not be taken over.
    """
    found: list[str] = []
    complaints: list[str] = []
    none_found = False
    for written in filter(None, (part.strip() for part in text.split("|"))):
        label = _LABELS.get(re.sub(r"[\s_-]+", "_", written).casefold())
        if label is None:
            complaints.append(
                f"unknown label {shown(written)} left out: use the names of ChestX-ray14"
            )
        elif label == "No_Finding":
            none_found = True
        elif label not in found:
            found.append(label)
    if found and none_found:
        complaints.append('"No Finding" beside other labels left out: delete one of them')
    if found:
        return tuple(found), complaints
    return (() if none_found else None), complaints


def parse_age(text: str) -> float | None:
    """Read an age such as ``58``, ``060Y``, ``011M`` or ``013D``.

    Parameters
    ----------
    text : str

    Returns
    -------
    float or None
        In years; None for an empty cell.

    Raises
    ------
    ValueError
        When it is no age, or above `MAX_AGE_YEARS`.
    """
    if not text:
        return None
    match = _AGE.fullmatch(text)
    if match is None:
        raise ValueError(f"age {shown(text)} is not a number with Y, M, W or D")
    years = float(match[1]) / _UNITS_A_YEAR[match[2].upper()]
    if years > MAX_AGE_YEARS:
        raise ValueError(f"age {shown(text)} is impossible")
    return years


def parse_sex(text: str) -> Sex | None:
    """Read a sex; None for an empty cell, other and unknown.

    Raises
    ------
    ValueError
        When it is none of these.
    """
    try:
        return _SEXES[text.casefold()]
    except KeyError:
        raise ValueError(f"sex {shown(text)} is neither M nor F") from None


def parse_count(text: str) -> int | None:
    """Read a whole number, also as ``3.0``; None for an empty cell, ValueError otherwise."""
    if not text:
        return None
    number = float(text) if re.fullmatch(r"\d{1,9}(\.0{1,6})?", text, re.ASCII) else math.nan
    if math.isnan(number):
        raise ValueError(f"{shown(text)} is not a whole number")
    return int(number)


def parse_size(text: str) -> int | None:
    """Read an image side in pixels; None for an empty cell, ValueError otherwise."""
    pixels = parse_count(text)
    if pixels == 0:
        raise ValueError("an image size of 0 pixels is impossible")
    return pixels


def parse_spacing(text: str) -> float | None:
    """Read a pixel spacing in millimetres; None for an empty cell, ValueError otherwise."""
    if not text:
        return None
    try:
        millimetres = float(text)
    except ValueError:
        raise ValueError(f"pixel spacing {shown(text)} is not a number") from None
    if not 0.0 < millimetres < 100.0:
        raise ValueError(f"pixel spacing {shown(text)} mm is impossible")
    return millimetres


def parse_patient(text: str) -> str | None:
    """Read a patient's identifier; None for an empty cell, ValueError when unprintable."""
    if not text:
        return None
    if not text.isprintable() or len(text) > 100:
        raise ValueError(f"patient {shown(text)} is not a printable identifier")
    # 61, 061 and 61.0 are one person; other identifiers stay as written.
    return str(int(float(text))) if re.fullmatch(r"\d{1,15}(\.0+)?", text, re.ASCII) else text


def parse_view(text: str) -> str | None:
    """Read a projection as written; None for an empty cell, ValueError when it is none."""
    if text and (not text.isprintable() or len(text) > 20):
        raise ValueError(f"view {shown(text)} is not a projection such as PA or AP")
    return text or None


def shown(text: str) -> str:
    """Quote what a cell holds, cut short."""
    return repr(text if len(text) <= 40 else text[:40] + "...")
