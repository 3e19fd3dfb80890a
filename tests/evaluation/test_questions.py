"""Questions and their answers; the paraphrases are kept apart from the lexicon."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

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
)

LEXICON = Path(findings.__file__).with_name("findings.toml").read_text(encoding="utf-8").casefold()
TRAINING = Path(__file__).resolve().parents[2] / "training"


def test_no_paraphrase_stands_in_the_lexicon_or_in_training() -> None:
    phrases = [text.casefold() for texts in paraphrases().values() for text in texts]
    assert len(phrases) == len(set(phrases))
    others = [LEXICON, *(f.read_text("utf-8").casefold() for f in TRAINING.glob("*.py"))]
    for text in phrases:
        pattern = re.compile(rf"\b{re.escape(text)}\b")
        assert not any(pattern.search(other) for other in others), text


def test_every_finding_has_several_wordings_without_its_name() -> None:
    assert set(paraphrases()) == set(finding_names())
    for name, texts in paraphrases().items():
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
