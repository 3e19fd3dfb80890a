"""The records of an answer as one table: a row for each film, and one for each result."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from mmrag.retrieval.results import SearchResult

COLUMNS = (
    "leg", "rank", "id", "source", "patient", "made_up", "score", "sex", "age", "time",
    "view", "findings", "labels_by", "loinc", "name", "value", "unit", "low", "high", "flag",
    "matched",
)  # fmt: skip

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_table(result: SearchResult) -> str:
    """Write films and results as CSV (RFC 4180).

    Parameters
    ----------
    result : SearchResult

    Returns
    -------
    str
        Findings are joined by ``|``; an unlabelled film has none, one labelled as showing
        nothing has "No Finding". Stored words that a spreadsheet would run as a formula begin
        with an apostrophe.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for row in (*_films(result), *_results(result)):
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue()


def _films(result: SearchResult) -> Iterator[dict[str, object]]:
    for hit in result.films:
        labels = None if hit.findings is None else "|".join(hit.findings) or "No Finding"
        yield {
            "leg": "films", "rank": hit.rank, "id": hit.id, "source": hit.source,
            "patient": hit.patient, "made_up": hit.made_up, "score": hit.score, "sex": hit.sex,
            "age": hit.age, "time": hit.taken_on or hit.day, "view": hit.view, "findings": labels,
            "labels_by": None if labels is None else hit.labels_by,
        }  # fmt: skip


def _results(result: SearchResult) -> Iterator[dict[str, object]]:
    for hit in result.labs:
        time = hit.day if hit.effective_at is None else hit.effective_at.isoformat()
        for each in hit.observations:
            yield {
                "leg": "labs", "rank": hit.rank, "id": hit.report, "source": hit.source,
                "patient": hit.patient, "made_up": hit.made_up, "score": hit.score,
                "sex": hit.sex, "age": hit.age, "time": time, "loinc": each.loinc,
                "name": each.name, "value": each.text if each.value is None else each.value,
                "unit": each.unit, "low": each.low, "high": each.high, "flag": each.flag,
                "matched": each.matched,
            }  # fmt: skip


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
