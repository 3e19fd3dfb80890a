from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from mmrag.settings import Settings
from mmrag.store import Store
from tests.store.conftest import DIMENSION, ROOT, evidence, unit_vectors
from tests.store.test_films import entry, film

DIE_WHILE_LOADING = f"""
import os, signal, sys
from mmrag.settings import Settings
from mmrag.store import Store
from tests.store.conftest import evidence, unit_vectors
from tests.store.test_films import entry
with Store.open(Settings(dsn=sys.argv[1]), {DIMENSION}) as store, store.bulk():
    store.films.write(
        [entry(n) for n in range(50)], unit_vectors(50), unit_vectors(50), evidence(50)
    )
    os.kill(os.getpid(), signal.SIGKILL)
"""


def write(store: Store, numbers: range) -> None:
    rows = len(numbers)
    store.films.write(
        [entry(n) for n in numbers], unit_vectors(rows), unit_vectors(rows), evidence(rows)
    )


def test_a_large_load_goes_in_without_the_index_and_comes_out_with_it(store: Store) -> None:
    assert store.status().films_indexed
    with store.bulk():
        write(store, range(50))
        assert not store.status().films_indexed
        assert store.status().labs_indexed
        assert len(store.films.search(unit_vectors(1)[0], 20)) == 20
    assert store.status().films_indexed


def test_a_small_load_leaves_the_index_alone(store: Store) -> None:
    write(store, range(100))
    with store.bulk():
        write(store, range(100, 110))
        assert store.status().films_indexed


def test_without_a_bulk_the_index_stays(store: Store) -> None:
    write(store, range(50))
    assert store.status().films_indexed


def test_a_load_that_fails_still_ends_with_the_index(store: Store) -> None:
    def fail() -> None:
        with store.bulk():
            write(store, range(50))
            raise ValueError("source")

    with pytest.raises(ValueError, match="source"):
        fail()
    assert store.status().films_indexed


def test_a_killed_load_is_searched_exactly_and_mended_by_the_next(settings: Settings) -> None:
    assert settings.dsn is not None
    killed = subprocess.run([sys.executable, "-c", DIE_WHILE_LOADING, settings.dsn], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    with Store.open(settings, DIMENSION) as store:
        assert not store.status().films_indexed
        assert store.films.search(unit_vectors(50)[7], 1)[0].film == film(7)
        with store.bulk():
            pass
        assert store.status().films_indexed


def test_while_another_loads_nobody_builds(store: Store, settings: Settings) -> None:
    with Store.open(settings, DIMENSION) as other:
        with other.bulk():
            write(other, range(50))
            with store.bulk():
                store.films.write(
                    [replace(entry(60), sha256="x")], unit_vectors(1), unit_vectors(1), evidence(1)
                )
            assert not store.status().films_indexed
        assert store.status().films_indexed
