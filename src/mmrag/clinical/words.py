"""Text as folded words, so that one spelling of a term finds all of them.

Case, accents, ligatures, British and American spelling and the plural are folded; hyphens,
underscores and spaces part words alike. Each word keeps its place in the text as written.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_LETTER = r"(?:[^\W_]|[\u0300-\u036f])"
_WORD = re.compile(
    rf"\b[rwh]/o\b|\bw/out\b|\bw/|\b(?:b/l|c/w|d/t|s/p)\b|[+-]ve\b|\([+-]\)|∅|(?<!\S)\+(?=\s?[^\W\d_])|\d+(?:[.,]\d+)+|{_LETTER}+(?:['\u2019]{_LETTER}+)*|[?%]",
    re.IGNORECASE,
)
_LIGATURES = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ß": "ss", "\u2019": "'", "ł": "l"})
_SIGNS = {"w/": "with", "W/": "with", "+": "plus"}
_JOINERS = frozenset(" \t-_\u00a0\u2010\u2011\u2012\u2013'\"()[]")

_PLURALS = (
    (re.compile(r"thoraces$"), "thorax"),
    (re.compile(r"(pleur|bull|verteb?r|herni)e$"), r"\1a"),
    (re.compile(r"(ta|[^d]o)ses$"), r"\1sis"),
    (re.compile(r"(x|ss|sh|ch)es$"), r"\1"),
    (re.compile(r"ies$"), "y"),
    (re.compile(r"(?<=[^sui])s$"), ""),
)
_KEEP_S = frozenset({"pus", "gas", "thus", "diabetes", "was", "has", "does", "his", "is", "as"})


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text.

    Attributes
    ----------
    folded : str
        The word in the one spelling that words are compared in.
    start, end : int
        Its place in the text as written, end excluded.
    joined : bool
        True when nothing but spaces, hyphens, underscores, quotes or brackets part it from
        the word before: only then can the two belong to one term.
    gap : str
        What stands between it and the word before.
    """

    folded: str
    start: int
    end: int
    joined: bool
    gap: str


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of a text as written, end excluded."""

    start: int
    end: int


@lru_cache(maxsize=16384)
def fold(written: str) -> str:
    """Fold one word.

    Parameters
    ----------
    written : str
        A word without spaces.

    Returns
    -------
    str
        Lower case, without accents, American spelling, singular.
    """
    folded = _SIGNS.get(written, written).casefold().translate(_LIGATURES)
    folded = "".join(
        c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c)
    )
    folded = folded.casefold().removesuffix("'s").replace("'", "")
    folded = folded.replace("ae", "e").replace("oe", "e")
    folded = re.sub(r"our(s?)$", r"or\1", folded)
    folded = re.sub(r"is(ation|ed|ing)(s?)$", r"iz\1\2", folded)
    folded = re.sub(r"^(fib|cent|cali?b|lit|met)re(s?)$", r"\1er\2", folded)
    return _singular(folded)


def words_of(text: str) -> tuple[Word, ...]:
    """Part a text into folded words.

    Parameters
    ----------
    text : str

    Returns
    -------
    tuple of Word
        In the order of the text; a question mark and a per cent sign are words too.
    """
    found: list[Word] = []
    end = 0
    for match in _WORD.finditer(text):
        folded = fold(match.group())
        if not folded:
            continue
        gap = text[end : match.start()]
        joined = bool(found) and _JOINERS.issuperset(gap)
        found.append(Word(folded, match.start(), match.end(), joined, gap))
        end = match.end()
    return tuple(found)


def _singular(folded: str) -> str:
    if len(folded) <= 3 or folded in _KEEP_S:
        return folded
    for pattern, replacement in _PLURALS:
        singular = pattern.sub(replacement, folded)
        if singular != folded:
            return singular
    return folded
