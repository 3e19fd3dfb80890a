"""A small made-up source and the real store and encoder that take it in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mmrag.sources.demo import DemoFolders, write_demo


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> DemoFolders:
    """Two dozen films and the blood of their patients; read only."""
    return write_demo(tmp_path_factory.mktemp("made-up"), films=24, patients=8)


@pytest.fixture
def own_copy(made_up: DemoFolders, tmp_path: Path) -> DemoFolders:
    """A copy that a test may change."""
    films, labs = tmp_path / "films", tmp_path / "labs"
    shutil.copytree(made_up.films, films)
    shutil.copytree(made_up.labs, labs)
    return DemoFolders(films=films, labs=labs)
