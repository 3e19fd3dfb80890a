"""BM25 over a line of text about each film: search without any vectors."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

import numpy as np

from mmrag.clinical.findings import load_findings
from mmrag.evaluation.conditions import Labels
from mmrag.evaluation.methods.base import Evidence, Scores
from mmrag.evaluation.questions import Question
from mmrag.records import Film

_SATURATION = 1.2
_LENGTH = 0.75
# The usual values: Robertson S, Zaragoza H. The Probabilistic Relevance Framework: BM25 and
# Beyond. Foundations and Trends in Information Retrieval 2009;3(4):333-389.

_WORD = re.compile(r"[a-z0-9]+")


def bm25(evidence: Evidence, question: Question) -> Scores:
    """Score each film's description by the words of the question."""
    documents = _documents(evidence.films, evidence.labels)
    lengths = np.array([document.total() for document in documents], np.float64)
    long = _SATURATION * (1 - _LENGTH + _LENGTH * lengths / lengths.mean())
    scores = np.zeros(len(documents))
    for word in set(_words(question.text)):
        counts = np.array([document[word] for document in documents], np.float64)
        holding = np.count_nonzero(counts)
        rarity = np.log1p((len(documents) - holding + 0.5) / (holding + 0.5))
        scores += rarity * counts * (_SATURATION + 1) / (counts + long)
    return scores


@lru_cache(maxsize=8)  # the same films are asked many questions in a row
def _documents(films: tuple[Film, ...], labels: Labels) -> list[Counter[str]]:
    texts = (describe(film, names) for film, names in zip(films, labels, strict=True))
    return [Counter(_words(text)) for text in texts]


def describe(film: Film, names: tuple[str, ...] | None) -> str:
    """Put a film's table row into words."""
    sex = {"F": "woman", "M": "man"}.get(film.sex or "", "patient")
    findings = load_findings().findings
    shown = "" if names is None else ", ".join(findings[n].display for n in names) or "normal chest"
    age = "" if film.age is None else f" of {film.age:g} years"
    return f"{film.view or ''} radiograph of a {sex}{age}. {shown}"


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
