"""The film leg: the films that come nearest to the question, and why."""

from __future__ import annotations

from mmrag.clinical.question import ClinicalQuery
from mmrag.fusion import Anchors, FusionWeights, Vector, contributions
from mmrag.retrieval.results import FilmHit, FilmWhy, LegCoverage
from mmrag.store import FilmFilter, FilmMatch, Store

NOTHING_ASKED = "the question asks nothing of films"


def search_films(
    query: ClinicalQuery,
    question: Vector | None,
    k: int,
    store: Store,
    anchors: Anchors,
    weights: FusionWeights,
) -> tuple[tuple[FilmHit, ...], LegCoverage]:
    """Rank films.

    Parameters
    ----------
    query : ClinicalQuery
        Its patient, view and ruled-out findings are exact constraints.
    question : ndarray or None
        Unit vector, shape (dimension,), float32; None where nothing is asked of films.
    k : int
        Films wanted.
    store : Store
    anchors : Anchors
    weights : FusionWeights
        The store's own.

    Returns
    -------
    tuple of (tuple of FilmHit, LegCoverage)
    """
    searched = store.films.count()
    if k == 0 or question is None:
        note = NOTHING_ASKED if k else None
        return (), LegCoverage(requested=k, returned=0, searched=searched, qualifying=0, note=note)
    where = film_filter(query)
    matches = store.films.search(question, k, where)
    hits = tuple(
        _hit(rank, match, query, question, anchors, weights)
        for rank, match in enumerate(matches, start=1)
    )
    coverage = LegCoverage(
        requested=k,
        returned=len(hits),
        searched=searched,
        qualifying=store.films.count(where),
    )
    return hits, coverage


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

    A film whose labels name a ruled-out finding is left out; an unlabelled one stays, since
    nothing says that it shows it, and ranks by its pixels.
    """
    return FilmFilter(
        sex=query.patient.sex,
        age_min=query.patient.age_min,
        age_max=query.patient.age_max,
        age_min_inclusive=query.patient.age_min_inclusive,
        age_max_inclusive=query.patient.age_max_inclusive,
        view=query.view,
        none_of=query.absent,
    )


def _hit(
    rank: int,
    match: FilmMatch,
    query: ClinicalQuery,
    question: Vector,
    anchors: Anchors,
    weights: FusionWeights,
) -> FilmHit:
    film = match.film
    parts = contributions(question, match.pixels, anchors.label_vector(film.findings), weights)
    return FilmHit(
        rank=rank,
        id=film.id,
        source=film.provenance.source,
        patient=film.patient,
        score=parts.pixel + parts.label,
        findings=film.findings,
        view=film.view,
        age=film.age,
        sex=film.sex,
        made_up=film.provenance.made_up,
        why=FilmWhy(
            pixel=parts.pixel,
            label=parts.label,
            without_labels=parts.without_labels,
            labels=tuple(name for name in film.findings or () if name in query.present),
        ),
        file=film.provenance.file,
    )
