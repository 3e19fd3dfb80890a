"""Every command and every route of ``docs/service.md`` is there as written."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from mmrag import Client, Engine
from mmrag.cli import main
from mmrag.settings import Settings
from mmrag.web.app import create_app

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "service.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (mmrag .+)$", TEXT, re.MULTILINE)


def test_the_commands_run(
    filled_home: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("MMRAG_HOME", str(filled_home))
    monkeypatch.delenv("MMRAG_DSN", raising=False)
    assert len(COMMANDS) >= 4
    for command in COMMANDS:
        monkeypatch.setattr(sys, "argv", shlex.split(command))
        with pytest.raises(SystemExit) as stopped:
            main()
        assert stopped.value.code == 0, f"{command}: {capsys.readouterr().err}"


def test_every_route_has_its_line() -> None:
    for path in create_app(Engine(Settings())).openapi()["paths"]:
        named = [path, *(path.removeprefix(parent) for parent in ("/v1/films/{id_}", "/v1/ingest"))]
        assert any(each.replace("{id_}", "{id}") in TEXT for each in named if each), path


def test_the_python_reads() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    compile(code, "docs/service.md", "exec")
    assert hasattr(Client, "brief")
