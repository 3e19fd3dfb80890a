"""A sentence read as facts in their order: numbers, units, findings, denials, flags, sides."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Literal

from mmrag.clinical.analytes import analytes
from mmrag.clinical.assertion import assess
from mmrag.clinical.lexicon import Mention, find_findings
from mmrag.clinical.words import fold

FactKind = Literal[
    "number", "name", "unit", "finding", "denial", "verdict", "side", "severity", "word"
]

_EDGES = ".,;:!?()[]{}\"'\u201c\u201d\u2018\u2019"
_NUMBER = re.compile(r"(#?)([+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d+(?:\.\d+)?)(%?)")
_PIECE = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number or finding of a sentence.

    Attributes
    ----------
    kind : str
        ``word`` for what is no fact.
    value : str
        By which two tokens are compared.
    written : str
        The words of the sentence.
    part : int
        Counts up at each bracket, semicolon, colon and full stop.
    bracketed : bool
        True within brackets.
    later : bool
        True from the first semicolon on.
    connecting : bool
        True for a word that says nothing by itself.
    parting : bool
        True where a new statement may begin.
    """

    kind: FactKind
    value: str
    written: str
    part: int
    bracketed: bool
    later: bool
    connecting: bool = False
    parting: bool = False

    @property
    def is_fact(self) -> bool:
        """Whether it has to be borne out in its place."""
        return self.kind != "word"

    @property
    def key(self) -> tuple[str, str]:
        """By which it is found again in a claim."""
        return (self.kind, self.value)


@lru_cache(maxsize=4096)
def read(text: str) -> tuple[Token, ...]:
    """Read a sentence.

    Parameters
    ----------
    text : str

    Returns
    -------
    tuple of Token
        In the order of the text. Findings are read with their assertion by
        `mmrag.clinical`; a number keeps the "#" of a rank, so that a rank is no count.
    """
    return tuple(_Reader(text).tokens())


def content(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """Leave out what says nothing by itself."""
    return tuple(token for token in tokens if not token.connecting)


def core(tokens: Sequence[Token]) -> frozenset[tuple[str, str]]:
    """Collect the facts that a claim is about: outside brackets, before the first semicolon."""
    return frozenset(
        token.key for token in tokens if token.is_fact and not (token.bracketed or token.later)
    )


@dataclass(frozen=True, slots=True)
class _Words:
    kinds: dict[str, FactKind]
    connecting: frozenset[str]
    parting: frozenset[str]
    numbers: dict[str, str]
    units: frozenset[str]


@cache
def _words() -> _Words:
    file = resources.files("mmrag.brief.writer") / "words.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    kinds: dict[str, FactKind] = {}
    of_facts: tuple[FactKind, ...] = ("severity", "side", "verdict", "denial")
    for kind in of_facts:
        kinds.update({fold(word): kind for word in table[kind]})
    return _Words(
        kinds=kinds,
        connecting=frozenset(map(fold, table["connecting"])),
        parting=frozenset(map(fold, table["parting"])),
        numbers={word: str(float(n)) for word, n in table["numbers"].items()},
        units=frozenset(u for a in analytes().values() for u in (a.unit, *a.units)),
    )


class _Reader:
    """Walks through a text and keeps where it is."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._findings = _findings(text)
        self._part = 0
        self._depth = 0
        self._later = False
        self._opens = False
        self._after_number = False

    def tokens(self) -> Iterator[Token]:
        end = 0
        for piece in _PIECE.finditer(self._text):
            word = piece.group().strip(_EDGES)
            start = piece.start() + piece.group().find(word) if word else piece.end()
            if start < end:  # within a finding that has been read
                continue
            self._pass_over(self._text[end:start])
            end = start + len(word)
            found = next((f for f in self._findings if f[0] < end and start < f[1]), None)
            if found is not None:
                end = max(end, found[1])
                yield self._token("finding", found[2], self._text[start:end])
            elif word:
                yield from self._plain(word)

    def _pass_over(self, marks: str) -> None:
        self._opens = any(mark in ",;:.!?()" for mark in marks)
        for mark in marks:
            self._part += mark in "();:.!?"
            self._depth = max(self._depth + (mark == "(") - (mark == ")"), 0)
            self._later = self._later or (mark == ";" and not self._depth)

    def _plain(self, word: str) -> Iterator[Token]:
        number = _NUMBER.fullmatch(word)
        if number is not None:
            rank, digits, percent = number.groups()
            yield self._token("number", rank + str(float(digits.replace(",", ""))), word)
            if percent:
                yield self._token("unit", percent, percent)
            return
        known, lower, folded = _words(), word.casefold(), fold(word)
        if (
            self._after_number
            and not self._opens
            and (word in known.units or any(c in word for c in "/%*^[]"))
        ):
            yield self._token("unit", word, word)
        elif lower in known.numbers:
            yield self._token("number", known.numbers[lower], word)
        elif any(character.isnumeric() for character in word):
            yield self._token("name", word, word)
        else:
            kind = known.kinds.get(folded, "word")
            yield self._token(kind, "denied" if kind == "denial" else folded, word)

    def _token(self, kind: FactKind, value: str, written: str) -> Token:
        self._after_number = kind == "number" and not value.startswith("#")
        folded = fold(written)
        return Token(
            kind=kind,
            value=value,
            written=written,
            part=self._part,
            bracketed=self._depth > 0,
            later=self._later,
            connecting=kind == "word" and folded in _words().connecting,
            parting=self._opens or folded in _words().parting,
        )


def _findings(text: str) -> list[tuple[int, int, str]]:
    """Give each place that names findings, and what it says of them."""
    mentions = find_findings(text)
    by_place: dict[tuple[int, int], list[str]] = {}
    for mention, assertion in zip(mentions, assess(text, mentions), strict=True):
        said = f"{mention.finding} {'denied' if _denied(mention) else assertion}"
        by_place.setdefault((mention.start, mention.end), []).append(said)
    return [(*place, " + ".join(sorted(said))) for place, said in by_place.items()]


def _denied(mention: Mention) -> bool:
    return mention.via == "denial" or mention.denied_inside
