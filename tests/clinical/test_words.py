from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.words import fold, words_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Oedema", "edema"),
        ("œdéma", "edema"),
        ("tumours", "tumor"),
        ("fibre", "fiber"),
        ("haemothorax", "hemothorax"),
        ("hepatisation", "hepatization"),
        ("Atelectases", "atelectasis"),
        ("metastases", "metastasis"),
        ("diseases", "disease"),
        ("pneumothoraces", "pneumothorax"),
        ("bullae", "bulla"),
        ("masses", "mass"),
        ("opacities", "opacity"),
        ("knees", "knee"),
        ("Hampton\u2019s", "Hampton's"),
        ("\uff25\uff26\uff26\uff35\uff33\uff29\uff2f\uff2e", "effusion"),
    ],
)
def test_spellings_of_one_word_fold_to_one(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("mass", "mas"), ("pus", "pu")])
def test_different_words_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_hyphen_and_underscore_join_comma_and_slash_part() -> None:
    joined = {w.folded: w.joined for w in words_of("air-fluid_level, mass/nodule")}
    assert joined == {"air": False, "fluid": True, "level": True, "mass": False, "nodule": False}


def test_decimal_number_is_one_word() -> None:
    assert [w.folded for w in words_of("ratio 0.55 w/o edema?")] == [
        "ratio",
        "0.55",
        "w/o",
        "edema",
        "?",
    ]


@given(st.text())
def test_words_lie_in_the_text_in_order(text: str) -> None:
    end = 0
    for word in words_of(text):
        assert end <= word.start < word.end <= len(text)
        assert word.folded
        end = word.end


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1))
def test_fold_ignores_case(word: str) -> None:
    assert fold(word.upper().lower()) == fold(word.upper().lower().casefold())
