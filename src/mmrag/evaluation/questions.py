"""The questions: finding names, paraphrases, two findings, one without another."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import combinations, permutations
from typing import Literal

from mmrag.clinical.findings import finding_names, load_findings
from mmrag.evaluation.judges import Judge, Truth

Kind = Literal["name", "paraphrase", "unlisted", "compound", "negated", "normal"]

FEWEST = 5
"""Films that must answer before a question is asked at all."""

COUNTED = 15
"""Films that must show a finding before it counts in the mean over findings."""

BOTH_AT_LEAST = 8
"""Films with both findings (and, for a negation, with the first alone) of a pair."""

PAIRS = 10
"""Pairs of findings that are asked for at most, the commonest first."""


@dataclass(frozen=True)
class Question:
    """One question and its answer.

    Attributes
    ----------
    kind : {"name", "paraphrase", "unlisted", "compound", "negated", "normal"}
    subject : str
        What the figures of several wordings are gathered under: a finding, or a pair.
    text : str
        All that a method which reads may use.
    present, absent : tuple of str
        What is meant; methods that filter are given it, so that they are at their best.
    answer : ndarray
        Shape (films,), bool: films that answer.
    ruled_out : ndarray or None
        Shape (films,), bool: films that show what the question rules out.
    """

    kind: Kind
    subject: str
    text: str
    present: tuple[str, ...]
    answer: Truth
    absent: tuple[str, ...] = ()
    ruled_out: Truth | None = None


@cache
def paraphrases() -> Mapping[str, tuple[str, ...]]:
    """Wordings of each finding by somebody who had never seen the lexicon."""
    return _wordings("phrases")


@cache
def unlisted_paraphrases() -> Mapping[str, tuple[str, ...]]:
    """Wordings of each finding, chosen because the lexicon did not hold them."""
    return _wordings("unlisted")


def _wordings(table: str) -> Mapping[str, tuple[str, ...]]:
    file = resources.files("mmrag.evaluation") / "paraphrases.toml"
    phrases = tomllib.loads(file.read_text(encoding="utf-8"))[table]
    return {finding: tuple(texts) for finding, texts in phrases.items()}


def asked_findings(judge: Judge) -> tuple[str, ...]:
    """List the findings that at least `FEWEST` films show."""
    return tuple(name for name in finding_names() if judge.has(name).sum() >= FEWEST)


def counted_findings(judge: Judge) -> tuple[str, ...]:
    """List the findings that at least `COUNTED` films show: those of the mean."""
    return tuple(name for name in finding_names() if judge.has(name).sum() >= COUNTED)


def by_name(judge: Judge) -> list[Question]:
    """Ask for each finding by its name."""
    return [
        Question("name", name, _display(name), (name,), judge.has(name))
        for name in asked_findings(judge)
    ]


def by_paraphrase(judge: Judge) -> list[Question]:
    """Ask for each counted finding in other words."""
    return _in_words("paraphrase", paraphrases(), judge)


def by_unlisted_paraphrase(judge: Judge) -> list[Question]:
    """Ask for each counted finding in words that the lexicon did not hold."""
    return _in_words("unlisted", unlisted_paraphrases(), judge)


def _in_words(kind: Kind, wordings: Mapping[str, tuple[str, ...]], judge: Judge) -> list[Question]:
    return [
        Question(kind, name, text, (name,), judge.has(name))
        for name in counted_findings(judge)
        for text in wordings[name]
    ]


def compound(judge: Judge) -> list[Question]:
    """Ask for two findings on one film."""
    pairs = {(a, b): judge.has(a) & judge.has(b) for a, b in combinations(asked_findings(judge), 2)}
    common = sorted(pairs, key=lambda pair: (-int(pairs[pair].sum()), pair))
    return [
        Question("compound", f"{a} + {b}", f"{_display(a)} with {_display(b)}", (a, b), both)
        for a, b in common[:PAIRS]
        if (both := pairs[a, b]).sum() >= BOTH_AT_LEAST
    ]


def negated(judge: Judge) -> list[Question]:
    """Ask for one finding without another that often goes with it."""
    pairs = {(a, b): judge.has(a) & judge.has(b) for a, b in permutations(asked_findings(judge), 2)}
    common = sorted(pairs, key=lambda pair: (-int(pairs[pair].sum()), pair))
    usable = [
        (a, b)
        for a, b in common
        if pairs[a, b].sum() >= BOTH_AT_LEAST
        and (judge.has(a) & ~judge.has(b)).sum() >= BOTH_AT_LEAST
    ]
    return [
        Question(
            kind="negated",
            subject=f"{a} - {b}",
            text=f"{_display(a)} without {_display(b)}",
            present=(a,),
            answer=judge.has(a) & ~judge.has(b),
            absent=(b,),
            ruled_out=judge.has(b),
        )
        for a, b in usable[:PAIRS]
    ]


def normal_chest(judge: Judge) -> list[Question]:
    """Ask for a chest with nothing to report."""
    if judge.normal.sum() < FEWEST:
        return []
    return [Question("normal", "normal chest", "normal chest", (), judge.normal)]


def _display(finding: str) -> str:
    return load_findings().findings[finding].display
