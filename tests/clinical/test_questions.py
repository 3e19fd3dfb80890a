"""Questions and their whole meaning, from ``questions.toml``."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.describe import describe
from mmrag.clinical.query import compile_query
from mmrag.clinical.question import ClinicalQuery, FindingTerm, LabTerm, PatientTerm
from mmrag.errors import QueryError

QUESTIONS: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("questions.toml").read_text(encoding="utf-8")
)["question"]
READ = [question for question in QUESTIONS if "refused" not in question]
REFUSED = [question for question in QUESTIONS if "refused" in question]
MARK = {"present": "+", "absent": "-", "uncertain": "?"}


@pytest.mark.parametrize("question", READ, ids=lambda q: q["text"])
def test_means(question: dict[str, Any]) -> None:
    query = compile_query(question["text"])
    assert meaning(query) == {
        "findings": question.get("findings", []),
        "labs": question.get("labs", []),
        "sex": question.get("sex"),
        "age": question.get("age"),
        "view": question.get("view"),
        "diagnoses": question.get("diagnoses", []),
        "period": question.get("period"),
        "free": question.get("free"),
        "normal_chest": question.get("normal_chest", False),
        "exclusive": question.get("exclusive", False),
    }
    if "written" in question:
        assert [term.written for term in query.findings] == question["written"]


@pytest.mark.parametrize("question", REFUSED, ids=lambda q: q["text"])
def test_is_refused_in_one_line_that_says_why(question: dict[str, Any]) -> None:
    with pytest.raises(QueryError) as error:
        compile_query(question["text"])
    assert question["refused"] in str(error.value)
    assert "\n" not in str(error.value)


def test_there_are_enough_of_them_and_none_twice() -> None:
    texts = [question["text"] for question in QUESTIONS]
    assert len(set(texts)) == len(texts) >= 150


def meaning(query: ClinicalQuery) -> dict[str, Any]:
    period = query.period
    return {
        "findings": [_finding(term) for term in query.findings],
        "labs": [_laboratory(term) for term in query.labs],
        "sex": query.patient.sex,
        "age": _age(query.patient),
        "view": query.view,
        "diagnoses": [name for term in query.diagnoses for name in term.names],
        "period": f"{period.since} {period.until}" if period else None,
        "free": query.free_text,
        "normal_chest": query.normal_chest,
        "exclusive": query.exclusive,
    }


def _finding(term: FindingTerm) -> str:
    words = [
        MARK[term.assertion] + term.finding,
        term.side,
        term.severity,
        f"({term.group})" if term.group else None,
    ]
    return " ".join(word for word in words if word)


def _laboratory(term: LabTerm) -> str:
    value = None if term.value is None else f"{term.value:g}"
    words = [
        term.time,
        "not" if term.negated else None,
        term.trend,
        term.analyte,
        term.comparison,
        value if term.upper is None else f"{value}..{term.upper:g}",
        term.unit,
        term.flag,
        "critically" if term.critical else None,
        f"({term.group})" if term.group else None,
    ]
    return " ".join(word for word in words if word)


def _age(patient: PatientTerm) -> str | None:
    if patient.age_min is None and patient.age_max is None:
        return None
    low = "None" if patient.age_min is None else f"{patient.age_min:g}"
    high = "None" if patient.age_max is None else f"{patient.age_max:g}"
    opening = "[" if patient.age_min_inclusive and patient.age_min is not None else "("
    closing = "]" if patient.age_max_inclusive and patient.age_max is not None else ")"
    return f"{opening}{low}, {high}{closing}"


MOST = [
    *("effusion", "left effusion", "severe edema", "pneumothorax", "mass", "opacity", "collapse"),
    *("no", "without", "possible", "cannot exclude", "not", "only", "isolated", "alone", "and"),
    *("or", "or", "(", ")", ",", ";", "with", "either", "neither", "nor", "nothing but", "versus"),
    *("WBC above 12", "leukocytosis", "latest haemoglobin", "women", "over sixty", "child"),
    *("PA view", "portable", "efusion", "no other finding", "normal chest", "?", "resolved"),
    *("hydropneumothorax", "airspace disease", "except", "in the right lung", "but", "highest"),
]


def compiled(words: list[str]) -> ClinicalQuery | None:
    """Compile, or say that it is refused: nothing else may happen."""
    try:
        return compile_query(" ".join(words))
    except QueryError as error:
        return pytest.fail(str(error)) if "\n" in str(error) else None


@given(st.lists(st.sampled_from(MOST), min_size=1, max_size=12))
def test_any_question_compiles_or_is_refused_and_can_be_kept(words: list[str]) -> None:
    query = compiled(words)
    if query is not None:
        assert ClinicalQuery.model_validate_json(query.model_dump_json()) == query
        absent, sought = set(query.absent), set(query.sought)
        assert not absent & sought
        assert sought or not query.exclusive


@given(st.lists(st.sampled_from(MOST), min_size=1, max_size=12))
def test_a_question_written_out_means_the_same(words: list[str]) -> None:
    query = compiled(words)
    if query is None or query.free_text is not None or not describe(query):
        return  # words left over stand elsewhere, where they may mean something
    again = compile_query(describe(query))
    assert alike(again) == alike(query)
    assert describe(again) == describe(query)


@given(
    st.sampled_from(READ),
    st.sampled_from(["please", "show me", "films of", "cases with", "patients with"]),
)
def test_idle_words_in_front_change_nothing(question: dict[str, Any], idle: str) -> None:
    if question["text"].startswith("?"):
        return  # the mark belongs to the word behind it
    if idle.endswith("with") and _names_whom_or_how(question["text"]):
        return  # nobody says "patients with elderly men", nor "cases with normal film"
    query = compile_query(f"{idle} {question['text']}")
    assert {**meaning(query), "free": None} == {
        **meaning(compile_query(question["text"])),
        "free": None,
    }


def _names_whom_or_how(text: str) -> bool:
    said = meaning(compile_query(text))
    return bool(said["sex"] or said["age"] or said["normal_chest"] or "only" in text)


def alike(query: ClinicalQuery) -> dict[str, Any]:
    """Give the meaning without the words that joined alternatives, and without their order."""
    said = meaning(query.model_copy(update={"findings": ()}))
    groups: dict[str | None, set[tuple[object, ...]]] = {}
    for t in query.findings:
        key = None if t.assertion == "absent" else t.group
        groups.setdefault(key, set()).add((t.finding, t.assertion, t.side, t.severity))
    one_by_one = groups.pop(None, set())
    labs = [re.sub(r" \(.*", " (or)", line) for line in said["labs"]]
    return {**said, "labs": labs, "findings": (one_by_one, sorted(map(sorted, groups.values())))}
