"""Another space beside the present one, and who has to wait for whom."""

from __future__ import annotations

from typing import Any

import numpy as np
import psycopg
import pytest

from mmrag.errors import DatabaseError, InputError, SpaceMismatch
from mmrag.settings import Settings
from mmrag.store import (
    EvidenceName,
    FilmEntry,
    FilmEvidence,
    NextSpace,
    PixelBatch,
    Recipe,
    Store,
    Vectors,
)
from tests.store.conftest import DIMENSION, Fingerprint, Server, evidence, unit_vectors
from tests.store.test_films import entry, film

OTHER = Fingerprint(name="other")
LENGTH = 5
RECIPE = Recipe(0.6, 0.4, "soft", EvidenceName("made", "0" * 64))


@pytest.fixture
def database(server: Server) -> str:
    """Name of a database that the test may spoil."""
    return server.new_database()


def fill(store: Store, films: int) -> None:
    store.claim_space(Fingerprint(), DIMENSION, 0.7, 0.3)
    vectors = unit_vectors(films)
    store.films.write([entry(n) for n in range(films)], vectors, vectors, evidence(films))


def begun(store: Store) -> NextSpace:
    following = store.next_space(OTHER, LENGTH)
    following.begin()
    return following


def axes(films: int) -> Vectors:
    return np.eye(films, LENGTH, dtype=np.float32)


def fuse(batch: PixelBatch) -> tuple[Vectors, FilmEvidence]:
    return batch.vectors, evidence(len(batch.keys))


def test_films_without_a_vector_of_the_next_space_leave(store: Store) -> None:
    fill(store, 4)
    following = begun(store)
    left = list(following.films_left())
    assert [one.id for one in left] == [film(n).id for n in range(4)]
    following.add_films(left[:3], axes(3))
    assert [one.id for one in following.films_left()] == [left[3].id]
    assert store.films.count() == 4
    store.films.refuse(RECIPE, fuse, following.move_in)
    assert store.films.count() == 3
    space = store.space
    assert space is not None
    assert (space.encoder, space.dimension, space.w_pixel) == ("other", LENGTH, 0.6)
    assert [match.film.id for match in store.films.search(axes(3)[2], 1)] == [left[2].id]


def test_a_film_that_changes_meanwhile_is_made_again(store: Store) -> None:
    fill(store, 2)
    following = begun(store)
    following.add_films(list(following.films_left()), axes(2))
    changed = FilmEntry(film(0), "f" * 64, "changed")
    store.films.write([changed], unit_vectors(1), unit_vectors(1), evidence(1))
    assert [one.id for one in following.films_left()] == [film(0).id]


def test_what_was_made_is_kept_for_the_same_space_and_no_other(store: Store) -> None:
    fill(store, 2)
    following = begun(store)
    following.add_films(list(following.films_left()), axes(2))
    assert begun(store).made() == (2, 0)
    third = store.next_space(Fingerprint(name="third"), LENGTH)
    assert third.made() == (0, 0)
    third.begin()
    assert len(list(third.films_left())) == 2


def test_vectors_of_another_length_are_refused(store: Store) -> None:
    fill(store, 2)
    following = begun(store)
    with pytest.raises(InputError, match="shape"):
        following.add_films(list(following.films_left()), unit_vectors(2))


def test_a_move_that_fails_changes_nothing(store: Store, server: Server, database: str) -> None:
    fill(store, 3)

    def rows() -> list[Any]:
        with server.connect(database) as connection:
            return connection.execute(
                "SELECT film, vector::text, encoder FROM mmrag.film_vector, mmrag.space ORDER BY 1"
            ).fetchall()

    before = rows()
    following = begun(store)
    following.add_films(list(following.films_left()), axes(3))

    def fail(connection: psycopg.Connection[Any]) -> None:
        following.move_in(connection)
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        store.films.refuse(RECIPE, fuse, fail)
    assert rows() == before


def test_who_works_alone_does_so(store: Store, settings: Settings) -> None:
    with Store.open(settings, DIMENSION) as other:
        for first, second in (({}, {"alone": True}), ({"alone": True}, {"alone": True})):
            with (
                store.bulk(**first),
                pytest.raises(DatabaseError, match="another ingest is at work"),
                other.bulk(**second),
            ):
                pytest.fail("the block must not begin")
        with other.bulk(alone=True):
            pass


def test_a_run_that_waited_does_not_write_into_the_space_that_came(
    store: Store, settings: Settings
) -> None:
    fill(store, 1)
    with Store.open(settings, DIMENSION) as other:
        following = begun(other)
        following.add_films(list(following.films_left()), axes(1))
        other.films.refuse(RECIPE, fuse, following.move_in)
    with pytest.raises(SpaceMismatch, match="anew meanwhile"), store.bulk():
        pytest.fail("the block must not begin")
