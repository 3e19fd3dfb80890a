"""Where a brief comes from: when, by which version, and from which state of which records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from importlib.metadata import version
from typing import Any

from mmrag.brief.model import FILM, LAB, CitedRecord, Claim, Made
from mmrag.brief.rows import Rows
from mmrag.records import Film, LabReport, Provenance
from mmrag.retrieval.results import SearchResult
from mmrag.store.terms import RecordKey

SOFTWARE = "med-multimodal-rag"


def made_now() -> Made:
    """Say that this software makes a brief at this moment."""
    at = datetime.now(UTC).replace(microsecond=0)
    return Made(at=at, software=SOFTWARE, version=version(SOFTWARE))


def cited_records(claims: Sequence[Claim], rows: Rows) -> tuple[CitedRecord, ...]:
    """Note the state of every film and panel that a claim cites.

    Parameters
    ----------
    claims : sequence of Claim
    rows : Rows
        Those that the claims were checked against.

    Returns
    -------
    tuple of CitedRecord
        Films, then panels, in the order in which they are cited.
    """
    result = rows.result
    named = list(dict.fromkeys(_named(claims)))
    films = _keys(named, FILM, [RecordKey(hit.source, hit.id) for hit in result.films])
    reports = _keys(named, LAB, list(_report_keys(result)))
    return (*film_states(films, rows), *report_states(reports, rows))


def film_states(keys: Sequence[RecordKey], rows: Rows) -> Iterator[CitedRecord]:
    """Give the state of each of these films, in their order; one that is gone has none."""
    rows.read(keys, ())
    files = rows.film_files(keys)
    for key in keys:
        film = rows.film(key)
        if film is not None and key in files:
            yield CitedRecord(
                record=FILM + key.id,
                source=key.source,
                record_hash=content_hash(film),
                sha256=files[key],
            )


def report_states(keys: Sequence[RecordKey], rows: Rows) -> Iterator[CitedRecord]:
    """Give the state of each of these panels, in their order; one that is gone has none."""
    rows.read((), keys)
    for key in keys:
        report = rows.report(key)
        if report is not None:
            yield CitedRecord(
                record=LAB + key.id, source=key.source, record_hash=content_hash(report)
            )


def content_hash(record: Film | LabReport) -> str:
    """Hash what the store holds of a record, wherever the file lies that it was read from.

    Path and line of that file are left out: the same data in another folder, or a row that
    moved, are the same evidence.

    Parameters
    ----------
    record : Film or LabReport
        As the store returns it.

    Returns
    -------
    str
        SHA-256 in hexadecimal; equal for equal content in every process.
    """
    text = json.dumps(_content(record), sort_keys=True, default=_content)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _content(part: object) -> object:
    """Take a record apart, one level at a time: a copy of it as a whole takes much longer."""
    if isinstance(part, date):
        return part.isoformat()
    if isinstance(part, Provenance):
        return part.source, part.made_up
    record: Any = part
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _named(claims: Iterable[Claim]) -> Iterator[str]:
    """Name the cited records, those that are cited as one patient's among them."""
    for claim in claims:
        yield from claim.records
        together = claim.value("records")
        if isinstance(together, list):
            yield from (str(record) for record in together)


def _report_keys(result: SearchResult) -> Iterator[RecordKey]:
    """Panels that the answer speaks of: the hits, and the outermost value of each state."""
    yield from (RecordKey(hit.source, hit.report) for hit in result.labs)
    for state in result.coverage.labs.states:
        if state.outermost is not None:
            yield RecordKey(state.outermost.source, state.outermost.report)


def _keys(named: Sequence[str], prefix: str, known: Sequence[RecordKey]) -> list[RecordKey]:
    """Give each named record its source; one that the answer lacks may be of any of them."""
    by_id: dict[str, list[RecordKey]] = {}
    for key in dict.fromkeys(known):
        by_id.setdefault(key.id, []).append(key)
    sources = list(dict.fromkeys(key.source for key in known))
    return [
        key
        for record in named
        if record.startswith(prefix)
        for id_ in [record.removeprefix(prefix)]
        for key in by_id.get(id_, [RecordKey(source, id_) for source in sources])
    ]
