"""The question in the address: compiled, edited by chips, and written as commands."""

from __future__ import annotations

import ast
import shlex
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.analytes import analytes
from mmrag.clinical.findings import finding_names
from mmrag.clinical.query import compile_query
from mmrag.clinical.query_json import read_query
from mmrag.clinical.question import AmongTerm, ClinicalQuery
from mmrag.errors import QueryError
from mmrag.web.page_chips import chips, edited, with_finding, with_result, without_result
from mmrag.web.page_commands import command_line, python_lines
from mmrag.web.page_state import PageState, compact, state_of

QUESTIONS = (
    "effusion without pneumothorax in women over 60",
    "effusion or pneumonia, WBC above 12",
    "isolated pneumothorax",
    "no finding, PA view",
    "leukocytosis and rising creatinine in diabetics",
    "platelets between 20 and 100 in men under 40",
    "airspace disease with small left effusion",
    "latest haemoglobin below 8, no mass, since 2020",
)


def read_back(address: str) -> PageState:
    parameters = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    return state_of(
        parameters.get("q", ""), parameters.get("query", ""), parameters.get("film"),
        parameters.get("image"),
    )  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_compiled_question_survives_the_address(question: str) -> None:
    query = compile_query(question)
    state = read_back(PageState().with_query(query).address)
    assert state.edited == query
    assert len(compact(query)) < len(query.model_dump_json())


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_chip_leads_to_a_question_that_reads(question: str) -> None:
    query = compile_query(question)
    laid_out = chips(PageState(words=question), query)
    assert laid_out
    for chip in laid_out:
        fewer = read_back(chip.without)
        assert fewer.edited is None or fewer.edited != query
        if chip.flipped is not None:
            flipped = read_back(chip.flipped)
            assert flipped.edited is not None
            assert flipped.edited != query


def test_the_last_chip_taken_out_leaves_the_empty_page() -> None:
    (chip,) = chips(PageState(words="effusion"), compile_query("effusion"))
    assert chip.without == "/"


def test_what_depends_on_a_finding_goes_with_it() -> None:
    query = compile_query("isolated pneumothorax")
    assert query.exclusive
    assert not with_finding(query, "Pneumothorax", "absent").exclusive
    normal = compile_query("normal chest")
    assert not with_finding(normal, "Mass", "present").normal_chest


@given(st.sampled_from(finding_names()), st.sampled_from(["present", "absent"]),
       st.sampled_from(sorted(analytes())), st.sampled_from([None, "high", "low"]))  # fmt: skip
def test_facets_make_questions_that_read(
    finding: str, assertion: str, analyte: str, flag: str | None
) -> None:
    asked = with_result(with_finding(ClinicalQuery(text=""), finding, assertion), analyte, flag)
    query = read_query(compact(asked), "a facet")
    assert [t.finding for t in query.findings] == [finding]
    assert [(t.analyte, t.flag) for t in query.labs] == [(analyte, flag)]
    assert without_result(query, analyte).labs == ()


def test_numbers_are_edited_in_their_place() -> None:
    query = compile_query("WBC above 12 in women over 60")
    assert edited(query, "lab-0", 9.5).labs[0].value == 9.5
    assert edited(query, "age_min", 40).patient.age_min == 40
    for unknown in ("lab-7", "lab-x", "sex", ""):
        assert edited(query, unknown, 1.0) == query


def test_what_is_no_question_is_said() -> None:
    with pytest.raises(QueryError, match="the question in the address"):
        state_of(query='{"findings": [{"finding": "Effusions"}]}')


def test_commands_say_the_words_or_the_compiled_question() -> None:
    words = PageState(words="effusion; rm -rf", films=3)
    line = command_line(words, compile_query("effusion"))
    assert shlex.split(line)[:3] == ["mmrag", "brief", "effusion; rm -rf"]
    among = compile_query("effusion").model_copy(update={"among": AmongTerm(labelled=True)})
    narrowed = PageState().with_query(among)
    assert " | mmrag brief --query - " in command_line(narrowed, among)
    assert 'read_query(\'{"text"' in python_lines(narrowed, among)
    compile(python_lines(narrowed, among), "page", "exec")
    film = PageState(film="nih:it's.png")
    assert shlex.split(command_line(film, ClinicalQuery(text="")))[2:4] == [
        "--film",
        "nih:it's.png",
    ]
    compile(python_lines(film, ClinicalQuery(text="")), "page", "exec")


def test_python_shows_what_cannot_be_seen_and_stays_python() -> None:
    words = "effusion \u202e \N{GRINNING FACE} 'quoted' \\ \"twice\""
    text = python_lines(PageState(words=words), compile_query(words))
    assert text.isascii()
    (call,) = (each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.Constant)
               and isinstance(each.value, str))  # fmt: skip
    assert call.value == words
