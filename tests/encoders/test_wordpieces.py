# ruff: noqa: RUF001  letters that look alike are what is tested
from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from mmrag.clinical.analytes import analytes
from mmrag.clinical.findings import load_findings
from mmrag.encoders.wordpieces import Wordpieces, clean
from mmrag.errors import EncoderError
from tests.conftest import SHARED

CONTEXT = 256

ODD = [
    "Größe des Ödems: 3 µm, β-Blocker abgesetzt",
    "épanchement pleural à gauche, œdème aigu",
    "derrame pleural pequeño; neumonía basal izquierda",
    "α1-antitrypsin, γ-GT 45 U/L, Δ = +3.2 %, ≥ 12 × 10^9/L",
    "WBC 12.1 10*3/uL (4.5–11.0), Hb 7.3 g/dL, K⁺ 5.9 mmol/L",
    "37.9 °C, SpO₂ 88 %, pCO2 6.4 kPa",
    "胸部X線 正常",
    "плевральный выпот",
    "no effusion.\n\n  Heart\tsize normal.",
    "COVID-19/SARS-CoV-2 (PCR+), 2021-08-23T03:26:50Z",
    "pneumothorax" * 40,
    "x" * 300,
    "[CLS] [SEP] [PAD] [MASK] ##ing",
    "a\u00adb\u200bc",
    "🙂 smiling",
    "",
    " ",
    "…",
]
MENDED = ["temp &gt; 38 &amp; rising", "naÃ¯ve T cells", "“left” ﬁbrosis’s", "ＷＢＣ"]
"""Texts that open_clip mends before it reads them."""


def _sentences() -> list[str]:
    findings = load_findings().findings.values()
    phrases = [phrase for finding in findings for phrase in finding.synonyms]
    phrases += [prompt for finding in findings for prompt in finding.positive]
    phrases += [name for analyte in analytes().values() for name in analyte.names]
    long = [" ".join(phrases[start : start + 150]) for start in range(0, 300, 50)]
    reports = _reports() if SHARED.is_dir() else []
    return [*ODD, *long, *reports, *phrases][:500]


def _reports() -> list[str]:
    texts = []
    for file in itertools.islice(sorted((SHARED / "openi").rglob("*.xml")), 120):
        parts = [part.text or "" for part in ElementTree.parse(file).iter("AbstractText")]
        texts.append(" ".join(parts))
    return texts


@pytest.fixture(scope="module")
def tokenizer(small_model: Path) -> Wordpieces:
    return Wordpieces(small_model / "tokenizer.json", CONTEXT)


@pytest.fixture(scope="module")
def transformers_tokenizer(small_model: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(small_model)


def test_500_sentences_have_the_ids_of_transformers(
    tokenizer: Wordpieces, transformers_tokenizer: Any
) -> None:
    sentences = _sentences()
    assert len(sentences) == 500
    theirs = transformers_tokenizer(sentences, truncation=True, max_length=CONTEXT).input_ids
    ours = tokenizer.encode(sentences)
    assert ours == theirs
    assert max(map(len, ours)) == CONTEXT
    assert sum(len(row) == CONTEXT for row in ours) >= 5


def test_ids_are_those_of_open_clip_less_its_padding(
    tokenizer: Wordpieces, small_model: Path
) -> None:
    from mmrag.encoders.openclip_load import import_open_clip

    wrapper = import_open_clip().get_tokenizer(f"local-dir:{small_model}", CONTEXT)
    sentences = [*ODD, *MENDED, *_sentences()[100:200]]
    for row, ids in zip(wrapper(sentences).tolist(), tokenizer.encode(sentences), strict=True):
        assert ids == row[: len(ids)]
        assert not any(row[len(ids) :])


def test_a_bare_vocabulary_gives_the_same_ids(tokenizer: Wordpieces, small_model: Path) -> None:
    bare = Wordpieces(small_model / "vocab.txt", CONTEXT)
    assert bare.encode(_sentences()) == tokenizer.encode(_sentences())


def test_a_bare_vocabulary_may_keep_capitals(small_model: Path, tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_bytes((small_model / "vocab.txt").read_bytes())
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": False}))
    capital, small = Wordpieces(tmp_path / "vocab.txt", CONTEXT).encode(["LUNG", "lung"])
    assert capital != small


def test_padding_and_truncation_of_the_file_do_not_matter(
    tokenizer: Wordpieces, small_model: Path, tmp_path: Path
) -> None:
    content = json.loads((small_model / "tokenizer.json").read_text("utf-8"))
    content["truncation"] = {
        "direction": "Right",
        "max_length": 8,
        "strategy": "LongestFirst",
        "stride": 0,
    }
    content["padding"] = {
        "strategy": {"Fixed": 64},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "[PAD]",
    }
    (tmp_path / "tokenizer.json").write_text(json.dumps(content), "utf-8")
    other = Wordpieces(tmp_path / "tokenizer.json", CONTEXT)
    assert other.encode(ODD) == tokenizer.encode(ODD)


def test_a_damaged_file_is_named(full_extra: None, tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    file.write_text("{}")
    with pytest.raises(EncoderError, match=re.escape(str(file))):
        Wordpieces(file, CONTEXT)


def test_cleaning_mends_what_open_clip_mends(full_extra: None) -> None:
    cleaned = [clean(text) for text in MENDED]
    assert cleaned == ["temp > 38 & rising", "naïve T cells", '"left" fibrosis\'s', "WBC"]
