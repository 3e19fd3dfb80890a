from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mmrag.errors import DatabaseError
from mmrag.settings import Settings
from mmrag.store import FilmCounts, LabCounts, Store
from tests.store import test_films, test_labs
from tests.store.conftest import DIMENSION, ROOT, Fingerprint, unit_vectors

WRITE_UNTIL_KILLED = f"""
import sys
from pathlib import Path
from mmrag.settings import Settings
from mmrag.store import Store
from tests.store.conftest import evidence, unit_vectors
from tests.store.test_films import entry
with Store.open(Settings(home=Path(sys.argv[1])), {DIMENSION}) as store, store.bulk():
    for start in range(0, 10**6, 20):
        batch = [entry(n) for n in range(start, start + 20)]
        store.films.write(batch, unit_vectors(20), unit_vectors(20), evidence(20))
        print(start, flush=True)
"""


def test_status_counts_what_is_there(store: Store) -> None:
    empty = store.status()
    assert (empty.space, empty.films, empty.labs) == (None, {}, {})
    space = store.claim_space(Fingerprint(), DIMENSION, 0.7, 0.3)
    test_films.fill(store, 12)
    test_labs.fill(store, 12)
    status = store.status()
    assert status.space == space
    assert status.films == {"nih": FilmCounts(films=12, labelled=10, patients=6, made_up=3)}
    assert status.labs == {
        "synthea": LabCounts(reports=12, observations=32, patients=10, made_up=0)
    }
    assert status.server_version.startswith("18.")
    assert status.pgvector_version.startswith("0.8")
    assert status.size_bytes > 0


def test_a_home_survives_its_processes(short_folder: Callable[[], Path]) -> None:
    """Killed while writing, then the server killed too: whole batches stay, and all goes on."""
    settings = Settings(home=short_folder())
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITE_UNTIL_KILLED, str(settings.home)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert writer.stdout is not None
    for _ in range(3):
        last = int(writer.stdout.readline())
    writer.kill()
    writer.communicate()
    with Store.open(settings, DIMENSION) as store:
        count = store.films.count()
        assert count % 20 == 0
        assert count >= last + 20
        pid = (settings.home / "postgres/data/postmaster.pid").read_text().splitlines()[0]
        os.kill(int(pid), signal.SIGKILL)
        # What is under way then fails; the open store starts its server again by itself.
        with contextlib.suppress(DatabaseError):
            store.films.count()
            time.sleep(0.2)
            store.films.count()
        assert store.films.count() == count
        test_films.fill(store, 30)
        assert store.films.count() == count
    assert not (settings.home / "postgres/data/postmaster.pid").exists()
    found = Store.open_existing(settings)
    assert found is not None
    with found:
        assert found.status().embedded
        assert found.status().location == str(settings.home)
        assert len(found.films.search(unit_vectors(1)[0], 5)) == 5


def test_one_reading_sees_one_state(store: Store, settings: Settings) -> None:
    test_films.fill(store, 4)
    with Store.open(settings, DIMENSION) as other:
        with store.at_once(reading=True):
            assert store.films.count() == 4
            test_films.fill(other, 12)
            assert store.films.count() == 4
            assert other.films.count() == 12
            assert len(store.people.films("nih:5")) == 0
        assert store.films.count() == 12


def test_nothing_is_written_while_reading(store: Store) -> None:
    with pytest.raises(DatabaseError, match="read-only"), store.at_once(reading=True):
        test_films.fill(store, 2)
    assert store.films.count() == 0
    test_films.fill(store, 2)
    assert store.films.count() == 2


def test_at_once_is_all_or_nothing_and_of_its_thread_alone(store: Store) -> None:
    def write_and_fail() -> None:
        with store.at_once():
            test_films.fill(store, 4)
            with ThreadPoolExecutor() as pool:
                assert pool.submit(store.films.count).result() == 0
            assert store.films.count() == 4
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert store.films.count() == 0
