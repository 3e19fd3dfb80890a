"""Numeric laboratory questions: what the laboratory leg returns against what the file holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import numpy as np

from mmrag.evaluation.lab_truth import LabQuestion, LabRow, Result, answers
from mmrag.evaluation.results import LabAnswer
from mmrag.fusion import Matrix
from mmrag.retrieval.results import LabHit

EVERY = 1_000_000
"""More panels than any export holds: all that answer are wanted."""

AskLabs = Callable[[str, int], Sequence[LabHit]]
"""The laboratory leg of a store that holds the export: a question and how many panels."""


@dataclass(frozen=True, slots=True)
class Labs:
    """A Synthea export, and the laboratory leg of a store that holds it."""

    folder: Path
    ask: AskLabs


def judge_answers(
    questions: Iterable[LabQuestion],
    rows: Sequence[LabRow],
    ask: AskLabs,
    encode_texts: Callable[[Sequence[str]], Matrix],
) -> tuple[LabAnswer, ...]:
    """Judge the laboratory leg, and beside it a search that embeds rows as text.

    Parameters
    ----------
    questions : iterable of LabQuestion
    rows : sequence of LabRow
        All numeric results of the export.
    ask : callable
    encode_texts : callable
        The encoder's text side.

    Returns
    -------
    tuple of LabAnswer
    """
    asked = tuple(questions)
    codes = {code for question in asked for code in question.codes}
    embedded = _Embedded([row for row in rows if row.result[2] in codes], encode_texts)
    return tuple(_judged(question, answers(question, rows), ask, embedded) for question in asked)


class _Embedded:
    """Rows as text, "Platelets 257.8 10*3/uL", ordered by cosine with the question.

    It is given the rows of the analytes that are asked for alone, which is to its advantage.
    """

    def __init__(
        self, rows: Sequence[LabRow], encode_texts: Callable[[Sequence[str]], Matrix]
    ) -> None:
        texts = [f"{row.name} {row.result[3]:g} {row.unit}" for row in rows]
        distinct = sorted(set(texts))
        place = {text: number for number, text in enumerate(distinct)}
        self._results = [row.result for row in rows]
        self._text_of = np.array([place[text] for text in texts], np.intp)
        self._vectors = encode_texts(distinct) if distinct else None
        self._encode = encode_texts

    def precision(self, text: str, true: frozenset[Result]) -> float:
        """Share that is right among as many rows as are right at all."""
        if self._vectors is None:
            return 0.0
        cosines = (self._vectors @ self._encode([text])[0])[self._text_of]
        nearest = np.argsort(-cosines, kind="stable")[: len(true)]
        return sum(self._results[row] in true for row in nearest) / len(nearest)


def _judged(
    question: LabQuestion, true: frozenset[Result], ask: AskLabs, embedded: _Embedded
) -> LabAnswer:
    found = {
        (hit.patient.split(":", 1)[1], hit.effective_at.astimezone(UTC), each.loinc, each.value)
        for hit in ask(question.text, EVERY)
        for each in hit.observations
        if each.matched and each.value is not None and hit.effective_at is not None
    }
    right = len(found & true)
    return LabAnswer(
        text=question.text,
        true=len(true),
        precision=right / len(found) if found else float(not true),
        recall=right / len(true) if true else 1.0,
        embedded=embedded.precision(question.text, true) if true else None,
    )
