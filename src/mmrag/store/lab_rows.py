"""Panels and their observations between records and rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, LiteralString

from mmrag.records import LabReport, Observation, Provenance, ReferenceRange
from mmrag.store.lab_terms import LabEntry
from mmrag.store.rows import clean, clean_or_none
from mmrag.store.schema import Connection

OBSERVATION_COLUMNS: LiteralString = (
    "report, ordinal, loinc, name, value, value_text, unit, category, analyte, "
    "canonical_value, low, high, critical_low, critical_high, range_source, flag, "
    "flag_source, deviation"
)
_OBSERVATION_FIELDS = 18


def load_reports(connection: Connection, keys: Sequence[int]) -> dict[int, LabReport]:
    """Panels with all their observations, by the row's key."""
    rows = connection.execute(
        "SELECT key, source, id, patient, encounter, effective_at, age, sex, file, line, made_up, "
        "day FROM lab_report WHERE key = ANY(%s)",
        (list(keys),),
    ).fetchall()
    observations = _observations(connection, keys)
    return {row[0]: _report(row, observations.get(row[0], ())) for row in rows}


def report_row(entry: LabEntry, panel: int) -> tuple[Any, ...]:
    """Give a panel's columns from ``source`` to ``day``."""
    report, origin = entry.report, entry.report.provenance
    return (
        origin.source,
        clean(report.id),
        clean(report.patient),
        clean_or_none(report.encounter),
        report.effective_at,
        report.age,
        report.sex,
        clean(origin.file),
        origin.row,
        origin.made_up,
        entry.record_hash,
        panel,
        report.day,
    )


def observation_rows(report: int, observations: Sequence[Observation]) -> list[tuple[Any, ...]]:
    """Columns of a panel's observations in the order of `OBSERVATION_COLUMNS`."""
    return [
        (
            report,
            ordinal,
            clean(each.loinc),
            clean(each.name),
            each.value,
            clean_or_none(each.text),
            clean_or_none(each.unit),
            clean_or_none(each.category),
            each.analyte,
            each.canonical_value,
            *_range_columns(each.reference),
            each.flag,
            clean_or_none(each.flag_source),
            each.deviation,
        )
        for ordinal, each in enumerate(observations)
    ]


def _range_columns(reference: ReferenceRange | None) -> tuple[Any, ...]:
    if reference is None:
        return (None, None, None, None, None)
    return (
        reference.low,
        reference.high,
        reference.critical_low,
        reference.critical_high,
        clean(reference.source),
    )


def _observations(
    connection: Connection, keys: Sequence[int]
) -> dict[int, tuple[Observation, ...]]:
    rows = connection.execute(
        f"SELECT {OBSERVATION_COLUMNS} FROM lab_observation "  # noqa: S608
        "WHERE report = ANY(%s) ORDER BY report, ordinal",
        (list(keys),),
    )
    return {
        report: tuple(_observation(row) for row in group)
        for report, group in groupby(rows, key=itemgetter(0))
    }


def _observation(row: tuple[Any, ...]) -> Observation:
    _, _, loinc, name, value, text, unit, category, analyte, canonical_value = row[:10]
    low, high, critical_low, critical_high, range_source = row[10:15]
    flag, flag_source, deviation = row[15:_OBSERVATION_FIELDS]
    reference = None
    if range_source is not None:
        reference = ReferenceRange(low, high, range_source, critical_low, critical_high)
    return Observation(
        loinc=loinc,
        name=name,
        value=value,
        text=text,
        unit=unit,
        category=category,
        analyte=analyte,
        canonical_value=canonical_value,
        reference=reference,
        flag=flag,
        flag_source=flag_source,
        deviation=deviation,
    )


def _report(row: tuple[Any, ...], observations: tuple[Observation, ...]) -> LabReport:
    _, source, id_, patient, encounter, effective_at, age, sex, file, line, made_up, day = row
    return LabReport(
        id=id_,
        provenance=Provenance(source, file, line, made_up),
        patient=patient,
        effective_at=effective_at,
        encounter=encounter,
        age=age,
        sex=sex,
        observations=observations,
        day=day,
    )
