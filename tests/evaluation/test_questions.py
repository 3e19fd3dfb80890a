"""Questions and their answers; the paraphrases are kept apart from the lexicon."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from mmrag.clinical import findings
from mmrag.clinical.findings import finding_names, load_findings
from mmrag.evaluation.bench import Bench
from mmrag.evaluation.questions import (
    by_name,
    by_paraphrase,
    compound,
    negated,
    normal_chest,
    paraphrases,
    unlisted_paraphrases,
)

LEXICON = Path(findings.__file__).with_name("findings.toml").read_text(encoding="utf-8").casefold()
TRAINING = Path(__file__).resolve().parents[2] / "training"


BOTH = (paraphrases(), unlisted_paraphrases())


def test_no_paraphrase_is_a_sentence_of_training() -> None:
    wordings = tomllib.loads((TRAINING / "wordings.toml").read_text("utf-8"))["wordings"]
    taught = {text.casefold() for texts in wordings.values() for text in texts}
    phrases = [text.casefold() for kind in BOTH for texts in kind.values() for text in texts]
    assert len(phrases) == len(set(phrases))
    assert taught.isdisjoint(phrases)


def test_no_unlisted_paraphrase_stands_in_the_lexicon() -> None:
    phrases = [text.casefold() for texts in unlisted_paraphrases().values() for text in texts]
    assert not [text for text in phrases if re.search(rf"\b{re.escape(text)}\b", LEXICON)]


@pytest.mark.parametrize("kind", BOTH)
def test_every_finding_has_several_wordings_without_its_name(
    kind: Mapping[str, tuple[str, ...]],
) -> None:
    assert set(kind) == set(finding_names())
    for name, texts in kind.items():
        assert len(texts) >= 4
        known = load_findings().findings[name]
        for text in texts:
            assert known.display.casefold() not in text.casefold(), text
            assert name.replace("_", " ").casefold() not in text.casefold(), text


def test_training_never_reads_the_paraphrases() -> None:
    for file in TRAINING.rglob("*.py"):
        assert "paraphrases" not in file.read_text(encoding="utf-8"), file


def test_answers_are_the_judges(bench: Bench) -> None:
    judge = bench.judge
    assert {q.subject for q in by_name(judge)} == {"Effusion", "Cardiomegaly", "Mass"}
    for q in by_paraphrase(judge):
        assert (q.answer == judge.has(q.subject)).all()
    for q in compound(judge):
        assert (q.answer == judge.has(q.present[0]) & judge.has(q.present[1])).all()
        assert " with " in q.text
    for q in negated(judge):
        assert q.ruled_out is not None
        assert not (q.answer & q.ruled_out).any()
        assert (q.answer <= judge.has(q.present[0])).all()
    (normal,) = normal_chest(judge)
    assert (normal.answer == ~judge.shows.any(axis=1)).all()
    assert np.count_nonzero(normal.answer) >= 5
