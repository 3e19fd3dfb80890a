"""The laboratory leg: panels that meet the question exactly, ranked by how far they are out.

Three kinds of question. One that names laboratory constraints is answered by SQL over typed
values: a panel meets every constraint or does not qualify. One that names only findings of
the film is answered by panels that hold results bearing on those findings, abnormal ones in
the expected direction first. Any other is answered where its words call a stored condition
or result by name, in the order of the vectors; where they call none and the question says
nothing of the patient either, no panel is evidence of anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mmrag.clinical.bearing import Expectation, expectations
from mmrag.clinical.question import ClinicalQuery
from mmrag.fusion import Vector
from mmrag.records import Flag
from mmrag.retrieval.called import Called, called
from mmrag.retrieval.diagnoses import unstored
from mmrag.retrieval.lab_conditions import conditions_of, lab_filter
from mmrag.retrieval.lab_coverage import Survey, survey_expectations, survey_terms
from mmrag.retrieval.lab_hits import LabHitMaker
from mmrag.retrieval.results import LabHit, LegCoverage
from mmrag.store import LabCondition, LabFilter, LabMatch, LabRanking, RecordKey, Store

EXACT = LabRanking(abnormal=0.6, similarity=0.25, recency=0.15)
"""Within exact matches: how far outside its range, the words, how recent."""

WORDS_ONLY = LabRanking(abnormal=0.0, similarity=1.0, recency=0.0)

NOTHING_ASKED = "the question asks nothing of laboratory results"
NOTHING_CALLED = "no stored result or condition is called by the words of the question"


def search_labs(
    query: ClinicalQuery, question: Vector, k: int, store: Store
) -> tuple[tuple[LabHit, ...], LegCoverage]:
    """Rank panels.

    Parameters
    ----------
    query : ClinicalQuery
        Its diagnoses are resolved.
    question : ndarray
        Unit vector, shape (dimension,), float32.
    k : int
        Panels wanted.
    store : Store

    Returns
    -------
    tuple of (tuple of LabHit, LegCoverage)
    """
    expected = _expected(query)
    if k == 0 or not _asks(query, expected):
        return (), cover_labs(query, k, 0, store)
    words = _in_words(query, expected, store)
    if words is None:
        return (), cover_labs(query, k, 0, store)
    where, conditions = _where(query, words), conditions_of(query)
    if conditions:
        matches = store.labs.search(question, k, conditions, where, EXACT)
    elif expected:
        matches = _bearing(expected, question, k, store, where)
    else:
        ranking = EXACT if words.conditions else WORDS_ONLY
        matches = store.labs.search(question, k, words.conditions, where, ranking)
    maker = LabHitMaker(query, expected)
    hits = tuple(maker.hit(rank, match) for rank, match in enumerate(matches, start=1))
    return hits, cover_labs(query, k, len(hits), store)


def cover_labs(query: ClinicalQuery, requested: int, returned: int, store: Store) -> LegCoverage:
    """Count how far the leg looks in the store as it is now.

    Parameters
    ----------
    query : ClinicalQuery
        Its diagnoses are resolved.
    requested, returned : int
    store : Store

    Returns
    -------
    LegCoverage
    """
    searched, expected = store.labs.count(), _expected(query)
    asked = requested > 0 and _asks(query, expected)
    words = _in_words(query, expected, store) if asked else None
    if words is None:
        note = NOTHING_CALLED if asked else NOTHING_ASKED
        return LegCoverage(
            requested=requested,
            returned=returned,
            searched=searched,
            qualifying=0,
            note=note if requested else None,
        )
    where, conditions = _where(query, words), conditions_of(query)
    survey = Survey(())
    if conditions:
        qualifying = store.labs.count(conditions, where)
        survey = survey_terms(query, conditions, store, where)
    elif expected:
        qualifying = store.labs.count([_any_of(expected)], where)
        survey = survey_expectations(expected, store, where)
    else:
        qualifying = store.labs.count(words.conditions, where)
    return LegCoverage(
        requested=requested,
        returned=returned,
        searched=searched,
        qualifying=qualifying,
        nearest=None if returned else survey.nearest,
        states=survey.states,
        cohort=survey.cohort,
        note=unstored(query) or words.note,
    )


def _in_words(query: ClinicalQuery, expected: Sequence[Expectation], store: Store) -> Called | None:
    """Read words that compile to nothing else.

    None where they call nothing and are all that the question has.
    """
    if query.labs or expected or not query.free_text:
        return Called()
    says_of_patients = replace(lab_filter(query), source=None) != LabFilter()
    return called(query.free_text, store) or (Called() if says_of_patients else None)


def _where(query: ClinicalQuery, words: Called) -> LabFilter:
    where = lab_filter(query)
    return replace(where, diagnoses=(*where.diagnoses, *words.diagnoses))


def _expected(query: ClinicalQuery) -> tuple[Expectation, ...]:
    return () if query.labs else expectations(query.sought)


def _asks(query: ClinicalQuery, expected: Sequence[Expectation]) -> bool:
    """Whether anything in the question can be held against a panel.

    Sex and age alone can; a film alone, a view, or findings on which no result bears cannot.
    """
    if query.labs or expected or query.diagnoses or query.free_text:
        return True
    of_films = query.findings or query.view or query.normal_chest
    return bool(query.text) and not of_films


def _bearing(
    expected: Sequence[Expectation], question: Vector, k: int, store: Store, where: LabFilter
) -> list[LabMatch]:
    """Rank panels that bear on the findings.

    First come those that are abnormal where a direction is expected (leukocytosis), then
    those where either direction counts (an abnormal LDH), each by score; then by the words
    alone the rest that measured what bears.
    """
    found: dict[RecordKey, LabMatch] = {}
    directed = [e for e in expected if e.is_directed]
    for tier in (directed, [e for e in expected if not e.is_directed]):
        best: dict[RecordKey, LabMatch] = {}
        for condition in _by_flags(tier):
            for match in store.labs.search(question, k, [condition], where, EXACT):
                key = _key(match)
                if key not in best or match.score > best[key].score:
                    best[key] = match
        for key, match in sorted(best.items(), key=lambda item: (-item[1].score, item[0])):
            found.setdefault(key, match)
    if len(found) < k:
        for match in store.labs.search(question, k, [_any_of(expected)], where, WORDS_ONLY):
            found.setdefault(_key(match), match)
    return list(found.values())[:k]


def _by_flags(expected: Iterable[Expectation]) -> list[LabCondition]:
    """Put the analytes together that are expected in the same direction."""
    together: dict[frozenset[Flag], list[str]] = {}
    for each in expected:
        together.setdefault(each.flags, []).append(each.analyte)
    return [LabCondition(analytes=tuple(keys), flags=flags) for flags, keys in together.items()]


def _any_of(expected: Iterable[Expectation]) -> LabCondition:
    return LabCondition(analytes=tuple(dict.fromkeys(e.analyte for e in expected)))


def _key(match: LabMatch) -> RecordKey:
    return RecordKey(match.report.provenance.source, match.report.id)
