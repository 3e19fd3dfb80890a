"""``mmrag brief --writer`` and ``Engine.brief(writer=True)`` over a real store."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from mmrag import Engine, InputError, Settings
from mmrag.brief import load_brief
from mmrag.cli import main
from tests.brief.writer.speaking import KEY, serving, streaming, whole


def repeating(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """Say every claim that was told, and one thing of its own."""
    told = [json.loads(line) for line in body["messages"][1]["content"].splitlines()[1:]]
    said = [{"text": claim["text"], "claims": [claim["id"]]} for claim in told]
    said.append({"text": "A CT is recommended.", "claims": ["c1"]})
    streaming("\n".join(map(json.dumps, said)), 4000)(handler, body)


def run(monkeypatch: pytest.MonkeyPatch, home: Path, url: str, *options: str) -> int:
    monkeypatch.setenv("MMRAG_HOME", str(home))
    monkeypatch.setenv("MMRAG_WRITER_URL", url)
    monkeypatch.setenv("MMRAG_WRITER_MODEL", "tiny")
    monkeypatch.setenv("MMRAG_WRITER_KEY", KEY)
    monkeypatch.delenv("MMRAG_DSN", raising=False)
    monkeypatch.setattr(sys, "argv", ["mmrag", "brief", "pleural effusion", "--writer", *options])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


def test_the_engine_writes_every_claim(filled_home: Path) -> None:
    with serving(repeating) as served:
        settings = Settings(home=filled_home, dsn=None, writer_url=served.url, writer_model="tiny")
        with Engine.open(settings=settings) as engine:
            brief = engine.brief("pleural effusion with leukocytosis", writer=True)
    assert brief.written is not None
    reasons = dict(brief.written.rejections)
    assert reasons.pop("it states advice (recommended)") == 1
    assert all(reason.startswith("it is longer than") for reason in reasons), reasons
    assert [s.claims for s in brief.written.sentences] == [(c.id,) for c in brief.claims]
    assert len(brief.written.by_model) == len(brief.claims) - sum(reasons.values())
    assert str(filled_home) not in served.sent


def test_without_the_flag_nobody_is_asked(filled_home: Path) -> None:
    with serving(repeating) as served:
        settings = Settings(home=filled_home, dsn=None, writer_url=served.url, writer_model="tiny")
        with Engine.open(settings=settings) as engine:
            assert engine.brief("pleural effusion").written is None
    assert served.bodies == []


def test_without_settings_it_is_wrong_use(filled_home: Path) -> None:
    settings = Settings(home=filled_home, dsn=None, writer_url=None, writer_model=None)
    with Engine.open(settings=settings) as engine, pytest.raises(InputError, match="WRITER_URL"):
        engine.brief("pleural effusion", writer=True)


def test_the_command_prints_the_sentences_and_its_json_can_be_read_again(
    filled_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving(repeating) as served:
        assert run(monkeypatch, filled_home, served.url) == 0
        shown = capsys.readouterr()
        file = tmp_path / "brief.json"
        assert run(monkeypatch, filled_home, served.url, "--json", "--out", str(file)) == 0
    assert "IN A LANGUAGE MODEL'S WORDS" in shown.out
    assert "advice (recommended)" in shown.out
    assert KEY not in shown.out + shown.err
    assert load_brief(file).written is not None


def test_a_server_that_fails_costs_one_line_and_nothing_else(
    filled_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(whole("", refusal="no")) as served:
        assert run(monkeypatch, filled_home, served.url) == 0
    shown = capsys.readouterr()
    assert "IMAGING EVIDENCE" in shown.out
    (line,) = shown.err.strip().splitlines()
    assert line.endswith("the model refuses")
