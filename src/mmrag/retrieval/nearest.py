"""Where nothing qualifies: how near the nearest value came."""

from __future__ import annotations

from collections.abc import Sequence

from mmrag.clinical.question import ClinicalQuery
from mmrag.store import LabCondition, LabFilter, Store


def nearest_in_words(
    query: ClinicalQuery, conditions: Sequence[LabCondition], store: Store, where: LabFilter
) -> str | None:
    """Name, for each constraint that nothing meets, the value that came nearest.

    Parameters
    ----------
    query : ClinicalQuery
        Its laboratory terms are in the order of `conditions`.
    conditions : sequence of LabCondition
    store : Store
    where : LabFilter

    Returns
    -------
    str or None
        None when no constraint was asked, or each is met by some panel on its own.
    """
    parts = []
    summaries = store.labs.summaries(conditions, where)
    for term, summary in zip(query.labs, summaries, strict=True):
        near = summary.outermost
        if summary.meeting:
            continue
        if near is None:
            parts.append(f"no {term.name} was measured")
            continue
        value = f"{near.observation.value:g} {near.observation.unit or ''}".strip()
        parts.append(f"{term.name} {value} ({near.report.id}) of {summary.measured:,} values")
    return "; ".join(parts) or None
