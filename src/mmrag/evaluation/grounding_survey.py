"""Sentences about the whole store, counted again from what they say in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from mmrag.clinical.analytes import analytes
from mmrag.clinical.query import compile_query
from mmrag.clinical.question import LabTerm
from mmrag.errors import QueryError
from mmrag.evaluation.grounding_claims import AuditedBrief, AuditedClaim, as_printed, numbers
from mmrag.evaluation.grounding_counts import (
    Found,
    kept_panels,
    measured,
    meets,
    patients_of,
    qualifying_films,
    qualifying_panels,
)
from mmrag.evaluation.grounding_rows import Row, StoredRows

Problems = Iterator[str]
"""What the rows do not bear out; nothing where they bear out everything."""

_BEARS = r"(?: \(bears on [^()]*\))?"
_SHOWN = re.compile(
    rf"(?P<state>.+?){_BEARS}: shown by (\d+) of (\d+) results? in the store, "
    r"in (\d+) of (\d+) patients?\."
)
_NONE = re.compile(
    rf"(?P<state>.+?){_BEARS}: none found among (\d+) results? of (\d+) patients?, "
    r"(\d+) in their range(?:; the nearest is (?P<value>-?[\d.]+)(?: (?P<unit>\S+))?)?\."
)
_NEVER = re.compile(r"Nothing in the store was measured for: (?P<states>.+)\.")
_SPREAD = re.compile(
    r"(?P<name>.+) over (\d+) results? of (\d+) patients?: median (\S+) (?P<unit>\S+), quartiles "
    r"(\S+) and (\S+), from (\S+) to (-?\d+(?:\.\d+)?)"
    r"(?:; (\d+) of (\d+) flagged results are abnormal)?\."
)
_LOOKED = re.compile(r"(\d+) (film|panel)s? searched, (\d+) qualif(?:y|ies), (\d+) shown")
_ELSEWHERE = re.compile(
    r"Of (?:made-up )?patient (\S+), (film|panel) #\d+ is shown; the store also holds "
    r"(\d+) (film|panel)s? of the same patient"
)
_IN_VAIN = re.compile(r"No (film|panel) found: (?:(\d+) \1s? searched, none qualifies|the store)")


def survey_problems(claim: AuditedClaim, brief: AuditedBrief, rows: StoredRows) -> Problems | None:
    """Check a sentence that counts in the whole store.

    Parameters
    ----------
    claim : AuditedClaim
    brief : AuditedBrief
    rows : StoredRows

    Returns
    -------
    iterator of str or None
        None where it is no such sentence.
    """
    forms: tuple[tuple[re.Pattern[str], Callable[..., Problems]], ...] = (
        (_SHOWN, _shown),
        (_NONE, _none),
        (_NEVER, _never),
        (_SPREAD, _spread),
        (_LOOKED, _looked),
        (_IN_VAIN, _in_vain),
        (_ELSEWHERE, _elsewhere),
    )
    for form, check in forms:
        match = form.match(claim.text)
        if match is not None:
            return check(match, brief, rows)
    return None


def _term(words: str) -> LabTerm | None:
    """Read the words of a state as the question that they are."""
    try:
        read = compile_query(words).labs
    except QueryError:
        return None
    return read[0] if len(read) == 1 and not read[0].trend else None


def _counted(
    words: str, brief: AuditedBrief, rows: StoredRows
) -> tuple[LabTerm, list[Found], list[Found]] | None:
    term = _term(words)
    if term is None or term.trend:
        return None
    about = measured(term, kept_panels(brief.query, rows), rows)
    return term, about, [found for found in about if meets(term, found) != term.negated]


def _shown(match: re.Match[str], brief: AuditedBrief, rows: StoredRows) -> Problems:
    counted = _counted(match["state"], brief, rows)
    if counted is None:
        yield f"the audit cannot read {match['state']!r}"
        return
    _, about, showing = counted
    true = (len(showing), len(about), len(patients_of(showing)), len(patients_of(about)))
    said = tuple(map(int, match.groups()[1:5]))
    if said != true:
        yield f"{match['state']}: {said} said, {true} counted"


def _none(match: re.Match[str], brief: AuditedBrief, rows: StoredRows) -> Problems:
    counted = _counted(match["state"], brief, rows)
    if counted is None:
        yield f"the audit cannot read {match['state']!r}"
        return
    term, about, showing = counted
    normal = sum(found.result["flag"] == "N" for found in about)
    said = tuple(map(int, match.groups()[1:4]))
    true = (len(about), len(patients_of(about)), normal)
    if showing:
        yield f"{match['state']}: none said to be found, {len(showing)} counted"
    if said != true:
        yield f"{match['state']}: {said} said, {true} counted"
    if match["value"] is not None:
        value = float(match["value"])
        held = [f for f in about if f.result["value"] is not None]
        nearest = [f for f in held if value in as_printed(f.result["value"])]
        if not nearest:
            yield f"{match['state']}: no result is {value}"
        elif _lies_beyond(term, about, nearest):
            yield f"{match['state']}: a result is nearer than {value}"


def _lies_beyond(term: LabTerm, about: Sequence[Found], nearest: Sequence[Found]) -> bool:
    """Whether a believable result goes farther in the one direction that is asked."""
    up = term.flag == "high" or term.comparison in ("above", "at-least")
    down = term.flag == "low" or term.comparison in ("below", "at-most")
    if up == down:
        return False
    values = [
        f.result["canonical_value"]
        for f in about
        if f.result["canonical_value"] is not None and _is_plausible(f.result)
    ]
    named = [f.result["canonical_value"] for f in nearest]
    beyond = max(values) > max(named) if up else min(values) < min(named)
    return bool(beyond)


def _is_plausible(result: Row) -> bool:
    low, high = analytes()[result["analyte"]].plausible
    return bool(low <= result["canonical_value"] <= high)


def _never(match: re.Match[str], brief: AuditedBrief, rows: StoredRows) -> Problems:
    states = [s for s in brief.printed["coverage"]["labs"]["states"] if not s["measured"]]
    kept = kept_panels(brief.query, rows)
    for state in states:
        if state["state"] not in match["states"]:
            yield f"{state['state']} is not named"
        term = _term(state["state"])
        if term is not None and measured(term, kept, rows):
            yield f"{state['state']} was measured"


def _spread(match: re.Match[str], brief: AuditedBrief, rows: StoredRows) -> Problems:
    key = next((k for k, known in analytes().items() if known.name == match["name"]), None)
    asked = next((t for t in brief.query.labs if key in t.keys), None)
    if key is None or asked is None:
        yield f"the audit cannot read {match['name']!r}"
        return
    series = LabTerm(analyte=key, name=match["name"], loinc=(), comparison="named", time=asked.time)
    about = measured(series, kept_panels(brief.query, rows), rows)
    values = [v for f in about if (v := f.result["canonical_value"]) is not None]
    flags = [f.result["flag"] for f in about if f.result["flag"] is not None]
    true = [len(values), len(patients_of(about)), *np.percentile(values, [50, 25, 75])]
    true += [min(values), max(values)]
    said = [float(group) for group in match.groups()[1:4]]
    said += [float(group) for group in match.groups()[5:9]]
    step = 10.0 ** -analytes()[key].decimals
    if said[:2] != true[:2] or not np.allclose(said[2:], true[2:], atol=0.51 * step, rtol=0):
        yield f"{match['name']}: {said} said, {[round(float(t), 3) for t in true]} counted"
    if match[10] is not None:
        abnormal = sum(flag != "N" for flag in flags)
        if (int(match[10]), int(match[11])) != (abnormal, len(flags)):
            yield f"{match['name']}: {abnormal} of {len(flags)} flagged are abnormal"


def _looked(match: re.Match[str], brief: AuditedBrief, rows: StoredRows) -> Problems:
    leg = "films" if match[2] == "film" else "labs"
    if leg == "films":
        true = [len(rows.all_films), len(qualifying_films(brief.query, rows))]
        true += [len(brief.shown("films")), *_shares(brief, rows)]
    else:
        true = [len(rows.all_panels), len(qualifying_panels(brief.query, rows))]
        shown = [row for id_ in brief.shown("labs") for row in rows.panels.get(id_, ())]
        abnormal = sum(any(map(is_abnormal, rows.of_panel(p))) for p in shown)
        true += [len(brief.shown("labs")), len({p["patient"] for p in shown}), abnormal]
    said = [int(n) for n in numbers(match.string)]
    if said != true:
        yield f"{said} said, {true} counted"


def _shares(brief: AuditedBrief, rows: StoredRows) -> list[int]:
    shown = [row for id_ in brief.shown("films") for row in rows.films.get(id_, ())]
    labels = [set(row["findings"] or ()) for row in shown]
    wanted = brief.wanted()
    shares = [sum(bool(set(any_of) & each) for each in labels) for any_of in wanted]
    if len(wanted) > 1:
        shares.append(sum(all(set(any_of) & each for any_of in wanted) for each in labels))
    unlabelled = sum(row["findings"] is None for row in shown)
    return [*shares, unlabelled] if unlabelled else shares


def is_abnormal(result: Row) -> bool:
    """Whether flag and range agree that a result is not normal."""
    return verdict(result) in ("low", "high")


def verdict(result: Row) -> str | None:
    """Call a stored result ``low``, ``high`` or ``normal``; None where flag and range disagree."""
    flag, value, low, high = (result[name] for name in ("flag", "value", "low", "high"))
    if flag is None:
        return None
    called = "normal" if flag == "N" else "low" if flag in ("L", "LL") else "high"
    if value is None or (low is None and high is None):
        return called
    if low is not None and value < low:
        lies = "low"
    elif high is not None and value > high:
        lies = "high"
    else:
        lies = "normal"
    return called if called == lies else None


def _in_vain(match: re.Match[str], brief: AuditedBrief, rows: StoredRows) -> Problems:
    films = match[1] == "film"
    searched = len(rows.all_films if films else rows.all_panels)
    found = (qualifying_films if films else qualifying_panels)(brief.query, rows)
    if found or int(match[2] or 0) != searched:
        yield f"{searched} searched, {len(found)} qualify"


def _elsewhere(match: re.Match[str], brief: AuditedBrief, rows: StoredRows) -> Problems:
    patient, shown, said, noun = match.groups()
    films, panels = rows.records_of(patient)
    others, leg = (films, "films") if noun == "film" else (panels, "labs")
    if shown == noun or int(said) != len(others):
        yield f"{patient} has {len(others)} {noun}s"
    if {row["id"] for row in others} & set(brief.shown(leg)):
        yield "some of them are shown"
