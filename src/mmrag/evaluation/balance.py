"""How films and laboratory panels share the first places of an answer that asks for both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product as pairs

import numpy as np

from mmrag.clinical.findings import load_findings
from mmrag.clinical.panel_text import panel_text
from mmrag.evaluation.lab_exactness import AskLabs
from mmrag.evaluation.methods import METHODS, PRODUCT, Evidence
from mmrag.evaluation.questions import Question
from mmrag.evaluation.results import Balance
from mmrag.fusion import Matrix
from mmrag.records import LabReport

PLACES = 20
_ANALYTES = ("haemoglobin", "creatinine")


def balance_of(
    evidence: Evidence, panels: Sequence[LabReport], ask: AskLabs
) -> tuple[Balance, ...]:
    """Compare one shared ranking of films and panels with two legs.

    Parameters
    ----------
    evidence : Evidence
        Films with their labels.
    panels : sequence of LabReport
    ask : callable
        The laboratory leg of a store with the same panels.

    Returns
    -------
    tuple of Balance
    """
    questions = _questions(len(evidence.films))
    shared = _shared_ranking(evidence, _panel_vectors(panels, evidence.encode_texts))
    return (
        _balance("one shared ranking", [shared(question) for question in questions]),
        _balance(
            "two legs (mmrag)", [_two_legs(question, evidence, ask) for question in questions]
        ),
    )


def _questions(films: int) -> list[Question]:
    nothing_judged = np.zeros(films, bool)
    return [
        Question("compound", name, f"{finding.display} and {analyte}", (name,), nothing_judged)
        for (name, finding), analyte in pairs(load_findings().findings.items(), _ANALYTES)
    ]


def _panel_vectors(
    panels: Sequence[LabReport], encode_texts: Callable[[Sequence[str]], Matrix]
) -> Matrix:
    texts = [panel_text(panel.observations) for panel in panels]
    distinct = sorted(set(texts))
    known = dict(zip(distinct, encode_texts(distinct), strict=True))
    return np.stack([known[text] for text in texts])


def _shared_ranking(evidence: Evidence, panels: Matrix) -> Callable[[Question], tuple[int, int]]:
    everything = np.concatenate([evidence.fused, panels])

    def places(question: Question) -> tuple[int, int]:
        cosines = everything @ evidence.encode_texts([question.text])[0]
        first = np.argsort(-cosines, kind="stable")[:PLACES]
        films = int((first < len(evidence.films)).sum())
        return films, len(first) - films

    return places


def _two_legs(question: Question, evidence: Evidence, ask: AskLabs) -> tuple[int, int]:
    films = int(np.isfinite(METHODS[PRODUCT](evidence, question)).sum())
    return min(films, PLACES // 2), len(ask(question.text, PLACES // 2))


def _balance(way: str, shared: Sequence[tuple[int, int]]) -> Balance:
    smaller = np.array([min(places) for places in shared])
    return Balance(
        way=way,
        questions=len(shared),
        balance=float(smaller.mean() / (PLACES // 2)),
        drowned=float((smaller == 0).mean()),
    )
