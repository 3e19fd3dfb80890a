"""A state is called by what is counted, never by what the question rules out."""

from __future__ import annotations

import pytest

from mmrag.clinical.query import compile_query
from mmrag.retrieval.lab_words import state_words


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("leukocytosis", "leukocytosis"),
        ("no leukocytosis", "not leukocytosis"),
        ("mass without basophilia", "not basophilia"),
        ("haemoglobin below 12 g/dL", "haemoglobin below 12 g/dL"),
        ("not haemoglobin below 12 g/dL", "haemoglobin at least 12 g/dL"),
        ("emphysema without WBC above 12", "leukocytes at most 12 10*3/uL"),
        ("latest haemoglobin between 10 and 12 g/dL", "latest haemoglobin between 10 and 12 g/dL"),
        ("platelets", "platelets"),
    ],
)
def test_the_words_ask_for_what_is_counted(question: str, words: str) -> None:
    (term,) = compile_query(question).labs
    assert state_words(term) == words
    (again,) = compile_query(words).labs
    assert (again.comparison, again.value, again.upper, again.negated, again.flag) == (
        term.comparison,
        term.value,
        term.upper,
        term.negated,
        term.flag,
    )
