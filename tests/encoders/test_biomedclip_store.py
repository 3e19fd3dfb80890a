"""The store takes vectors of another length, and never those of another space."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mmrag import Engine
from mmrag.cli import main
from mmrag.encoders.openvino_towers import cpu_has_bf16
from mmrag.errors import SpaceMismatch
from mmrag.sources.demo import DemoFolders
from tests.encoders.made_models import SMALL


def test_one_store_never_mixes_two_precisions(
    small_encoders: Path,
    made_up: DemoFolders,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MMRAG_ENCODERS", str(small_encoders))
    monkeypatch.setenv("MMRAG_PRECISION", "fp32")
    home = tmp_path / "home"
    with Engine.open(home, encoder="biomedclip") as engine:
        report = engine.ingest("nih", made_up.films)
        assert report.films.added > 0
        engine.ingest("synthea", made_up.labs)
        assert len(engine.search("pleural effusion", films=5, labs=2).films) == 5
        assert engine.status().space is not None
        assert str(SMALL["embed_dim"]) in " ".join(
            f"{name} {v}" for name, v in engine.status().lines()
        )
    with Engine.open(home, encoder="compact") as engine, pytest.raises(SpaceMismatch):
        engine.search("pleural effusion")
    if not cpu_has_bf16():
        return
    monkeypatch.setenv("MMRAG_PRECISION", "bf16")
    with Engine.open(home, encoder="biomedclip") as engine, pytest.raises(SpaceMismatch) as caught:
        engine.search("pleural effusion")
    for name in ("biomedclip", "fp32", "bf16"):
        assert name in str(caught.value)


def test_the_command_line_refuses_another_space_and_names_the_mend_that_works(
    small_encoders: Path,
    made_up: DemoFolders,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MMRAG_ENCODERS", str(small_encoders))
    monkeypatch.setenv("MMRAG_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MMRAG_DSN", raising=False)

    def mmrag(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mmrag", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    ingest = ("ingest", "nih", str(made_up.films))
    question = ("search", "pleural effusion", "--labs", "0", "--json")
    biomedclip = ("--encoder", "biomedclip")
    assert mmrag(*ingest)[0] == 0
    for command in (question, ingest):
        code, out, err = mmrag(*command, *biomedclip)
        assert (code, out) == (3, "")
        assert err.count("\n") == 1
        for part in ("compact:", "biomedclip:", "(length 96)", "--again", "MMRAG_HOME"):
            assert part in err
    code, _, err = mmrag(*ingest, *biomedclip, "--again")
    assert code == 0, err
    code, out, err = mmrag(*question, *biomedclip)
    assert code == 0, err
    assert len(json.loads(out)["films"]) == 10
    assert mmrag(*question)[0] == 3
