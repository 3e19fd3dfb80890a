"""What an Observation found: a number with its unit, or words."""

from __future__ import annotations

from dataclasses import dataclass

from mmrag.errors import BadRecord
from mmrag.sources.fhir.documents import Json, Numeral
from mmrag.sources.fhir.elements import UCUM, child, concept_text, text
from mmrag.sources.values import finite_number


@dataclass(frozen=True, slots=True)
class Value:
    """One value.

    Attributes
    ----------
    number : float or None
        None when the value is not a plain number; then `words` holds it.
    words : str or None
    unit : str or None
        The UCUM code where the source gives one, else the unit as written.
    damaged : bool
        True when a number was expected and only its text could be kept.
    """

    number: float | None = None
    words: str | None = None
    unit: str | None = None
    damaged: bool = False


def value_of(node: Json) -> Value | None:
    """Read ``value[x]`` of an Observation or a component.

    Quantities and whole numbers become numbers, unless a comparator makes them a bound
    (``<5`` stays text); everything else becomes text.

    Parameters
    ----------
    node : dict

    Returns
    -------
    Value or None
        None where there is none.

    Raises
    ------
    BadRecord
        When there are several, or one of another type than its name says.
    """
    present = [key for key in node if key.startswith("value") and node[key] is not None]
    if not present:
        return None
    if len(present) > 1:
        raise BadRecord(f"states {' and '.join(sorted(present))}, where one value is allowed")
    (key,) = present
    match key:
        case "valueQuantity":
            return _quantity(child(node, key) or {})
        case "valueInteger":
            return _numeric(node[key], key, None)
        case "valueBoolean":
            return Value(words=_boolean(node[key]))
        case "valueCodeableConcept":
            return _worded(concept_text(child(node, key) or {}))
        case "valueString" | "valueDateTime" | "valueTime":
            return _worded(text(node, key))
        case "valuePeriod":
            return _worded(_between(*_ends(child(node, key) or {}, "start", "end")))
        case "valueRange":
            return _pair(child(node, key) or {}, "low", "high", " - ")
        case "valueRatio":
            return _pair(child(node, key) or {}, "numerator", "denominator", ":")
    raise BadRecord(f"{key} is a kind of value that is not read")


def unit_of(quantity: Json) -> str | None:
    """Read the unit of a Quantity: its UCUM code, else the unit as written, else its code."""
    code = text(quantity, "code")
    if code is not None and text(quantity, "system") == UCUM:
        return code
    return text(quantity, "unit") or code


def number_of(quantity: Json) -> float | None:
    """Read the number of a Quantity without comparator; None for anything else."""
    value = quantity.get("value")
    if not isinstance(value, Numeral) or text(quantity, "comparator"):
        return None
    return finite_number(value)


def _quantity(quantity: Json) -> Value | None:
    if quantity.get("value") is None:
        return None
    value = _numeric(quantity["value"], "valueQuantity", unit_of(quantity))
    comparator = text(quantity, "comparator")
    if comparator is None:
        return value
    return Value(words=f"{comparator}{quantity['value']}", unit=value.unit, damaged=value.damaged)


def _numeric(value: object, key: str, unit: str | None) -> Value:
    if isinstance(value, Numeral) and (number := finite_number(value)) is not None:
        return Value(number, unit=unit)
    if isinstance(value, Numeral) or type(value) is str:
        words = text({key: str(value)}, key)
        return Value(words=words or "", unit=unit, damaged=True)
    raise BadRecord(f"{key} has a value that is no number: {str(value)[:40]!r}")


def _boolean(value: object) -> str:
    if not isinstance(value, bool):
        raise BadRecord("valueBoolean is neither true nor false")
    return "true" if value else "false"


def _worded(words: str | None) -> Value | None:
    return None if words is None else Value(words=words)


def _ends(period: Json, first: str, last: str) -> tuple[str | None, str | None]:
    return text(period, first), text(period, last)


def _between(start: str | None, end: str | None) -> str | None:
    return f"{start or '...'} to {end or '...'}" if start or end else None


def _pair(node: Json, first: str, second: str, joint: str) -> Value | None:
    """Read a range or ratio as text, e.g. ``1:128``."""
    sides = [child(node, key) or {} for key in (first, second)]
    numbers = [_written(side) for side in sides]
    if not any(numbers):
        return None
    units = {unit for side in sides if (unit := unit_of(side))}
    unit = units.pop() if len(units) == 1 else None
    return Value(words=joint.join(number or "?" for number in numbers), unit=unit)


def _written(quantity: Json) -> str | None:
    value = quantity.get("value")
    if value is None:
        return None
    if not isinstance(value, Numeral):
        raise BadRecord(f"a quantity has a value that is no number: {str(value)[:40]!r}")
    return f"{text(quantity, 'comparator') or ''}{value}"
