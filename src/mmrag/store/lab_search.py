"""The lab leg's search: SQL compares the numbers, the vector only orders what they leave.

Every condition is decided on typed columns over all observations, so that no panel is lost
to an approximate index. The index over panel texts serves questions without a condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import sql

from mmrag.store.film_search import EXACT_UP_TO, INDEX_UP_TO, TIE_MARGIN, prepare_index_scan
from mmrag.store.lab_rows import load_reports
from mmrag.store.lab_terms import (
    Bound,
    LabCondition,
    LabFilter,
    LabMatch,
    LabRanking,
    LabSummary,
    NearestObservation,
    SeriesPoint,
)
from mmrag.store.rows import all_of
from mmrag.store.schema import Connection
from mmrag.store.terms import RecordKey, Vector
from mmrag.store.vectors import Half

Parameters = dict[str, Any]

# d / (1 + d), written so that an infinite deviation gives 1; NaN counts as none.
_SQUASHED = "1 - 1 / (1 + max(abs(coalesce(nullif(o.deviation, 'NaN'), 0))))"
_YEAR_S = "31557600.0"

_QUALIFYING = sql.SQL(
    "SELECT r.key, r.source, r.id, r.patient, r.effective_at, r.panel, {abnormal} AS abnormal "
    "FROM lab_report r {joins} WHERE {where}"
)
_LATEST = sql.SQL(
    "SELECT DISTINCT ON (patient) * FROM ({qualifying}) AS every_panel "
    "ORDER BY patient, effective_at DESC, source, id DESC"
)
_RANKED = sql.SQL(
    "WITH qualifying AS MATERIALIZED ({qualifying}), "
    "near AS MATERIALIZED (SELECT key, {similarity} AS similarity FROM lab_vector), "
    "parts AS (SELECT q.key, q.source, q.id, q.effective_at, "
    " %(w_abnormal)s * q.abnormal AS abnormal, %(w_similarity)s * near.similarity AS similarity, "
    " %(w_recency)s * {recency} AS recency "
    " FROM qualifying q JOIN near ON near.key = q.panel) "
    "SELECT key, abnormal + similarity + recency AS score, abnormal, similarity, recency "
    "FROM parts ORDER BY score DESC, effective_at DESC, "
    'source COLLATE "C", id COLLATE "C" LIMIT %(k)s'
)
_NEAR_PANELS = sql.SQL(
    "SELECT v.key FROM lab_vector v WHERE EXISTS "
    "(SELECT 1 FROM lab_report r WHERE r.panel = v.key AND {where}) "
    "ORDER BY v.vector <#> %(vector)s LIMIT %(k)s + %(margin)s"
)


def search(
    connection: Connection,
    pgvector: tuple[int, ...],
    vector: Vector | None,
    k: int,
    conditions: Sequence[LabCondition],
    where: LabFilter,
    ranking: LabRanking,
) -> list[LabMatch]:
    """Find the panels that meet every condition, by falling score; inside a transaction."""
    if k < 1:
        return []
    parameters: Parameters = {
        "k": k,
        "margin": TIE_MARGIN,
        "vector": None if vector is None else Half(vector),
        "w_abnormal": ranking.abnormal,
        "w_similarity": ranking.similarity if vector is not None else 0.0,
        "w_recency": ranking.recency,
    }
    by_vector_alone = vector is not None and not conditions and not where.latest
    if by_vector_alone and ranking.recency == 0 and k <= INDEX_UP_TO and _are_many(connection):
        prepare_index_scan(connection, pgvector, k + TIE_MARGIN)
        panels = _near_panels(connection, where, parameters)
        rows = _ranked(connection, conditions, where, parameters, panels)
        if len(rows) == k:
            return _matches(connection, rows, conditions)
    rows = _ranked(connection, conditions, where, parameters, None)
    return _matches(connection, rows, conditions)


def count(connection: Connection, conditions: Sequence[LabCondition], where: LabFilter) -> int:
    """Count the panels that meet every condition."""
    qualifying, parameters = _qualifying(conditions, where)
    query = sql.SQL("SELECT count(*) FROM ({}) AS qualifying").format(qualifying)
    row = connection.execute(query, parameters).fetchone()
    return 0 if row is None else int(row[0])


def nearest(
    connection: Connection, condition: LabCondition, where: LabFilter
) -> NearestObservation | None:
    """Find the observation whose value comes nearest to what the condition asks."""
    measured, parameters = _measured(condition, where)
    row = connection.execute(
        sql.SQL(
            "SELECT o.report, o.ordinal {measured} "
            "ORDER BY {distance}, r.effective_at DESC, r.source, r.id, o.ordinal LIMIT 1"
        ).format(measured=measured, distance=_distance(condition)),
        parameters | _bounds(condition),
    ).fetchone()
    if row is None:
        return None
    return NearestObservation(load_reports(connection, [row[0]])[row[0]], row[1])


def summary(connection: Connection, condition: LabCondition, where: LabFilter) -> LabSummary:
    """Summarise an analyte over the panels that the filter leaves; no bound is applied."""
    measured, parameters = _measured(condition, where)
    row = connection.execute(
        sql.SQL(
            "SELECT count(*), count(DISTINCT r.patient), min(o.canonical_value), "
            "percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY o.canonical_value), "
            "max(o.canonical_value), count(o.flag), count(*) FILTER (WHERE o.flag <> 'N') "
            "{measured}"
        ).format(measured=measured),
        parameters,
    ).fetchone()
    if row is None:
        raise AssertionError("an aggregate has a row")
    values, patients, minimum, quartiles, maximum, flagged, abnormal = row
    lower, median, upper = quartiles or (None, None, None)
    return LabSummary(values, patients, minimum, lower, median, upper, maximum, flagged, abnormal)


def series(connection: Connection, condition: LabCondition, where: LabFilter) -> list[SeriesPoint]:
    """Every value of an analyte, by patient and time; bounds and flags are not applied."""
    measured, parameters = _measured(condition, where)
    rows = connection.execute(
        sql.SQL(
            "SELECT r.patient, r.effective_at, o.canonical_value, r.source, r.id {measured} "
            "ORDER BY r.patient, r.effective_at, r.source, r.id, o.ordinal"
        ).format(measured=measured),
        parameters,
    )
    return [SeriesPoint(p, at, value, RecordKey(source, id_)) for p, at, value, source, id_ in rows]


def _are_many(connection: Connection) -> bool:
    query = sql.SQL("SELECT count(*) FROM (SELECT 1 FROM lab_vector LIMIT {}) AS few")
    row = connection.execute(query.format(sql.Literal(EXACT_UP_TO + 1))).fetchone()
    return row is not None and row[0] > EXACT_UP_TO


def _near_panels(connection: Connection, where: LabFilter, parameters: Parameters) -> list[int]:
    condition, filters = _filter(where)
    query = _NEAR_PANELS.format(where=condition)
    return [key for (key,) in connection.execute(query, parameters | filters)]


def _ranked(
    connection: Connection,
    conditions: Sequence[LabCondition],
    where: LabFilter,
    parameters: Parameters,
    panels: list[int] | None,
) -> list[tuple[int, float, float, float, float]]:
    qualifying, filters = _qualifying(conditions, where, panels)
    similarity = "-(vector <#> %(vector)s)" if parameters["vector"] is not None else "0.0"
    # Years back from the newest panel that qualifies: no clock, so that a search repeats.
    recency = (
        f"power(2, extract(epoch FROM q.effective_at - max(q.effective_at) OVER ())::float8 "
        f"/ {_YEAR_S})"
        if parameters["w_recency"]
        else "0.0"
    )
    query = _RANKED.format(
        qualifying=qualifying, similarity=sql.SQL(similarity), recency=sql.SQL(recency)
    )
    return connection.execute(query, parameters | filters).fetchall()


def _matches(
    connection: Connection,
    rows: list[tuple[int, float, float, float, float]],
    conditions: Sequence[LabCondition],
) -> list[LabMatch]:
    keys = [row[0] for row in rows]
    reports = load_reports(connection, keys)
    matched = [_matched(connection, keys, condition) for condition in conditions]
    return [
        LabMatch(
            report=reports[key],
            score=score,
            abnormal=abnormal,
            similarity=similarity,
            recency=recency,
            matched=tuple(found.get(key, ()) for found in matched),
        )
        for key, score, abnormal, similarity, recency in rows
    ]


def _matched(
    connection: Connection, keys: list[int], condition: LabCondition
) -> dict[int, tuple[int, ...]]:
    meets, parameters = _meets(condition, "m")
    query = sql.SQL(
        "SELECT o.report, array_agg(o.ordinal ORDER BY o.ordinal) FROM lab_observation o "
        "WHERE o.report = ANY(%(keys)s) AND {} GROUP BY o.report"
    ).format(meets)
    rows = connection.execute(query, parameters | {"keys": keys})
    return {report: tuple(ordinals) for report, ordinals in rows}


def _qualifying(
    conditions: Sequence[LabCondition], where: LabFilter, panels: list[int] | None = None
) -> tuple[sql.Composable, Parameters]:
    condition, parameters = _filter(where)
    parts: list[sql.Composable] = [condition]
    if panels is not None:
        parts.append(sql.SQL("r.panel = ANY(%(panels)s)"))
        parameters["panels"] = panels
    joins: list[sql.Composable] = []
    for number, each in enumerate(conditions):
        meets, values = _meets(each, f"c{number}_")
        joins.append(
            sql.SQL(
                "JOIN (SELECT o.report, {squashed} AS abnormal FROM lab_observation o "
                "WHERE {meets} GROUP BY o.report) AS {name} ON {name}.report = r.key"
            ).format(squashed=sql.SQL(_SQUASHED), meets=meets, name=sql.Identifier(f"c{number}"))
        )
        parameters |= values
    worst = [sql.Identifier(f"c{number}", "abnormal") for number in range(len(conditions))]
    abnormal = (
        sql.SQL("greatest({})").format(sql.SQL(", ").join(worst)) if worst else sql.SQL("0.0")
    )
    qualifying = _QUALIFYING.format(
        abnormal=abnormal, joins=sql.SQL(" ").join(joins), where=sql.SQL(" AND ").join(parts)
    )
    if where.latest:
        return _LATEST.format(qualifying=qualifying), parameters
    return qualifying, parameters


def _measured(condition: LabCondition, where: LabFilter) -> tuple[sql.Composable, Parameters]:
    """Observations of the condition's analytes with a number, among the panels left."""
    names, parameters = _names(condition, "m")
    chosen, filters = _filter(where)
    source = sql.SQL(
        "FROM lab_observation o JOIN lab_report r ON r.key = o.report "
        "WHERE {names} AND o.canonical_value IS NOT NULL AND o.canonical_value <> 'NaN' "
        "AND {chosen}"
    ).format(names=names, chosen=chosen)
    return source, parameters | filters


def _distance(condition: LabCondition) -> sql.SQL:
    """How far an observation is from the asked interval or, without one, from the asked side."""
    value = "o.canonical_value"
    if condition.lower is not None or condition.upper is not None:
        below = f"%(lower)s - {value}" if condition.lower is not None else "0.0"
        above = f"{value} - %(upper)s" if condition.upper is not None else "0.0"
        return sql.SQL(f"greatest({below}, {above}, 0.0)")
    high = bool(condition.flags & {"H", "HH"})
    low = bool(condition.flags & {"L", "LL"})
    if high and not low:
        return sql.SQL(f"-{value}")
    if low and not high:
        return sql.SQL(value)
    # Either side: the one that stands nearest to a bound of its own range.
    to_low = "o.value - o.low"
    to_high = "o.high - o.value"
    return sql.SQL(f"abs(least({to_low}, {to_high})) / nullif(abs(o.high - o.low), 0)")


def _bounds(condition: LabCondition) -> Parameters:
    return {
        "lower": None if condition.lower is None else condition.lower.value,
        "upper": None if condition.upper is None else condition.upper.value,
    }


def _names(condition: LabCondition, prefix: str) -> tuple[sql.Composable, Parameters]:
    names = sql.SQL("(o.analyte = ANY({}) OR o.loinc = ANY({}))").format(
        sql.Placeholder(f"{prefix}analytes"), sql.Placeholder(f"{prefix}loinc")
    )
    return names, {
        f"{prefix}analytes": list(condition.analytes),
        f"{prefix}loinc": list(condition.loinc),
    }


def _meets(condition: LabCondition, prefix: str) -> tuple[sql.Composable, Parameters]:
    names, parameters = _names(condition, prefix)
    parts = [names]
    for side, bound in (("lower", condition.lower), ("upper", condition.upper)):
        if bound is not None:
            parts.append(
                sql.SQL(f"o.canonical_value {_comparison(side, bound)} {{}}").format(
                    sql.Placeholder(prefix + side)
                )
            )
            parameters[prefix + side] = bound.value
    if condition.lower is not None or condition.upper is not None:
        parts.append(sql.SQL("o.canonical_value <> 'NaN'"))
    if condition.flags:
        parts.append(sql.SQL("o.flag = ANY({})").format(sql.Placeholder(f"{prefix}flags")))
        parameters[f"{prefix}flags"] = sorted(condition.flags)
    return sql.SQL(" AND ").join(parts), parameters


def _comparison(side: str, bound: Bound) -> str:
    return (">" if side == "lower" else "<") + ("=" if bound.inclusive else "")


def _filter(where: LabFilter) -> tuple[sql.Composable, Parameters]:
    parts = []
    if where.sex is not None:
        parts.append("r.sex = %(sex)s")
    if where.age_min is not None:
        parts.append("r.age >= %(age_min)s")
    if where.age_max is not None:
        parts.append("r.age <= %(age_max)s")
    if where.source is not None:
        parts.append("r.source = %(source)s")
    if where.patient is not None:
        parts.append("r.patient = %(patient)s")
    if where.since is not None:
        parts.append("r.effective_at >= %(since)s")
    if where.until is not None:
        parts.append("r.effective_at <= %(until)s")
    if where.diagnoses:
        parts.append(
            "EXISTS (SELECT 1 FROM condition d WHERE d.patient = r.patient "
            "AND d.code = ANY(%(diagnoses)s) AND d.onset <= r.effective_at::date "
            "AND (d.abatement IS NULL OR d.abatement >= r.effective_at::date))"
        )
    return all_of(parts), {
        "sex": where.sex,
        "age_min": where.age_min,
        "age_max": where.age_max,
        "source": where.source,
        "patient": where.patient,
        "since": where.since,
        "until": where.until,
        "diagnoses": list(where.diagnoses),
    }
