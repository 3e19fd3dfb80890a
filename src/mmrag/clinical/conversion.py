"""UCUM units, and exact linear conversion between them.

Factors are exact fractions. Definitions: UCUM 2.1 (metric prefixes; ``m[Hg]`` = 133.3220
kPa; ``[in_i]`` = 2.54 cm; ``[lb_av]`` = 0.45359237 kg; ``kat`` = mol/s, so that 1 ukat/L is
60 U/L; ``[degF]`` = 5/9 K from 459.67).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from mmrag.errors import UnknownUnit

__all__ = ["Line", "Unit", "codes", "exact", "line_between", "unit"]

Dimension = Literal[
    "number/volume",
    "mass/volume",
    "amount/volume",
    "charge/volume",
    "activity/volume",
    "osmolality",
    "fraction",
    "amount/amount",
    "mass/mass",
    "mass/amount",
    "volume",
    "mass",
    "amount",
    "length",
    "mass/area",
    "pressure",
    "temperature",
    "time",
    "frequency",
    "speed",
    "clearance",
    "pH",
]


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of the table.

    Attributes
    ----------
    code : str
        UCUM code.
    dimension : str
        Units of one dimension convert into each other.
    factor, offset : fractions.Fraction
        ``value * factor + offset`` is the value in the dimension's base unit.
    """

    code: str
    dimension: Dimension
    factor: Fraction
    offset: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Line:
    """An exact linear map: ``value * slope + intercept``."""

    slope: Fraction
    intercept: Fraction = Fraction(0)

    def __call__(self, value: float) -> float:
        """Map a finite value; the only rounding is the last, to a float.

        Raises
        ------
        OverflowError
            When the result is larger than a float can be.
        """
        if self.slope == 1 and self.intercept == 0:
            return value
        return float(exact(value) * self.slope + self.intercept)

    def inverse(self) -> Line:
        """Return the map back."""
        return Line(1 / self.slope, -self.intercept / self.slope)

    def then(self, other: Line) -> Line:
        """Chain another map after this one."""
        return Line(self.slope * other.slope, self.intercept * other.slope + other.intercept)


def exact(value: float | str) -> Fraction:
    """Take the decimal number that was written, not the binary one nearest to it.

    With it 110 g/L is 11 g/dL and 12000 /uL is 12 10*3/uL, on the point.
    """
    return Fraction(value if isinstance(value, str) else repr(value))


_BASES: dict[Dimension, dict[str, str]] = {
    "number/volume": {  # per litre
        "/L": "1",
        "/mL": "1e3",
        "/uL": "1e6",
        "10*3/L": "1e3",
        "10*6/L": "1e6",
        "10*9/L": "1e9",
        "10*12/L": "1e12",
        "10*3/mL": "1e6",
        "10*6/mL": "1e9",
        "10*9/mL": "1e12",
        "10*3/uL": "1e9",
        "10*6/uL": "1e12",
    },
    "mass/volume": {  # g/L
        "g/L": "1",
        "g/dL": "10",
        "mg/mL": "1",
        "mg/dL": "1e-2",
        "mg/L": "1e-3",
        "ug/mL": "1e-3",
        "ug/dL": "1e-5",
        "ug/L": "1e-6",
        "ng/mL": "1e-6",
        "ng/dL": "1e-8",
        "ng/L": "1e-9",
        "pg/mL": "1e-9",
        "pg/dL": "1e-11",
    },
    "amount/volume": {  # mol/L
        "mol/L": "1",
        "mmol/L": "1e-3",
        "umol/L": "1e-6",
        "nmol/L": "1e-9",
        "pmol/L": "1e-12",
        "mmol/dL": "1e-2",
        "umol/mL": "1e-3",
        "nmol/mL": "1e-6",
    },
    "charge/volume": {"meq/L": "1e-3", "meq/dL": "1e-2"},  # eq/L
    "activity/volume": {  # U/L
        "U/L": "1",
        "U/mL": "1e3",
        "kU/L": "1e3",
        "mU/L": "1e-3",
        "uU/mL": "1e-3",
        "ukat/L": "60",
        "nkat/L": "0.06",
    },
    "osmolality": {"mosm/kg": "1"},
    "fraction": {"1": "1", "%": "1e-2"},
    "amount/amount": {"mmol/mol": "1"},
    "mass/mass": {"mg/g": "1", "ug/mg": "1", "g/g": "1e3"},
    "mass/amount": {"mg/mmol": "1"},
    "volume": {"fL": "1", "um3": "1"},
    "mass": {  # g
        "kg": "1e3",
        "g": "1",
        "[lb_av]": "453.59237",
        "ng": "1e-9",
        "pg": "1e-12",
        "fg": "1e-15",
    },
    "amount": {"fmol": "1e-15"},
    "length": {"m": "1", "cm": "1e-2", "mm": "1e-3", "[in_i]": "0.0254"},
    "mass/area": {"kg/m2": "1"},
    "pressure": {"mm[Hg]": "133.322", "kPa": "1000", "Pa": "1"},
    "time": {"s": "1", "ms": "1e-3", "min": "60"},
    "frequency": {"/min": "1"},
    "speed": {"mm/h": "1"},
    "clearance": {"mL/min": "1", "mL/s": "60", "L/min": "1000"},
    "pH": {"[pH]": "1"},
}

_UNITS: dict[str, Unit] = {
    code: Unit(code, dimension, Fraction(factor))
    for dimension, codes in _BASES.items()
    for code, factor in codes.items()
} | {
    "K": Unit("K", "temperature", Fraction(1)),
    "Cel": Unit("Cel", "temperature", Fraction(1), Fraction("273.15")),
    "[degF]": Unit("[degF]", "temperature", Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
}


def codes() -> frozenset[str]:
    """Collect the UCUM codes of the table."""
    return frozenset(_UNITS)


def unit(code: str) -> Unit:
    """Look up a UCUM code in the table.

    Raises
    ------
    UnknownUnit
        When the table does not hold it.
    """
    try:
        return _UNITS[code]
    except KeyError:
        raise UnknownUnit(f"unit {code!r} is not in the table of units") from None


def line_between(
    source: str, target: str, *, molar_mass: Fraction | None = None, charge: int | None = None
) -> Line | None:
    """Find the exact map from one UCUM code to another; None when there is none.

    Parameters
    ----------
    source, target : str
        UCUM codes.
    molar_mass : fractions.Fraction, optional
        In g/mol; opens the way between mass and amount of one substance (of the
        denominator in a ratio of two).
    charge : int, optional
        Charges an ion carries; opens the way between equivalents and amount.
    """
    start, goal = unit(source), unit(target)
    bridge = _bridge(start.dimension, goal.dimension, molar_mass, charge)
    if bridge is None:
        return None
    to_base = Line(start.factor, start.offset)
    from_base = Line(goal.factor, goal.offset).inverse()
    return to_base.then(Line(bridge)).then(from_base)


def _bridge(
    start: Dimension, goal: Dimension, molar_mass: Fraction | None, charge: int | None
) -> Fraction | None:
    """Factor between the base units of two dimensions."""
    if start == goal:
        return Fraction(1)
    factors: dict[tuple[Dimension, Dimension], Fraction] = {}
    if molar_mass is not None:
        factors["amount/volume", "mass/volume"] = molar_mass
        factors["amount", "mass"] = molar_mass
        factors["mass/amount", "mass/mass"] = 1000 / molar_mass
    if charge is not None:
        factors["charge/volume", "amount/volume"] = Fraction(1, charge)
    if molar_mass is not None and charge is not None:
        factors["charge/volume", "mass/volume"] = molar_mass / charge
    if (start, goal) in factors:
        return factors[start, goal]
    if (goal, start) in factors:
        return 1 / factors[goal, start]
    return None
