"""What ``mmrag search`` ranks: the compiled question, its filters, evidence and vector."""

from __future__ import annotations

import numpy as np

from mmrag.clinical.query import compile_query
from mmrag.errors import QueryError
from mmrag.evaluation.methods.base import Evidence, Scores
from mmrag.evaluation.questions import Question
from mmrag.evidence import EvidenceModel, probability
from mmrag.records import Film
from mmrag.retrieval.film_leg import asks_of_films, film_filter
from mmrag.retrieval.film_score import FOUND, answers, film_order, film_scores, standing
from mmrag.retrieval.meaning import read_for_films
from mmrag.store import FilmFilter
from mmrag.store.vectors import halved

LEFT_OUT = -np.inf


def product(evidence: Evidence, question: Question) -> Scores:
    """Rank as the film leg does over a store with these films; a test holds the two equal.

    Films that the question's constraints exclude are left out, and all of them where the
    question asks nothing of films.
    """
    return as_searched(evidence, question, evidence.log_odds, evidence.learnt.full.whole)


def as_searched(
    evidence: Evidence, question: Question, log_odds: Scores, model: EvidenceModel
) -> Scores:
    """Rank as a search does that knows these log-odds, shape (films, n), of each film."""
    try:
        query = compile_query(question.text)
    except QueryError:  # a search refuses it and says why: no film comes back
        return np.full(len(evidence.films), LEFT_OUT)
    if not asks_of_films(query):
        return np.full(len(evidence.films), LEFT_OUT)
    query, vector = read_for_films(query, evidence.anchors, evidence.encode_texts)
    if vector is None:
        return np.full(len(evidence.films), LEFT_OUT)
    similarity = halved(evidence.fused).astype(np.float64) @ halved(vector)
    # the store keeps probabilities in single precision
    probabilities = probability(log_odds).astype(np.float32)
    order, where = film_order(query, model), film_filter(query)
    qualifying = np.array(
        [
            _qualifies(film, names, where)
            for film, names in zip(evidence.films, evidence.labels, strict=True)
        ],
        np.bool_,
    )
    best = standing(order, probabilities[qualifying]).max(initial=0.0)
    if order.clauses and best < FOUND:
        return np.full(len(evidence.films), LEFT_OUT)
    scores = film_scores(order, probabilities, similarity)
    return np.where(qualifying & answers(order, probabilities), scores, LEFT_OUT)


def _qualifies(film: Film, names: tuple[str, ...] | None, where: FilmFilter) -> bool:
    if where.sex is not None and film.sex != where.sex:
        return False
    if where.view is not None and film.view != where.view:
        return False
    return _of_that_age(film.age, where) and not set(names or ()) & set(where.none_of)


def _of_that_age(age: float | None, where: FilmFilter) -> bool:
    if where.age_min is None and where.age_max is None:
        return True
    if age is None:
        return False
    low = -np.inf if where.age_min is None else where.age_min
    high = np.inf if where.age_max is None else where.age_max
    old_enough = age >= low if where.age_min_inclusive else age > low
    return bool(old_enough and (age <= high if where.age_max_inclusive else age < high))
