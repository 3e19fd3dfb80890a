"""Films in the order of their evidence and vector: through lists as by comparing all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from mmrag.retrieval.film_score import answers, film_scores, standing
from mmrag.store import (
    Clause,
    FilmEvidence,
    FilmFilter,
    FilmMatch,
    FilmOrder,
    Store,
    Vectors,
    film_search,
)
from mmrag.store.vectors import halved
from tests.store.conftest import evidence, unit_vectors
from tests.store.test_films import entry, film

WITHOUT = FilmOrder(
    (Clause(("Effusion",)), Clause(("Pneumothorax",), present=False)),
    average=0.2,
    logic=0.9,
    least=0.1,
)
ORDERS = [
    FilmOrder(),
    WITHOUT,
    FilmOrder((Clause(("Mass", "Nodule")),), average=0.3, logic=0.5),
    FilmOrder((Clause(("Edema",), weight=0.5), Clause(("No Finding",))), average=0.1, logic=1.0),
    FilmOrder(alike=(("Effusion", 0.6), ("Edema", 0.1)), likeness=0.2),
    FilmOrder((Clause(("Hernia",), present=False),), 0.9, (("Mass", 0.3),), 0.5, 0.1, least=0.3),
]


def brute_force(
    known: FilmEvidence, fused: Vectors, vector: Vectors, order: FilmOrder, kept: list[int]
) -> list[tuple[str, float]]:
    cosines = halved(fused).astype(float) @ halved(vector).astype(float)
    favoured = [film(n).patient in order.favoured for n in range(len(cosines))]
    scores = film_scores(order, known.probability, cosines) + order.favour * np.array(favoured)
    answering = answers(order, known.probability)
    kept = [n for n in kept if answering[n]]
    return [(film(n).id, scores[n]) for n in sorted(kept, key=lambda n: (-scores[n], n))]


def agree(found: list[FilmMatch], wanted: list[tuple[str, float]], k: int) -> None:
    """Hold scores against each other, and names where no score is close to the next."""
    assert len(found) == min(k, len(wanted))
    np.testing.assert_allclose(
        [match.score for match in found], [score for _, score in wanted[:k]], atol=1e-6
    )
    by_name = dict(wanted)
    for match in found:
        assert match.score == pytest.approx(by_name[match.film.id], abs=1e-6)


def fill(store: Store, rows: int, seed: int) -> tuple[FilmEvidence, Vectors]:
    known, fused = evidence(rows, seed), unit_vectors(rows, seed)
    store.films.write([entry(n) for n in range(rows)], unit_vectors(rows, 1), fused, known)
    return known, fused


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("through_lists", [True, False])
def test_the_order_is_that_of_all_films_compared(
    store: Store, order: FilmOrder, through_lists: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if through_lists:
        monkeypatch.setattr(film_search, "EXACT_UP_TO", 5)
    known, fused = fill(store, 400, seed=3)
    films = [film(n) for n in range(400)]
    kept = {
        FilmFilter(): list(range(400)),
        FilmFilter(sex="F"): [n for n, each in enumerate(films) if each.sex == "F"],
        FilmFilter(none_of=("Mass",)): [
            n for n, each in enumerate(films) if "Mass" not in (each.findings or ())
        ],
    }
    vector = unit_vectors(1, seed=50)[0]
    for where, numbers in kept.items():
        wanted = brute_force(known, fused, vector, order, numbers)
        for k in (1, 10, 60):
            agree(store.films.search(vector, k, where, order), wanted, k)


@given(
    seed=st.integers(0, 2**31),
    order=st.sampled_from(ORDERS),
    favour=st.sampled_from([0.0, 0.05, 0.6]),
    k=st.integers(1, 30),
    depths=st.sampled_from([((1, 1), (4, 8)), ((8, 8), (64, 128)), ((128, 512),)]),
)
@rules(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_nothing_is_lost_however_short_the_lists_are(
    store: Store,
    seed: int,
    order: FilmOrder,
    favour: float,
    k: int,
    depths: tuple[tuple[int, int], ...],
) -> None:
    if favour:
        share = 1 - favour
        order = replace(
            order,
            logic=share * order.logic,
            likeness=share * order.likeness,
            favour=favour,
            favoured=("nih:3", "nih:30", "nih:51", "nih:404"),
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(film_search, "EXACT_UP_TO", 5)
        patch.setattr(film_search, "TIE_MARGIN", 1)
        patch.setattr(film_search, "DEPTHS", depths)
        known, fused = fill(store, 120, seed)
        vector = unit_vectors(1, seed=seed // 2)[0]
        wanted = brute_force(known, fused, vector, order, list(range(120)))
        agree(store.films.search(vector, k, order=order), wanted, k)


def test_what_is_certain_neither_overflows_nor_divides_by_nothing(store: Store) -> None:
    extremes = np.array([[0.0] * 15, [1.0] * 15, [1e-20] * 15], np.float32)
    known = FilmEvidence(extremes, extremes)
    store.films.write([entry(n) for n in range(3)], unit_vectors(3), unit_vectors(3), known)
    order = FilmOrder((Clause(("Effusion",)), Clause(("Mass",), present=False)), 0.2, logic=1.0)
    found = store.films.search(unit_vectors(1)[0], 3, order=order)
    assert [match.film.id for match in found] == [film(2).id, film(0).id, film(1).id]
    assert [match.score for match in found] == pytest.approx([0.0, 0.0, 0.0], abs=1e-15)


def test_equal_films_come_in_order_of_their_names(store: Store) -> None:
    same, known = np.repeat(unit_vectors(1), 5, axis=0), np.full((5, 15), 0.4, np.float32)
    entries = [entry(number) for number in (5, 3, 9, 1)] + [entry(3, "covid")]
    store.films.write(entries, same, same, FilmEvidence(known, known))
    found = store.films.search(same[0], 3, order=WITHOUT)
    assert [(m.film.provenance.source, m.film.id) for m in found] == [
        ("covid", film(3).id),
        ("nih", film(1).id),
        ("nih", film(3).id),
    ]


def test_the_survey_counts_what_answers_and_finds_the_best(store: Store) -> None:
    known, _ = fill(store, 200, seed=4)
    stands = standing(WITHOUT, known.probability)
    women = np.array([film(n).sex == "F" for n in range(200)])
    old = np.array([(film(n).age or 0) >= 50 for n in range(200)])
    no_mass = np.array(["Mass" not in (film(n).findings or ()) for n in range(200)])
    without = FilmFilter(none_of=("Mass",), exclude=(entry(2).key,))
    for where, kept in (
        (FilmFilter(), np.full(200, True)),
        (FilmFilter(sex="F"), women),
        (FilmFilter(age_min=50), old),
        (without, no_mass & (np.arange(200) != 2)),
    ):
        survey = store.films.survey(where, WITHOUT)
        assert survey.passing == kept.sum()
        assert survey.qualifying == (stands[kept] >= WITHOUT.least).sum()
        assert survey.best == pytest.approx(stands[kept].max())
    assert store.films.survey(FilmFilter(sex="F"), FilmOrder()) == (women.sum(), women.sum(), None)
    assert store.films.survey(FilmFilter(patient="nobody"), WITHOUT) == (0, 0, None)


def test_evidence_comes_back_to_the_bit_and_follows_its_film(store: Store) -> None:
    known, fused = fill(store, 20, seed=5)
    match = store.films.search(fused[7], 1)[0]
    np.testing.assert_array_equal(match.probability, known.probability[7])
    np.testing.assert_array_equal(match.pixels_only, known.pixels_only[7])
    other = evidence(1, seed=9)
    store.films.update_records([entry(7)], fused[7:8], other)
    again = store.films.search(fused[7], 1)[0]
    np.testing.assert_array_equal(again.probability, other.probability[0])


def test_a_film_is_found_by_the_hash_of_its_file(store: Store) -> None:
    fill(store, 4, seed=0)
    assert store.films.of_file(entry(2).sha256) == (entry(2).key,)
    assert store.films.of_file("nothing") == ()
