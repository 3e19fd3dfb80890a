from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.findings import load_findings
from mmrag.clinical.lexicon import mended_words
from mmrag.clinical.suggestions import near_misses


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("edma", {"edma": ("edema",)}),
        ("fybrosys", {"fybrosys": ("fibrosis",)}),
        ("leukocitosis", {"leukocitosis": ("leukocytosis", "leucocytosis")}),
        ("lower lobe, portable, CABG", {}),
        ("effusion", {}),
        ("x 12 ???", {}),
    ],
)
def test_near_misses(text: str, near: dict[str, tuple[str, ...]]) -> None:
    assert near_misses(text) == near


def test_what_was_mended_is_told() -> None:
    assert mended_words("plural efusion, pneumo thorax or cardiomegaly") == [
        ("plural", "pleural"),
        ("efusion", "effusion"),
    ]


def test_a_word_of_the_lexicon_is_never_mended() -> None:
    for finding in load_findings().findings.values():
        for phrase in (finding.name, finding.display, *finding.synonyms, *finding.signs):
            assert mended_words(phrase) == []


@given(st.text(max_size=60))
def test_any_text_has_suggestions_or_none(text: str) -> None:
    assert all(near for near in near_misses(text).values())
