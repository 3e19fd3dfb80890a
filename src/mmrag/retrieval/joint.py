"""Questions that join both legs: the films of patients whose blood is as asked, too."""

from __future__ import annotations

from dataclasses import replace

from mmrag.clinical.question import ClinicalQuery
from mmrag.retrieval.lab_conditions import conditions_of, lab_filter
from mmrag.store import FilmOrder, Store

FAVOUR = 0.05
"""Share of a film's score that its patient's laboratory results have."""


def favouring(order: FilmOrder, query: ClinicalQuery, store: Store) -> FilmOrder:
    """Let films come first whose patient meets the question's laboratory constraints.

    A patient does when one panel meets all of them, the patient's own or that of somebody
    declared to be the same person: what `mmrag.retrieval.lab_leg` would find.

    Parameters
    ----------
    order : FilmOrder
        Of a question that asks something of films.
    query : ClinicalQuery
        Its diagnoses are resolved.
    store : Store

    Returns
    -------
    FilmOrder
        The same where the question has no laboratory constraints, or nobody meets them.
    """
    conditions = conditions_of(query)
    favoured = store.links.film_patients_of(conditions, lab_filter(query)) if conditions else ()
    if not favoured:
        return order
    return replace(
        order,
        logic=(1.0 - FAVOUR) * order.logic,
        likeness=(1.0 - FAVOUR) * order.likeness,
        favour=FAVOUR,
        favoured=favoured,
    )
