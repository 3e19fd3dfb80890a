"""A question through both legs."""

from __future__ import annotations

from mmrag.clinical.query import compile_query
from mmrag.clinical.query_check import checked
from mmrag.clinical.question import ClinicalQuery
from mmrag.retrieval.diagnoses import resolve_diagnoses
from mmrag.retrieval.film_leg import asks_of_films, search_films
from mmrag.retrieval.film_score import film_order
from mmrag.retrieval.lab_leg import search_labs
from mmrag.retrieval.merge import linkage, merge
from mmrag.retrieval.question_vectors import film_question, lab_question
from mmrag.retrieval.results import Coverage, SearchResult, SpaceInfo
from mmrag.retrieval.room import Room
from mmrag.retrieval.shown import Shown, describe, guess


def search(
    room: Room,
    question: str | ClinicalQuery,
    *,
    image: Shown | None,
    films: int,
    labs: int,
    explain: bool = False,
) -> SearchResult:
    """Compile a question, run both legs, put them side by side.

    Parameters
    ----------
    room : Room
    question : str or ClinicalQuery
        In words, which may be empty when `image` is given; or compiled already.
    image : Shown or None
        A film to search with.
    films, labs : int
        Records wanted of each leg; 0 leaves a leg out.
    explain : bool
        Whether to find out where each film would rank without labels, which compares all.

    Returns
    -------
    SearchResult

    Raises
    ------
    QueryError
        When the words cannot be compiled, or the compiled question asks for what is not
        known.
    """
    query = resolve_diagnoses(_compiled(question), room.store)
    return answer(room, query, image=image, films=films, labs=labs, explain=explain)


def _compiled(question: str | ClinicalQuery) -> ClinicalQuery:
    if isinstance(question, ClinicalQuery):
        return checked(question)
    return compile_query(question) if question.strip() else ClinicalQuery(text="")


def answer(
    room: Room,
    query: ClinicalQuery,
    *,
    image: Shown | None,
    films: int,
    labs: int,
    explain: bool = False,
) -> SearchResult:
    """Run both legs for a question that is compiled already.

    Parameters
    ----------
    room : Room
    query : ClinicalQuery
        Taken as it is: the codes of its diagnoses are not looked up again.
    image, films, labs, explain
        As in `search`.

    Returns
    -------
    SearchResult
    """
    guessed = None
    if image is not None:
        guessed = guess(image.pixels, room.anchors, room.model)
        shown = describe(image, guessed, room.model)
        query = query.model_copy(update={"image": shown})
    film_vector = None
    if image is not None or asks_of_films(query):
        pixels = None if image is None else image.pixels
        film_vector = film_question(query, room.anchors, room.encode_texts, pixels)
    order = film_order(query, room.model, guessed)
    film_hits, film_coverage = search_films(
        query, film_vector, order, films, room.store, explain=explain
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
