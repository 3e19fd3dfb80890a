"""Typed access to the elements of a resource.

An element that is absent or null is absent; one of another type than FHIR gives it raises
`mmrag.errors.BadRecord`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mmrag.errors import BadRecord
from mmrag.sources.fhir.documents import Json
from mmrag.sources.values import EARLIEST_YEAR, LATEST_YEAR, day, instant, storable

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"

_SYSTEMS = {
    "https://loinc.org": LOINC,
    "http://loinc.org/": LOINC,
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    "urn:oid:2.16.840.1.113883.6.96": SNOMED,
}
"""Other addresses of a code system, and its canonical one in FHIR."""
_PARTIAL_DATE = re.compile(r"(?P<year>[0-9]{4})(-(?P<month>[0-9]{2}))?")
_TYPED_REFERENCE = re.compile(r"(?:.*/)?(?P<kind>[A-Z][A-Za-z]+)/(?P<id>[^/?#]+)(/_history/[^/]+)?")


@dataclass(frozen=True, slots=True)
class Coding:
    """One code of a system; an empty system where the source names none."""

    system: str
    code: str
    display: str | None


def text(node: Json, key: str) -> str | None:
    """Read a text; None where it is absent or empty."""
    value = node.get(key)
    if value is None:
        return None
    if type(value) is not str:
        raise BadRecord(f"{key} is no text")
    if not storable(value):
        raise BadRecord(f"{key} holds characters that are no UTF-8 text")
    return value.strip() or None


def child(node: Json, key: str) -> Json | None:
    """Read an object; None where it is absent."""
    value = node.get(key)
    if value is not None and not isinstance(value, dict):
        raise BadRecord(f"{key} is no object")
    return value


def children(node: Json, key: str) -> list[Json]:
    """Read a list of objects; empty where it is absent."""
    value = node.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise BadRecord(f"{key} is no list of objects")
    return value


def codings(concept: Json) -> list[Coding]:
    """Read the codes of a CodeableConcept; entries without a code are skipped."""
    found = []
    for coding in children(concept, "coding"):
        code, system = text(coding, "code"), text(coding, "system") or ""
        if code is not None:
            found.append(Coding(_SYSTEMS.get(system, system), code, text(coding, "display")))
    return found


def concept_codes(node: Json, key: str) -> set[str]:
    """Read the codes of one CodeableConcept, systems aside; empty where it is absent."""
    concept = child(node, key)
    return {coding.code for coding in codings(concept)} if concept else set()


def concept_text(concept: Json) -> str | None:
    """Read what a CodeableConcept says in words, or its code where it has none."""
    if (words := text(concept, "text")) is not None:
        return words
    for coding in codings(concept):
        return coding.display or coding.code
    return None


def named_code(node: Json, preferred: str) -> Coding:
    """Read the ``code`` of a resource or component.

    Parameters
    ----------
    node : dict
    preferred : str
        The system whose code is taken where there are several.

    Returns
    -------
    Coding
        With a display name, that of the text or the code itself where it has none.

    Raises
    ------
    BadRecord
        When there is no code.
    """
    concept = child(node, "code") or {}
    found = codings(concept)
    if not found:
        raise BadRecord("code has no coding: state a code and its system")
    chosen = next((coding for coding in found if coding.system == preferred), found[0])
    name = chosen.display or text(concept, "text") or chosen.code
    return Coding(chosen.system, chosen.code, name)


def reference(node: Json, key: str, kind: str, container: str | None) -> str | None:
    """Read whom or what an element refers to.

    Parameters
    ----------
    node : dict
    key : str
        Name of the element, a Reference.
    kind : str
        The type of resource that may be meant.
    container : str or None
        Identifier of the resource around it, to which ``#...`` is relative.

    Returns
    -------
    str or None
        The identifier without type or server: ``Patient/7``, ``https://a/fhir/Patient/7``
        and ``urn:uuid:7`` all give ``7``. None where the element is absent.

    Raises
    ------
    BadRecord
        When it cannot be followed or names another type of resource.
    """
    element = child(node, key)
    if element is None:
        return None
    target = text(element, "reference")
    if target is None:
        raise BadRecord(f"{key} has no reference that can be followed")
    return followed(target, key, kind, container)


def followed(target: str, key: str, kind: str, container: str | None) -> str:
    """Turn a reference as written into an identifier; see `reference`."""
    if target.startswith("#"):
        return f"{container or ''}{target}"
    if (identifier := urn_identifier(target)) is not None:
        return identifier
    parts = _TYPED_REFERENCE.fullmatch(target)
    if parts is None:
        raise BadRecord(f"{key} {target[:60]!r} cannot be followed: name {kind}/id or urn:uuid:id")
    if parts["kind"] != kind:
        raise BadRecord(f"{key} names a {parts['kind']} where a {kind} is expected")
    return parts["id"]


def urn_identifier(url: str) -> str | None:
    """Return the identifier in a ``urn:uuid:`` or ``urn:oid:``, None for anything else."""
    for prefix in ("urn:uuid:", "urn:oid:"):
        if url.startswith(prefix):
            return url.removeprefix(prefix) or None
    return None


def url_identifier(url: str) -> str | None:
    """Return the identifier at the end of an entry's address."""
    parts = _TYPED_REFERENCE.fullmatch(url)
    return urn_identifier(url) or (parts["id"] if parts else None)


def time_at(node: Json, key: str) -> datetime | None:
    """Read a time.

    Returns
    -------
    datetime.datetime or None
        UTC; None where it is absent.

    Raises
    ------
    BadRecord
        When it is no time; a year or a month alone is none.
    """
    written = text(node, key)
    if written is None:
        return None
    if (moment := instant(written)) is None:
        raise BadRecord(f"{key} {written[:40]!r} is no time")
    return moment


def effective_time(node: Json) -> datetime | None:
    """Read ``effectiveDateTime``, ``effectiveInstant`` or the start of ``effectivePeriod``."""
    return (
        time_at(node, "effectiveDateTime")
        or time_at(node, "effectiveInstant")
        or time_at(child(node, "effectivePeriod") or {}, "start")
    )


def widest_day(written: str, end: bool) -> date | None:
    """Read a FHIR date, which may be a year or a month alone.

    Parameters
    ----------
    written : str
    end : bool
        Whether its last day is meant, or its first.

    Returns
    -------
    datetime.date or None
        None when it is no date.
    """
    parts = _PARTIAL_DATE.fullmatch(written)
    if parts is None:
        return day(written)
    year, month = int(parts["year"]), int(parts["month"] or (12 if end else 1))
    if not (EARLIEST_YEAR <= year <= LATEST_YEAR and 1 <= month <= 12):
        return None
    first = date(year, month, 1)
    if not end:
        return first
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
