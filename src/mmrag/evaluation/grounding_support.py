"""Whether the stored rows bear a claim out, by code that shares nothing with the composer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from mmrag.evaluation.grounding_claims import (
    AuditedBrief,
    AuditedClaim,
    as_printed,
    named_findings,
    numbers,
)
from mmrag.evaluation.grounding_history import history_problems, without_history
from mmrag.evaluation.grounding_pixels import pixel_problems
from mmrag.evaluation.grounding_rows import Row, StoredRows
from mmrag.evaluation.grounding_survey import survey_problems, verdict

DENYING = ("finding-absent", "nothing-found")
_DENIALS = ("No Finding", "not among", "None of the", "not labelled")
_CALLED = re.compile(r"\b(high|low|normal)\b")
_SERIES = re.compile(r"(?:patient|Patient) (?P<patient>\S+), (?P<name>.+) (?P<verb>rose|fell) over")
_DIFFERENT = ("come from different people", "stands alone")


def problems(claim: AuditedClaim, brief: AuditedBrief, rows: StoredRows) -> list[str]:
    """List what of a claim the rows do not bear out.

    Parameters
    ----------
    claim : AuditedClaim
    brief : AuditedBrief
        For the question, the records shown and the figures.
    rows : StoredRows

    Returns
    -------
    list of str
        Empty for a claim that is borne out.
    """
    found = list(_citations(claim, brief, rows))
    surveyed = survey_problems(claim, brief, rows)
    if surveyed is not None:
        return [*found, *surveyed]
    against_pixels = pixel_problems(claim, rows)
    if against_pixels is not None:
        return [*found, *against_pixels]
    if claim.kind == "cohort" or _counts_results(claim):
        found.append("the audit cannot read what is counted")
    found += history_problems(claim)
    found += _labels(claim, rows)
    found += _called(claim, rows)
    found += _value_first(claim)
    if claim.kind == "trend":
        found += _course(claim, rows)
    if any(words in claim.text for words in _DIFFERENT):
        found += _strangers(claim, rows)
    return found


def _counts_results(claim: AuditedClaim) -> bool:
    """Whether a sentence says that the store holds no such result."""
    shown = claim.text.startswith(("None of the", "No panel of"))
    return claim.kind == "nothing-found" and claim.section == "laboratory" and not shown


def _citations(claim: AuditedClaim, brief: AuditedBrief, rows: StoredRows) -> Iterator[str]:
    if not claim.citations:
        yield "nothing is cited"
    for record, name, value in claim.citations:
        kind, _, id_ = record.partition(":")
        if name == "rank":
            held = _rank_of(brief, record) == value
        elif kind == "coverage":
            held = _figure(brief, id_, name) == value
        elif kind == "patient":
            held = all(_patient(r, rows) == {id_} for r in value)
        else:
            held = rows.holds(record, name, value)
        if not held:
            yield f"{record} {name} is not {value!r}"


def _rank_of(brief: AuditedBrief, record: str) -> int | None:
    kind, _, id_ = record.partition(":")
    shown = brief.shown("films" if kind == "film" else "labs")
    return shown.index(id_) + 1 if id_ in shown else None


def _figure(brief: AuditedBrief, leg: str, name: str) -> object:
    part: object = brief.printed["coverage"].get(leg)
    for step in re.findall(r"\w+", name):
        if isinstance(part, list):
            part = part[int(step)] if int(step) < len(part) else None
        else:
            part = part.get(step) if isinstance(part, dict) else None
    return part


def _patient(record: str, rows: StoredRows) -> set[str | None]:
    kind, _, id_ = record.partition(":")
    found = (rows.films if kind == "film" else rows.panels).get(id_, ())
    return {row["patient"] for row in found}


def _labels(claim: AuditedClaim, rows: StoredRows) -> Iterator[str]:
    """Hold the findings that are named against the labels of every film that is cited."""
    films = [row for id_ in claim.records("film") for row in rows.films.get(id_, ())]
    if not films or not any(name == "findings" for _, name, _ in claim.citations):
        return
    said = replace(claim, text=without_history(claim.text))
    for finding, assertion in findings_said(said, rows).items():
        denied = claim.kind in DENYING or assertion == "absent"
        for film in films:
            labels = film["findings"]
            if denied and claim.kind == "finding-absent" and labels is None:
                yield f"{film['id']} has no label that could lack {finding}"
            if (finding in (labels or ())) == denied:
                yield f"{film['id']} {'carries' if denied else 'lacks'} {finding}"
    if claim.kind in DENYING and not any(words in claim.text for words in _DENIALS):
        yield "it denies nothing"
    if "No Finding" in claim.text and any(film["findings"] != [] for film in films):
        yield "a film is not labelled No Finding"
    if "has no label" in claim.text and any(film["findings"] is not None for film in films):
        yield "a film has labels"


def findings_said(claim: AuditedClaim, rows: StoredRows) -> dict[str, str]:
    """Read the findings of a sentence, with their assertion; names of results hold none."""
    names = {
        " ".join(result["name"].split())
        for id_ in claim.records("lab")
        for panel in rows.panels.get(id_, ())
        for result in rows.of_panel(panel)
    }
    text = claim.said
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "it")
    return named_findings(text)


def _called(claim: AuditedClaim, rows: StoredRows) -> Iterator[str]:
    for result, word in called_results(claim, rows):
        if verdict(result) != word:
            yield f"{result['name']} {result['value']} is called {word}"
    if claim.text.startswith(("None of the", "No panel of")) and "called abnormal" in claim.text:
        panels = [row for id_ in claim.records("lab") for row in rows.panels.get(id_, ())]
        if any(verdict(r) in ("low", "high") for p in panels for r in rows.of_panel(p)):
            yield "a panel holds an abnormal result"


def called_results(claim: AuditedClaim, rows: StoredRows) -> Iterator[tuple[Row, str]]:
    """Give each cited result that the sentence calls high, low or normal, and the word.

    The word is the first one behind the result's name. Where a panel holds two results of one
    LOINC code, the one whose value or flag is cited is meant.
    """
    text, start = claim.said, 0
    for record, loinc in _cited_results(claim):
        result = _the_result(claim, record, loinc, rows, text[start:])
        if result is None:
            continue
        name = " ".join(result["name"].split())
        place = text.find(name, start)
        if place < 0:
            place = text.find(name)
        word = _CALLED.search(text, place + len(name)) if place >= 0 else None
        if word is not None and word.start() - place < len(name) + 80:
            if "called neither" not in text:
                yield result, word.group()
            start = word.end()


def _cited_results(claim: AuditedClaim) -> list[tuple[str, str]]:
    cited: list[tuple[str, str]] = []
    for record, name, _ in claim.citations:
        if name.startswith("observations[") and not name.endswith(".canonical_value"):
            loinc = name.removeprefix("observations[").rpartition("].")[0]
            flag_only = name.endswith("].flag") and f"observations[{loinc}].name" not in {
                other for r, other, _ in claim.citations if r == record
            }
            if flag_only or (record, loinc) not in cited:
                cited.append((record, loinc))
    return cited


def _the_result(
    claim: AuditedClaim, record: str, loinc: str, rows: StoredRows, text: str
) -> Row | None:
    wanted = {
        name.rpartition(".")[2]: value
        for r, name, value in claim.citations
        if r == record and name.startswith(f"observations[{loinc}].")
    }
    wanted.pop("flag" if "value" not in wanted else "", None)
    candidates = [
        result
        for row in rows.panels.get(record.partition(":")[2], ())
        for result in rows.of_panel(row)
        if result["loinc"] == loinc
        and all(result.get("value_text" if k == "text" else k) == v for k, v in wanted.items())
        and " ".join(result["name"].split()) in text
    ]
    if not candidates:
        return None
    called = [c for c in candidates if verdict(c) in ("low", "high")]
    return (called or candidates)[0]


def _value_first(claim: AuditedClaim) -> Iterator[str]:
    """Demand that a single result's sentence gives its value first, before its range."""
    values = [v for _, name, v in claim.citations if name.endswith("].value") and v is not None]
    if claim.kind not in ("lab-abnormal", "lab-normal") or len(values) != 1:
        return
    names = [v for _, name, v in claim.citations if name.endswith("].name")]
    behind = claim.said.partition(" ".join(str(names[0]).split()) if names else ":")[2]
    said = numbers(behind)
    if not said or said[0] not in as_printed(float(values[0])):
        yield f"{values[0]} is cited, {said[:1]} said"


def _course(claim: AuditedClaim, rows: StoredRows) -> Iterator[str]:
    match = _SERIES.search(claim.text)
    points = [
        (panel, result)
        for record, name, value in claim.citations
        for panel in rows.panels.get(record.partition(":")[2], ())
        for result in rows.of_panel(panel)
        if f"observations[{result['loinc']}].canonical_value" == name
        and result["canonical_value"] == value
    ]
    if match is None or not points:
        yield "the audit cannot read the course"
        return
    if {panel["patient"] for panel, _ in points} != {match["patient"]}:
        yield "the course is of several people, or of another one"
    times = [panel["effective_at"] for panel, _ in points]
    values = [float(v) for _, name, v in claim.citations if name.endswith("].canonical_value")]
    rises = [after > before for before, after in pairwise(values)]
    if times != sorted(times) or set(rises) != {match["verb"] == "rose"}:
        yield "the course does not go that way"
    series = rows.times(match["patient"], points[0][1]["analyte"])
    if not series or max(times) != max(series):
        yield "a newer result exists"
    counts = re.search(r"(?:all (\d+)|the newest (\d+) of (\d+)) results?", claim.text)
    run, total = (int(counts[1] or counts[n]) for n in (2, 3)) if counts else (-1, -1)
    if run != len(points):
        yield f"{run} results said, {len(points)} cited"
    if total != len(series):
        yield f"{total} results said, {len(series)} counted"


def _strangers(claim: AuditedClaim, rows: StoredRows) -> Iterator[str]:
    films = {p for id_ in claim.records("film") for p in _patient(f"film:{id_}", rows)}
    labs = {p for id_ in claim.records("lab") for p in _patient(f"lab:{id_}", rows)}
    if (films & labs) - {None}:
        yield "a film and a panel are of one person"
