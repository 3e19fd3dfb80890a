"""A printed brief as the audit reads it: its JSON, nothing of the code that made it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from mmrag.clinical.assertion import assess
from mmrag.clinical.findings import load_findings
from mmrag.clinical.lexicon import find_findings
from mmrag.clinical.question import ClinicalQuery

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w]|\.\d)")
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T\S+)?")


@dataclass(frozen=True, slots=True)
class AuditedClaim:
    """One claim, with what it cites.

    Attributes
    ----------
    id, kind, section, text : str
    citations : tuple of (str, str, object)
        Record, field, value.
    """

    id: str
    kind: str
    section: str
    text: str
    citations: tuple[tuple[str, str, Any], ...]

    @property
    def key(self) -> tuple[str, str]:
        """By which the same claim is found in another brief."""
        return self.text, repr(self.citations)

    def records(self, kind: str) -> tuple[str, ...]:
        """List the cited records of one kind (``film``, ``lab``) by identifier, each once."""
        named = (record.partition(":") for record, _, _ in self.citations)
        return tuple(dict.fromkeys(id_ for prefix, _, id_ in named if prefix == kind))

    @property
    def said(self) -> str:
        """The sentence without the literature that it names, and what a note's author says."""
        text = self.text.partition("“")[0] if self.kind == "note" else self.text
        return without_literature(text)

    @property
    def names_literature(self) -> bool:
        """Whether it says on which publication it rests."""
        return self.said != self.text


@dataclass(frozen=True, slots=True)
class AuditedBrief:
    """One brief.

    Attributes
    ----------
    question : str
    query : ClinicalQuery
        As it was compiled.
    printed : mapping
        The JSON object.
    claims : tuple of AuditedClaim
    """

    question: str
    query: ClinicalQuery
    printed: Mapping[str, Any]
    claims: tuple[AuditedClaim, ...]

    @classmethod
    def of(cls, question: str, printed: Mapping[str, Any]) -> AuditedBrief:
        """Read the JSON object of a brief."""
        claims = tuple(
            AuditedClaim(
                claim["id"],
                claim["kind"],
                claim["section"],
                claim["text"],
                tuple((c["record"], c["field"], c["value"]) for c in claim["citations"]),
            )
            for claim in printed["claims"]
        )
        return cls(question, ClinicalQuery.model_validate(printed["query"]), printed, claims)

    def shown(self, leg: str) -> list[str]:
        """List the films or panels that are shown, by identifier."""
        return [hit["id" if leg == "films" else "report"] for hit in self.printed[leg]]

    def wanted(self) -> list[tuple[str, ...]]:
        """List what is looked for on films: for each word the findings that answer it."""
        by_words: dict[str, list[str]] = {}
        for term in self.query.findings:
            if term.assertion != "absent":
                by_words.setdefault(term.group or term.finding, []).append(term.finding)
        return [tuple(dict.fromkeys(findings)) for findings in by_words.values()]


def numbers(text: str) -> list[float]:
    """Read the numbers of a sentence; those within days, names and units are none."""
    words = (word for word in _DAY.sub(" ", text).split() if not re.search(r"[^\W\d_]", word))
    return [float(match) for word in words for match in _NUMBER.findall(word)]


def as_printed(number: float) -> frozenset[float]:
    """Give what a stored number may read as: itself, its first six digits, or two decimals."""
    return frozenset((number, float(f"{number:g}"), round(number, 2)))


def days(text: str) -> list[str]:
    """Read the days of a sentence."""
    return _DAY.findall(text)


def named_findings(text: str) -> dict[str, str]:
    """Read the findings that a sentence names, each with its assertion."""
    mentions = find_findings(text)
    return {
        mention.finding: assertion
        for mention, assertion in zip(mentions, assess(text, mentions), strict=True)
    }


def without_literature(text: str) -> str:
    """Take the citations of the clinical tables out of a sentence."""
    for source in _literature():
        text = text.replace(source, "")
    return text


@cache
def _literature() -> Sequence[str]:
    table = load_findings()
    sources = {b.source for finding in table.findings.values() for b in finding.bears_on}
    return sorted(sources, key=len, reverse=True)
