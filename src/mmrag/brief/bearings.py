"""Who says that a laboratory result bears on a finding, where the brief leans on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from mmrag.brief.claims import Draft, cite_coverage, film_key, report_key
from mmrag.brief.imaging import asked_for
from mmrag.brief.pairs import compared_findings, linked
from mmrag.brief.plain import enumerated, plain
from mmrag.brief.rows import Rows
from mmrag.clinical.analytes import analytes
from mmrag.clinical.bearing import expectations
from mmrag.retrieval.results import SearchResult
from mmrag.store.terms import RecordKey

_LONGEST_CITATION = 400


@dataclass(frozen=True, slots=True)
class Leaning:
    """That an analyte bears on a finding, and the source of it.

    Attributes
    ----------
    finding, analyte, source : str
    """

    finding: str
    analyte: str
    source: str


@dataclass(frozen=True, slots=True)
class TableSays:
    """The clinical table holds each of these with its source, and something leans on them.

    Attributes
    ----------
    leanings : tuple of Leaning
    pairs : tuple of (RecordKey, RecordKey)
        Films and panels that were held against each other, one of which is still stored;
        empty where figures of the search lean on the table.
    """

    leanings: tuple[Leaning, ...]
    pairs: tuple[tuple[RecordKey, RecordKey], ...]

    def holds(self, rows: Rows) -> bool:
        """Look each of them up."""
        findings = dict.fromkeys(leaning.finding for leaning in self.leanings)
        known = {each for name in findings for each in leanings(name)}
        return set(self.leanings) <= known and (
            not self.pairs or any(rows.film(f) and rows.report(r) for f, r in self.pairs)
        )


def leanings(finding: str) -> Iterator[Leaning]:
    """Give all that bears on a finding."""
    for expected in expectations([finding]):
        yield Leaning(finding, expected.analyte, expected.sources[0])


def bearing_claims(result: SearchResult) -> Iterator[Draft]:
    """Name the sources of every bearing that another claim states."""
    compared = _compared(result)
    by_pairs = (each for leanings in compared.values() for each in leanings)
    used = tuple(dict.fromkeys((*_surveyed(result), *by_pairs)))
    if not used:
        return
    by_source: dict[str, dict[str, list[str]]] = {}
    for each in used:
        analyte = analytes()[each.analyte].name
        by_source.setdefault(each.source, {}).setdefault(each.finding, []).append(analyte)
    sources = "; ".join(
        f"{plain(source, _LONGEST_CITATION)} ({_bearing(by_finding)})"
        for source, by_finding in by_source.items()
    )
    places = [n for n, state in enumerate(result.coverage.labs.states) if state.findings]
    figures = [f"states[{n}].findings" for n in places] or ["returned"]
    yield Draft(
        kind="limit",
        section="context",
        text=f"That a result bears on a finding is taken from: {sources}.",
        citations=cite_coverage(result.coverage, "labs", *figures),
        check=TableSays(used, () if places else tuple(compared)),
    )


def _bearing(by_finding: dict[str, list[str]]) -> str:
    return "; ".join(f"{enumerated(names)} on {plain(f)}" for f, names in by_finding.items())


def _surveyed(result: SearchResult) -> Iterator[Leaning]:
    """Bearings that the counts over the whole store rest on."""
    for state in result.coverage.labs.states:
        for finding in state.findings:
            yield from (each for each in leanings(finding) if each.analyte in state.analytes)


def _compared(result: SearchResult) -> dict[tuple[RecordKey, RecordKey], list[Leaning]]:
    """Bearings by which a film's labels were held against the same patient's results."""
    asked = asked_for(result.query)
    return {
        (film_key(film), report_key(lab)): [
            each
            for finding, analyte in found
            for each in leanings(finding)
            if each.analyte == analyte
        ]
        for films, labs in linked(result).values()
        for film, lab in product(films, labs)
        if (found := compared_findings(film, lab, asked))
    }
