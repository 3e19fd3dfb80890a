"""Two ranked legs side by side; neither can push the other out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import Literal

from mmrag.retrieval.results import FilmHit, LabHit, Linkage
from mmrag.store import Persons

Labelled = tuple[Literal["films", "labs"], str]


def merge(films: Sequence[FilmHit], labs: Sequence[LabHit]) -> tuple[Labelled, ...]:
    """Let the legs take turns by rank, films first.

    Scores of the two legs are cosines of different things and are never compared.

    Parameters
    ----------
    films, labs : sequence of hits
        Each in its own order.

    Returns
    -------
    tuple of (str, str)
        Leg and record identifier of every hit of both legs.
    """
    turns = zip_longest(
        (("films", film.id) for film in films), (("labs", lab.report) for lab in labs)
    )
    return tuple(turn for turn in chain.from_iterable(turns) if turn is not None)  # type: ignore[misc]


def linkage(films: Sequence[FilmHit], labs: Sequence[LabHit], persons: Persons) -> Linkage:
    """Say whether any film and any panel are of one person.

    Parameters
    ----------
    films, labs : sequence of hits
    persons : Persons
        Who is declared to be one.

    Returns
    -------
    {"same-patient", "cohort"}
    """
    of_films = {persons.name(film.patient) for film in films if film.patient}
    of_labs = {persons.name(lab.patient) for lab in labs}
    return "same-patient" if of_films & of_labs else "cohort"
