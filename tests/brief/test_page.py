"""The commands that the page about the brief shows run as written."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from mmrag import Engine
from mmrag.brief import FORMATS
from mmrag.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "brief.md").read_text(encoding="utf-8")


def test_its_commands_run_in_their_order(
    engine: Engine,
    filled_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MMRAG_HOME", str(filled_home))
    monkeypatch.delenv("MMRAG_DSN", raising=False)
    commands = re.findall(r"^\$ (mmrag .*)$", PAGE, re.MULTILINE)
    assert len(commands) >= 8
    for command in commands:
        monkeypatch.setattr(sys, "argv", shlex.split(command))
        with pytest.raises(SystemExit) as stopped:
            main()
        assert stopped.value.code == 0, f"{command}: {capsys.readouterr().err}"
    assert "Everything still holds." in capsys.readouterr().out


def test_every_form_has_its_line() -> None:
    assert all(f"| `{name}` |" in PAGE for name in FORMATS)
