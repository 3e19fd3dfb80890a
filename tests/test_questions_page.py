"""What ``docs/questions.md`` says of questions is how they are read."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from mmrag.cli import main
from mmrag.clinical.describe import describe
from mmrag.clinical.query import compile_query
from mmrag.clinical.query_json import read_query
from mmrag.errors import QueryError

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "questions.md").read_text(encoding="utf-8")
ROWS = [
    (question, meaning.strip())
    for written, meaning in re.findall(r"^\| (`.+`) \| (.+) \|$", PAGE, re.MULTILINE)
    for question in re.findall(r"`([^`]+)`", written)
]
SHOWN = re.findall(r"```console\n\$ (.+)\n([^`]+)```", PAGE)


@pytest.mark.parametrize(("question", "meaning"), ROWS)
def test_the_tables_say_how_it_is_read(question: str, meaning: str) -> None:
    assert describe(compile_query(question)) == meaning


@pytest.mark.parametrize(("command", "printed"), SHOWN)
def test_the_commands_print_what_is_shown(
    command: str,
    printed: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", shlex.split(command))
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0
    assert capsys.readouterr().out == printed


def test_the_refusals_refuse() -> None:
    (paragraph,) = re.findall(r"## When it refuses\n(.+?)##", PAGE, re.DOTALL)
    questions = [" ".join(q.split()) for q in re.findall(r"`([^`]+)`", paragraph)]
    assert len(questions) >= 5
    for question in [*questions, "highest WBC", "right effusion, no left effusion"]:
        with pytest.raises(QueryError):
            compile_query(question)


def test_the_json_is_the_question_that_is_written_below_it() -> None:
    (content,) = re.findall(r"```json\n(.+?)```", PAGE, re.DOTALL)
    (words,) = re.findall(r"```text\n(.+?)\n```", PAGE, re.DOTALL)
    assert read_query(content, "page").text == words


def test_there_is_something_to_test() -> None:
    assert len(ROWS) >= 30
    assert len(SHOWN) >= 4
