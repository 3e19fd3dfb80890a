"""A language model's answer, read line by line as it comes; nothing in it is taken on trust."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

MOST_LINES = 2000
"""Lines of an answer that are read."""


@dataclass(frozen=True, slots=True)
class Offered:
    """One line of an answer.

    Attributes
    ----------
    text : str
        The sentence; the whole line where it has not the form asked for.
    claims : tuple of str
    readable : bool
        Whether it has the form asked for.
    """

    text: str
    claims: tuple[str, ...] = ()
    readable: bool = True


def offered_sentences(pieces: Iterable[str]) -> Iterator[Offered]:
    """Read the lines of an answer, each as soon as it is whole.

    Parameters
    ----------
    pieces : iterable of str
        The answer, cut anywhere.

    Yields
    ------
    Offered
        Each line that is not empty and no mere code fence, at most `MOST_LINES`.
    """
    lines = (line.strip() for line in islice(_lines(pieces), MOST_LINES))
    return (_read(line) for line in lines if line and not line.startswith("```"))


def _lines(pieces: Iterable[str]) -> Iterator[str]:
    begun: list[str] = []
    for piece in pieces:
        begun.append(piece)
        if "\n" in piece:
            *whole, rest = "".join(begun).split("\n")
            begun = [rest]
            yield from (line for each in whole for line in each.splitlines())
    yield from "".join(begun).splitlines()


def _read(line: str) -> Offered:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return Offered(line, readable=False)
    if not isinstance(said, dict):
        return Offered(line, readable=False)
    text, claims = said.get("text"), said.get("claims")
    if not isinstance(text, str) or not isinstance(claims, list):
        return Offered(line, readable=False)
    if not all(isinstance(claim, str) for claim in claims):
        return Offered(line, readable=False)
    return Offered(text.strip(), tuple(claims))
