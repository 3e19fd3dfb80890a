"""Every command and every line of Python that the documents show runs as written."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from mmrag.cli import app, main
from mmrag.sources.demo import DemoFolders

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    lines = [line for block in blocks("console") for line in block.splitlines()]
    inline = re.findall(r"`(mmrag [^`]+)`", README)
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ mmrag")] + inline


@pytest.fixture
def in_a_folder(made_up: DemoFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with FILMS and CSV_FOLDER in it and a home of its own."""
    (tmp_path / "FILMS").symlink_to(made_up.films)
    (tmp_path / "CSV_FOLDER").symlink_to(made_up.labs)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MMRAG_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MMRAG_DSN", raising=False)
    return tmp_path


def test_the_readmes_commands_run(
    in_a_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = commands()
    assert len(shown) >= 5
    for command in shown:
        name = shlex.split(command)[1]
        if name in ("demo", "serve"):  # tests of their own
            continue
        monkeypatch.setattr(sys, "argv", shlex.split(command))
        with pytest.raises(SystemExit) as stopped:
            main()
        assert stopped.value.code == 0, f"{command}: {capsys.readouterr().err}"
    assert (in_a_folder / "brief.html").is_file()


def test_the_readmes_python_runs(in_a_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("python")
    exec(compile(code, "README.md", "exec"), {})
    out = capsys.readouterr().out
    assert "40 films" in out
    assert "c1 " in out


def test_every_command_is_in_the_documents() -> None:
    texts = " ".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *ROOT.glob("docs/*.md"))
    )
    for command in app.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "")
        assert f"mmrag {name}" in texts or f"make {name}" in texts, name


def test_every_dependency_has_its_line() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    sections = re.findall(
        r"^(?:dependencies|[\w-]+) = \[\n?(.*?)\]\n", project, re.DOTALL | re.MULTILINE
    )
    wanted = re.findall(r'"([a-z][a-z0-9_-]+)(?:\[\w+\])?>=', " ".join(sections))
    assert len(wanted) > 10
    assert not [name for name in wanted if name not in listed]
