"""What every test may lean on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from mmrag import Engine, Settings
from mmrag.sources.demo import DemoFolders, write_demo

# no test of timing; and CI judges a change by the same examples twice
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real development data; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("real data absent: shared/data is not beside the project")
    return SHARED


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> DemoFolders:
    """Films and blood of made-up patients; read only."""
    return write_demo(tmp_path_factory.mktemp("made-up"), films=40, patients=12)


@pytest.fixture
def own_copy(made_up: DemoFolders, tmp_path: Path) -> DemoFolders:
    """A copy that a test may change."""
    films, labs = tmp_path / "films", tmp_path / "labs"
    shutil.copytree(made_up.films, films)
    shutil.copytree(made_up.labs, labs)
    return DemoFolders(films=films, labs=labs)


@pytest.fixture(scope="session")
def filled_home(made_up: DemoFolders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that holds the made-up films and panels; read only."""
    home = tmp_path_factory.mktemp("home")
    with Engine.open(settings=Settings(home=home, dsn=None)) as engine:
        engine.ingest("nih", made_up.films)
        engine.ingest("synthea", made_up.labs)
    return home


@pytest.fixture(scope="session")
def engine(filled_home: Path) -> Iterator[Engine]:
    """An engine over the made-up films and panels."""
    with Engine.open(settings=Settings(home=filled_home, dsn=None)) as opened:
        yield opened
