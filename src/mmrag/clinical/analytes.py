"""The table of analytes: what a LOINC code measures, in which units, normal within what.

Everything medical is in ``analytes.toml`` beside this module, each range and critical limit
with the key of its source. This module only reads and indexes it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from mmrag.clinical.conversion import Line, exact, line_between
from mmrag.clinical.units import parse_unit
from mmrag.errors import UnknownUnit
from mmrag.records import Sex

__all__ = [
    "Analyte",
    "Citation",
    "Code",
    "Group",
    "Limits",
    "State",
    "analyte",
    "analyte_of",
    "analytes",
    "canonical",
    "groups",
    "line_to_canonical",
    "sources",
    "states",
]


@dataclass(frozen=True, slots=True)
class Citation:
    """A source of ranges, limits or constants.

    Attributes
    ----------
    key : str
    short : str
        As shown beside a flag.
    full : str
        Enough to find it.
    """

    key: str
    short: str
    full: str


@dataclass(frozen=True, slots=True)
class Code:
    """One LOINC code of an analyte.

    Attributes
    ----------
    loinc : str
    measures : str
        Specimen and method that tell it from the analyte's other codes.
    """

    loinc: str
    measures: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for some ages and one sex or both, in the analyte's canonical unit.

    Attributes
    ----------
    low, high : float or None
        Inclusive: the outermost normal values, or, for critical limits, the first
        critical ones.
    source : tuple of str
        Keys of `sources`; where two, the low bound's and the high bound's.
    age_from, age_to : float
        Years; from included, to excluded.
    sex : {"F", "M"} or None
        None for both.
    only : tuple of str
        LOINC codes it is for; empty for all of the analyte's.
    """

    low: float | None
    high: float | None
    source: tuple[str, ...]
    age_from: float = 0.0
    age_to: float = float("inf")
    sex: Sex | None = None
    only: tuple[str, ...] = ()

    @property
    def any_age(self) -> bool:
        """Whether it holds from birth on without end."""
        return self.age_from == 0 and self.age_to == float("inf")

    def holds_for(self, age_years: float | None, sex: Sex | None, loinc: str | None) -> bool:
        """Whether that person and test are meant; an unknown one fits only "any"."""
        if self.sex is not None and self.sex != sex:
            return False
        if self.only and loinc not in self.only:
            return False
        if age_years is None:
            return self.any_age
        return self.age_from <= age_years < self.age_to


@dataclass(frozen=True, slots=True)
class Analyte:
    """What one or more LOINC codes measure.

    Attributes
    ----------
    key : str
        Identity, as stored.
    name : str
        Display name, British spelling.
    unit : str
        Canonical UCUM unit.
    units : tuple of str
        Further units it is customarily reported in.
    decimals : int
        How many are worth printing, in the canonical unit.
    plausible : tuple of float
        Outermost values a living patient may have, in the canonical unit; decides which unit
        a bare number in a question is in and whether a value counts in ranking, never a flag.
    codes : tuple of Code
    names : tuple of str
        Words for it, matched in any case.
    abbreviations : tuple of str
        Short forms, matched in exactly this case.
    guarded : tuple of str
        Words that mean other things too; they need a number or a state beside them.
    high, low : tuple of str
        Words for its high and low states; the first is the one to print.
    molar_mass : fractions.Fraction or None
        g/mol.
    charge : int or None
        Charges of the ion.
    special : mapping of str to Line
        Units that only this analyte converts, to the canonical unit.
    sibling : str or None
        Key of the analyte that is meant when a question gives the sibling's unit: 75% of
        neutrophils is their share, not their number.
    unitless : bool
        True where a number without a unit has only one meaning (pH, INR).
    ranges, critical : tuple of Limits
    """

    key: str
    name: str
    unit: str
    units: tuple[str, ...]
    decimals: int
    plausible: tuple[float, float]
    codes: tuple[Code, ...]
    names: tuple[str, ...]
    abbreviations: tuple[str, ...] = ()
    guarded: tuple[str, ...] = ()
    high: tuple[str, ...] = ()
    low: tuple[str, ...] = ()
    molar_mass: Fraction | None = None
    charge: int | None = None
    special: Mapping[str, Line] = field(default_factory=lambda: MappingProxyType({}))
    sibling: str | None = None
    unitless: bool = False
    ranges: tuple[Limits, ...] = ()
    critical: tuple[Limits, ...] = ()

    @property
    def loinc(self) -> tuple[str, ...]:
        """Its LOINC codes."""
        return tuple(code.loinc for code in self.codes)


@dataclass(frozen=True, slots=True)
class Group:
    """Analytes that are asked for together.

    Attributes
    ----------
    name : str
    analytes : tuple of str
        Keys.
    counted : tuple of str
        The ones that "high" and "low" of the whole group mean.
    compared : tuple of str
        The ones that numbers after the group's name are about, in their order; empty where
        a number is about any member.
    names, abbreviations, guarded : tuple of str
        As of an `Analyte`.
    """

    name: str
    analytes: tuple[str, ...]
    counted: tuple[str, ...]
    compared: tuple[str, ...]
    names: tuple[str, ...]
    abbreviations: tuple[str, ...] = ()
    guarded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """Words for a state that no single analyte's range defines.

    Attributes
    ----------
    words : tuple of str
    terms : tuple of mapping
        All of which hold: ``analyte`` with ``flag``, or with ``comparison``, ``value`` and
        ``unit``; ``negated`` where the opposite is meant.
    """

    words: tuple[str, ...]
    terms: tuple[Mapping[str, Any], ...]


def analyte(key: str) -> Analyte:
    """Look up an analyte by its key.

    Raises
    ------
    KeyError
        When the table has no such key.
    """
    return analytes()[key]


def analyte_of(loinc: str) -> Analyte | None:
    """Look up what a LOINC code measures; None for codes the table does not know."""
    return _by_loinc().get(loinc)


@lru_cache(maxsize=4096)
def line_to_canonical(key: str, unit_text: str | None) -> Line:
    """Find the exact map from a unit as written to the analyte's canonical unit.

    Raises
    ------
    UnknownUnit
        When the unit is missing, unknown, or measures something else.
    """
    known = analyte(key)
    if unit_text is None or not unit_text.strip():
        if known.unitless:
            return Line(Fraction(1))
        raise UnknownUnit(f"{known.name} without a unit: give it one, e.g. {known.unit}")
    written = parse_unit(unit_text)
    if written in known.special:
        return known.special[written]
    line = line_between(written, known.unit, molar_mass=known.molar_mass, charge=known.charge)
    if line is None:
        raise UnknownUnit(
            f"{known.name} cannot be in {unit_text!r}: give it in {known.unit}"
            + "".join(f" or {other}" for other in known.units)
        )
    return line


def canonical(key: str, value: float, unit_text: str | None) -> float:
    """Convert a finite value to the analyte's canonical unit.

    Raises
    ------
    UnknownUnit
        When the unit is missing, unknown, or measures something else.
    OverflowError
        When the result is larger than a float can be.
    """
    return line_to_canonical(key, unit_text)(value) + 0.0


@cache
def analytes() -> Mapping[str, Analyte]:
    """Read every analyte by its key, in the table's order."""
    return MappingProxyType(
        {key: _read_analyte(key, row) for key, row in _table()["analytes"].items()}
    )


@cache
def sources() -> Mapping[str, Citation]:
    """Read every cited source by its key."""
    return MappingProxyType(
        {key: Citation(key, row["short"], row["full"]) for key, row in _table()["sources"].items()}
    )


@cache
def groups() -> Mapping[str, Group]:
    """Read every group of analytes, e.g. ``blood count``, by its name."""
    return MappingProxyType({key: _read_group(key, row) for key, row in _table()["groups"].items()})


@cache
def states() -> tuple[State, ...]:
    """Read the words that stand for more, or for other, than one analyte's range."""
    return tuple(
        State(tuple(row["words"]), tuple(MappingProxyType(term) for term in row["terms"]))
        for row in _table()["states"]
    )


@cache
def _by_loinc() -> Mapping[str, Analyte]:
    return {code.loinc: known for known in analytes().values() for code in known.codes}


@cache
def _table() -> dict[str, Any]:
    text = (files("mmrag.clinical") / "analytes.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _read_analyte(key: str, row: dict[str, Any]) -> Analyte:
    low, high = row["plausible"]
    return Analyte(
        key=key,
        name=row["name"],
        unit=row["unit"],
        units=tuple(row.get("units", ())),
        decimals=row["decimals"],
        plausible=(float(low), float(high)),
        codes=tuple(Code(loinc, measures) for loinc, measures in row["codes"]),
        names=tuple(row["names"]),
        abbreviations=tuple(row.get("abbreviations", ())),
        guarded=tuple(row.get("guarded", ())),
        high=tuple(row.get("high", ())),
        low=tuple(row.get("low", ())),
        molar_mass=exact(row["molar_mass"]) if "molar_mass" in row else None,
        charge=row.get("charge"),
        special=_read_special(row.get("special", ())),
        sibling=row.get("sibling"),
        unitless=row.get("unitless", False),
        ranges=tuple(_read_limits(limits, row) for limits in row.get("ranges", ())),
        critical=tuple(_read_limits(limits, row) for limits in row.get("critical", ())),
    )


def _read_group(name: str, row: dict[str, Any]) -> Group:
    members = tuple(row["analytes"])
    return Group(
        name=name,
        analytes=members,
        counted=tuple(row.get("counted", members)),
        compared=tuple(row.get("compared", ())),
        names=tuple(row["names"]),
        abbreviations=tuple(row.get("abbreviations", ())),
        guarded=tuple(row.get("guarded", ())),
    )


def _read_special(rows: list[dict[str, str]]) -> Mapping[str, Line]:
    lines = {row["unit"]: Line(exact(row["factor"]), exact(row.get("offset", "0"))) for row in rows}
    return MappingProxyType(lines)


def _read_limits(limits: dict[str, Any], row: dict[str, Any]) -> Limits:
    source = limits["source"]
    to_canonical = _line(limits.get("unit", row["unit"]), row)
    return Limits(
        low=to_canonical(float(limits["low"])) if "low" in limits else None,
        high=to_canonical(float(limits["high"])) if "high" in limits else None,
        source=(source,) if isinstance(source, str) else tuple(source),
        age_from=_age(limits.get("from", "0d")),
        age_to=_age(limits["to"]) if "to" in limits else float("inf"),
        sex=limits.get("sex"),
        only=tuple(limits.get("only", ())),
    )


def _line(unit: str, row: dict[str, Any]) -> Line:
    """Find the map of a row's own unit to its analyte's canonical one."""
    molar_mass = exact(row["molar_mass"]) if "molar_mass" in row else None
    line = line_between(unit, row["unit"], molar_mass=molar_mass, charge=row.get("charge"))
    if line is None:
        raise UnknownUnit(f"analytes.toml: a range of {row['name']} cannot be in {unit}")
    return line


_YEARS = {"d": 1 / 365.25, "w": 7 / 365.25, "m": 1 / 12, "y": 1.0}


def _age(text: str) -> float:
    """``28d``, ``6m`` or ``18y`` in years."""
    return float(text[:-1]) * _YEARS[text[-1]]
