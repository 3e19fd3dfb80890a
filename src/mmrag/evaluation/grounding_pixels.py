"""Sentences that hold a label against the pixels, checked by their own words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mmrag.clinical.prompts import NORMAL
from mmrag.evaluation.grounding_claims import AuditedClaim
from mmrag.evaluation.grounding_rows import Row, StoredRows

_FIGURES = r"\(probability ([\d.]+), on an average film ([\d.]+)\)"
_OTHERWISE = re.compile(
    rf"Film #\d+ is labelled (?P<finding>[^(;]+?) \(.*\); its pixels alone say otherwise {_FIGURES}"
)
_LACKING = re.compile(
    rf"The pixels of film #\d+ alone say (?P<finding>[^(;]+?) {_FIGURES}; "
    r"it is labelled (?P<labels>[^(;]+?) \("
)


def pixel_problems(claim: AuditedClaim, rows: StoredRows) -> Iterator[str] | None:
    """Check a sentence about label and pixels.

    Parameters
    ----------
    claim : AuditedClaim
    rows : StoredRows

    Returns
    -------
    iterator of str or None
        What the rows do not bear out; None where it is no such sentence.
    """
    if claim.kind != "contradiction" or claim.section != "imaging":
        return None
    match = _OTHERWISE.match(claim.text) or _LACKING.match(claim.text)
    if match is None:
        return iter(["the audit cannot read what contradicts what"])
    return _problems(match, claim, rows)


def _problems(match: re.Match[str], claim: AuditedClaim, rows: StoredRows) -> Iterator[str]:
    finding, is_lacking = match["finding"], match.re is _LACKING
    said = (float(number) for number in match.groups() if re.fullmatch(r"[\d.]+", number))
    probability, average = said
    fields = {name: value for _, name, value in claim.citations}
    cited = (fields.get(f"evidence[{finding}].{which}") for which in ("pixels_only", "average"))
    for number, exact in zip((probability, average), cited, strict=True):
        if exact is None or round(float(exact), 3) != number:
            yield f"{number} of {finding} is said, {exact} cited"
    for film in (row for id_ in claim.records("film") for row in rows.films.get(id_, ())):
        yield from _of_film(film, finding, is_lacking=is_lacking)
        if is_lacking and match["labels"] != _listed(film):
            yield f"{film['id']} is labelled {_listed(film)}"
        for seen in rows.evidence_said(film["id"], f"evidence[{finding}].pixels_only"):
            usual = rows.averages.get(finding)
            if seen is None or usual is None or not _is_clear(seen, usual, there=is_lacking):
                yield f"the pixels of {film['id']} do not say so of {finding}"


def _of_film(film: Row, finding: str, *, is_lacking: bool) -> Iterator[str]:
    labels = film["findings"]
    if labels is None:
        yield f"{film['id']} has no label"
    elif (finding in (labels or [NORMAL])) == is_lacking:
        yield f"{film['id']} {'carries' if is_lacking else 'lacks'} {finding}"
    if film["made_up"] or film["labels_by"] != "reports":
        yield f"the label of {film['id']} is not a mined one"


def _listed(film: Row) -> str:
    *before, last = film["findings"] or [NORMAL]
    return f"{', '.join(before)} and {last}" if before else last


def _is_clear(seen: float, usual: float, *, there: bool) -> bool:
    """Whether odds are at least five times, or at most a fifth of, an average film's."""
    ratio = seen / (1 - seen) / (usual / (1 - usual)) if seen < 1 else float("inf")
    return (ratio >= 5 and seen >= 0.5) if there else ratio <= 0.2
