"""What an Observation says of its own value: interpretation and reference ranges."""

from __future__ import annotations

from mmrag.clinical.units import parse_unit
from mmrag.errors import BadRecord, UnknownUnit
from mmrag.records import Flag, Sex
from mmrag.sources.fhir.documents import Json
from mmrag.sources.fhir.elements import child, children, codings, concept_codes, text
from mmrag.sources.fhir.values import number_of, unit_of
from mmrag.sources.stated_ranges import StatedRange

_FLAGS: dict[str, Flag] = {
    "LL": "LL", "L": "L", "N": "N", "H": "H", "HH": "HH", "LU": "L", "HU": "H",
}  # fmt: skip
"""HL7 v3 ObservationInterpretation and v2 table 0078. LU and HU ("significantly" low or
high) are not critical. ``<`` and ``>`` (off the instrument's scale), A (abnormal, without a
side), POS, S, R and the like say nothing of low or high."""

_FLAG_SYSTEMS = (
    "observationinterpretation",
    "observation-interpretation",
    "v2-0078",
    "v2/0078",
    "2.16.840.1.113883.5.83",
)
_SIDES: dict[Flag, str] = {"LL": "low", "L": "low", "N": "normal", "H": "high", "HH": "high"}

_SEXES: dict[str, Sex] = {
    "female": "F", "F": "F", "248152002": "F", "male": "M", "M": "M", "248153007": "M",
}  # fmt: skip
"""HL7 administrative gender, HL7 v3 AdministrativeGender, SNOMED CT findings of sex."""

_YEARS = {"a": 1.0, "mo": 1 / 12, "wk": 7 / 365.25, "d": 1 / 365.25}
"""UCUM units of time, in years of 365.25 days."""


def flag_of(node: Json) -> Flag | None:
    """Read ``interpretation`` where it says low, normal or high.

    Returns
    -------
    {"LL", "L", "N", "H", "HH"} or None
        The critical one of two on one side; None where codes contradict each other or say
        nothing of low or high.
    """
    flags = {
        _FLAGS[coding.code]
        for concept in children(node, "interpretation")
        for coding in codings(concept)
        if coding.code in _FLAGS and _is_flag_system(coding.system)
    }
    if len({_SIDES[flag] for flag in flags}) != 1:
        return None
    return max(flags, key=len)


def ranges_of(node: Json, unit: str | None) -> tuple[tuple[StatedRange, ...], list[str]]:
    """Read ``referenceRange`` where it states the normal range in numbers.

    Ranges of another meaning (treatment, critical ...) and those for people who are
    described by anything but sex and age are passed over: to whom they apply is unknown.

    Parameters
    ----------
    node : dict
        An Observation or a component.
    unit : str or None
        Unit of its value.

    Returns
    -------
    tuple of (tuple of StatedRange, list of str)
        The ranges, and why others could not be read.
    """
    ranges: list[StatedRange] = []
    losses: list[str] = []
    for stated in children(node, "referenceRange"):
        if not _is_normal_range(stated):
            continue
        sexes = [_SEXES.get(code) for code in _codes_of(stated, "appliesTo")]
        if None in sexes:
            continue
        try:
            low, high = _bounds(stated, unit)
            age = child(stated, "age") or {}
            ages = (_years(age, "low"), _years(age, "high"))
        except BadRecord as error:
            losses.append(str(error))
            continue
        if low is not None or high is not None:
            sex = sexes[0] if len(set(sexes)) == 1 else None
            ranges.append(StatedRange(low, high, sex, *ages))
    return tuple(ranges), losses


def _is_flag_system(system: str) -> bool:
    return not system or any(name in system.lower() for name in _FLAG_SYSTEMS)


def _is_normal_range(stated: Json) -> bool:
    codes = concept_codes(stated, "type")
    if codes:
        return "normal" in codes
    words = text(child(stated, "type") or {}, "text")
    return words is None or words.lower().startswith(("normal", "reference"))


def _codes_of(stated: Json, key: str) -> list[str]:
    """Collect the codes of a list of concepts, an unreadable word where one has no code."""
    return [
        next((coding.code for coding in codings(concept) if coding.code in _SEXES), "?")
        for concept in children(stated, key)
    ]


def _bounds(stated: Json, unit: str | None) -> tuple[float | None, float | None]:
    low, high = _bound(stated, "low", unit), _bound(stated, "high", unit)
    if low is not None and high is not None and low > high:
        raise BadRecord("referenceRange has its low above its high")
    return low, high


def _bound(stated: Json, side: str, unit: str | None) -> float | None:
    quantity = child(stated, side)
    if quantity is None:
        return None
    number = number_of(quantity)
    if number is None:
        raise BadRecord(f"referenceRange has a {side} that is no plain number")
    if not _same_unit(unit_of(quantity), unit):
        raise BadRecord(f"referenceRange is in {unit_of(quantity)}, its value in {unit}")
    return number


def _years(age: Json, side: str) -> float | None:
    quantity = child(age, side)
    if quantity is None:
        return None
    number, unit = number_of(quantity), unit_of(quantity)
    if number is None or unit not in _YEARS:
        raise BadRecord(f"referenceRange has an age whose {side} is not in a, mo, wk or d")
    return number * _YEARS[unit]


def _same_unit(one: str | None, other: str | None) -> bool:
    """Tell whether two units are one; a bound without a unit is in that of its value."""
    if one is None or one == other:
        return True
    try:
        return other is not None and parse_unit(one) == parse_unit(other)
    except UnknownUnit:
        return False
