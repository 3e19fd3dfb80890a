"""One store over the real laboratory sets for all tests of this room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mmrag import Engine, Settings
from tests.retrieval.oracle import World, read_csv, read_fhir


@pytest.fixture(scope="session")
def labs(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine over both Synthea sets."""
    home = tmp_path_factory.mktemp("labs")
    with Engine.open(settings=Settings(home=home, dsn=None)) as engine:
        engine.ingest("synthea", shared_data / "synthea" / "csv")
        engine.ingest("fhir", shared_data / "synthea" / "fhir")
        yield engine


@pytest.fixture(scope="session")
def world(shared_data: Path) -> World:
    """The same files as the oracle reads them."""
    tables = read_csv(shared_data / "synthea" / "csv")
    bundles = read_fhir(sorted((shared_data / "synthea" / "fhir").glob("*.json.gz")))
    return World(tables.panels + bundles.panels, tables.conditions + bundles.conditions)
