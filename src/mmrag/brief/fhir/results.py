"""Laboratory results as Observations."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mmrag.brief.fhir.parts import (
    Json,
    full_url,
    identifier,
    is_number,
    meta,
    quantity,
    reference,
    words,
)
from mmrag.brief.fhir.people import patient_url
from mmrag.brief.model import LAB, Brief
from mmrag.brief.plain import plain
from mmrag.brief.wording import range_words
from mmrag.records import Flag
from mmrag.retrieval.results import LabHit, Measurement, ObservationHit

_LOINC = re.compile(r"\d{1,7}-\d")
_SAID = re.compile(r"observations\[(?P<loinc>.*)\]\.(?:name|value)", re.DOTALL)
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"

_VITAL_SIGNS = frozenset(
    (
        *("85353-1", "9279-1", "8867-4", "2708-6", "8310-5", "8302-2", "9843-4"),
        *("29463-7", "39156-5", "85354-9", "8480-6", "8462-4", "8478-0"),
    )
)
"""Codes that R4 wants under vital signs (hl7.org/fhir/R4/observation-vitalsigns.html)."""


@dataclass(frozen=True, slots=True)
class Result:
    """One cited result and whose it is.

    Attributes
    ----------
    url : str
        Its name in the bundle.
    """

    url: str
    patient: str
    resource: Json


def cited_results(brief: Brief) -> Iterator[Result]:
    """Write every result whose value or name a claim says, each once.

    Sums over panels cite the flags of all their results; these are left out.
    """
    cited = {
        (citation.record, match["loinc"])
        for claim in brief.claims
        for citation in claim.citations
        if (match := _SAID.fullmatch(citation.field))
    }
    for hit in brief.labs:
        for n, result in enumerate(hit.observations):
            if (LAB + hit.report, result.loinc) in cited:
                url = full_url("Observation", hit.source, hit.report, n)
                yield Result(url, hit.patient, _observation(hit, result))
    shown = {(hit.source, hit.report) for hit in brief.labs}
    for n, state in enumerate(brief.coverage.labs.states):
        near = state.outermost
        if near and (near.source, near.report) not in shown and _is_cited(near, cited):
            url = full_url("Observation", near.source, near.report, "outermost", n)
            yield Result(url, near.patient, _measurement(near))


def _is_cited(near: Measurement, cited: set[tuple[str, str]]) -> bool:
    return (LAB + near.report, near.loinc) in cited


def _observation(hit: LabHit, result: ObservationHit) -> Json:
    written = _frame(hit, result.loinc, result.name, hit.made_up)
    written |= _value(result.value, result.text, result.unit)
    if result.flag:
        written["interpretation"] = [_flag(result.flag)]
    if bounds := _range(result):
        written["referenceRange"] = [bounds]
    notes = [f"Flag by {result.flag_source}"] if result.flag and result.flag_source else []
    if result.implausible:
        notes.append("No living patient has such a value: most likely the unit is wrong.")
    return written | _notes([*notes, *_day(hit.day)])


def _measurement(near: Measurement) -> Json:
    written = _frame(near, near.loinc, near.name, near.made_up)
    written |= _value(near.value, None, near.unit)
    if near.flag:
        written["interpretation"] = [_flag(near.flag)]
    return written | _notes(list(_day(near.day)))


def _frame(panel: LabHit | Measurement, loinc: str, name: str, made_up: bool) -> Json:
    category = "vital-signs" if loinc in _VITAL_SIGNS else "laboratory"
    frame: Json = {
        "resourceType": "Observation",
        "meta": meta(made_up),
        "identifier": [identifier(panel.source, panel.report)],
        "status": "unknown",  # the store does not keep it
        "category": [{"coding": [{"system": _CATEGORY, "code": category}]}],
        "code": _code(loinc, name),
        "subject": reference(patient_url(panel.patient)),
    }
    return frame | _effective(panel.effective_at)


def _code(loinc: str, name: str) -> Json:
    if _LOINC.fullmatch(loinc):
        return {"coding": [{"system": "http://loinc.org", "code": loinc}], "text": words(name)}
    return {"text": words(f"{name} ({loinc})")}


def _effective(at: datetime | None) -> Json:
    return {} if at is None else {"effectiveDateTime": at.isoformat().replace("+00:00", "Z")}


def _value(value: float | None, text: str | None, unit: str | None) -> Json:
    if value is not None and is_number(value):
        return {"valueQuantity": quantity(value, unit)}
    if text and plain(text):
        said = f"{text} {unit}" if unit else text
        return {"valueString": words(said)}
    return {"dataAbsentReason": {"coding": [{"system": _ABSENT, "code": _absent(value)}]}}


def _absent(value: float | None) -> str:
    if value is None:
        return "unknown"
    if math.isnan(value):
        return "not-a-number"
    return "positive-infinity" if value > 0 else "negative-infinity"


def _flag(flag: Flag) -> Json:
    return {"coding": [{"system": _INTERPRETATION, "code": flag}]}


def _range(result: ObservationHit) -> Json:
    """Write the bounds that are there, and the words with their source."""
    low, high = result.low, result.high
    if low is None and high is None:
        return {}
    source = f" ({result.range_source})" if result.range_source else ""
    bounds: Json = {"text": words(range_words(low, high) + source)}
    if low is not None and is_number(low):
        bounds["low"] = quantity(low, result.unit)
    if high is not None and is_number(high):
        bounds["high"] = quantity(high, result.unit)
    return bounds


def _day(day: float | None) -> Iterator[str]:
    if day is not None:
        yield f"Sampled on day {day:g}, as its source counts days of this patient."


def _notes(notes: list[str]) -> Json:
    return {"note": [{"text": words(note)} for note in notes]} if notes else {}
