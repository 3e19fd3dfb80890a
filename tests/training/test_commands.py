"""The commands of ``training/`` that need no torch can be run at all."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from training.page import END, write_into

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("command", ["training.report", "training.evidence"])
def test_a_command_says_what_it_takes(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", command, "--help"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "folder of the NIH data" in done.stdout


@pytest.mark.parametrize("command", ["training.report", "training.evidence"])
def test_what_a_command_imports_is_installed_for_training(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import {command}, sys; print(*sys.modules)"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = {module.split(".")[0] for module in done.stdout.split()}
    packages = packages_distributions()
    needed = {canonical(name) for module in imported for name in packages.get(module, [])}
    pinned = set()
    for file in ("requirements/core.txt", "training/requirements.txt"):
        text = (ROOT / file).read_text(encoding="utf-8")
        pinned |= {canonical(name) for name in re.findall(r"^([\w.-]+)", text, re.MULTILINE)}
    assert "numpy" in needed & pinned
    assert needed <= pinned | {"med-multimodal-rag", "pip", "setuptools"}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_what_stands_outside_the_marks_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n<!-- mark -->\nold\n{END}\nafter\n", encoding="utf-8")
    write_into(page, "<!-- mark -->", "new")
    assert page.read_text(encoding="utf-8") == f"before\n<!-- mark -->\nnew\n{END}\nafter\n"
