"""The demo as a newcomer runs it, and the transcript that the README shows of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[1] / "README.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("a newcomer's folder")


def run_demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MMRAG_")}
    return subprocess.run(
        [sys.executable, "-m", "mmrag", "demo", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.fixture(scope="module")
def printed(folder: Path) -> str:
    run = run_demo(folder)
    assert "demo/brief.html" in run.stderr
    return run.stdout


def test_the_demo_answers_with_both_kinds_of_evidence(printed: str) -> None:
    assert printed.startswith("CLINICAL BRIEF")
    for part in ("IMAGING EVIDENCE", "LABORATORY EVIDENCE", "Leukocytes", "Effusion", "made up"):
        assert part in printed
    assert "0 dropped" in printed


def test_the_readme_shows_what_the_demo_prints(printed: str) -> None:
    readme = README.read_text(encoding="utf-8")
    block = readme.split("<!-- what mmrag demo prints -->\n```text\n")[1].split("```")[0]
    lines = iter(printed.splitlines())
    shown = [line for line in block.splitlines() if line.strip() and line.strip() != "..."]
    assert len(shown) > 20
    missing = [line for line in shown if line not in lines]  # `in` moves on: order counts
    assert not missing, f"the README shows what the demo no longer prints: {missing[0]!r}"


def test_the_page_has_pictures_and_needs_no_other_host(printed: str, folder: Path) -> None:
    page = (folder / "demo" / "brief.html").read_text(encoding="utf-8")
    assert page.count('src="data:image/') >= 4
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page


def test_again_it_ingests_nothing_and_answers_the_same(printed: str, folder: Path) -> None:
    assert run_demo(folder).stdout == printed
    answer = json.loads(run_demo(folder, "--json").stdout)
    assert answer["query"]["text"] == "pneumonia with pleural effusion"
    assert all(film["made_up"] for film in answer["films"])
