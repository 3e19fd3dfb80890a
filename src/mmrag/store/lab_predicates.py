"""Conditions and filters on panels as SQL over typed columns."""

from __future__ import annotations

from typing import Any

from psycopg import sql

from mmrag.store.lab_terms import Bound, LabCondition, LabFilter
from mmrag.store.rows import all_of

Parameters = dict[str, Any]

# The squashed size of d, d / (1 + d): so written, an infinite deviation gives 1, and one that
# is not a number counts as none.
_DEVIATION = "1 - 1 / (1 + abs(coalesce(nullif(o.deviation, 'NaN'), 0)))"
_CHANGE = (
    "abs(o.canonical_value - o.previous) / (abs(o.canonical_value - o.previous) + abs(o.previous))"
)
_NUMBER = "o.canonical_value IS NOT NULL AND o.canonical_value <> 'NaN'"
_RESULT = "(o.value IS NOT NULL OR o.value_text IS NOT NULL)"

# One sorted pass over each patient's series: the newest results, and the mean and the time of
# the ones before them.
_SERIES = sql.SQL(
    "(SELECT o.*, rank() OVER newest_first AS newest, "
    "avg(o.canonical_value) OVER before AS previous, max(r.effective_at) OVER before "
    "AS previous_at FROM lab_observation o JOIN lab_report r ON r.key = o.report "
    "WHERE {counted} AND {chosen} "
    "WINDOW newest_first AS (PARTITION BY r.patient, coalesce(o.analyte, o.loinc) "
    "ORDER BY r.effective_at DESC), "
    "before AS (newest_first GROUPS BETWEEN 1 FOLLOWING AND 1 FOLLOWING)) AS o"
)
_QUALIFYING = sql.SQL(
    "SELECT o.report, max({size}) AS abnormal FROM {observations} WHERE {counted} AND {met} "
    "GROUP BY o.report"
)
_NOT_QUALIFYING = sql.SQL(
    "SELECT o.report, 0.0::float8 AS abnormal FROM {observations} WHERE {counted} "
    "GROUP BY o.report HAVING NOT bool_or({met})"
)


class ConditionSql:
    """One condition among the panels that a filter leaves.

    Parameters
    ----------
    condition : LabCondition
    where : LabFilter
    prefix : str
        Sets its parameters apart from those of other conditions.

    Attributes
    ----------
    observations : psycopg.sql.Composable
        What stands after FROM: rows of ``lab_observation`` under the name ``o``; with
        `latest` or `trend` only what the filter leaves, with ``newest``, ``previous`` and
        ``previous_at``.
    counted : psycopg.sql.Composable
        True for the observations that the condition is about.
    met : psycopg.sql.Composable
        True for those of them that meet it, negation apart; never NULL.
    parameters : dict
    """

    def __init__(self, condition: LabCondition, where: LabFilter, prefix: str) -> None:
        self.condition = condition
        self._prefix = prefix
        self.parameters: Parameters = {
            f"{prefix}analytes": list(condition.analytes),
            f"{prefix}loinc": list(condition.loinc),
        }
        names = sql.SQL("(o.analyte = ANY({}) OR o.loinc = ANY({}))").format(
            self._parameter("analytes"), self._parameter("loinc")
        )
        self.observations: sql.Composable
        parts: list[sql.Composable]
        if condition.latest or condition.trend:
            chosen, filters = filter_sql(where)
            self.parameters |= filters
            kind = sql.SQL(_NUMBER if condition.trend else _RESULT)
            counted = sql.SQL("{} AND {}").format(names, kind)
            self.observations = _SERIES.format(counted=counted, chosen=chosen)
            parts = [sql.SQL("o.newest = 1")]
        else:
            self.observations = sql.SQL("lab_observation o")
            parts = [names]
        self.counted = _together(parts + self._measured())
        self.met = _together(self._met())

    @property
    def qualifying(self) -> sql.Composable:
        """Panels that meet it, as ``report`` and ``abnormal``, the squashed size in 0 to 1."""
        size = _CHANGE if self.condition.trend else _DEVIATION
        form = _NOT_QUALIFYING if self.condition.negated else _QUALIFYING
        return form.format(
            size=sql.SQL(size),
            observations=self.observations,
            counted=self.counted,
            met=self.met,
        )

    @property
    def matched(self) -> sql.Composable:
        """True for the observations to show: the ones that meet it, or that deny it."""
        return self.counted if self.condition.negated else _together([self.counted, self.met])

    def _measured(self) -> list[sql.Composable]:
        condition = self.condition
        parts: list[sql.Composable] = []
        if condition.lower is not None or condition.upper is not None:
            parts.append(sql.SQL(_NUMBER))
        if condition.flags:
            parts.append(sql.SQL("o.flag IS NOT NULL"))
        if condition.trend:
            parts.append(sql.SQL("o.previous IS NOT NULL"))
        return parts

    def _met(self) -> list[sql.Composable]:
        condition = self.condition
        parts: list[sql.Composable] = []
        for side, bound in (("lower", condition.lower), ("upper", condition.upper)):
            if bound is not None:
                comparison = sql.SQL(_comparison(side, bound))
                parts.append(comparison.format(self._parameter(side)))
                self.parameters[f"{self._prefix}{side}"] = bound.value
        if condition.flags:
            parts.append(sql.SQL("o.flag = ANY({})").format(self._parameter("flags")))
            self.parameters[f"{self._prefix}flags"] = sorted(condition.flags)
        if condition.trend:
            sign = sql.SQL(">" if condition.trend == "rising" else "<")
            parts.append(sql.SQL("o.canonical_value {} o.previous").format(sign))
        return parts

    def _parameter(self, name: str) -> sql.Placeholder:
        return sql.Placeholder(f"{self._prefix}{name}")


def filter_sql(where: LabFilter) -> tuple[sql.Composable, Parameters]:
    """Give a filter on ``lab_report r`` and its parameters."""
    parts = []
    if where.sex is not None:
        parts.append("r.sex = %(sex)s")
    if where.age_min is not None:
        parts.append(f"r.age {'>=' if where.age_min_inclusive else '>'} %(age_min)s")
    if where.age_max is not None:
        parts.append(f"r.age {'<=' if where.age_max_inclusive else '<'} %(age_max)s")
    if where.source is not None:
        parts.append("r.source = %(source)s")
    if where.patient is not None:
        parts.append("r.patient = %(patient)s")
    if where.since is not None:
        parts.append("(r.day IS NULL AND r.effective_at >= %(since)s)")
    if where.until is not None:
        parts.append("(r.day IS NULL AND r.effective_at <= %(until)s)")
    diagnoses = {f"diagnosis_{n}": list(codes) for n, codes in enumerate(where.diagnoses)}
    parts += [_active(name) for name in diagnoses]
    if where.without:
        parts.append(f"NOT {_active('without')}")
    return all_of(parts), diagnoses | {
        "sex": where.sex,
        "age_min": where.age_min,
        "age_max": where.age_max,
        "source": where.source,
        "patient": where.patient,
        "since": where.since,
        "until": where.until,
        "without": list(where.without),
    }


def _active(codes: str) -> str:
    on = "r.effective_at::date"
    return (
        f"EXISTS (SELECT FROM condition d WHERE d.patient = r.patient "
        f"AND r.day IS NULL AND d.code = ANY(%({codes})s) AND d.onset <= {on} "
        f"AND (d.abatement IS NULL OR d.abatement >= {on}))"
    )


def _comparison(side: str, bound: Bound) -> str:
    sign = (">" if side == "lower" else "<") + ("=" if bound.inclusive else "")
    return f"o.canonical_value {sign} {{}}"


def _together(parts: list[sql.Composable]) -> sql.Composable:
    return sql.SQL(" AND ").join(parts) if parts else sql.SQL("true")
