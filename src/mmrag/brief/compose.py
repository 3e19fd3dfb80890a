"""From a search answer to the Clinical Brief."""

from __future__ import annotations

from collections.abc import Iterator

from mmrag.brief.bearings import bearing_claims
from mmrag.brief.claims import Draft
from mmrag.brief.coverage import coverage_claims
from mmrag.brief.elsewhere import elsewhere_claims
from mmrag.brief.imaging import imaging_claims
from mmrag.brief.laboratory import laboratory_claims
from mmrag.brief.limits import limit_claims
from mmrag.brief.model import Brief
from mmrag.brief.pairs import pair_claims
from mmrag.brief.pixels import pixel_claims
from mmrag.brief.provenance import cited_records, made_now
from mmrag.brief.rows import Records, Rows
from mmrag.brief.trend import trend_claims
from mmrag.brief.verify import verify
from mmrag.retrieval.results import SearchResult


def compose(result: SearchResult, records: Records) -> Brief:
    """Write the brief: every claim is checked against the store, or left out and counted.

    Parameters
    ----------
    result : SearchResult
    records : Records
        Reads the cited rows anew; what the search returned is not taken at its word.

    Returns
    -------
    Brief
        The search answer with its claims beside it.
    """
    rows = Rows(records, result)
    claims, dropped = verify(tuple(_drafts(result, records)), rows)
    answer = {name: getattr(result, name) for name in SearchResult.model_fields}
    return Brief(
        **answer,
        claims=claims,
        dropped=dropped,
        records=cited_records(claims, rows),
        made=made_now(),
    )


def _drafts(result: SearchResult, records: Records) -> Iterator[Draft]:
    yield from coverage_claims(result, "films")
    yield from imaging_claims(result)
    yield from pixel_claims(result, records)
    yield from coverage_claims(result, "labs")
    yield from laboratory_claims(result)
    yield from trend_claims(result, records)
    yield from pair_claims(result, records)
    yield from elsewhere_claims(result, records)
    yield from bearing_claims(result)
    yield from limit_claims(result)
