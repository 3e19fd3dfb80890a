"""How an analyte moved in one patient's own series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from mmrag.brief.claims import Draft
from mmrag.brief.imaging import asked_for
from mmrag.brief.model import LAB, Citation
from mmrag.brief.pairs import linked
from mmrag.brief.plain import enumerated, plain
from mmrag.brief.rows import Records, Rows
from mmrag.brief.wording import counted, counted_day
from mmrag.clinical.analytes import analytes
from mmrag.clinical.bearing import expectations
from mmrag.retrieval.results import SearchResult
from mmrag.store.lab_terms import SeriesPoint


@dataclass(frozen=True, slots=True)
class SeriesMoves:
    """A patient's newest results are these, each above (or each below) the one before.

    Attributes
    ----------
    patient, analyte : str
    run : tuple of SeriesPoint
        Oldest first.
    total : int
        Times at which the analyte was measured.
    """

    patient: str
    analyte: str
    run: tuple[SeriesPoint, ...]
    total: int

    def holds(self, rows: Rows) -> bool:
        """Read the series again."""
        series = rows.series(self.patient, self.analyte)
        run = newest_run(series, self.analyte)
        return run == self.run and len(_by_time(series)) == self.total


def trend_claims(result: SearchResult, records: Records) -> Iterator[Draft]:
    """Say of each patient shown whether an asked analyte rose or fell to its newest result.

    Asked are the analytes that the question names or, for a patient with film and blood,
    those that bear on the findings asked for.
    """
    for patient, analyte, made_up in _asked(result):
        series = records.series(patient, analyte)
        run = newest_run(series, analyte)
        if len(run) > 1:
            yield _draft(SeriesMoves(patient, analyte, run, len(_by_time(series))), made_up)


def newest_run(series: Sequence[SeriesPoint], analyte: str) -> tuple[SeriesPoint, ...]:
    """Take the newest results for as long as each step goes the same way, oldest first.

    Results of one time that differ, and values that no living patient has, end the run.
    """
    run: list[SeriesPoint] = []
    direction = 0
    for time in reversed(_by_time(series)):
        if len({point.value for point in time}) > 1 or not _is_plausible(time[0], analyte):
            break
        step = _sign(run[0].value - time[0].value) if run else 0
        if run and (step == 0 or step == -direction):
            break
        direction = step or direction
        run.insert(0, time[0])
    return tuple(run)


def _by_time(series: Sequence[SeriesPoint]) -> list[list[SeriesPoint]]:
    return [list(points) for _, points in groupby(series, key=lambda p: p.effective_at)]


def _is_plausible(point: SeriesPoint, analyte: str) -> bool:
    low, high = analytes()[analyte].plausible
    return low <= point.value <= high


def _sign(difference: float) -> int:
    return (difference > 0) - (difference < 0)


def _asked(result: SearchResult) -> Iterator[tuple[str, str, bool]]:
    named = {key for term in result.query.labs for key in term.keys}
    bearing = {e.analyte for e in expectations(asked_for(result.query))}
    both, persons = linked(result), result.persons
    asked: dict[tuple[str, str], bool] = {}
    for hit in result.labs:
        wanted = named or (bearing if persons.name(hit.patient) in both else set())
        for observation in hit.observations:
            if observation.analyte is not None and observation.analyte in wanted:
                asked.setdefault((hit.patient, observation.analyte), hit.made_up)
    return ((patient, analyte, made_up) for (patient, analyte), made_up in asked.items())


def _draft(moves: SeriesMoves, made_up: bool) -> Draft:
    run, known = moves.run, analytes()[moves.analyte]
    verb = "rose" if run[-1].value > run[0].value else "fell"
    steps = [f"{point.value:g} ({_day(point)})" for point in run]
    whose = f"{'made-up patient' if made_up else 'patient'} {plain(moves.patient)}"
    share = (
        f"all {counted(len(run), 'result')}"
        if len(run) == moves.total
        else f"the newest {len(run)} of {counted(moves.total, 'result')}"
    )
    return Draft(
        kind="trend",
        section="laboratory",
        text=f"In {whose}, {known.name} {verb} over {share}: {enumerated(steps)}, in {known.unit}.",
        citations=tuple(citation for point in run for citation in _cited(point)),
        check=moves,
        reports=tuple(point.report for point in run),
    )


def _cited(point: SeriesPoint) -> Iterator[Citation]:
    """Cite a value and, where its source counts days, its day; dates go with their panel."""
    record = LAB + point.report.id
    field = f"observations[{point.loinc}].canonical_value"
    yield Citation(record=record, field=field, value=point.value)
    if point.day is not None:
        yield Citation(record=record, field="day", value=point.day)


def _day(point: SeriesPoint) -> str:
    return counted_day(point.day) if point.day is not None else f"{point.effective_at:%Y-%m-%d}"
