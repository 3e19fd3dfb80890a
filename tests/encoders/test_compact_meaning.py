from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mmrag.encoders import compact_meaning
from mmrag.encoders.compact_meaning import meant
from mmrag.encoders.compact_space import FINDINGS, anchor
from mmrag.encoders.compact_text import encode
from mmrag.errors import EncoderError


def along_findings(text: str) -> dict[str, float]:
    """Where a text lies along each finding's axis that it is not at right angles to."""
    vector = encode([text])[0]
    cosines = {name: float(vector @ anchor(name)) for name in FINDINGS}
    return {name: cosine for name, cosine in cosines.items() if cosine}


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("the belly organs slid up past the diaphragm", "Hernia"),
        ("air squeezed the whole lung flat against its root", "Pneumothorax"),
        ("liquid sits at the bottom of the chest cavity", "Effusion"),
    ],
)
def test_words_outside_the_lexicon_land_near_their_finding(text: str, finding: str) -> None:
    found = along_findings(text)
    assert max(found, key=found.__getitem__) == finding


@pytest.mark.parametrize(
    "text",
    [
        "a broken collarbone",
        "show me the latest",
        "pacemaker leads",
        "my neighbour's dog barks",
        "",
    ],
)
def test_words_about_something_else_mean_no_finding(text: str) -> None:
    assert along_findings(text) == {}


@given(st.text(alphabet="bcdfghjklmnpqrstvwxz", min_size=4, max_size=12))
def test_a_word_that_nobody_knows_changes_nothing(word: str) -> None:
    assume(word not in compact_meaning._table().place)
    assume(compact_meaning._speller().mend(word) == word)
    sentence = "liquid sits at the bottom of the chest cavity"
    words = sentence.split()
    assert meant([*words, word]) == meant(words)


def test_a_slip_of_the_pen_is_forgiven() -> None:
    assert meant(["diaphragmatic", "stomache"]) == meant(["diaphragmatic", "stomach"])


def test_a_text_that_names_a_finding_is_left_to_the_lexicon() -> None:
    text = "cardiomegaly, liquid at the bottom of the chest cavity"
    assert set(along_findings(text)) == {"Cardiomegaly"}


def test_a_text_that_names_an_analyte_is_left_to_it() -> None:
    assert along_findings("leukocytes high, liquid at the bottom") == {}


def test_shares_leave_room_for_none_of_the_findings() -> None:
    found = meant(["liquid", "sits", "at", "the", "bottom", "of", "the", "chest", "cavity"])
    assert set(found) == set(FINDINGS)
    assert 0 < sum(found.values()) < 1


def test_order_and_repetition_do_not_matter() -> None:
    words = ["liquid", "at", "the", "bottom", "of", "the", "chest"]
    assert meant(words) == meant([*reversed(words), "liquid"])


def test_a_damaged_table_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "compact_words.npz"
    broken.write_bytes(b"no table")
    broken.with_name("compact_words.npz.sha256").write_text(hashlib.sha256(b"").hexdigest())
    monkeypatch.setattr(compact_meaning, "SHIPPED", broken)
    for cached in (compact_meaning.table_hash, compact_meaning._table, compact_meaning._stop_rows):
        cached.cache_clear()
    with pytest.raises(EncoderError, match=r"compact_words\.npz: missing or damaged: install"):
        meant(["liquid"])
    for cached in (compact_meaning.table_hash, compact_meaning._table, compact_meaning._stop_rows):
        cached.cache_clear()


def test_the_table_is_whole_numbers() -> None:
    table = compact_meaning._table()
    assert table.log_odds.dtype == np.int64
    assert table.log_odds.shape == (len(table.place) + 1, len(FINDINGS) + 1)
