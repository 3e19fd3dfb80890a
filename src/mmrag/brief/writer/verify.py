"""Holds a language model's sentences against the claims that they cite."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mmrag.brief.plain import plain
from mmrag.brief.writer.facts import FactKind, Token, content, core, read
from mmrag.clinical.overstatement import overstatements

LONGEST = 1200
"""Characters of the longest sentence that is read."""

_MARKUP = re.compile(
    r"[<>`{}\\|~]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])|\*\*|^\s*[#>*-]\s|\]\(|&\w+;|&#"
)
_LINK = re.compile(r"https?:|www\.|://|\bmailto:|\b[\w-]+\.(?:com|org|net|io|gov|edu)\b", re.I)
_CLAIM = re.compile(r"c\d{1,6}")
_REACH = 2  # words on either side in which a fact's neighbour has to stand

_NAMES: dict[FactKind, str] = {
    "number": "the number",
    "name": "the name",
    "unit": "the unit",
    "finding": "the finding",
    "denial": "the denial",
    "verdict": "the word of a flag",
    "side": "the side",
    "severity": "the degree",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A claim as the model was told it.

    Attributes
    ----------
    id, kind, section, text : str
        As in `mmrag.brief.model.Claim`; identifiers in `text` may be replaced.
    """

    id: str
    kind: str
    section: str
    text: str


def objection(text: str, claims: Sequence[str], told: Mapping[str, Told]) -> str | None:
    """Say why a sentence may not be printed.

    A sentence is borne out by a claim when its facts (numbers, units, findings with their
    assertion, denials, words of flags, sides, degrees, names that hold a digit) are a
    stretch of the claim's facts, in the same order and without a gap, each with a neighbour
    that it has in the claim too, and every other word stands in the claim or says nothing by
    itself. One that cites several claims may be parted at commas, semicolons, "and",
    "while", "whereas" and "but", each stretch borne out by one of them. What each cited
    claim is about must be there.

    Parameters
    ----------
    text : str
    claims : sequence of str
        Identifiers that the sentence gives.
    told : mapping of str to Told
        What the model was told, by identifier.

    Returns
    -------
    str or None
        One line; None where nothing speaks against the sentence.
    """
    return next(_objections(text, claims, told), None)


def _objections(text: str, claims: Sequence[str], told: Mapping[str, Told]) -> Iterator[str]:
    if not claims:
        yield "it names no claim"
        return
    unknown = [each for each in claims if each not in told]
    if unknown:
        name = unknown[0] if _CLAIM.fullmatch(unknown[0]) else "something"
        yield f"it names {name}, which is no claim of this brief"
        return
    yield from _in_form(text)
    cited = [told[each] for each in dict.fromkeys(claims)]
    if len({claim.section for claim in cited}) > 1:
        yield "it joins claims of different sections"
    if any(text == claim.text for claim in cited) and len(cited) == 1:
        return
    said = " ".join(claim.text for claim in cited).casefold()
    for found in overstatements(text):
        if found.written.casefold() not in said:
            yield f"it states {_article(found.kind)} ({found.written})"
    sentence, sources = read(text), [read(claim.text) for claim in cited]
    yield from _unheard_of(sentence, sources)
    yield from _left_out(sentence, cited)
    yield from _out_of_place(sentence, sources)


def _in_form(text: str) -> Iterator[str]:
    if not text.strip():
        yield "it is empty"
    if len(text) > LONGEST:
        yield f"it is longer than {LONGEST} characters"
    if text != plain(text, LONGEST):
        yield "it holds hidden characters or line breaks"
    if _LINK.search(text):
        yield "it holds a link"
    if _MARKUP.search(text):
        yield "it holds markup"


def _article(kind: str) -> str:
    return "a diagnosis" if kind == "diagnosis" else "advice"


def _unheard_of(sentence: Sequence[Token], sources: Sequence[Sequence[Token]]) -> Iterator[str]:
    heard = {token.key for source in sources for token in source}
    findings = {t.value.rpartition(" ")[0] for s in sources for t in s if t.kind == "finding"}
    for token in sentence:
        if token.connecting or token.key in heard:
            continue
        written = plain(token.written, 40)
        if token.kind == "finding" and token.value.rpartition(" ")[0] in findings:
            yield f"it turns what the cited claims say of {written}"
        elif token.is_fact:
            yield f"{_NAMES[token.kind]} {written} is not in the cited claims"
        else:
            yield f"the word {written} is not in the cited claims"


def _left_out(sentence: Sequence[Token], cited: Sequence[Told]) -> Iterator[str]:
    said = {token.key for token in sentence}
    for claim in cited:
        tokens = read(claim.text)
        missing = core(tokens) - said
        first = next((token for token in tokens if token.key in missing), None)
        if first is not None:
            yield f"it leaves out {plain(first.written, 40)} of {claim.id}"


def _out_of_place(sentence: Sequence[Token], sources: Sequence[Sequence[Token]]) -> Iterator[str]:
    """Part the sentence so that each stretch is borne out, in whatever way that works."""
    last = len(sentence)
    places = [0, *(n for n, token in enumerate(sentence) if token.parting and n), last]
    if len(sources) == 1:
        places = [0, last]
    reached = {0}
    for end in places[1:]:
        if any(_borne_out(sentence[start:end], source) for start in reached for source in sources):
            reached.add(end)
    if last not in reached:
        words = plain(" ".join(token.written for token in sentence[max(reached) :]), 60)
        yield f"no cited claim says it so: {words}"


def _borne_out(stretch: Sequence[Token], source: Sequence[Token]) -> bool:
    said, held = content(stretch), content(source)
    if {token.key for token in said} - {token.key for token in held}:
        return False
    facts = [n for n, token in enumerate(said) if token.is_fact]
    places = [n for n, token in enumerate(held) if token.is_fact]
    if not facts:
        return _is_run(said, held)
    return any(
        all(_has_its_neighbour(said, a, held, b) for a, b in zip(facts, run, strict=True))
        and not _cut_off(held, places, run)
        for run in _runs([said[n].key for n in facts], held, places)
    )


def _is_run(said: Sequence[Token], held: Sequence[Token]) -> bool:
    """Words without a fact have to follow each other as in the claim."""
    keys, words = [t.key for t in held], [t.key for t in said]
    return any(keys[n : n + len(words)] == words for n in range(len(keys)))


def _runs(
    wanted: Sequence[tuple[str, str]], held: Sequence[Token], places: Sequence[int]
) -> Iterator[list[int]]:
    """Find the facts in their order; between them only what stands in brackets is left out."""
    for start in range(len(places)):
        run: list[int] = []
        for place in places[start:]:
            if len(run) < len(wanted) and held[place].key == wanted[len(run)]:
                run.append(place)
            elif not run or not held[place].bracketed:
                break
        if len(run) == len(wanted):
            yield run


def _has_its_neighbour(said: Sequence[Token], a: int, held: Sequence[Token], b: int) -> bool:
    before = said[a - 1].key if a else None
    after = said[a + 1].key if a + 1 < len(said) else None
    return before in _near(held[b - 1 :: -1] if b else ()) or after in _near(held[b + 1 :])


def _near(tokens: Sequence[Token]) -> set[tuple[str, str]]:
    """Look at the nearest tokens, and at the nearest outside brackets."""
    outside = [token for token in tokens if not token.bracketed]
    return {token.key for token in (*tokens[:_REACH], *outside[:_REACH])}


def _cut_off(held: Sequence[Token], places: Sequence[int], run: Sequence[int]) -> bool:
    """Tell whether a denial stands beside a run of facts, in the same part of the claim."""
    first, last = places.index(run[0]), places.index(run[-1])
    beside = [(places[first - 1], run[0])] if first else []
    beside += [(places[last + 1], run[-1])] if last + 1 < len(places) else []
    return any(
        held[other].kind == "denial" and held[other].part == held[edge].part
        for other, edge in beside
    )
