"""Diagnoses that a question asks of the patient: "in patients with pneumonia".

Which conditions of the store are meant is decided there, where their names are; here the
words are found. "Diagnosed with" and "history of" always name a diagnosis. "In patients with"
does where the question asks for something else of those patients: a laboratory result, or a
finding outside these words. A word that is itself a laboratory state ("in patients with
anaemia") stays one, since the panel can be held against it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Protocol

from mmrag.clinical.question import DiagnosisTerm

__all__ = ["DiagnosisMention", "diagnoses_of_people", "stated_diagnoses"]


class _Placed(Protocol):
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


@dataclass(frozen=True, slots=True)
class DiagnosisMention:
    """One diagnosis and its place in the text, end excluded: its names, with what leads in.

    One that is `past`, "history of pneumonia", need not be there any more.
    """

    term: DiagnosisTerm
    start: int
    end: int
    past: bool = False


_PEOPLE = (
    r"(?:patients?|pts?|people|persons?|individuals?|subjects?|adults?|children|child|infants?|boys?|"
    r"girls?|wom[ae]n|m[ae]n|females?|males?|those|anyone|cases?|inpatients?|outpatients?|"
    r"adolescents?|teenagers?|elderly)"
)
_HAVING = (
    r"(?P<having>with(?!out)|w/|(?:who|that)\s+(?:currently\s+|also\s+)?ha(?:ve|s)|having|"
    r"suffering\s+from|(?P<without>without|(?:who|that)\s+do(?:es)?\s+not\s+have))"
)
_STATED = re.compile(
    r"\b(?:(?:(?P<without>without|w/o|no)\s+|with\s+|known\s+|who\s+have\s+|that\s+have\s+|having\s+)?"
    r"(?:an?\s+|any\s+|the\s+)?"
    r"(?:(?:past|previous|prior|known|medical)\s+)*(?:history\s+of|h/o|hx\s+of)|"
    r"(?:(?:who|that)\s+(?:were|was|are|is|have\s+been|has\s+been)\s+)?diagnosed\s+(?:with|as)|"
    r"with\s+an?\s+diagnosis\s+of|with\s+(?:the\s+)?diagnosis\s+of)\s+",
    re.IGNORECASE,
)
_PAST = re.compile(r"\b(?:history|h/o|hx)\b", re.IGNORECASE)
_OF = r"(?:in|among(?:st)?|of|for|from)"
_POPULATION = re.compile(
    rf"\b(?:{_OF}\s+(?:(?!{_OF}\b)[\w-]+\s+){{0,3}}?{_PEOPLE}\b"
    rf"(?:\s+(?!with\b)[\w-]+){{0,6}}?|{_PEOPLE})\s+{_HAVING}\s+",
    re.IGNORECASE,
)
_FILMS_OF = re.compile(
    r"\b(?:films?|x-?rays?|radiographs?|radiography|images?|pictures?|scans?|cxrs?)\s+$",
    re.IGNORECASE,
)
_BARE = re.compile(rf"{_PEOPLE}\s+(?:with(?:out)?|w/)\s*$", re.IGNORECASE)
_END = re.compile(
    r"[,;.?!:()]|\s(?:but|who|whose|that|which|over|under|above|below|aged|older|younger|between|"
    r"in|on|at|during|with|without|w/|whom|having|ever|not|now|presents?|presented|presenting|"
    r"is|are|was|were|has|had|develop(?:s|ed)?|comes?|came|complain(?:s|ed|ing)?|admitted|show(?:s|ing)?)\b|$",
    re.IGNORECASE,
)
_AND = re.compile(r"\s+(?:and|plus|as\s+well\s+as)\s+|\s*&\s*", re.IGNORECASE)
_OR = re.compile(r"\s+or\s+", re.IGNORECASE)


def stated_diagnoses(text: str) -> list[DiagnosisMention]:
    """Find "diagnosed with ...", "a diagnosis of ..." and "a history of ...".

    Parameters
    ----------
    text : str

    Returns
    -------
    list of DiagnosisMention
        In the order of the text, never overlapping.
    """
    found: list[DiagnosisMention] = []
    for match in _STATED.finditer(text):
        if found and match.start() < found[-1].end:
            continue
        found += _named(text, match, negated=match["without"] is not None, taken=())
    return found


def diagnoses_of_people(
    text: str, labs: Sequence[_Placed], findings: Sequence[_Placed]
) -> list[DiagnosisMention]:
    """Find "in patients with ...", "people who have ..." and "in diabetics".

    Parameters
    ----------
    text : str
        With what is otherwise read of it covered.
    labs, findings : sequence of places
        Where the question names laboratory results and findings.

    Returns
    -------
    list of DiagnosisMention
        In the order of the text, never overlapping.
    """
    found: list[DiagnosisMention] = []
    for match in _POPULATION.finditer(text):
        # "patients with pneumonia and low platelets" asks for the finding itself; "women with
        # diabetes and low platelets" for what no film shows.
        # "films of anaemic men with cardiomegaly" asks for it on the film.
        bare = bool(_BARE.fullmatch(match.group()) or _FILMS_OF.search(text[: match.start()]))
        if bare and not labs:
            continue
        taken = [*labs, *findings] if bare else labs
        named = list(_named(text, match, negated=match["without"] is not None, taken=taken))
        if named and _asks_for_more(named, labs, findings):
            found += named
    return [*found, *_people_by_name(text)] if labs or findings else []


def _asks_for_more(
    named: Sequence[DiagnosisMention], labs: Sequence[_Placed], findings: Sequence[_Placed]
) -> bool:
    start, end = named[0].start, named[-1].end
    return bool(labs) or any(place.end <= start or end <= place.start for place in findings)


def _named(
    text: str, lead: re.Match[str], negated: bool, taken: Sequence[_Placed]
) -> Iterator[DiagnosisMention]:
    """Read the names after what leads in: "X and Y" are two terms, "X or Y" is one."""
    end = _END.search(text, lead.end())
    start = lead.start() if lead.re is _STATED else lead.start("having")
    for piece_start, piece_end in _pieces(text, lead.end(), end.start() if end else len(text)):
        if any(place.start < piece_end and piece_start < place.end for place in taken):
            continue
        names = tuple(filter(None, map(_name, _OR.split(text[piece_start:piece_end]))))
        if names:
            written = text[start:piece_end].strip()
            term = DiagnosisTerm(names=names, negated=negated, written=written)
            yield DiagnosisMention(term, start, piece_end, _PAST.search(lead.group()) is not None)
        start = piece_end


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for conjunction in _AND.finditer(text, start, end):
        yield start, conjunction.start()
        start = conjunction.end()
    yield start, end


def _name(written: str) -> str:
    words = re.findall(r"[^\W_]+(?:['\u2019-][^\W_]+)*", written)
    while words and words[0].lower() in _lists().leading:
        words.pop(0)
    return " ".join(words)


def _people_by_name(text: str) -> Iterator[DiagnosisMention]:
    for match in _lists().people_by_name.finditer(text):
        name = _lists().people[match["who"].lower()]
        term = DiagnosisTerm(names=(name,), written=match.group())
        yield DiagnosisMention(term, match.start(), match.end())


@dataclass(frozen=True, slots=True)
class _Lists:
    people: Mapping[str, str]
    leading: frozenset[str]
    people_by_name: re.Pattern[str]


@cache
def _lists() -> _Lists:
    file = resources.files("mmrag.clinical") / "question.toml"
    content = tomllib.loads(file.read_text(encoding="utf-8"))["diagnosis"]
    who = "|".join(content["people"])
    return _Lists(
        people=content["people"],
        leading=frozenset(content["leading"]),
        people_by_name=re.compile(rf"\b(?P<who>{who})(?:s\b|(?=\s+{_PEOPLE}\b))", re.IGNORECASE),
    )
