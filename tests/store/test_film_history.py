"""Labels of a patient's other films in the store, and what is to be weighed by them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmrag.clinical.findings import finding_names
from mmrag.records import NO_HISTORY, Film, FilmLabels, History, Provenance
from mmrag.store import FilmEntry, FilmEvidence, PixelBatch, RecordKey, Store
from mmrag.store.terms import Vectors
from tests.store.conftest import DIMENSION, Fingerprint, evidence, recipe, unit_vectors


def film(id_: str, patient: str | None, findings: tuple[str, ...] | None) -> Film:
    return Film(id_, Provenance("nih", f"/films/{id_}"), patient, findings)


def write(store: Store, *films: Film) -> None:
    entries = [FilmEntry(each, "sha", "hash") for each in films]
    vectors = unit_vectors(len(films))
    store.films.write(entries, vectors, vectors, evidence(len(films)))


def keys(*ids: str) -> list[RecordKey]:
    return [RecordKey("nih", id_) for id_ in ids]


class Weighing:
    """Notes which films are weighed, and with what history."""

    def __init__(self) -> None:
        self.seen: dict[str, History] = {}

    def __call__(self, batch: PixelBatch) -> tuple[Vectors, FilmEvidence]:
        self.seen |= {k.id: h for k, h in zip(batch.keys, batch.histories, strict=True)}
        return batch.vectors, evidence(len(batch.keys), seed=5)


def due(store: Store) -> set[str]:
    with store._database.transaction() as connection:
        return {patient for (patient,) in connection.execute("SELECT patient FROM history_due")}


def test_other_films_are_counted_stored_ones_and_those_that_a_table_names(store: Store) -> None:
    write(
        store,
        film("a", "nih:1", ("Effusion",)),
        film("b", "nih:1", ()),
        film("c", "nih:1", None),
        film("d", "nih:2", ("Mass",)),
        film("e", None, ("Mass",)),
    )
    store.films.tell(
        [
            FilmLabels("x", "nih:1", ("Effusion", "Mass")),
            FilmLabels("a", "nih:1", ("Hernia",)),  # stored, so the record counts
            FilmLabels("y", "nih:3", ("Mass",)),
        ]
    )
    counted = store.films.histories(keys("a", "b", "c", "d", "e", "nowhere"))
    assert counted == dict(
        zip(
            keys("a", "b", "c", "d", "e", "nowhere"),
            (
                History(2, {"No Finding": 1, "Effusion": 1, "Mass": 1}),
                History(2, {"Effusion": 2, "Mass": 1}),
                History(3, {"Effusion": 2, "No Finding": 1, "Mass": 1}),
                *[NO_HISTORY] * 3,
            ),
            strict=True,
        )
    )


def test_only_films_of_patients_with_news_are_weighed_anew(store: Store) -> None:
    store.claim_space(Fingerprint(), DIMENSION, 0.7, 0.3)
    write(store, film("a", "nih:1", ("Effusion",)), film("b", "nih:2", ()), film("e", None, ()))
    first, again = Weighing(), Weighing()
    assert store.films.weigh_due(first) == 2
    assert set(first.seen) == {"a", "b"}
    assert store.films.weigh_due(again) == 0
    told = [FilmLabels("x", "nih:1", ("Mass",)), FilmLabels("y", "nih:9", ("Mass",))]
    store.films.tell(told)
    assert store.films.weigh_due(again) == 2  # and a label that was never named before
    assert {id_: each.named for id_, each in again.seen.items()} == {"a": {"Mass": 1}, "b": {}}
    store.films.tell(told)  # no news
    assert not due(store)
    store.films.tell([replace(told[0], findings=())])
    assert due(store) == {"nih:1"}
    kept = store.films.search(unit_vectors(3)[0], 3)
    weighed = next(match for match in kept if match.film.id == "a")
    np.testing.assert_array_equal(weighed.probability, evidence(1, seed=5).probability[0])


def test_what_no_label_of_the_source_names_is_not_denied(store: Store) -> None:
    write(store, film("a", "nih:1", ("Effusion",)), film("b", "nih:1", ()), film("c", "nih:2", ()))
    seen = Weighing()
    store.films.weigh_due(seen)
    others = frozenset(finding_names()) - {"Effusion"}
    assert seen.seen["a"] == History(1, {"No Finding": 1}, others)
    assert seen.seen["b"] == History(1, {"Effusion": 1}, others)
    store.films.tell([FilmLabels("x", "nih:2", ("Mass",))])
    store.films.weigh_due(seen)  # a new name is news of every patient
    assert seen.seen["b"].silent == others - {"Mass"}
    assert seen.seen["c"] == History(1, {"Mass": 1}, others - {"Mass"})


def test_a_film_that_changes_hands_is_news_of_both(store: Store) -> None:
    write(store, film("a", "nih:1", ()), film("b", "nih:1", ("Mass",)))
    store.films.weigh_due(Weighing())
    moved = FilmEntry(film("a", "nih:2", ()), "sha", "hash2")
    store.films.update_records([moved], unit_vectors(1), evidence(1))
    assert due(store) == {"nih:1", "nih:2"}
    seen = Weighing()
    assert store.films.weigh_due(seen) == 2
    assert seen.seen == {"a": NO_HISTORY, "b": NO_HISTORY}


def test_refusing_hears_every_history_and_leaves_nothing_due(store: Store) -> None:
    store.claim_space(Fingerprint(), DIMENSION, 0.7, 0.3)
    write(store, film("a", "nih:1", ()), film("b", "nih:1", ("Mass",)))
    seen = Weighing()
    with store.bulk():
        store.films.refuse(recipe(), seen)
    assert seen.seen["a"].named == {"Mass": 1}
    assert seen.seen["b"].named == {"No Finding": 1}
    assert not due(store)


def test_a_weighing_that_fails_stays_due(store: Store) -> None:
    write(store, film("a", "nih:1", ()))

    def fail(batch: PixelBatch) -> tuple[Vectors, FilmEvidence]:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        store.films.weigh_due(fail)
    assert due(store) == {"nih:1"}
