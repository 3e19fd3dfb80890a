"""The film leg: the films that show what the question asks, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mmrag.clinical.prompts import NORMAL
from mmrag.clinical.question import ClinicalQuery
from mmrag.evidence import EvidenceModel
from mmrag.fusion import Vector
from mmrag.records import History
from mmrag.retrieval.film_score import FOUND, film_order, ruled_out, score_parts
from mmrag.retrieval.lab_words import constraint_words
from mmrag.retrieval.results import (
    FilmHistory,
    FilmHit,
    FilmWhy,
    FindingEvidence,
    LegCoverage,
    Wanted,
)
from mmrag.store import EVIDENCE, FilmFilter, FilmMatch, FilmOrder, FilmSurvey, RecordKey, Store

NOTHING_ASKED = "no word of the question says anything of films"

RANKED_UP_TO = 20_000
"""Films that pass the filter among which ranks without labels are counted. It takes comparing
all of them by their full vectors, which over 100,000 takes as long as the search."""

LIKELY = 0.5
"""From here on the pixels say that a finding is there."""


def search_films(
    query: ClinicalQuery,
    question: Vector | None,
    order: FilmOrder,
    k: int,
    store: Store,
    *,
    explain: bool = False,
) -> tuple[tuple[FilmHit, ...], LegCoverage]:
    """Rank films.

    Parameters
    ----------
    query : ClinicalQuery
        Its patient, view and ruled-out findings are exact constraints.
    question : ndarray or None
        Unit vector, shape (dimension,), float32; None where nothing is asked of films.
    order : FilmOrder
        The question's own.
    k : int
        Films wanted.
    store : Store
    explain : bool
        Whether to find out where each film would rank without labels, which compares all;
        among more than `RANKED_UP_TO` films it is left open.

    Returns
    -------
    tuple of (tuple of FilmHit, LegCoverage)
        No film where none comes near what is asked.
    """
    if k == 0 or question is None:
        return (), _nothing_asked(k, store)
    where = film_filter(query)
    survey = store.films.survey(where, order)
    matches = store.films.search(question, k, where, order) if _is_found(survey) else []
    keys = [RecordKey(match.film.provenance.source, match.film.id) for match in matches]
    ranks: dict[RecordKey, int] = {}
    if explain and survey.passing <= RANKED_UP_TO:
        ranks = store.films.ranks_by_pixels(keys, question, where, order)
    histories = store.films.histories(keys)
    hits = tuple(
        _hit(rank, match, query, question, order, ranks.get(key), histories[key])
        for rank, (key, match) in enumerate(zip(keys, matches, strict=True), start=1)
    )
    return hits, _coverage(k, len(hits), store, order, survey)


def cover_films(
    query: ClinicalQuery,
    requested: int,
    returned: int,
    store: Store,
    model: EvidenceModel,
    *,
    asked: bool,
) -> LegCoverage:
    """Count how far the leg looks in the store as it is now.

    Parameters
    ----------
    query : ClinicalQuery
    requested, returned : int
    store : Store
    model : EvidenceModel
        The one that the store's films are weighed with.
    asked : bool
        False where nothing was asked of films, or none was wanted.

    Returns
    -------
    LegCoverage
    """
    if not asked or store.space is None:
        return _nothing_asked(requested, store)
    order = film_order(query, model)
    survey = store.films.survey(film_filter(query), order)
    return _coverage(requested, returned, store, order, survey)


def asks_of_films(query: ClinicalQuery) -> bool:
    """Whether anything in the words can be held against a film.

    A question of laboratory results alone asks nothing of films: showing any would pretend
    that they answer it. Sex and age go with films unless laboratory words are beside them.
    """
    if query.findings or query.normal_chest or query.view or query.free_text:
        return True
    return bool(query.text) and not (query.labs or query.diagnoses)


def film_filter(query: ClinicalQuery) -> FilmFilter:
    """Constraints of the question on the film's own fields.

    A film whose labels name a ruled-out finding is left out: whoever asks for films without
    it would not accept one that is said to show it. An unlabelled one stays, since nothing
    says that it shows it, and ranks by its evidence.
    """
    shown = query.image
    return FilmFilter(
        sex=query.patient.sex,
        age_min=query.patient.age_min,
        age_max=query.patient.age_max,
        age_min_inclusive=query.patient.age_min_inclusive,
        age_max_inclusive=query.patient.age_max_inclusive,
        view=query.view,
        source=query.among.films,
        labelled=query.among.labelled,
        none_of=ruled_out(query),
        exclude=() if shown is None else tuple(_key(name) for name in shown.left_out),
    )


def _key(name: str) -> RecordKey:
    source, _, id_ = name.partition(":")
    return RecordKey(source, id_)


def _nothing_asked(requested: int, store: Store) -> LegCoverage:
    return LegCoverage(
        requested=requested,
        returned=0,
        searched=store.films.count(),
        qualifying=0,
        note=NOTHING_ASKED if requested else None,
    )


def _coverage(
    requested: int, returned: int, store: Store, order: FilmOrder, survey: FilmSurvey
) -> LegCoverage:
    found = _is_found(survey)
    return LegCoverage(
        requested=requested,
        returned=returned,
        searched=store.films.count(),
        qualifying=survey.qualifying if found else 0,
        nearest=None if found or survey.best is None else _nearest(survey.best, order),
    )


def _is_found(survey: FilmSurvey) -> bool:
    return survey.best is None or survey.best >= FOUND


def _nearest(best: float, order: FilmOrder) -> str:
    """Say how probable it is that the likeliest film is as asked."""
    odds = best / (1.0 - best) * order.average / (1.0 - order.average)
    return (
        f"the likeliest is as asked with a probability of {odds / (1.0 + odds):.3f}, an average "
        f"film with {order.average:.3f}"
    )


def _hit(
    rank: int,
    match: FilmMatch,
    query: ClinicalQuery,
    question: Vector,
    order: FilmOrder,
    rank_without_labels: int | None,
    history: History,
) -> FilmHit:
    film = match.film
    cosine = float(question @ match.pixels)
    parts = score_parts(order, match.score, match.pixels_only, cosine, film.patient)
    evidence = tuple(_evidence(match, query, order))
    return FilmHit(
        rank=rank,
        id=film.id,
        source=film.provenance.source,
        patient=film.patient,
        score=match.score,
        findings=film.findings,
        view=film.view,
        age=film.age,
        sex=film.sex,
        taken_on=film.taken_on,
        day=film.day,
        stated=film.stated,
        licence=film.licence,
        labels_by=film.labels_by,
        made_up=film.provenance.made_up,
        why=FilmWhy(
            pixel=parts.pixel,
            label=parts.label,
            text=parts.text,
            patient=parts.patient,
            constraints=constraint_words(query.labs) if parts.patient else (),
            without_labels=parts.without_labels,
            rank_without_labels=rank_without_labels,
            labels=tuple(name for name in film.findings or () if name in query.present),
            history=FilmHistory.of(history),
            evidence=evidence,
            # A read outweighs the pixels, so these don't lift a film that was read as normal.
            note=None
            if film.labels_by == "radiologists"
            else disagreement(film.findings, evidence),
        ),
        file=film.provenance.file,
    )


def _evidence(
    match: FilmMatch, query: ClinicalQuery, order: FilmOrder
) -> Iterator[FindingEvidence]:
    """Tell what is known of each finding that the question names or shows."""
    asked: dict[str, Wanted] = {
        name: "present" if clause.present else "absent"
        for clause in order.clauses
        for name in clause.names
    }
    guessed = query.meant if query.image is None else query.image.findings
    alike: dict[str, Wanted] = {each.finding: "alike" for each in guessed}
    for name, wanted in (alike | asked).items():
        place = EVIDENCE.index(name)
        known, alone = float(match.probability[place]), float(match.pixels_only[place])
        yield FindingEvidence(
            finding=name, wanted=wanted, probability=known, pixels_only=alone, label=known - alone
        )


def disagreement(labels: Sequence[str] | None, evidence: Iterable[FindingEvidence]) -> str | None:
    """Say why a film may rank high that is labelled as showing nothing.

    Parameters
    ----------
    labels : sequence of str or None
        Of the film.
    evidence : iterable of FindingEvidence
        Of the findings that the question names.

    Returns
    -------
    str or None
        None where labels and pixels do not disagree.
    """
    if labels is None or labels:
        return None
    seen = [
        f"{each.finding} {each.pixels_only:.2f}"
        for each in evidence
        if each.wanted == "present" and each.finding != NORMAL and each.pixels_only >= LIKELY
    ]
    return f"labelled {NORMAL}; its pixels alone say {', '.join(seen)}" if seen else None
