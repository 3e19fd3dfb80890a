"""What a sentence says against what it cites: numbers, findings, people, overstatement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import Any

from mmrag.clinical.overstatement import overstatements
from mmrag.evaluation.grounding_claims import (
    AuditedBrief,
    AuditedClaim,
    as_printed,
    days,
    named_findings,
    numbers,
)
from mmrag.evaluation.grounding_rows import Row, StoredRows
from mmrag.evaluation.grounding_support import DENYING, called_results, findings_said
from mmrag.evaluation.grounding_survey import is_abnormal

_APART = ("different people", "stands alone")


def facts_said(claim: AuditedClaim, brief: AuditedBrief, rows: StoredRows) -> tuple[int, int]:
    """Count the numbers and findings of a sentence, and those that its citations hold.

    A count of cited records, the day of one, the time between two and the number of a person's
    results of a cited kind are held too: whoever follows the citations finds them. A finding
    beside the literature of the clinical tables is held by that.

    Returns
    -------
    tuple of (int, int)
        How many are said; how many of them are cited.
    """
    explained = set(_cited_numbers(claim)) | set(_counted(claim, brief, rows))
    said = numbers(claim.said)
    findings = findings_said(claim, rows)
    cited = set(_cited_strings(claim))
    lacking = [set(value or ()) for _, name, value in claim.citations if name == "findings"]
    held = sum(number in explained for number in said)
    asked = {finding for any_of in brief.wanted() for finding in any_of}
    for finding, assertion in findings.items():
        is_cited = finding in cited or claim.names_literature
        denied = assertion == "absent" or claim.kind in DENYING
        counted = claim.kind == "cohort" and finding in asked
        is_missing = bool(lacking) and all(finding not in labels for labels in lacking)
        held += is_cited or (is_missing and (denied or counted))
    told = days(claim.said)
    held += sum(day in known for known in [_cited_days(claim, rows)] for day in told)
    return len(said) + len(findings) + len(told), held


def citations_that_belong(
    claim: AuditedClaim, brief: AuditedBrief, rows: StoredRows
) -> tuple[int, int]:
    """Count the cited records, and those that exist and belong to the answer.

    A record belongs when it is shown, or is what a count over the store names as nearest, or
    is a panel of a person who is shown.
    """
    films, labs = set(brief.shown("films")), set(brief.shown("labs"))
    states = brief.printed["coverage"]["labs"]["states"]
    nearest = {state["outermost"]["report"] for state in states if state["outermost"]}
    people = {hit["patient"] for leg in ("films", "labs") for hit in brief.printed[leg]}
    cited = [("film", id_) for id_ in claim.records("film")]
    cited += [("lab", id_) for id_ in claim.records("lab")]
    belonging = 0
    for kind, id_ in cited:
        found = (rows.films if kind == "film" else rows.panels).get(id_, ())
        theirs = any(row["patient"] in people for row in found)
        shown = id_ in films if kind == "film" else id_ in labs or id_ in nearest or theirs
        belonging += bool(found) and shown
    return len(cited), belonging


def normal_called_abnormal(claim: AuditedClaim, rows: StoredRows) -> int:
    """Count the results that are called high or low and are neither, by flag and range."""
    return sum(
        word != "normal" and not is_abnormal(result) for result, word in called_results(claim, rows)
    )


def mixes_people(claim: AuditedClaim, rows: StoredRows) -> bool:
    """Whether a sentence joins film and blood, or two panels, of different people as one's.

    A sentence about one person is one that cites a person, or names one; all it cites has to
    be that person's. One that cites films and panels without saying that they are of
    different people has to be of one person, too.
    """
    owners = [
        {row["patient"] for row in found}
        for found in (
            *(rows.films.get(id_, ()) for id_ in claim.records("film")),
            *(rows.panels.get(id_, ()) for id_ in claim.records("lab")),
        )
    ]
    named = set(claim.records("patient")) | _named_people(claim, rows)
    both = bool(claim.records("film")) and bool(claim.records("lab"))
    if not named and not both:
        return False
    if not named and any(words in claim.text for words in _APART):
        return False
    if not named and claim.kind == "limit":  # where labels come from, what is made up
        return False
    return len(set().union(*owners, named)) > 1


def _named_people(claim: AuditedClaim, rows: StoredRows) -> set[str]:
    """Find the people that the sentence itself names, among those whose records it cites."""
    owners = {
        row["patient"]
        for id_ in claim.records("lab")
        for row in rows.panels.get(id_, ())
        if row["patient"] in claim.text
    }
    return owners | ({word.strip(".,:;()") for word in claim.text.split()} & rows.people)


def overstates(claim: AuditedClaim) -> list[str]:
    """List the words of a sentence that state a diagnosis or give advice."""
    return [found.written for found in overstatements(claim.said)]


def _cited_days(claim: AuditedClaim, rows: StoredRows) -> set[str]:
    panels = [row for id_ in claim.records("lab") for row in rows.panels.get(id_, ())]
    cited = {day for value in _cited_strings(claim) for day in days(value)}
    return cited | {panel["effective_at"].date().isoformat() for panel in panels}


def _cited_strings(claim: AuditedClaim) -> Iterator[str]:
    for _, name, value in claim.citations:
        if name.startswith("evidence["):
            yield name.removeprefix("evidence[").rpartition("].")[0]
        if name.startswith("history["):
            yield name.removeprefix("history[").removesuffix("]")
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str):
                yield each
                yield from named_findings(each)


def _cited_numbers(claim: AuditedClaim) -> Iterator[float]:
    for _, name, value in claim.citations:
        yield from numbers(name)
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, int | float) and not isinstance(each, bool):
                yield from (*as_printed(float(each)), *(round(float(each), n) for n in range(4)))
            elif isinstance(each, str):
                yield from numbers(each)


def _counted(claim: AuditedClaim, brief: AuditedBrief, rows: StoredRows) -> Iterator[float]:
    films = [row for id_ in claim.records("film") for row in rows.films.get(id_, ())]
    panels = [row for id_ in claim.records("lab") for row in rows.panels.get(id_, ())]
    yield from (len(films), len(panels), len({row["patient"] for row in panels}))
    yield sum(any(map(is_abnormal, rows.of_panel(panel))) for panel in panels)
    yield sum(film["findings"] is None for film in films)
    wanted = brief.wanted()
    labels = [set(film["findings"] or ()) for film in films]
    yield from (sum(bool(set(any_of) & each) for each in labels) for any_of in wanted)
    yield sum(all(set(any_of) & each for any_of in wanted) for each in labels)
    ranks = {"film": brief.shown("films"), "lab": brief.shown("labs")}
    for kind, shown in ranks.items():
        yield from (shown.index(id_) + 1 for id_ in claim.records(kind) if id_ in shown)
    for patient in claim.records("patient"):
        yield from map(len, rows.records_of(patient))
    for result in _results_named(claim, panels, rows):
        yield from numbers(result["name"])
    yield from _times(claim, panels, rows)


def _results_named(claim: AuditedClaim, panels: list[Row], rows: StoredRows) -> Iterator[Row]:
    codes = {name.partition("]")[0].partition("[")[2] for _, name, _ in claim.citations}
    for panel in panels:
        yield from (r for r in rows.of_panel(panel) if r["loinc"] in codes)


def _times(claim: AuditedClaim, panels: list[Row], rows: StoredRows) -> Iterator[float]:
    """Days between cited times, and how often the cited analyte was measured."""
    moments: list[Any] = [
        value for _, name, value in claim.citations if name in ("effective_at", "taken_on", "day")
    ]
    clock = [
        float(m) if isinstance(m, int | float) else float(date.fromisoformat(m[:10]).toordinal())
        for m in moments
        if m is not None
    ]
    yield from (abs(a - b) for a, b in combinations(clock, 2))
    if claim.kind == "trend" and panels:
        for analyte in {r["analyte"] for r in _results_named(claim, panels, rows)}:
            yield len(rows.times(panels[0]["patient"], analyte))
