"""The command line as a user types it: output, exit codes, one line of error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mmrag import Engine
from mmrag.cli import main
from mmrag.sources.demo import DemoFolders

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def mmrag(
    filled_home: Path,
    engine: Engine,  # keeps the server up, so that each command only attaches
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run one command in this process, over the made-up store unless told otherwise."""

    def run(*arguments: str, home: Path = filled_home) -> tuple[int, str, str]:
        monkeypatch.setenv("MMRAG_HOME", str(home))
        monkeypatch.delenv("MMRAG_DSN", raising=False)
        monkeypatch.setattr(sys, "argv", ["mmrag", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return run


def test_search_prints_the_contract(mmrag: Run) -> None:
    code, out, err = mmrag("search", "pleural effusion", "--films", "4", "--labs", "3", "--json")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert {"query", "films", "labs", "coverage", "linkage"} <= answer.keys()
    assert {"text", "findings", "labs", "patient", "free_text"} <= answer["query"].keys()
    film, lab = answer["films"][0], answer["labs"][0]
    assert {
        "rank", "id", "source", "patient", "score", "findings", "view", "age", "sex", "why",
    } <= film.keys()  # fmt: skip
    assert {
        "rank", "report", "source", "patient", "effective_at", "score", "observations", "why",
    } <= lab.keys()  # fmt: skip
    assert {
        "loinc", "name", "value", "unit", "low", "high", "range_source", "flag", "matched",
    } <= lab["observations"][0].keys()  # fmt: skip
    assert {"requested", "returned", "searched"} <= answer["coverage"]["films"].keys()
    assert answer["query"]["findings"][0]["finding"] == "Effusion"
    assert film["patient"].startswith("demo:")
    assert lab["effective_at"].endswith("Z")


def test_a_named_analyte_is_marked(mmrag: Run) -> None:
    _, out, _ = mmrag("search", "platelets", "--labs", "10", "--films", "0", "--json")
    labs = json.loads(out)["labs"]
    assert len(labs) == 10
    for lab in labs:
        assert {o["loinc"] for o in lab["observations"] if o["matched"]} == {"777-3"}


def test_search_for_people(mmrag: Run) -> None:
    code, out, _ = mmrag("search", "pneumonia with pleural effusion")
    assert code == 0
    assert "Films" in out
    assert "Laboratory" in out
    assert "made up" in out


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("text", "CLINICAL BRIEF"),
        ("plain", "CLINICAL BRIEF"),
        ("markdown", "# "),
        ("html", "<!doctype html>"),
        ("json", "{"),
        ("fhir", "{"),
    ],
)
def test_brief_in_every_form(mmrag: Run, form: str, begins: str) -> None:
    code, out, _ = mmrag("brief", "effusion", "--format", form, "--films", "2", "--labs", "2")
    assert code == 0
    assert out.startswith(begins)
    assert "research only" in out


def test_brief_json_has_the_claims(mmrag: Run) -> None:
    _, out, _ = mmrag("brief", "effusion", "--json")
    answer = json.loads(out)
    assert {"claims", "dropped", "linkage", "space", "disclaimer", "films"} <= answer.keys()
    assert {"encoder", "fingerprint"} <= answer["space"].keys()
    assert {"id", "kind", "section", "text", "citations", "checked"} <= answer["claims"][0].keys()


def test_brief_into_a_file(mmrag: Run, tmp_path: Path) -> None:
    page = tmp_path / "brief.html"
    code, out, err = mmrag("brief", "effusion", "--format", "html", "--out", str(page))
    assert (code, out) == (0, "")
    assert str(page) in err
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    code, _, err = mmrag("brief", "effusion", "--out", str(tmp_path / "no" / "brief.txt"))
    assert code == 2
    assert "choose another --out" in err


def test_a_brief_that_holds_is_exit_code_0_and_one_that_does_not_is_1(
    mmrag: Run, tmp_path: Path
) -> None:
    file = tmp_path / "brief.json"
    mmrag("brief", "pleural effusion", "--format", "json", "--films", "3", "--out", str(file))
    code, out, err = mmrag("brief", "--replay", str(file))
    assert (code, err) == (0, "")
    assert "Everything still holds." in out
    file.write_text(file.read_text("utf-8").replace("is labelled", "shows"), "utf-8")
    code, out, _ = mmrag("brief", "--replay", str(file), "--json")
    assert code == 1
    outcome = json.loads(out)
    assert not outcome["holds"]
    assert any(not claim["holds"] and claim["why"] for claim in outcome["claims"])


@pytest.mark.parametrize(
    ("others", "named"),
    [
        (("effusion",), "leave out the words"),
        (("--query", "q.json"), "leave out --query"),
        (("--films", "10", "--labs", "0"), "leave out --films, --labs"),
        (("--film", "a.png", "--itself"), "leave out --film, --itself"),
        (("--format", "html", "--out", "b.html", "--writer"), "--format, --out, --writer"),
    ],
)
def test_a_replay_takes_no_other_question_or_form(
    mmrag: Run, tmp_path: Path, others: tuple[str, ...], named: str
) -> None:
    code, out, err = mmrag("brief", "--replay", str(tmp_path / "brief.json"), *others)
    assert (code, out) == (2, "")
    assert named in err
    assert len(err.splitlines()) == 1


def test_the_schema_is_printed_without_a_store(mmrag: Run, tmp_path: Path) -> None:
    code, out, _ = mmrag("brief", "--schema", home=tmp_path / "none")
    assert code == 0
    assert json.loads(out)["title"] == "Brief"
    assert not (tmp_path / "none").exists()


def test_status_of_something_and_of_nothing(mmrag: Run, tmp_path: Path) -> None:
    _, out, _ = mmrag("status", "--json")
    assert json.loads(out)["films"]["demo"]["films"] == 40
    code, out, _ = mmrag("status", home=tmp_path / "new")
    assert code == 0
    assert "nothing yet" in out
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", ""),
        ("search", "x" * 2001),
        ("search", "effusion", "--films", "-1"),
        ("search", "effusion", "--image", "/nowhere.png"),
        ("brief", "effusion", "--format", "pdf"),
        ("brief", "--replay", "/nowhere.json"),
        ("brief", "effusion", "--replay", "/nowhere.json"),
        ("brief", "--replay", __file__),
        ("ingest", "nih", "/nowhere"),
        ("ingest", "tarot", "."),
        ("refuse", "--w-pixel", "0", "--w-label", "0"),
        ("refuse", "--w-pixel", "nan", "--w-label", "1"),
        ("serve", "--port", "99999999"),
        ("nonsense",),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(mmrag: Run, arguments: tuple[str, ...]) -> None:
    code, out, err = mmrag(*arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("mmrag: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_an_unknown_encoder_is_refused(mmrag: Run) -> None:
    code, _, err = mmrag("search", "effusion", "--encoder", "tea-leaves")
    assert code == 2
    assert "tea-leaves" in err


def test_an_unreachable_server_is_exit_code_3_and_keeps_the_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "MMRAG_HOME": str(tmp_path),
        "MMRAG_DSN": "postgresql://me:s3cret@127.0.0.1:9/none?connect_timeout=2",
    }
    run = subprocess.run(
        [sys.executable, "-m", "mmrag", "search", "effusion"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 3
    assert run.stderr.count("\n") == 1
    assert "s3cret" not in run.stderr + run.stdout


def test_debug_shows_the_traceback(mmrag: Run) -> None:
    code, _, err = mmrag("--debug", "search", "")
    assert code == 2
    assert "Traceback" in err


def test_ingest_reports_what_did_not_go_in(
    mmrag: Run, own_copy: DemoFolders, tmp_path: Path
) -> None:
    picture = sorted((own_copy.films / "images").iterdir())[0]
    picture.write_bytes(b"not a film")
    home = tmp_path / "home"
    code, out, err = mmrag("ingest", "nih", str(own_copy.films), home=home)
    assert (code, err) == (0, "")
    assert picture.name in out
    code, out, _ = mmrag("ingest", "nih", str(own_copy.films), "--json", home=home)
    report = json.loads(out)
    assert report["films"] == {"added": 0, "changed": 0, "unchanged": 39}
    assert [line["kind"] for line in report["problems"]] == ["bad-film"]


def test_an_ingest_of_which_nothing_goes_in_fails(mmrag: Run, tmp_path: Path) -> None:
    page = tmp_path / "page.json"
    page.write_text("<html>not found</html>", encoding="utf-8")
    code, out, err = mmrag("ingest", "fhir", str(page), "--json", home=tmp_path / "home")
    assert [line["kind"] for line in json.loads(out)["problems"]] == ["broken-file"]
    assert code == 2
    assert err.count("\n") == 1
    assert "page.json: nothing of it went in" in err


def test_a_problem_is_one_line_however_long_its_file_is_called(
    mmrag: Run, own_copy: DemoFolders, tmp_path: Path
) -> None:
    picture = own_copy.films / "images" / f"{'long ' * 30}name.png"
    picture.write_bytes(b"not a film")
    _, out, _ = mmrag("ingest", "nih", str(own_copy.films), home=tmp_path / "home")
    line = f"  {picture.name}: not a PNG or JPEG image: replace or remove the file"
    assert line in out.splitlines()


@pytest.mark.parametrize("columns", ["40", "80"])
def test_a_narrow_terminal_shows_whole_identifiers(
    mmrag: Run, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    _, out, _ = mmrag("search", "pleural effusion", "--films", "1", "--labs", "0", "--json")
    film = json.loads(out)["films"][0]
    monkeypatch.setenv("COLUMNS", columns)
    _, out, _ = mmrag("search", "pleural effusion", "--films", "1", "--labs", "0")
    assert f"{film['score']:.3f}" in out
    header, *rows = [line for line in out.splitlines() if line.startswith(" ")]
    column = slice(header.index("film"), header.index("pati"))
    assert "".join(row[column].strip() for row in rows) == film["id"]


def test_help_instead_of_arguments_says_nothing_more(mmrag: Run) -> None:
    code, out, err = mmrag()
    assert code == 2
    assert "Usage" in out
    assert err == ""


@pytest.mark.parametrize(
    ("shell", "code", "said"),
    [
        ("mmrag brief --schema >/dev/full", 3, "mmrag: the output: No space left on device"),
        ("mmrag brief --schema >&-", 0, ""),
        ("mmrag brief --schema | head -c 1 >&2; exit ${PIPESTATUS[0]}", 0, "{"),
    ],
)
def test_output_that_nobody_takes(shell: str, code: int, said: str, tmp_path: Path) -> None:
    command = f'mmrag() {{ {sys.executable} -m mmrag "$@"; }}; {shell}'
    run = subprocess.run(
        ["/bin/bash", "-c", command],
        env=os.environ | {"MMRAG_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == code
    assert run.stderr.startswith(said)
    assert run.stderr.count("\n") == (1 if code else 0)


def test_an_output_that_lacks_letters_gets_others(mmrag: Run, filled_home: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "mmrag", "search", "effusion", "--films", "9", "--labs", "9"],
        env=os.environ
        | {"MMRAG_HOME": str(filled_home), "PYTHONIOENCODING": "ascii", "COLUMNS": "20"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0
    assert run.stderr == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_ingest_says_how_to_go_on(
    own_copy: DemoFolders, tmp_path: Path, number: signal.Signals
) -> None:
    home = tmp_path / "home"
    with subprocess.Popen(
        [sys.executable, "-m", "mmrag", "ingest", "nih", str(own_copy.films)],
        env=os.environ | {"MMRAG_HOME": str(home)},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as run:
        while not (home / "postgres").exists() and run.poll() is None:
            time.sleep(0.01)
        run.send_signal(number)
        assert run.stderr is not None
        said = run.stderr.read()
    assert run.returncode == 130
    assert said.strip().splitlines() == [
        "mmrag: stopped; what was finished is stored, run the same command to go on"
    ]


def test_version_and_help(mmrag: Run) -> None:
    code, out, _ = mmrag("--version")
    assert (code, out) == (0, "mmrag 0.1.0\n")
    code, out, _ = mmrag("--help")
    assert code == 0
    for command in ("ingest", "search", "brief", "status", "refuse", "demo", "serve"):
        assert command in out
