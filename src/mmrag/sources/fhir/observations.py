"""Observations: their value, their components', and what they say of both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mmrag.errors import BadRecord
from mmrag.sources.fhir.documents import Json
from mmrag.sources.fhir.elements import (
    LOINC,
    child,
    children,
    codings,
    concept_text,
    effective_time,
    named_code,
    text,
)
from mmrag.sources.fhir.entry import Entry
from mmrag.sources.fhir.judgements import flag_of, ranges_of
from mmrag.sources.fhir.values import value_of
from mmrag.sources.spool import Result, Spool


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all values of one observation have in common."""

    patient: str
    encounter: str | None
    at: datetime | None
    category: str | None


def read_observation(entry: Entry, spool: Spool) -> None:
    """Keep the value of an observation and those of its components, each under its own code.

    An observation that only groups others, by members or components, has no value of its
    own. One without time takes that of its report or the start of its encounter.
    """
    resource = entry.resource
    if entry.is_withdrawn(text(resource, "status")):
        return
    frame = _Frame(
        entry.patient(),
        entry.refers_to("encounter", "Encounter"),
        effective_time(resource),
        _category(resource),
    )
    components = children(resource, "component")
    if _has_result(resource) or not (components or children(resource, "hasMember")):
        _put(entry, resource, frame, spool)
    for number, component in enumerate(components):
        try:
            _put(entry, component, frame, spool)
        except BadRecord as error:
            entry.lost(f"component[{number}]: {error}")


def _has_result(node: Json) -> bool:
    return any(
        (key.startswith("value") or key == "dataAbsentReason") and node[key] is not None
        for key in node
    )


def _put(entry: Entry, node: Json, frame: _Frame, spool: Spool) -> None:
    code, name = _code(entry, node)
    value, absent = value_of(node), child(node, "dataAbsentReason")
    if absent is not None:
        if value is not None:
            raise BadRecord("states a value and that it is absent")
        entry.losses.absent[concept_text(absent) or "no reason"] += 1
        return
    if value is None:
        raise BadRecord("no value")
    if value.damaged:
        entry.lost(f"value {(value.words or '')[:40]!r} is no number: kept as text", "bad-number")
    ranges, range_losses = ranges_of(node, value.unit) if value.number is not None else ((), [])
    for message in range_losses:
        entry.lost(f"{message}: range left out", "bad-range")
    spool.put_result(
        Result(
            patient=frame.patient,
            encounter=frame.encounter,
            at=frame.at,
            loinc=code,
            name=name,
            value=value.number,
            text=value.words,
            unit=value.unit,
            category=frame.category,
            file=entry.file,
            line=entry.place.line,
            resource=entry.id,
            ranges=ranges,
            flag=flag_of(node),
        )
    )


def _code(entry: Entry, node: Json) -> tuple[str, str]:
    """Read code and name; the code of another system than LOINC carries its system."""
    coding = named_code(node, LOINC)
    name = coding.display or coding.code
    if coding.system == LOINC:
        return coding.code, name
    if not coding.system:
        entry.lost(f"code {coding.code[:40]!r} names no system: not taken for LOINC", "no-system")
    return f"{coding.system}|{coding.code}", name


def _category(resource: Json) -> str | None:
    """Read the first category, by HL7's code where it has one."""
    concepts = children(resource, "category")
    found = [coding for concept in concepts for coding in codings(concept)]
    for coding in found:
        if coding.system.endswith("observation-category"):
            return coding.code
    if found:
        return found[0].code
    return next((words for concept in concepts if (words := concept_text(concept))), None)
