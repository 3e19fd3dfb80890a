"""Ranks without labels are counted over every film, by pixels alone."""

from __future__ import annotations

import numpy as np
import pytest

from mmrag.retrieval.film_score import film_scores
from mmrag.store import Clause, FilmFilter, FilmOrder, RecordKey, Store
from mmrag.store.terms import EVERY_FILM
from tests.store.conftest import evidence, unit_vectors
from tests.store.test_films import entry

ORDER = FilmOrder((Clause(("Effusion",)), Clause(("Mass",), present=False)), 0.2, logic=0.5)
ROWS = 60


FAVOURING = FilmOrder(ORDER.clauses, 0.2, logic=0.4, favour=0.1, favoured=("nih:3", "nih:20"))


@pytest.mark.parametrize("order", [ORDER, FilmOrder(), FAVOURING])
@pytest.mark.parametrize("where", [EVERY_FILM, FilmFilter(view="AP")])
def test_each_rank_is_the_count_of_films_whose_pixels_score_higher(
    store: Store, order: FilmOrder, where: FilmFilter
) -> None:
    entries, pixels, known = [entry(n) for n in range(ROWS)], unit_vectors(ROWS), evidence(ROWS)
    store.films.write(entries, pixels, unit_vectors(ROWS, seed=3), known)
    question = unit_vectors(1, seed=9)[0]
    favoured = np.array([each.film.patient in order.favoured for each in entries])
    scores = film_scores(order, known.pixels_only, pixels @ question) + order.favour * favoured
    among = [n for n in range(ROWS) if where.view in (None, entries[n].film.view)]
    asked = among[::3]
    ranks = store.films.ranks_by_pixels([entries[n].key for n in asked], question, where, order)
    assert ranks == {
        entries[n].key: 1 + int(np.sum(scores[among] > scores[n] + 1e-9)) for n in asked
    }


def test_equal_films_share_a_rank(store: Store) -> None:
    same = np.repeat(unit_vectors(1), 3, axis=0)
    known = evidence(3)
    known.pixels_only[:] = 0.4
    entries = [entry(n) for n in range(3)]
    store.films.write(entries, same, same, known)
    ranks = store.films.ranks_by_pixels([e.key for e in entries], same[0], EVERY_FILM, ORDER)
    assert set(ranks.values()) == {1}


def test_nothing_asked_nothing_counted(store: Store) -> None:
    none: list[RecordKey] = []
    assert store.films.ranks_by_pixels(none, unit_vectors(1)[0], EVERY_FILM, ORDER) == {}
