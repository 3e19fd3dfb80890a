"""Panels that were found, as results that say why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from mmrag.clinical.analytes import analyte
from mmrag.clinical.bearing import Expectation
from mmrag.clinical.interpret import is_implausible
from mmrag.clinical.question import ClinicalQuery
from mmrag.records import LabReport, Observation, day_in_order
from mmrag.retrieval.lab_words import state_words
from mmrag.retrieval.results import LabHit, LabWhy, ObservationHit
from mmrag.store import Change, LabMatch


class LabHitMaker:
    """Turns matches of one question into hits.

    Parameters
    ----------
    query : ClinicalQuery
    expected : sequence of Expectation
        What bears on the question's findings; empty when it has laboratory constraints.
    """

    def __init__(self, query: ClinicalQuery, expected: Sequence[Expectation]) -> None:
        self._query = query
        self._flags_by_analyte: dict[str, list[Expectation]] = {}
        for expectation in expected:
            self._flags_by_analyte.setdefault(expectation.analyte, []).append(expectation)

    def hit(self, rank: int, match: LabMatch) -> LabHit:
        """Make one hit."""
        report = match.report
        # what bears on a finding is a choice among panels; its results answer by their flags
        chosen = bool(self._flags_by_analyte)
        matched = set() if chosen else {i for indices in match.matched for i in indices}
        return LabHit(
            rank=rank,
            report=report.id,
            source=report.provenance.source,
            patient=report.patient,
            effective_at=report.sampled_at,
            day=report.day,
            age=report.age,
            sex=report.sex,
            score=match.score,
            observations=tuple(
                observation_hit(observation, i in matched)
                for i, observation in enumerate(report.observations)
            ),
            made_up=report.provenance.made_up,
            why=LabWhy(
                constraints=tuple(
                    state_words(term)
                    for term, met in zip(self._query.labs, match.matched, strict=False)
                    if met
                ),
                bearing=tuple(
                    words for o in report.observations for words in self._bearing_words(o)
                ),
                abnormal=match.abnormal,
                similarity=match.similarity,
                recency=match.recency,
                changes=tuple(_changed(report, change) for change in match.changes),
            ),
        )

    def _bearing_words(self, observation: Observation) -> list[str]:
        expected = self._flags_by_analyte.get(observation.analyte or "", [])
        return [
            f"{e.state} bears on {', '.join(e.findings)}"
            for e in expected
            if observation.flag in e.flags
        ]


def _changed(report: LabReport, change: Change) -> str:
    """Name the newest value and the one before it, both in the analyte's canonical unit."""
    observation = report.observations[change.index]
    known = analyte(observation.analyte or "")
    now, before = (
        f"{value:.{known.decimals}f}" if value is not None else ""
        for value in (observation.canonical_value, change.previous)
    )
    if report.day is None:
        when = f"{change.previous_at:%Y-%m-%d}"
    else:
        when = f"day {(change.previous_at - day_in_order(0)) / timedelta(days=1):g}"
    return f"{known.name} {now} {known.unit}, {before} on {when} before"


def observation_hit(observation: Observation, matched: bool = False) -> ObservationHit:
    """Turn a stored result into one that is shown."""
    reference = observation.reference
    return ObservationHit(
        loinc=observation.loinc,
        name=observation.name,
        value=observation.value,
        text=observation.text,
        unit=observation.unit,
        low=None if reference is None else reference.low,
        high=None if reference is None else reference.high,
        range_source=None if reference is None else reference.source,
        flag=observation.flag,
        flag_source=observation.flag_source,
        analyte=observation.analyte,
        implausible=is_implausible(observation),
        matched=matched,
    )
