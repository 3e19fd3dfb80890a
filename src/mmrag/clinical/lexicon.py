"""Find the findings that a text names, by name, synonym, sign or wider word.

The words come from ``findings.toml``; this module only reads with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from mmrag.clinical.findings import FindingTable, load_findings
from mmrag.clinical.phrases import PhraseMatch, Phrases
from mmrag.clinical.spelling import Speller
from mmrag.clinical.words import Word, fold, words_of

Via = Literal["name", "synonym", "sign", "group", "compound", "denial", "normal"]

NORMAL = "normal"
"""Stands for the finding in a mention of a chest with nothing to report."""

_SHORTEST_JOINED = 8


@dataclass(frozen=True, slots=True)
class Mention:
    """One finding named by a text.

    Attributes
    ----------
    finding : str
        Canonical name; `NORMAL` for a phrase such as "clear lungs".
    start, end : int
        Place in the text as written, end excluded.
    written : str
        The words of the text.
    via : str
        ``name``, ``synonym``, ``sign``, ``group`` (any child of a wider word), ``compound``
        (all of several findings), ``denial`` (the phrase says it is not there, "normal heart
        size") or ``normal``.
    group : str or None
        The wider word when `via` is ``group``.
    denied_inside : bool
        True when a "not" stands among the words: "the heart is not enlarged".
    inside : tuple of str
        Folded words that stand between those of the term: "blunting of the LEFT angle".
    """

    finding: str
    start: int
    end: int
    written: str
    via: Via
    group: str | None = None
    denied_inside: bool = False
    inside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Meaning:
    findings: tuple[str, ...]
    via: Via
    group: str | None = None


def find_findings(text: str) -> list[Mention]:
    """Find what findings a text names; whether it asserts them is not asked here.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of Mention
        In the order of the text. Phrases do not overlap; the one with most words wins. A
        wider word or a compound gives one mention for each of its findings, at one place.
    """
    return [mention for mention in mentions_of(text, words_of(text)) if mention.via != "normal"]


def mentions_of(text: str, words: Sequence[Word]) -> list[Mention]:
    """Find findings and phrases for a normal chest in a text already parted into words.

    Parameters
    ----------
    text : str
    words : sequence of Word
        ``words_of(text)``.

    Returns
    -------
    list of Mention
    """
    lexicon = _lexicon()
    mended = lexicon.mend(words)
    return [
        mention
        for match in lexicon.phrases.find(mended)
        for mention in _mentions(text, mended, match)
    ]


def mended_words(text: str) -> list[tuple[str, str]]:
    """Give the misspelt words of the findings that a text names, and as what they were read.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of (str, str)
        As written and as read: ("efusion", "effusion"). Words that were only parted or joined
        by a hyphen are none.
    """
    lexicon = _lexicon()
    mended = lexicon.mend(words_of(text))
    pairs = (
        (text[mended[n].start : mended[n].end], mended[n].folded)
        for match in lexicon.phrases.find(mended)
        if match.meaning.findings
        for n in match.words
    )
    return list(dict.fromkeys(pair for pair in pairs if _is_mended(*pair)))


def _is_mended(written: str, read: str) -> bool:
    return "".join(word.folded for word in words_of(written)) != read


@dataclass(frozen=True, slots=True)
class _Lexicon:
    phrases: Phrases[_Meaning]
    speller: Speller

    def mend(self, words: Sequence[Word]) -> list[Word]:
        """Mend spelling and join words that were parted ("pneumo thorax", "air space")."""
        known = self.phrases.vocabulary
        mended: list[Word] = []
        for word in words:
            if mended and word.joined:
                whole = mended[-1].folded + word.folded
                if len(whole) >= _SHORTEST_JOINED and whole in known:
                    first = mended[-1]
                    mended[-1] = Word(whole, first.start, word.end, first.joined, first.gap)
                    continue
            folded = self.speller.mend(word.folded)
            mended.append(Word(folded, word.start, word.end, word.joined, word.gap))
        return mended


@cache
def _lexicon() -> _Lexicon:
    table = load_findings()
    skippable = {fold(word) for word in table.skippable}
    phrases = Phrases(_entries(table), skippable)
    protected = {fold(word) for word in table.protected} | skippable
    return _Lexicon(phrases, Speller(phrases.vocabulary, protected))


def _entries(table: FindingTable) -> Iterator[tuple[str, _Meaning]]:
    for phrase in table.exclusions:
        yield phrase, _Meaning((), "name")
    for finding in table.findings.values():
        for phrase in (finding.name, finding.display):
            yield phrase, _Meaning((finding.name,), "name")
    for finding in table.findings.values():
        for phrase in finding.synonyms:
            yield phrase, _Meaning((finding.name,), "synonym")
        for phrase in finding.signs:
            yield phrase, _Meaning((finding.name,), "sign")
        for phrase in finding.denied_by:
            yield phrase, _Meaning((finding.name,), "denial")
    for compound in table.compounds:
        for phrase in compound.terms:
            yield phrase, _Meaning(compound.findings, "compound")
    for group in table.groups.values():
        for phrase in (group.name, *group.terms):
            yield phrase, _Meaning(group.children, "group", group.name)
    for phrase in table.normal_terms:
        yield phrase, _Meaning((NORMAL,), "normal")


def _mentions(text: str, words: Sequence[Word], match: PhraseMatch[_Meaning]) -> Iterator[Mention]:
    start, end = words[match.first].start, words[match.last].end
    inside = tuple(words[index].folded for index in match.skipped)
    for finding in match.meaning.findings:
        yield Mention(
            finding,
            start,
            end,
            text[start:end],
            match.meaning.via,
            match.meaning.group,
            "not" in inside,
            inside,
        )
