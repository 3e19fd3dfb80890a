"""Small FHIR data types: references, identifiers, concepts, tags, narrative.

Structure, code systems and required codes: HL7 FHIR Release 4 (4.0.1), hl7.org/fhir/R4.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from contextlib import suppress
from html import escape
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from mmrag.brief.plain import plain
from mmrag.clinical.units import parse_unit
from mmrag.errors import UnknownUnit

Json = dict[str, Any]
"""One element or resource."""

UCUM = "http://unitsofmeasure.org"

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:med-multimodal-rag")
_ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_RESEARCH = {"system": _ACT_REASON, "code": "HRESCH", "display": "healthcare research"}
_MADE_UP = {"system": _ACT_REASON, "code": "HTEST", "display": "test health data"}
_LONGEST = 400


def full_url(kind: str, *names: object) -> str:
    """Name a resource: the same record has the same name in every brief."""
    return f"urn:uuid:{uuid5(_NAMESPACE, json.dumps([kind, *map(str, names)]))}"


def reference(url: str, shown: str | None = None) -> Json:
    """Point at another resource of the bundle."""
    return {"reference": url} | ({"display": words(shown)} if shown else {})


def identifier(source: str, value: str) -> Json:
    """Name a record as its source does; the system stands for the source."""
    return {
        "type": {"text": words(f"identifier in source {source}")},
        "system": full_url("source", source),
        "value": words(value),
    }


def words(text: str) -> str:
    """Make a stored string a FHIR string: visible, and never empty."""
    return plain(text, _LONGEST) or "(nothing that can be shown)"


def meta(made_up: bool) -> Json:
    """Say on a resource that it is for research and, where it is so, that nobody is behind it."""
    return {"security": [_RESEARCH]} | ({"tag": [_MADE_UP]} if made_up else {})


def quantity(value: float, unit: str | None) -> Json:
    """Write a finite number with its unit as written, and its UCUM code where it is known."""
    amount: Json = {"value": value}
    if unit and plain(unit):
        amount["unit"] = words(unit)
        with suppress(UnknownUnit):
            amount |= {"system": UCUM, "code": parse_unit(unit)}
    return amount


def is_number(value: float | None) -> bool:
    """Whether FHIR's decimal can hold it."""
    return value is not None and math.isfinite(value)


def narrative(content: str, status: Literal["generated", "additional"] = "generated") -> Json:
    """Wrap XHTML that `paragraph` and `items` wrote; `additional` says more than its entries."""
    return {
        "status": status,
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{content}</div>',
    }


def paragraph(text: str) -> str:
    """Write a paragraph of XHTML."""
    return f"<p>{escape(plain(text, 4000))}</p>"


def items(texts: Iterable[str]) -> str:
    """Write a list of XHTML; nothing where there is no item."""
    listed = "".join(f"<li>{escape(plain(text, 4000))}</li>" for text in texts)
    return f"<ul>{listed}</ul>" if listed else ""
