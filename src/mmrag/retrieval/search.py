"""A question through both legs."""

from __future__ import annotations

from mmrag.clinical.query import compile_query
from mmrag.clinical.query_check import checked
from mmrag.clinical.question import ClinicalQuery
from mmrag.errors import SpaceMismatch
from mmrag.retrieval.declared import DeclaredLink
from mmrag.retrieval.diagnoses import resolve_diagnoses
from mmrag.retrieval.film_leg import asks_of_films, search_films
from mmrag.retrieval.film_score import film_order
from mmrag.retrieval.joint import favouring
from mmrag.retrieval.lab_leg import search_labs
from mmrag.retrieval.meaning import read_for_films
from mmrag.retrieval.merge import linkage, merge
from mmrag.retrieval.question_vectors import lab_question
from mmrag.retrieval.results import Coverage, SearchResult, SpaceInfo
from mmrag.retrieval.room import Room
from mmrag.retrieval.shown import Shown, describe, guess
from mmrag.store import Persons


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
    query = _compiled(question)
    with room.store.at_once(reading=True):
        query = resolve_diagnoses(query, room.store)
        return _answer(room, query, image, films, labs, explain)


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
    with room.store.at_once(reading=True):
        return _answer(room, query, image, films, labs, explain)


def _answer(
    room: Room, query: ClinicalQuery, image: Shown | None, films: int, labs: int, explain: bool
) -> SearchResult:
    """Read everything from one state of the store, so that hits, counts and links agree."""
    if room.store.space != room.space:
        raise SpaceMismatch(
            "another run has encoded or fused the store anew meanwhile: ask once more"
        )
    guessed = None
    if image is not None:
        guessed = guess(image.pixels, room.anchors, room.model)
        shown = describe(image, guessed, room.model)
        query = query.model_copy(update={"image": shown})
    film_vector = None
    if image is not None or asks_of_films(query):
        pixels = None if image is None else image.pixels
        query, film_vector = read_for_films(query, room.anchors, room.encode_texts, pixels)
    order = film_order(query, room.model, guessed)
    if films and film_vector is not None:
        order = favouring(order, query, room.store)
    film_hits, film_coverage = search_films(
        query, film_vector, order, films, room.store, explain=explain
    )
    lab_vector = lab_question(query, room.encode_texts)
    lab_hits, lab_coverage = search_labs(query, lab_vector, labs, room.store)
    patients = {film.patient for film in film_hits if film.patient}
    links = room.store.links.of(patients | {lab.patient for lab in lab_hits})
    return SearchResult(
        query=query,
        films=film_hits,
        labs=lab_hits,
        coverage=Coverage(films=film_coverage, labs=lab_coverage),
        linkage=linkage(film_hits, lab_hits, Persons(link.pair for link in links)),
        merged=merge(film_hits, lab_hits),
        space=SpaceInfo.of(room.space),
        links=tuple(map(DeclaredLink.of, links)),
    )
