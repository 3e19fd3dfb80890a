"""What a question says of the patient (sex, age) and of the film (view).

The words come from ``question.toml``; ages with numbers are read by `mmrag.clinical.age`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise

from mmrag.clinical.age import Bounds, find_ages, from_until
from mmrag.clinical.phrases import PhraseMatch, Phrases
from mmrag.clinical.question import PatientTerm
from mmrag.clinical.words import Region, Word, fold, words_of
from mmrag.errors import QueryError
from mmrag.records import Sex


@dataclass(frozen=True, slots=True)
class PatientReading:
    """What was found, and the stretches of the text that said it."""

    patient: PatientTerm
    regions: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class ViewReading:
    """The projection asked for, and the stretches of the text that said it."""

    view: str | None
    regions: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class _Lists:
    sex: Phrases[str]
    ages: Phrases[Bounds]
    views: Phrases[str]
    view_nouns: frozenset[str]
    stop_words: frozenset[str]


@cache
def _lists() -> _Lists:
    file = resources.files("mmrag.clinical") / "question.toml"
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    sex, view = content["sex"], content["view"]
    return _Lists(
        sex=Phrases((term, code) for code in ("both", "F", "M") for term in sex[code]),
        ages=Phrases(
            (term, from_until(group.get("from"), group.get("to")))
            for group in content["age_group"]
            for term in group["terms"]
        ),
        views=Phrases(
            (term, code) for code in ("not_view", "PA", "AP", "LATERAL") for term in view[code]
        ),
        view_nouns=frozenset(fold(noun) for noun in view["nouns"]),
        stop_words=frozenset(fold(word) for word in content["reading"]["stop_words"]),
    )


def stop_words() -> frozenset[str]:
    """Give the folded words that carry no clinical sense in a question.

    Returns
    -------
    frozenset of str
    """
    return _lists().stop_words


def patient_places(text: str) -> tuple[Region, ...]:
    """Find what is said of sex and age, be it asked for or denied.

    Parameters
    ----------
    text : str

    Returns
    -------
    tuple of Region
    """
    words = words_of(text)
    ages = (Region(age.start, age.end) for age in find_ages(text))
    groups = (_region(words, group) for group in _lists().ages.find(words))
    sexes = (_region(words, match) for match in _lists().sex.find(words))
    return (*ages, *groups, *sexes)


def read_patient(text: str) -> PatientReading:
    """Read sex and age.

    Parameters
    ----------
    text : str

    Returns
    -------
    PatientReading
        Both sexes named are no constraint. Ages given by number win over words such as
        "elderly".

    Raises
    ------
    QueryError
        When no age meets all that is said, or when "or" joins two kinds of patients.
    """
    words = words_of(text)
    ages = find_ages(text)
    groups = _lists().ages.find(words)
    sexes = _lists().sex.find(words)
    said_of_age = [(age.bounds, Region(age.start, age.end)) for age in ages] or [
        (group.meaning, _region(words, group)) for group in groups
    ]
    age = _together(text, said_of_age)
    said = {match.meaning for match in sexes} | {age.sex for age in ages if age.sex is not None}
    sex: Sex | None = None
    if said == {"F"}:
        sex = "F"
    elif said == {"M"}:
        sex = "M"
    regions = patient_places(text)
    _refuse_two_kinds(text, regions)
    patient = PatientTerm(
        sex=sex,
        age_min=age.low,
        age_min_inclusive=age.low_included,
        age_max=age.high,
        age_max_inclusive=age.high_included,
    )
    return PatientReading(patient, regions)


def read_view(text: str) -> ViewReading:
    """Read the projection.

    Parameters
    ----------
    text : str

    Returns
    -------
    ViewReading
        Two different projections are no constraint, and their words are left unread.
    """
    words = words_of(text)
    found: dict[str, list[Region]] = {}
    for match in _lists().views.find(words):
        last = match.last + 1
        if last < len(words) and words[last].folded in _lists().view_nouns:
            region = Region(words[match.first].start, words[last].end)
        else:
            region = _region(words, match)
        if match.meaning != "not_view":
            found.setdefault(match.meaning, []).append(region)
    if len(found) != 1:
        return ViewReading(None, ())
    view, regions = next(iter(found.items()))
    return ViewReading(view, tuple(regions))


def _region(words: Sequence[Word], match: PhraseMatch[Bounds] | PhraseMatch[str]) -> Region:
    return Region(words[match.first].start, words[match.last].end)


def _together(text: str, said: Iterable[tuple[Bounds, Region]]) -> Bounds:
    together, words = Bounds(), ""
    for each, region in said:
        low, low_included = _inner(
            (together.low, together.low_included), (each.low, each.low_included), max
        )
        high, high_included = _inner(
            (together.high, together.high_included), (each.high, each.high_included), min
        )
        together = Bounds(low, high, low_included, high_included)
        written = text[region.start : region.end]
        if not together.holds_for_someone:
            raise QueryError(
                f"{written!r}: no age meets this and {words!r}: ask for one, or ask two questions"
            )
        words = f"{words} {written}".strip()
    return together


_OR = re.compile(r"[\s,]*\bor\b[\s,]*(?:(?:an?|the|in|of|for)\s+)*", re.IGNORECASE)


def _refuse_two_kinds(text: str, regions: Iterable[Region]) -> None:
    """Refuse "women or children": one kind of patient is asked for at a time."""
    merged: list[Region] = []
    for region in sorted(regions, key=lambda r: (r.start, r.end)):
        if merged and region.start < merged[-1].end:
            region = Region(merged[-1].start, max(merged.pop().end, region.end))
        merged.append(region)
    for first, second in pairwise(merged):
        if _OR.fullmatch(text, first.end, second.start) is None:
            continue
        one, other = (read_patient(text[r.start : r.end]).patient for r in (first, second))
        both_sexes = {one.sex, other.sex} == {"F", "M"}
        if one != (other.model_copy(update={"sex": one.sex}) if both_sexes else other):
            words = text[first.start : second.end]
            raise QueryError(f"{words!r}: two kinds of patients: ask two questions")


_Bound = tuple[float | None, bool]


def _inner(one: _Bound, other: _Bound, choose: Callable[[float, float], float]) -> _Bound:
    """Of two bounds of one side, the one that leaves less."""
    if one[0] is None or other[0] is None:
        return other if one[0] is None else one
    if one[0] == other[0]:
        return one[0], one[1] and other[1]
    return one if choose(one[0], other[0]) == one[0] else other
