"""What the records that a question leaves are made of."""

from __future__ import annotations

from mmrag.clinical.question import ClinicalQuery
from mmrag.retrieval.diagnoses import resolve_diagnoses
from mmrag.retrieval.film_leg import asks_of_films, film_filter
from mmrag.retrieval.film_score import film_order
from mmrag.retrieval.lab_conditions import conditions_of, lab_filter
from mmrag.retrieval.room import Room
from mmrag.store import Facet


def count_facets(room: Room, query: ClinicalQuery) -> tuple[Facet, ...]:
    """Count, by field, the films and panels that a question leaves.

    Parameters
    ----------
    room : Room
    query : ClinicalQuery
        One that asks nothing of films is counted over the films that pass its filter.

    Returns
    -------
    tuple of Facet
        Films' first.
    """
    query = resolve_diagnoses(query, room.store)
    asked = query if asks_of_films(query) else query.model_copy(update={"findings": ()})
    films = room.store.facets.of_films(film_filter(query), film_order(asked, room.model))
    labs = room.store.facets.of_labs(conditions_of(query), lab_filter(query))
    return (*films, *labs)
