"""The lab leg's search: SQL compares the numbers, the vector only orders what they leave.

Every condition is decided on typed columns over all observations, so that no panel is lost
to an approximate index. The index over panel texts serves questions without a condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from mmrag.store.film_search import EXACT_UP_TO, INDEX_UP_TO, TIE_MARGIN, prepare_index_scan
from mmrag.store.lab_predicates import ConditionSql, Parameters, filter_sql
from mmrag.store.lab_rows import load_reports
from mmrag.store.lab_terms import Change, LabCondition, LabFilter, LabMatch, LabRanking
from mmrag.store.schema import Connection
from mmrag.store.terms import Vector
from mmrag.store.vectors import Half

_YEAR_S = "31557600.0"

_QUALIFYING = sql.SQL(
    "SELECT r.key, r.source, r.id, r.patient, r.effective_at, r.panel, {abnormal} AS abnormal "
    "FROM lab_report r {joins} WHERE {where}"
)
_MET = sql.SQL(
    "JOIN (SELECT report, max(abnormal) AS abnormal FROM ({any_of}) AS any_of GROUP BY report) "
    "AS {name} ON {name}.report = r.key"
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
    by_vector_alone = vector is not None and not conditions
    if by_vector_alone and ranking.recency == 0 and k <= INDEX_UP_TO and _are_many(connection):
        prepare_index_scan(connection, pgvector, k + TIE_MARGIN)
        panels = _near_panels(connection, where, parameters)
        rows = _ranked(connection, conditions, where, parameters, panels)
        if len(rows) == k:
            return _matches(connection, rows, conditions, where)
    rows = _ranked(connection, conditions, where, parameters, None)
    return _matches(connection, rows, conditions, where)


def count(connection: Connection, conditions: Sequence[LabCondition], where: LabFilter) -> int:
    """Count the panels that meet every condition."""
    chosen, parameters = qualifying(conditions, where)
    query = sql.SQL("SELECT count(*) FROM ({}) AS qualifying").format(chosen)
    row = connection.execute(query, parameters).fetchone()
    return 0 if row is None else int(row[0])


def _are_many(connection: Connection) -> bool:
    query = sql.SQL("SELECT count(*) FROM (SELECT 1 FROM lab_vector LIMIT {}) AS few")
    row = connection.execute(query.format(sql.Literal(EXACT_UP_TO + 1))).fetchone()
    return row is not None and row[0] > EXACT_UP_TO


def _near_panels(connection: Connection, where: LabFilter, parameters: Parameters) -> list[int]:
    condition, filters = filter_sql(where)
    query = _NEAR_PANELS.format(where=condition)
    return [key for (key,) in connection.execute(query, parameters | filters)]


def _ranked(
    connection: Connection,
    conditions: Sequence[LabCondition],
    where: LabFilter,
    parameters: Parameters,
    panels: list[int] | None,
) -> list[tuple[int, float, float, float, float]]:
    chosen, filters = qualifying(conditions, where, panels)
    similarity = "-(vector <#> %(vector)s)" if parameters["vector"] is not None else "0.0"
    # Years back from the newest panel that qualifies: no clock, so that a search repeats.
    recency = (
        f"power(2, extract(epoch FROM q.effective_at - max(q.effective_at) OVER ())::float8 "
        f"/ {_YEAR_S})"
        if parameters["w_recency"]
        else "0.0"
    )
    query = _RANKED.format(
        qualifying=chosen, similarity=sql.SQL(similarity), recency=sql.SQL(recency)
    )
    return connection.execute(query, parameters | filters).fetchall()


@dataclass(frozen=True, slots=True)
class _Matched:
    index: int
    previous: float | None
    previous_at: datetime | None


def _matches(
    connection: Connection,
    rows: list[tuple[int, float, float, float, float]],
    conditions: Sequence[LabCondition],
    where: LabFilter,
) -> list[LabMatch]:
    keys = [row[0] for row in rows]
    reports = load_reports(connection, keys)
    matched = [_matched(connection, keys, condition, where) for condition in conditions]
    return [
        LabMatch(
            report=reports[key],
            score=score,
            abnormal=abnormal,
            similarity=similarity,
            recency=recency,
            matched=tuple(tuple(c.index for c in found.get(key, ())) for found in matched),
            changes=tuple(
                Change(c.index, c.previous, c.previous_at)
                for found in matched
                for c in found.get(key, ())
                if c.previous is not None and c.previous_at is not None
            ),
        )
        for key, score, abnormal, similarity, recency in rows
    ]


def _matched(
    connection: Connection, keys: list[int], condition: LabCondition, where: LabFilter
) -> dict[int, list[_Matched]]:
    written = ConditionSql(condition, where, "m")
    before = "o.previous, o.previous_at" if condition.trend else "NULL, NULL"
    query = sql.SQL(
        "SELECT o.report, o.ordinal, {before} FROM {observations} "
        "WHERE o.report = ANY(%(keys)s) AND {matched} ORDER BY o.report, o.ordinal"
    ).format(before=sql.SQL(before), observations=written.observations, matched=written.matched)
    found: dict[int, list[_Matched]] = {}
    for report, *rest in connection.execute(query, written.parameters | {"keys": keys}):
        found.setdefault(report, []).append(_Matched(*rest))
    return found


def qualifying(
    conditions: Sequence[LabCondition], where: LabFilter, panels: list[int] | None = None
) -> tuple[sql.Composable, Parameters]:
    """Give a query for the panels that meet every condition, and its parameters."""
    condition, parameters = filter_sql(where)
    parts: list[sql.Composable] = [condition]
    if panels is not None:
        parts.append(sql.SQL("r.panel = ANY(%(panels)s)"))
        parameters["panels"] = panels
    alternatives: dict[str, list[sql.Composable]] = {}
    for number, each in enumerate(conditions):
        written = ConditionSql(each, where, f"c{number}_")
        group = f"condition {number}" if each.group is None else f"group {each.group}"
        alternatives.setdefault(group, []).append(written.qualifying)
        parameters |= written.parameters
    names = [sql.Identifier(f"q{number}") for number in range(len(alternatives))]
    joins = [
        _MET.format(any_of=sql.SQL(" UNION ALL ").join(any_of), name=name)
        for name, any_of in zip(names, alternatives.values(), strict=True)
    ]
    worst = sql.SQL(", ").join(sql.SQL("{}.abnormal").format(name) for name in names)
    abnormal = sql.SQL("greatest({})").format(worst) if names else sql.SQL("0.0")
    return _QUALIFYING.format(
        abnormal=abnormal, joins=sql.SQL(" ").join(joins), where=sql.SQL(" AND ").join(parts)
    ), parameters
