"""Compiled questions as JSON: printed, edited, given back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.query import compile_query
from mmrag.clinical.query_check import checked
from mmrag.clinical.query_json import read_query
from mmrag.clinical.question import DiagnosisTerm
from mmrag.errors import QueryError


@pytest.mark.parametrize(
    "text",
    [
        "large left effusion or mass, no pneumothorax, in women over 60, AP",
        "airspace disease without pneumonia, WBC above 12 or fever since 2019",
        "BP over 140/90 and no anaemia in patients with diabetes",
        "isolated pneumothorax, portable",
        "normal blood count",
        "normal chest",
    ],
)
def test_what_is_printed_reads_back_unchanged(text: str) -> None:
    query = compile_query(text)
    assert read_query(query.model_dump_json(indent=2), "q.json") == query


def test_an_edited_question_is_written_out_anew() -> None:
    printed = json.loads(compile_query("left effusion").model_dump_json())
    printed["findings"][0]["side"] = "right"
    query = read_query(json.dumps(printed), "q.json")
    assert query.text == "right pleural effusion"
    printed["findings"] = []
    printed["patient"] = {"sex": "F"}
    assert read_query(json.dumps(printed), "q.json").text == "female"


def test_of_a_result_the_key_is_enough() -> None:
    (term,) = read_query(
        '{"labs": [{"analyte": "leukocytes", "comparison": "above", "value": 12}]}', "q.json"
    ).labs
    assert (term.name, term.unit) == ("leukocytes", "10*3/uL")
    assert "6690-2" in term.loinc
    (group,) = read_query('{"labs": [{"analyte": "blood count"}]}', "q.json").labs
    assert "haemoglobin" in group.analytes


def test_codes_are_those_of_the_tables_and_of_the_store() -> None:
    query = compile_query("WBC above 12 in patients with diabetes")
    labs = tuple(term.model_copy(update={"loinc": ("0-0",)}) for term in query.labs)
    resolved = DiagnosisTerm(
        names=("diabetes",), codes=("44054006",), written=query.diagnoses[0].written
    )
    edited = query.model_copy(update={"labs": labs, "diagnoses": (resolved,)})
    assert checked(edited) == query


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "q.json: no JSON"),
        ("[]", "one JSON object"),
        ("{", "no JSON"),
        ('{"findigns": []}', "findigns: unknown key: did you mean findings?"),
        ('{"findings": [{"finding": "Efusion"}]}', "did you mean Effusion?"),
        ('{"findings": [{"finding": "Mass", "sid": "left"}]}', "findings.1.sid: unknown key: did"),
        ('{"findings": [{"finding": "Mass", "side": "top"}]}', "'left', 'right' or 'bilateral'"),
        ('{"findings": [{}]}', "findings.1.finding: is missing"),
        (
            '{"findings": [{"finding": "Mass"}, {"finding": "Mass", "assertion": "absent"}]}',
            "Mass is both asked for and ruled out: leave one out",
        ),
        ("{}", "asks for nothing"),
        ('{"exclusive": true}', "no finding is asked for"),
        ('{"normal_chest": true, "findings": [{"finding": "Mass"}]}', "leave one out"),
        ('{"view": "LL"}', "known are PA, AP, LATERAL"),
        ('{"patient": {"sex": "X"}}', "'F' or 'M'"),
        ('{"patient": {"age_min": 70, "age_max": 60}}', "swap them"),
        ('{"period": {"since": "2020-01-02", "until": "2020-01-01"}}', "swap them"),
        ('{"labs": [{"analyte": "wbc"}]}', "'wbc' is not known"),
        ('{"labs": [{"analyte": "crp", "comparison": "above"}]}', "needs a value"),
        ('{"labs": [{"analyte": "crp", "value": 3}]}', "takes no value"),
        ('{"labs": [{"analyte": "crp", "comparison": "flagged"}]}', "needs a flag"),
        (
            '{"labs": [{"analyte": "crp", "comparison": "between", "value": 9, "upper": 3}]}',
            "swap them",
        ),
        (
            '{"labs": [{"analyte": "crp", "comparison": "above", "value": 3, "unit": "mm[Hg]"}]}',
            "cannot be in",
        ),
        ('{"labs": [{"analyte": "crp", "comparison": "above", "value": NaN}]}', "is no number"),
        ('{"labs": [3]}', "labs.1"),
        ('{"text": 3}', "text: "),
    ],
)
def test_what_is_wrong_is_said_in_one_line(content: str, message: str) -> None:
    with pytest.raises(QueryError) as error:
        read_query(content, "q.json")
    assert str(error.value).startswith("q.json: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["findings", "finding", "labs", "analyte", "patient", "text", "view"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(json_values)
def test_any_json_is_a_question_or_refused(value: object) -> None:
    try:
        query = read_query(json.dumps(value), "q.json")
    except QueryError:
        return
    assert query.text


def test_depth_without_end_is_refused() -> None:
    with pytest.raises(QueryError, match=r"q\.json: no question \(nested too deeply\)"):
        read_query("[" * 100_000, "q.json")
