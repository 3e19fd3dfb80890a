"""What the store holds of an analyte: counts, quartiles, the outermost value, the series."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, LiteralString

from psycopg import sql

from mmrag.store.lab_predicates import ConditionSql, filter_sql
from mmrag.store.lab_rows import load_reports
from mmrag.store.lab_terms import (
    LabCondition,
    LabFilter,
    LabSummary,
    PlacedObservation,
    SeriesPoint,
)
from mmrag.store.rows import clean
from mmrag.store.schema import Connection
from mmrag.store.terms import RecordKey

# What cannot be converted has no place among the figures, but may carry the record's flag.
_SUMMARY = sql.SQL(
    "(WITH counted AS MATERIALIZED (SELECT o.report, o.ordinal, o.flag, {met} AS met, "
    "nullif(o.canonical_value, 'NaN') AS number, {outward} AS outward, {unlikely} AS unlikely, "
    "r.patient, r.effective_at, r.source, r.id "
    "FROM {observations} JOIN lab_report r ON r.key = o.report WHERE {counted} AND {chosen}) "
    "SELECT {place}::int, count(*), count(DISTINCT patient), count(number), "
    "min(number), percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY number), "
    "max(number), count(flag), count(*) FILTER (WHERE flag <> 'N'), count(*) FILTER (WHERE met), "
    "count(DISTINCT patient) FILTER (WHERE met), "
    "(SELECT ARRAY[report, ordinal] FROM counted WHERE number IS NOT NULL ORDER BY unlikely, "
    'outward DESC NULLS LAST, effective_at DESC, source COLLATE "C", id COLLATE "C", ordinal '
    "LIMIT 1) FROM counted)"
)
_POINT: LiteralString = (
    "r.patient, r.effective_at, o.canonical_value, r.source, r.id, r.day, o.loinc"
)
_SERIES = sql.SQL(
    f"SELECT {_POINT} "  # noqa: S608 (our own columns)
    "FROM {observations} JOIN lab_report r ON r.key = o.report "
    "WHERE {counted} AND o.canonical_value <> 'NaN' AND {chosen} "
    'ORDER BY r.patient, r.effective_at, r.source COLLATE "C", r.id COLLATE "C", o.ordinal'
)
_COURSES: LiteralString = (
    f"SELECT {_POINT} "  # noqa: S608 (our own columns)
    "FROM unnest(%s::text[], %s::text[]) AS wanted (patient, loinc) "
    "JOIN lab_report r ON r.patient = wanted.patient "
    "JOIN lab_observation o ON o.report = r.key AND o.loinc = wanted.loinc "
    "WHERE o.canonical_value <> 'NaN' "
    'ORDER BY r.effective_at, r.source COLLATE "C", r.id COLLATE "C", o.ordinal'
)
# One step of the index for each code, however many results bear it.
_NAMES: LiteralString = (
    "WITH RECURSIVE held AS ("
    "(SELECT loinc FROM lab_observation ORDER BY loinc LIMIT 1) UNION ALL "
    "SELECT (SELECT o.loinc FROM lab_observation o WHERE o.loinc > held.loinc "
    "ORDER BY o.loinc LIMIT 1) FROM held WHERE held.loinc IS NOT NULL) "
    "SELECT loinc, (SELECT o.name FROM lab_observation o WHERE o.loinc = held.loinc LIMIT 1) "
    'FROM held WHERE loinc IS NOT NULL ORDER BY loinc COLLATE "C"'
)
# A number with a range that it was not measured against: see ``Observation.deviation``.
_UNLIKELY = "(o.range_source IS NOT NULL AND o.deviation IS NULL)"


def names(connection: Connection) -> list[tuple[str, str]]:
    """List every code that results bear, with a name that one of them has."""
    return connection.execute(_NAMES).fetchall()


def summaries(
    connection: Connection, conditions: Sequence[LabCondition], where: LabFilter
) -> list[LabSummary]:
    """Summarise the observations of each condition's analytes; inside a transaction."""
    if not conditions:
        return []
    chosen, parameters = filter_sql(where)
    parts = []
    for place, condition in enumerate(conditions):
        written = ConditionSql(condition, where, f"c{place}_")
        met = sql.SQL("NOT ({})" if condition.negated else "({})").format(written.met)
        parts.append(
            _SUMMARY.format(
                place=place,
                met=met,
                outward=_outward(condition, f"c{place}_"),
                unlikely=sql.SQL(_UNLIKELY),
                observations=written.observations,
                counted=written.counted,
                chosen=chosen,
            )
        )
        parameters |= written.parameters
    rows = connection.execute(sql.SQL(" UNION ALL ").join(parts), parameters).fetchall()
    reports = load_reports(connection, [row[-1][0] for row in rows if row[-1]])

    def placed(outermost: list[int] | None) -> PlacedObservation | None:
        return PlacedObservation(reports[outermost[0]], outermost[1]) if outermost else None

    by_place = {row[0]: _summary(row[1:], placed(row[-1])) for row in rows}
    return [by_place[place] for place in range(len(conditions))]


def series(connection: Connection, condition: LabCondition, where: LabFilter) -> list[SeriesPoint]:
    """Every value of an analyte, by patient and time; bounds and flags are not applied."""
    analytes = LabCondition(analytes=condition.analytes, loinc=condition.loinc)
    written = ConditionSql(analytes, where, "m")
    chosen, parameters = filter_sql(where)
    rows = connection.execute(
        _SERIES.format(observations=written.observations, counted=written.counted, chosen=chosen),
        parameters | written.parameters,
    )
    return [_point(row) for row in rows]


def courses(
    connection: Connection, wanted: Collection[tuple[str, str]]
) -> dict[tuple[str, str], list[SeriesPoint]]:
    """Every value of pairs of patient and LOINC code, by time."""
    by_stored_name = {(clean(patient), clean(loinc)): (patient, loinc) for patient, loinc in wanted}
    columns = [patient for patient, _ in by_stored_name], [loinc for _, loinc in by_stored_name]
    found: dict[tuple[str, str], list[SeriesPoint]] = {}
    for point in map(_point, connection.execute(_COURSES, columns).fetchall()):
        found.setdefault(by_stored_name[point.patient, point.loinc], []).append(point)
    return found


def _point(row: tuple[Any, ...]) -> SeriesPoint:
    patient, at, value, source, id_, day, loinc = row
    return SeriesPoint(patient, at, value, RecordKey(source, id_), day, loinc)


def _summary(row: tuple[Any, ...], outermost: PlacedObservation | None) -> LabSummary:
    measured, patients, values, minimum, quartiles, maximum = row[:6]
    flagged, abnormal, meeting, meeting_patients = row[6:10]
    lower, median, upper = quartiles or (None, None, None)
    return LabSummary(
        measured=measured,
        patients=patients,
        values=values,
        minimum=minimum,
        lower_quartile=lower,
        median=median,
        upper_quartile=upper,
        maximum=maximum,
        flagged=flagged,
        abnormal=abnormal,
        meeting=meeting,
        meeting_patients=meeting_patients,
        outermost=outermost,
    )


def _outward(condition: LabCondition, prefix: str) -> sql.Composable:
    """How far a value goes in the direction asked: the greater, the farther."""
    value = "o.canonical_value"
    if condition.trend:
        sign = "" if condition.trend == "rising" else "-"
        change = f"{sign}({value} - o.previous)"
        return sql.SQL(f"{change} / nullif(abs({value}) + abs(o.previous), 0)")
    lower, upper = condition.lower is not None, condition.upper is not None
    high = lower if lower or upper else bool(condition.flags & {"H", "HH"})
    low = upper if lower or upper else bool(condition.flags & {"L", "LL"})
    if high and not low:
        return sql.SQL(value)
    if low and not high:
        return sql.SQL(f"-{value}")
    if lower:
        return sql.SQL(f"-greatest({{}} - {value}, {value} - {{}}, 0.0)").format(
            sql.Placeholder(f"{prefix}lower"), sql.Placeholder(f"{prefix}upper")
        )
    to_bound = "abs(least(o.value - o.low, o.high - o.value)) / nullif(abs(o.high - o.low), 0)"
    if condition.flags == {"N"}:
        return sql.SQL(f"-({to_bound})")
    return sql.SQL(f"coalesce(nullif(abs(o.deviation), 0), -({to_bound}))")
