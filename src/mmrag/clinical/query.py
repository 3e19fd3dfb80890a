"""Compile a question in words into constraints that a person can read and edit."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from mmrag.clinical.assertion import Reading
from mmrag.clinical.diagnosis_terms import DiagnosisMention, diagnoses_of_people, stated_diagnoses
from mmrag.clinical.exclusive_terms import ExclusiveMention, find_exclusive
from mmrag.clinical.finding_alternatives import Part, alternatives_among
from mmrag.clinical.finding_terms import Asserted, finding_terms
from mmrag.clinical.lab_terms import LabMention, find_lab_terms
from mmrag.clinical.lexicon import Mention, mentions_of
from mmrag.clinical.patient_terms import patient_places, read_patient, read_view, stop_words
from mmrag.clinical.period_terms import find_period
from mmrag.clinical.preference_terms import read_preferences
from mmrag.clinical.question import ClinicalQuery, FindingTerm, LabTerm
from mmrag.clinical.refusals import (
    Placed,
    refuse_signs,
    refuse_sorting,
    refuse_unknown_units,
    refuse_unread_numbers,
)
from mmrag.clinical.words import Region, Word, words_of
from mmrag.errors import QueryError

LONGEST = 2000
"""Characters of the longest question that is read."""

_COVER = "\ufffc"
_INVISIBLE = dict.fromkeys(
    [0x00AD, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)


def compile_query(text: str) -> ClinicalQuery:
    """Compile a question.

    Parameters
    ----------
    text : str
        At most 2,000 characters.

    Returns
    -------
    ClinicalQuery
        Findings with their assertion, side and size, laboratory constraints, sex and age,
        view; what none of them understands is `free_text`. `text` is the question without
        control characters.

    Raises
    ------
    QueryError
        When the question is empty or too long, contradicts itself, joins by "or" what cannot
        be alternatives, sorts results, or compares in a unit or in words that are not
        understood.
    """
    clean = _clean(text)
    words = words_of(clean)
    stated = stated_diagnoses(clean)
    unstated = _blank(clean, stated)
    excluding = _excluding(unstated, words)
    labs = find_lab_terms(_cut(unstated, excluding))
    refuse_sorting(clean, labs)
    refuse_signs(clean)
    refuse_unknown_units(lab.term for lab in labs)
    rest = _blank(clean, labs)
    mentions = _without_past(mentions_of(rest, words_of(rest)), stated)
    chest = [mention for mention in mentions if mention.via != "normal"]
    said = read_preferences(words, chest, [Region(lab.start, lab.end) for lab in labs])
    openings = [lab for lab in labs if lab.opens]
    unnamed = _blank(rest, [*mentions, *stated, *said.regions])
    people = [*patient_places(unnamed), *read_view(unnamed).regions]
    reading = Reading(
        words_of(_cut(clean, excluding)),
        [*mentions, *labs],
        openings,
        of_patient=[*people, *labs, *stated],
    )
    asserted = [
        Asserted(mention, assertion, preference)
        for mention, assertion, preference in zip(
            chest, reading.assertions(chest), said.preferences, strict=True
        )
    ]
    excluding = _effective(excluding, asserted)
    of_people = diagnoses_of_people(unstated, labs, chest)
    diagnoses = [*stated, *_negated_where_denied(of_people, reading)]
    unread = _blank(rest, [*chest, *diagnoses, *said.regions, *excluding])
    period = find_period(unread) if labs else None
    if period is not None:
        unread = _blank(unread, [period])
    asked = _without_denied(unread, reading)
    patient, view = read_patient(asked), read_view(asked)
    elsewhere: list[Placed] = [*diagnoses, *patient.regions, *view.regions]
    elsewhere += [period] if period else []
    findings = finding_terms(
        asserted, alternatives_among(clean, _parts(asserted, labs), _regions(elsewhere))
    )
    normal = _normal([m for m in mentions if m.via == "normal"], reading, findings)
    spent = reading.spent_cues([*chest, *normal, *labs])
    left = _blank(unread, [*patient.regions, *view.regions, *spent, *normal])
    named: list[Placed] = [mention for mention in labs if mention.term.comparison == "named"]
    refuse_unread_numbers(clean, left, [*named, *([period] if named and period else [])])
    return ClinicalQuery(
        text=clean,
        findings=findings,
        labs=_each_once(labs),
        patient=patient.patient,
        diagnoses=tuple(mention.term for mention in diagnoses),
        period=None if period is None else period.term,
        view=view.view,
        free_text=_free_text(clean, left),
        normal_chest=bool(normal),
        exclusive=bool(excluding),
    )


def _clean(text: str) -> str:
    if len(text) > LONGEST:
        raise QueryError(
            f"the question has {len(text)} characters and at most {LONGEST} are read: shorten it"
        )
    visible = (" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in text)
    clean = "".join(visible).translate(_INVISIBLE).strip()
    if not clean:
        raise QueryError('the question is empty: ask for something, e.g. "pleural effusion"')
    return clean


def _blank(text: str, regions: Iterable[Placed]) -> str:
    """Cover the regions, so that every other place stays what it was and no term spans them."""
    characters = list(text)
    for region in regions:
        characters[region.start : region.end] = _COVER * (region.end - region.start)
    return "".join(characters)


def _without_past(mentions: Sequence[Mention], stated: Iterable[DiagnosisMention]) -> list[Mention]:
    """Leave out what the patient only had once, where the film is asked for something else."""
    past = [diagnosis for diagnosis in stated if diagnosis.past]
    now = [m for m in mentions if not any(p.start <= m.start < p.end for p in past)]
    return now or list(mentions)


def _negated_where_denied(
    diagnoses: Sequence[DiagnosisMention], reading: Reading
) -> list[DiagnosisMention]:
    """Turn round the diagnosis of "but not in patients with pneumonia"."""
    assertions = reading.assertions(diagnoses)
    return [
        replace(each, term=each.term.model_copy(update={"negated": True}))
        if said == "absent"
        else each
        for each, said in zip(diagnoses, assertions, strict=True)
    ]


def _cut(text: str, clauses: Iterable[ExclusiveMention]) -> str:
    """End a sentence at "nothing but": its "nothing" and "but" deny and join nothing."""
    characters = list(text)
    for clause in clauses:
        if clause.is_clause:
            characters[clause.start : clause.end] = ";" * (clause.end - clause.start)
    return "".join(characters)


def _regions(places: Iterable[Placed]) -> list[Region]:
    return [Region(place.start, place.end) for place in places]


def _without_denied(text: str, reading: Reading) -> str:
    """Cover "not in children" and "non-AP": no constraint says what is left when they go."""
    said = (*patient_places(text), *read_view(text).regions)
    return _blank(text, [region for region in said if reading.denies_at_once(region)])


def _excluding(text: str, words: Sequence[Word]) -> list[ExclusiveMention]:
    """Find what excludes other findings before the rest is read: its "no" denies no result."""
    named = [m for m in mentions_of(text, words_of(text)) if m.via != "normal"]
    return find_exclusive(words, named, read_preferences(words, named, ()).regions)


def _effective(
    excluding: Iterable[ExclusiveMention], asserted: Sequence[Asserted]
) -> list[ExclusiveMention]:
    """Keep what excludes other findings beside one that is asked for."""
    sought = [each.mention for each in asserted if each.of_finding != "absent"]
    return [each for each in excluding if (each.of in sought if each.of else bool(sought))]


def _parts(asserted: Sequence[Asserted], labs: Sequence[LabMention]) -> list[Part]:
    """Line up everything that is named, each place once."""
    parts = {
        (each.mention.start, each.mention.end): Part(
            each.mention.start,
            each.mention.end,
            is_finding=True,
            denied=each.of_finding == "absent",
            is_compound=each.mention.via == "compound",
        )
        for each in asserted
    }
    parts |= {
        (lab.start, lab.end): Part(lab.start, lab.end, is_finding=False, denied=lab.term.negated)
        for lab in labs
    }
    return [parts[place] for place in sorted(parts)]


def _each_once(labs: Iterable[LabMention]) -> tuple[LabTerm, ...]:
    """Keep one of two constraints that differ in their words alone: "WBC > 12 or WBC > 12"."""
    terms: dict[LabTerm, LabTerm] = {}
    for lab in labs:
        terms.setdefault(lab.term.model_copy(update={"written": ""}), lab.term)
    sizes = Counter(term.group for term in terms.values())
    return tuple(
        term if sizes[term.group] > 1 else term.model_copy(update={"group": None})
        for term in terms.values()
    )


def _normal(
    mentions: Sequence[Mention], reading: Reading, findings: Sequence[FindingTerm]
) -> list[Mention]:
    """Give the phrases that ask for a normal chest: said so, and no finding beside it."""
    if any(term.assertion == "present" for term in findings):
        return []
    decided = zip(mentions, reading.assertions(mentions), strict=True)
    return [mention for mention, assertion in decided if assertion == "present"]


def _free_text(text: str, left: str) -> str | None:
    idle = stop_words()
    words: list[Word] = [w for w in words_of(left) if w.folded not in idle and w.folded not in "?%"]
    return " ".join(text[w.start : w.end] for w in words) or None
