"""One real server for all tests of the store, and an empty database for each."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from mmrag.settings import Settings
from mmrag.store import EVIDENCE, EvidenceName, FilmEvidence, Recipe, Store, Vectors
from mmrag.store.server import EmbeddedServer

DIMENSION = 16
ROOT = Path(__file__).resolve().parents[2]
"""Where a child process finds the tests."""

_NAMES = (f"test_{number}" for number in itertools.count())


@dataclass(frozen=True)
class Fingerprint:
    """As an encoder would give it."""

    name: str = "compact"
    weights: str = "0" * 64
    precision: str = "fp32"


@dataclass(frozen=True)
class Server:
    """The running server."""

    address: dict[str, str]

    def connect(self, database: str = "postgres", **more: str) -> psycopg.Connection[Any]:
        return psycopg.connect(self.dsn(database, **more), autocommit=True)

    def dsn(self, database: str, **more: str) -> str:
        return psycopg.conninfo.make_conninfo("", **{**self.address, **more}, dbname=database)

    def new_database(self, template: str = "template1") -> str:
        name = next(_NAMES)
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Callable[[], Path]]:
    """Makes temporary folders whose paths leave room for a socket."""
    made: list[Path] = []

    def make() -> Path:
        made.append(Path(tempfile.mkdtemp(prefix="mmrag-test-")))
        return made[-1]

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server(short_folder: Callable[[], Path]) -> Iterator[Server]:
    embedded = EmbeddedServer.join(short_folder())
    running = Server(embedded.address)
    with running.connect() as connection:  # nothing here has to outlive a power cut
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    yield running
    embedded.leave()


@pytest.fixture(scope="session")
def migrated(server: Server) -> str:
    name = server.new_database()
    Store.open(Settings(dsn=server.dsn(name)), DIMENSION).close()
    return name


@pytest.fixture
def database(server: Server, migrated: str) -> str:
    """Name of a migrated database, emptied of what earlier tests wrote."""
    with server.connect(migrated) as connection:
        connection.execute(
            "TRUNCATE mmrag.space, mmrag.patient, mmrag.condition, mmrag.imaging_study, "
            "mmrag.film, mmrag.lab_report, mmrag.lab_vector, mmrag.link, "
            "mmrag.film_labels, mmrag.label_name, mmrag.history_due RESTART IDENTITY CASCADE"
        )
        connection.execute("SELECT pg_stat_reset()")
    return migrated


@pytest.fixture
def own_database(server: Server, migrated: str) -> str:
    """Name of a migrated database that the test may spoil."""
    return server.new_database(migrated)


@pytest.fixture
def settings(server: Server, database: str) -> Settings:
    return Settings(dsn=server.dsn(database))


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with Store.open(settings, DIMENSION) as opened:
        yield opened


def unit_vectors(rows: int, seed: int = 0) -> Vectors:
    vectors = np.random.default_rng(seed).standard_normal((rows, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def evidence(rows: int, seed: int = 0) -> FilmEvidence:
    """Probabilities of every kind, certain ones among them."""
    random = np.random.default_rng(seed)
    numbers = random.beta(0.4, 1.2, (2, rows, len(EVIDENCE))).astype(np.float32)
    return FilmEvidence(probability=numbers[0], pixels_only=numbers[1])


def recipe(w_pixel: float = 0.7, w_label: float = 0.3) -> Recipe:
    return Recipe(w_pixel, w_label, "hard", EvidenceName("compact:0", "1" * 64))


@pytest.fixture
def no_seqscan(server: Server, database: str) -> Iterator[None]:
    """Let the planner take an index wherever one could serve, however small the table."""
    with server.connect() as connection:
        connection.execute(f"ALTER DATABASE {database} SET enable_seqscan = off")
        yield
        connection.execute(f"ALTER DATABASE {database} RESET enable_seqscan")


def index_scans(server: Server, database: str, index: str) -> int:
    """How often an index was used by sessions that have ended."""
    with server.connect(database) as connection:
        row = connection.execute(
            "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = %s", (index,)
        ).fetchone()
    assert row is not None
    return int(row[0])
