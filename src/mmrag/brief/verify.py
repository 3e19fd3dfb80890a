"""Checks claims against what the store holds, whatever the composer had in its hands."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import JsonValue

from mmrag.brief.claims import Draft, as_json, figure
from mmrag.brief.model import COVERAGE, FILM, LAB, PATIENT, Citation, Claim
from mmrag.brief.rows import Rows
from mmrag.records import Observation
from mmrag.store.terms import RecordKey

_RESULT_FIELD = re.compile(r"observations\[(?P<loinc>.*)\]\.(?P<name>\w+)", re.DOTALL)
_EVIDENCE_FIELD = re.compile(r"evidence\[(?P<finding>.*)\]\.(?P<name>pixels_only|average)")
_HISTORY_FIELD = re.compile(r"history\[(?P<finding>.*)\]|history\.films", re.DOTALL)
_ORIGIN = ("source", "made_up")  # kept with a record's provenance


def verify(drafts: Sequence[Draft], rows: Rows) -> tuple[tuple[Claim, ...], int]:
    """Keep the claims that the stored rows bear out.

    Parameters
    ----------
    drafts : sequence of Draft
        In the order of the brief.
    rows : Rows
        Not yet read, so that they are read now.

    Returns
    -------
    tuple of Claim
        Numbered ``c1``, ``c2`` ... without gaps.
    int
        How many were dropped.
    """
    rows.read(
        [key for draft in drafts for key in draft.films],
        [key for draft in drafts for key in draft.reports],
    )
    kept = [draft for draft in drafts if _borne_out(draft, rows)]
    claims = tuple(
        Claim(
            id=f"c{n}",
            kind=draft.kind,
            section=draft.section,
            text=draft.text,
            citations=draft.citations,
            checked=True,
        )
        for n, draft in enumerate(kept, start=1)
    )
    return claims, len(drafts) - len(kept)


def _borne_out(draft: Draft, rows: Rows) -> bool:
    return (
        bool(draft.citations)
        and all(_still_there(citation, draft, rows) for citation in draft.citations)
        and draft.check.holds(rows)
    )


def _still_there(citation: Citation, draft: Draft, rows: Rows) -> bool:
    record, name, value = citation.record, citation.field, citation.value
    if record.startswith(FILM):
        keys = [key for key in draft.films if FILM + key.id == record]
        return any(value in _film_field(rows, key, name) for key in keys)
    if record.startswith(LAB):
        keys = [key for key in draft.reports if LAB + key.id == record]
        return any(value in _report_field(rows, key, name) for key in keys)
    if record.startswith(PATIENT):
        patient = record.removeprefix(PATIENT)
        if name == "linked":
            return value == sorted(rows.persons.patients(patient) - {patient})
        return value == _records_of(patient, draft, rows)
    if record.startswith(COVERAGE):
        return figure(rows.coverage, record.removeprefix(COVERAGE), name) == value
    return False


def _film_field(rows: Rows, key: RecordKey, name: str) -> list[JsonValue]:
    film = rows.film(key)
    if film is None:
        return []
    if name == "rank":
        return [hit.rank for hit in rows.result.films if (hit.source, hit.id) == key]
    if match := _EVIDENCE_FIELD.fullmatch(name):
        known = rows.pixels(key) if match["name"] == "pixels_only" else rows.averages
        return [known.get(match["finding"])]
    if match := _HISTORY_FIELD.fullmatch(name):
        history = rows.history(key)
        finding = match["finding"]
        return [history.films if finding is None else history.named.get(finding, 0)]
    return [as_json(getattr(film.provenance if name in _ORIGIN else film, name))]


def _report_field(rows: Rows, key: RecordKey, name: str) -> list[JsonValue]:
    """Every value that a field has: one LOINC code may occur twice in a panel."""
    report = rows.report(key)
    if report is None:
        return []
    if name == "rank":
        return [hit.rank for hit in rows.result.labs if (hit.source, hit.report) == key]
    if name == "effective_at":
        return [as_json(report.sampled_at)]
    match = _RESULT_FIELD.fullmatch(name)
    if match is None:
        return [as_json(getattr(report.provenance if name in _ORIGIN else report, name))]
    return [
        _result_field(stored, match["name"])
        for stored in report.observations
        if stored.loinc == match["loinc"]
    ]


def _result_field(stored: Observation, name: str) -> JsonValue:
    if name not in ("low", "high", "range_source"):
        return as_json(getattr(stored, name))
    if stored.reference is None:
        return None
    return as_json(getattr(stored.reference, "source" if name == "range_source" else name))


def _records_of(patient: str, draft: Draft, rows: Rows) -> list[JsonValue]:
    films, reports = map(rows.film, draft.films), map(rows.report, draft.reports)
    return [
        *(FILM + film.id for film in films if film is not None and film.patient == patient),
        *(LAB + r.id for r in reports if r is not None and r.patient == patient),
    ]
