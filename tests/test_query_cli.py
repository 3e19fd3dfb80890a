"""``mmrag query``, and a compiled question in place of words."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mmrag import Engine
from mmrag.cli import main
from mmrag.clinical.query import compile_query

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def mmrag(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str, given: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mmrag", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return run


def test_shows_what_was_understood_and_what_was_not(mmrag: Run) -> None:
    code, out, err = mmrag("query", "small left efusion or mass, WBC above 12, fybrosys, portable")
    assert (code, err) == (0, "")
    assert "small left pleural effusion or lung mass" in out
    assert "leukocytes above 12" in out
    assert '"efusion" as effusion' in out
    assert "fybrosys portable (not understood" in out
    assert '"fybrosys": fibrosis' in out
    assert "neither side nor size" in out


def test_a_question_without_a_meaning_says_so(mmrag: Run) -> None:
    assert "understood  nothing" in mmrag("query", "films like this")[1]


def test_control_characters_never_reach_the_terminal(mmrag: Run) -> None:
    assert "\x1b" not in mmrag("query", "effusion \x1b[31m red")[1]


def test_json_goes_out_and_comes_back(mmrag: Run, tmp_path: Path) -> None:
    printed = mmrag("query", "left effusion, WBC above 12", "--json")[1]
    assert json.loads(printed) == json.loads(
        compile_query("left effusion, WBC above 12").model_dump_json()
    )
    file = tmp_path / "q.json"
    file.write_text(printed, encoding="utf-8-sig")
    assert mmrag("query", "--query", str(file), "--json")[1] == printed
    assert mmrag("query", "--query", "-", "--json", given=printed.encode())[1] == printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("effusion without effusion",), "leave one out"),
        ((), "the question is empty"),
        (("effusion", "--query", "-"), "give words or --query FILE"),
        (("--query", "/nowhere.json"), "/nowhere.json: "),
        (("--query", "-"), "standard input: is not UTF-8"),
    ],
)
def test_refusals_are_one_line_and_code_2(
    mmrag: Run, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = mmrag("query", *arguments, given=b"\xff")
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_search_and_brief_take_a_compiled_question(
    mmrag: Run, filled_home: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMRAG_HOME", str(filled_home))
    monkeypatch.delenv("MMRAG_DSN", raising=False)
    question = b'{"findings": [{"finding": "Effusion"}], "patient": {"sex": "F"}}'
    found = json.loads(mmrag("search", "--query", "-", "--json", given=question)[1])
    assert found["query"]["text"] == "pleural effusion; female"
    assert {film["sex"] for film in found["films"]} == {"F"}
    assert "pleural effusion; female" in mmrag("brief", "--query", "-", given=question)[1]
    again = json.dumps(found["query"]).encode()
    assert json.loads(mmrag("search", "--query", "-", "--json", given=again)[1]) == found
    code, _, err = mmrag("search", "--query", "-", given=b'{"finding": "Effusion"}')
    assert code == 2
    assert "finding: unknown key: did you mean findings?" in err


def test_the_engine_takes_one_as_well(engine: Engine) -> None:
    query = compile_query("effusion without pneumothorax in women")
    by_words, compiled = engine.search(query.text, films=3), engine.search(query, films=3)
    assert compiled == by_words
    assert engine.brief(query, films=3).query == query
