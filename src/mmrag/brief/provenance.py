"""Where a brief comes from: when, by which version, and from which state of which records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from mmrag.brief.model import FILM, LAB, CitedRecord, Claim, Made
from mmrag.brief.rows import Records
from mmrag.retrieval.results import SearchResult
from mmrag.store.terms import RecordKey

SOFTWARE = "med-multimodal-rag"


def made_now() -> Made:
    """Say that this software makes a brief at this moment."""
    at = datetime.now(UTC).replace(microsecond=0)
    return Made(at=at, software=SOFTWARE, version=version(SOFTWARE))


def cited_records(
    claims: Sequence[Claim], result: SearchResult, records: Records
) -> tuple[CitedRecord, ...]:
    """Note the state of every film and panel that a claim cites.

    Parameters
    ----------
    claims : sequence of Claim
    result : SearchResult
        Knows the sources that the cited records are of.
    records : Records

    Returns
    -------
    tuple of CitedRecord
        Films, then panels, in the order in which they are cited.
    """
    named = list(dict.fromkeys(_named(claims)))
    films = _keys(named, FILM, [RecordKey(hit.source, hit.id) for hit in result.films])
    reports = _keys(named, LAB, list(_report_keys(result)))
    film_hashes = records.film_hashes(films)
    report_hashes = records.report_hashes(reports)
    return (
        *(
            CitedRecord(
                record=FILM + key.id,
                source=key.source,
                record_hash=film_hashes[key].record_hash,
                sha256=film_hashes[key].sha256,
            )
            for key in films
            if key in film_hashes
        ),
        *(
            CitedRecord(record=LAB + key.id, source=key.source, record_hash=report_hashes[key])
            for key in reports
            if key in report_hashes
        ),
    )


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
