"""Find words by which a sentence states a diagnosis or gives advice.

The words come from ``overstatement.toml``; this module only looks for them.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

OverstatementKind = Literal["diagnosis", "advice"]
KINDS: tuple[OverstatementKind, ...] = ("diagnosis", "advice")


@dataclass(frozen=True, slots=True)
class Overstatement:
    """Words that say more than a record does.

    Attributes
    ----------
    kind : {"diagnosis", "advice"}
    written : str
        The words of the sentence.
    """

    kind: OverstatementKind
    written: str


def overstatements(text: str) -> tuple[Overstatement, ...]:
    """Find what in a text states a diagnosis or gives advice.

    Parameters
    ----------
    text : str

    Returns
    -------
    tuple of Overstatement
        Diagnoses first, each in the order of the text.
    """
    return tuple(
        Overstatement(kind, match.group())
        for kind in KINDS
        for match in _pattern(kind).finditer(text)
    )


@cache
def _pattern(kind: OverstatementKind) -> re.Pattern[str]:
    file = resources.files("mmrag.clinical") / "overstatement.toml"
    phrases = tomllib.loads(file.read_text(encoding="utf-8"))[kind]["phrases"]
    written = "|".join(map(_written, sorted(phrases, key=len, reverse=True)))
    return re.compile(rf"(?<!\w)(?:{written})(?!\w)", re.IGNORECASE)


def _written(phrase: str) -> str:
    words = re.split(r"[ -]", phrase)
    parts = (re.escape(w.removesuffix("*")) + (r"\w*" if w.endswith("*") else "") for w in words)
    return r"[\s-]+".join(parts)
