"""Claims before their check: the sentence, the stored values it rests on, and its test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from mmrag.brief.model import COVERAGE, FILM, LAB, PATIENT, Citation, ClaimKind, Section
from mmrag.retrieval.results import Coverage, FilmHit, LabHit, ObservationHit
from mmrag.store import Persons
from mmrag.store.terms import RecordKey

if TYPE_CHECKING:
    from mmrag.brief.checks import Check

SAID_OF_A_RESULT = (
    "name",
    "value",
    "text",
    "unit",
    "low",
    "high",
    "range_source",
    "flag",
    "flag_source",
)
"""The fields of a laboratory result that its sentence rests on."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A claim that nobody has checked yet.

    Attributes
    ----------
    kind, section, text, citations
        As in `mmrag.brief.model.Claim`.
    check : Check
        What must be true of the stored rows, beyond each cited value being there.
    films, reports : tuple of RecordKey
        The cited films and panels, as the store finds them.
    """

    kind: ClaimKind
    section: Section
    text: str
    citations: tuple[Citation, ...]
    check: Check
    films: tuple[RecordKey, ...] = ()
    reports: tuple[RecordKey, ...] = ()


def film_key(hit: FilmHit) -> RecordKey:
    """Name the film so that the store finds it."""
    return RecordKey(hit.source, hit.id)


def report_key(hit: LabHit) -> RecordKey:
    """Name the panel so that the store finds it."""
    return RecordKey(hit.source, hit.report)


def cite_film(hit: FilmHit, *names: str) -> tuple[Citation, ...]:
    """Cite fields of a film as the search returned them."""
    return tuple(
        Citation(record=FILM + hit.id, field=name, value=as_json(getattr(hit, name)))
        for name in names
    )


def cite_label(hit: FilmHit) -> tuple[Citation, ...]:
    """Cite what a sentence about a film's label rests on."""
    stated = ("stated",) if hit.stated is not None else ()
    return cite_film(hit, "rank", "findings", *stated, "labels_by", "made_up")


def cite_history(hit: FilmHit, findings: Iterable[str]) -> tuple[Citation, ...]:
    """Cite how many other films of a film's patient have labels, and these among them."""
    history = hit.why.history
    if history is None:
        return ()
    said = {f"history[{finding}]": history.named.get(finding, 0) for finding in findings}
    return tuple(
        Citation(record=FILM + hit.id, field=name, value=value)
        for name, value in (*said.items(), ("history.films", history.films))
    )


def cite_report(hit: LabHit, *names: str) -> tuple[Citation, ...]:
    """Cite fields of a panel as the search returned them."""
    return tuple(
        Citation(record=LAB + hit.report, field=name, value=as_json(getattr(hit, name)))
        for name in names
    )


def cite_time(hit: FilmHit | LabHit) -> tuple[Citation, ...]:
    """Cite when a film was taken or a sample drawn, by every clock that the source has."""
    if isinstance(hit, FilmHit):
        return cite_film(hit, *(n for n in ("taken_on", "day") if getattr(hit, n) is not None))
    return cite_report(hit, "effective_at" if hit.day is None else "day")


def cite_result(
    hit: LabHit, observation: ObservationHit, names: Sequence[str] = SAID_OF_A_RESULT
) -> tuple[Citation, ...]:
    """Cite what a sentence about one laboratory result says; everything unless told."""
    said = ((name, getattr(observation, name)) for name in names)
    return tuple(
        Citation(
            record=LAB + hit.report,
            field=f"observations[{observation.loinc}].{name}",
            value=as_json(value),
        )
        for name, value in said
        if value is not None
    )


def cite_patient(
    persons: Persons, patient: str, films: Sequence[FilmHit], labs: Sequence[LabHit]
) -> tuple[Citation, ...]:
    """Cite that these films and panels belong to one patient, or to several who are one."""
    return cite_owned(
        persons,
        patient,
        (
            *((film.patient, FILM + film.id) for film in films),
            *((lab.patient, LAB + lab.report) for lab in labs),
        ),
    )


def cite_owned(
    persons: Persons, patient: str, records: Iterable[tuple[str | None, str]]
) -> tuple[Citation, ...]:
    """Cite whose each record is, patient by patient, and that these are declared to be one."""
    names = sorted(persons.patients(patient))
    owned: dict[str | None, list[JsonValue]] = {name: [] for name in names}
    for owner, record in records:
        if owner in owned:
            owned[owner].append(record)
    cited = [Citation(record=PATIENT + n, field="records", value=owned[n]) for n in names]
    others: list[JsonValue] = [*names[1:]]
    if others:
        cited.append(Citation(record=PATIENT + names[0], field="linked", value=others))
    return tuple(cited)


def cite_coverage(coverage: Coverage, leg: str, *names: str) -> tuple[Citation, ...]:
    """Cite figures of the search itself, e.g. ``searched`` or ``states[0].showing``."""
    return tuple(
        Citation(record=COVERAGE + leg, field=name, value=figure(coverage, leg, name))
        for name in names
    )


def figure(coverage: Coverage, leg: str, name: str) -> JsonValue:
    """Look up a figure of a leg's coverage; None where there is none of that name."""
    part: Any = getattr(coverage, leg, None)
    for step, place in re.findall(r"(\w+)(?:\[(\d+)\])?\.?", name):
        part = getattr(part, step, None)
        if place and part is not None:
            part = part[int(place)] if int(place) < len(part) else None
    return as_json(part)


def as_json(value: Any) -> JsonValue:
    """Turn a field's value into what the printed form holds for it."""
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, tuple):
        return [as_json(item) for item in value]
    plain_value: JsonValue = value
    return plain_value
