"""Every command and every line of Python in ``docs/biomedclip.md`` runs as written.

Each block is a shell script of its own, run in the order of the page in one folder. A model
with random weights stands on a hub of this machine under BiomedCLIP's name; ``pip`` is a
script that asks only whether the extra exists.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from mmrag.encoders.openclip_hub import BIOMEDCLIP
from mmrag.sources.demo import write_demo
from tests.encoders.made_hub import MadeHub, made_hub

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "biomedclip.md").read_text("utf-8")
SCRIPTS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
OWN = "--encoder mine"

PIP = f"""\
import re, sys, tomllib

verb, wanted = sys.argv[1:]
name, extras = re.fullmatch(r"([\\w-]+)\\[([\\w,-]+)\\]", wanted).groups()
with open({str(ROOT / "pyproject.toml")!r}, "rb") as file:
    project = tomllib.load(file)["project"]
known = set(project["optional-dependencies"])
sys.exit(verb != "install" or name != project["name"] or not set(extras.split(",")) <= known)
"""


@dataclass(frozen=True)
class Shell:
    """A folder to run scripts in."""

    folder: Path
    variables: dict[str, str]

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-eu", "-c", script],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )


def _own_package(folder: Path) -> None:
    """The page's own encoder, as pip would leave it."""
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    (table,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    name, point = re.findall(r'^(\w+) = "([\w:]+)"$', table, re.MULTILINE)[0]
    (folder / f"{point.partition(':')[0]}.py").write_text(code)
    metadata = folder / "my_package-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[mmrag.encoders]\n{name} = {point}\n")


def _program(file: Path, content: str) -> None:
    file.write_text(f"#!{sys.executable}\n{content}")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def _shell(folder: Path, more: dict[str, str]) -> Shell:
    write_demo(folder / "made", films=104, patients=6).films.rename(folder / "FILMS")
    programs, packages = folder / "bin", folder / "packages"
    programs.mkdir()
    packages.mkdir()
    _program(programs / "pip", PIP)
    _program(programs / "mmrag", "from mmrag.cli import main\n\nmain()\n")
    _own_package(packages)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MMRAG_")}
    variables = kept | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(packages),
        "MMRAG_HOME": str(folder / "home"),
        "MMRAG_ENCODERS": str(folder / "encoders"),
    }
    return Shell(folder, variables | more)


@pytest.fixture(scope="module")
def hub(small_model: Path) -> Iterator[MadeHub]:
    with made_hub({BIOMEDCLIP: small_model, "owner/name": small_model}) as running:
        yield running


@pytest.fixture(scope="module")
def clinic(small_model: Path, hub: MadeHub, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Where the page's commands meet a model and films."""
    folder = tmp_path_factory.mktemp("clinic")
    (folder / "my-finetuned-clip").symlink_to(small_model)
    return _shell(folder, hub.environment(folder / "hf"))


@pytest.mark.parametrize(
    "script",
    [script for script in SCRIPTS if OWN not in script],
    ids=lambda script: script.splitlines()[-1].partition("#")[0].strip(),
)
def test_the_pages_commands_run(clinic: Shell, script: str) -> None:
    calibrates = "calibrate" in script
    if calibrates and find_spec("nncf") is None:
        pytest.skip("missing extra: nncf is not installed, see make test-biomedclip")
    done = clinic.run(script)
    if calibrates and done.returncode == 3:  # random numbers may lose too much, as the page says
        assert "mmrag: int8 is refused: mean-removed cosine" in done.stderr
        assert "compared on 52 films" in done.stdout
        return
    assert done.returncode == 0, done.stderr + done.stdout


def test_the_pages_own_encoder_runs(tmp_path: Path) -> None:
    (script,) = (script for script in SCRIPTS if OWN in script)
    done = _shell(tmp_path, {}).run(script)
    assert done.returncode == 0, done.stderr
    assert "104" in done.stdout


def test_no_command_stands_outside_these_blocks() -> None:
    assert len(SCRIPTS) >= 9
    assert not re.findall(r"```\n", re.sub(r"```\w+\n.*?```\n", "", TEXT, flags=re.DOTALL))
