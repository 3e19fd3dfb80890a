"""What a language model made of the claims, and what of it was not printed."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WrittenSentence(_Part):
    """One printed sentence.

    Attributes
    ----------
    section : {"imaging", "laboratory", "context"}
        Of its claims.
    text : str
    claims : tuple of str
        Identifiers of the claims that bear it out; never empty.
    by : {"model", "template"}
        Who wrote it: the language model, or the claim itself.
    """

    section: Literal["imaging", "laboratory", "context"]
    text: str
    claims: tuple[str, ...]
    by: Literal["model", "template"]


class RejectedSentence(_Part):
    """One sentence of the model that is not printed.

    Attributes
    ----------
    text : str
        As much of it as is harmless to show.
    claims : tuple of str
        What it claimed to rest on.
    reason : str
    """

    text: str
    claims: tuple[str, ...]
    reason: str


class Written(_Part):
    """The brief in sentences.

    Attributes
    ----------
    sentences : tuple of WrittenSentence
        Together they carry every claim of the brief, section by section.
    rejected : tuple of RejectedSentence
        In the order of the model's answer.
    model : str
    host : str
        Host and port of the endpoint.
    pseudonymised : bool
        Whether identifiers and dates were replaced before the claims left.
    note : str or None
        Why every sentence is the template's, where the endpoint gave no usable answer.
    """

    sentences: tuple[WrittenSentence, ...]
    rejected: tuple[RejectedSentence, ...] = ()
    model: str
    host: str
    pseudonymised: bool
    note: str | None = None

    @property
    def by_model(self) -> tuple[WrittenSentence, ...]:
        """The sentences that the model wrote."""
        return tuple(sentence for sentence in self.sentences if sentence.by == "model")

    @property
    def left_to_template(self) -> tuple[str, ...]:
        """Identifiers of the claims that stand in the template's words."""
        return tuple(c for s in self.sentences if s.by == "template" for c in s.claims)

    @property
    def statement(self) -> str:
        """Who wrote it, how much was not printed, and what was sent."""
        if self.note is not None:
            return f"{self.note}. Every claim stands in its own words below."
        count, more = len(self.by_model), len(self.rejected)
        sent = "Identifiers and days were" if self.pseudonymised else "Nothing was"
        return (
            f"{count} {'sentence' if count == 1 else 'sentences'} by {self.model} at {self.host}, "
            f"each held against the claims that it names; {more} not printed. {sent} replaced "
            "before the claims were sent."
        )

    @property
    def rejections(self) -> tuple[tuple[str, int], ...]:
        """The reasons why sentences are not printed, the commonest first, with their number."""
        return tuple(Counter(sentence.reason for sentence in self.rejected).most_common())
