"""A question through both legs."""

from __future__ import annotations

from mmrag.clinical.query import compile_query
from mmrag.clinical.question import ClinicalQuery
from mmrag.fusion import Vector
from mmrag.retrieval.diagnoses import resolve_diagnoses
from mmrag.retrieval.film_leg import asks_of_films, search_films
from mmrag.retrieval.lab_leg import search_labs
from mmrag.retrieval.merge import linkage, merge
from mmrag.retrieval.question_vectors import film_question, lab_question
from mmrag.retrieval.results import Coverage, SearchResult, SpaceInfo
from mmrag.retrieval.room import Room


def search(room: Room, text: str, *, image: Vector | None, films: int, labs: int) -> SearchResult:
    """Compile a question, run both legs, put them side by side.

    Parameters
    ----------
    room : Room
    text : str
        The question; may be empty when `image` is given.
    image : ndarray or None
        ``V_pixel`` of a film to search with, shape (dimension,).
    films, labs : int
        Records wanted of each leg; 0 leaves a leg out.

    Returns
    -------
    SearchResult

    Raises
    ------
    QueryError
        When the words cannot be compiled.
    """
    written = compile_query(text) if text.strip() else ClinicalQuery(text="")
    query = resolve_diagnoses(written, room.store)
    film_vector = None
    if image is not None or asks_of_films(query):
        film_vector = film_question(query, room.anchors, room.encode_texts, image)
    film_hits, film_coverage = search_films(
        query, film_vector, films, room.store, room.anchors, room.weights
    )
    lab_vector = lab_question(query, room.encode_texts)
    lab_hits, lab_coverage = search_labs(query, lab_vector, labs, room.store)
    return SearchResult(
        query=query,
        films=film_hits,
        labs=lab_hits,
        coverage=Coverage(films=film_coverage, labs=lab_coverage),
        linkage=linkage(film_hits, lab_hits),
        merged=merge(film_hits, lab_hits),
        space=SpaceInfo.of(room.space),
    )
