"""A brief on its way: what was searched, composed and written, one after the other."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal, TypeVar

from mmrag.brief.model import Brief
from mmrag.brief.writer.written import RejectedSentence, WrittenSentence
from mmrag.retrieval.results import SearchResult

Stage = Literal["searched", "composed", "sentence", "rejected", "done"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is known now.

    Attributes
    ----------
    stage : {"searched", "composed", "sentence", "rejected", "done"}
    content : SearchResult, Brief, WrittenSentence or RejectedSentence
        What was found; the brief before a language model has its word; one of the model's
        sentences, printed or not; the whole brief.
    """

    stage: Stage
    content: SearchResult | Brief | WrittenSentence | RejectedSentence


Steps = Generator[Step, None, Brief]

R = TypeVar("R")


def finished(steps: Generator[object, None, R]) -> R:
    """Take all steps, and give what they lead to."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: R = end.value
            return result
