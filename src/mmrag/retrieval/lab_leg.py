"""The laboratory leg: panels that meet the question exactly, ranked by how far they are out.

Three kinds of question. One that names laboratory constraints is answered by SQL over typed
values: a panel meets every constraint or does not qualify. One that names only findings of
the film is answered by panels that hold results bearing on those findings, abnormal ones in
the expected direction first. Any other is left to the vectors.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmrag.clinical.bearing import Expectation, expectations
from mmrag.clinical.question import ClinicalQuery
from mmrag.fusion import Vector
from mmrag.retrieval.lab_conditions import conditions_of, lab_filter
from mmrag.retrieval.lab_hits import LabHitMaker
from mmrag.retrieval.nearest import nearest_in_words
from mmrag.retrieval.results import LabHit, LegCoverage
from mmrag.store import LabCondition, LabFilter, LabMatch, LabRanking, Store

EXACT = LabRanking(abnormal=0.6, similarity=0.25, recency=0.15)
"""Within exact matches: how far outside its range, the words, how recent."""

WORDS_ONLY = LabRanking(abnormal=0.0, similarity=1.0, recency=0.0)


def search_labs(
    query: ClinicalQuery, question: Vector, k: int, store: Store
) -> tuple[tuple[LabHit, ...], LegCoverage]:
    """Rank panels.

    Parameters
    ----------
    query : ClinicalQuery
    question : ndarray
        Unit vector, shape (dimension,), float32.
    k : int
        Panels wanted.
    store : Store

    Returns
    -------
    tuple of (tuple of LabHit, LegCoverage)
    """
    searched = store.labs.count()
    if k == 0:
        return (), LegCoverage(requested=0, returned=0, searched=searched, qualifying=0)
    where = lab_filter(query)
    conditions = conditions_of(query)
    expected = () if conditions else expectations(query.present)
    if conditions:
        matches = store.labs.search(question, k, conditions, where, EXACT)
        qualifying = store.labs.count(conditions, where)
    elif expected:
        matches = _bearing(expected, question, k, store, where)
        qualifying = store.labs.count([_any_of(expected)], where)
    else:
        matches = store.labs.search(question, k, (), where, WORDS_ONLY)
        qualifying = store.labs.count((), where)
    maker = LabHitMaker(query, expected)
    hits = tuple(maker.hit(rank, match) for rank, match in enumerate(matches, start=1))
    coverage = LegCoverage(
        requested=k,
        returned=len(hits),
        searched=searched,
        qualifying=qualifying,
        nearest=None if hits else nearest_in_words(query, conditions, store, where),
    )
    return hits, coverage


def _bearing(
    expected: Sequence[Expectation], question: Vector, k: int, store: Store, where: LabFilter
) -> list[LabMatch]:
    """Panels abnormal in an expected direction by their score, then the rest that bear."""
    found: dict[tuple[str, str], LabMatch] = {}
    for flags in sorted({e.flags for e in expected}, key=sorted):
        analytes = tuple(e.analyte for e in expected if e.flags == flags)
        abnormal = LabCondition(analytes=analytes, flags=flags)
        for match in store.labs.search(question, k, [abnormal], where, EXACT):
            key = (match.report.provenance.source, match.report.id)
            if key not in found or match.score > found[key].score:
                found[key] = match
    ranked = sorted(found.items(), key=lambda item: (-item[1].score, item[0]))[:k]
    if len(ranked) < k:
        rest = store.labs.search(question, k, [_any_of(expected)], where, WORDS_ONLY)
        keyed = (((m.report.provenance.source, m.report.id), m) for m in rest)
        ranked += [(key, match) for key, match in keyed if key not in found][: k - len(ranked)]
    return [match for _, match in ranked]


def _any_of(expected: Sequence[Expectation]) -> LabCondition:
    return LabCondition(analytes=tuple(dict.fromkeys(e.analyte for e in expected)))
