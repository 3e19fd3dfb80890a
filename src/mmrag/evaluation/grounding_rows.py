"""The store's rows by plain SQL, for an audit that shares no code with what it audits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from importlib.resources import files
from typing import Any, LiteralString

import numpy as np
import psycopg
from psycopg.rows import dict_row

from mmrag.clinical.prompts import NORMAL

Row = Mapping[str, Any]
"""One row: values by column."""

_FILMS: LiteralString = "SELECT * FROM film"
_PANELS: LiteralString = "SELECT * FROM lab_report"
_RESULTS: LiteralString = "SELECT * FROM lab_observation ORDER BY report, ordinal"
_EVIDENCE: LiteralString = "SELECT * FROM film_evidence"
_PIXELS: LiteralString = "SELECT * FROM film_pixel_evidence"
_SPACE: LiteralString = "SELECT encoder, weights FROM space"
_CONDITIONS: LiteralString = "SELECT patient, code, onset, abatement FROM condition"
_TOLD: LiteralString = "SELECT * FROM film_labels"


@dataclass(frozen=True)
class StoredRows:
    """Everything that a brief may cite.

    Attributes
    ----------
    films, panels : mapping of str to sequence of Row
        By identifier; several rows where several sources use one.
    results : mapping of int to sequence of Row
        By the key of their panel.
    conditions : mapping of str to sequence of Row
        By patient.
    evidence : mapping of int to Row
        Probability of each finding, by the key of the film.
    pixels : mapping of int to Row
        The same from the pixels alone.
    space : Row or None
        Encoder and weights.
    told : sequence of Row
        Labels of films that are not stored.
    """

    films: Mapping[str, Sequence[Row]]
    panels: Mapping[str, Sequence[Row]]
    results: Mapping[int, Sequence[Row]]
    conditions: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    evidence: Mapping[int, Row] = field(default_factory=dict)
    pixels: Mapping[int, Row] = field(default_factory=dict)
    space: Row | None = None
    told: Sequence[Row] = ()

    @cached_property
    def all_films(self) -> Sequence[Row]:
        """Every film."""
        return [row for rows in self.films.values() for row in rows]

    @cached_property
    def all_panels(self) -> Sequence[Row]:
        """Every panel."""
        return [row for rows in self.panels.values() for row in rows]

    @cached_property
    def people(self) -> frozenset[str]:
        """Everybody whose blood was measured."""
        return frozenset(panel["patient"] for panel in self.all_panels)

    @cached_property
    def by_analyte(self) -> Mapping[str, Sequence[tuple[Row, Row]]]:
        """Panels and their results of each analyte."""
        found: dict[str, list[tuple[Row, Row]]] = {}
        for panel in self.all_panels:
            for result in self.of_panel(panel):
                if result["analyte"] is not None:
                    found.setdefault(result["analyte"], []).append((panel, result))
        return found

    def records_of(self, patient: str) -> tuple[Sequence[Row], Sequence[Row]]:
        """List a person's films and panels."""
        films = [row for row in self.all_films if row["patient"] == patient]
        return films, [row for row in self.all_panels if row["patient"] == patient]

    def times(self, patient: str, analyte: str) -> set[datetime]:
        """List the times at which a person's analyte was measured as a number."""
        return {
            panel["effective_at"]
            for panel, result in self.by_analyte.get(analyte, ())
            if panel["patient"] == patient and result["canonical_value"] is not None
        }

    def of_panel(self, panel: Row) -> Sequence[Row]:
        """List the results of a panel."""
        return self.results.get(panel["key"], ())

    def holds(self, record: str, name: str, value: Any) -> bool:
        """Whether a row of that record has that value in that field.

        Parameters
        ----------
        record : str
            ``film:<id>`` or ``lab:<id>``.
        name : str
            A column, ``observations[<LOINC>].<column>``, ``evidence[<finding>].<which>``,
            ``history[<finding>]`` or ``history.films``.
        value : object
            As JSON writes it.
        """
        kind, _, id_ = record.partition(":")
        if name.startswith("evidence["):
            return any(said == value for said in self.evidence_said(id_, name))
        if name.startswith("history"):
            return any(said == value for said in self.history_said(id_, name))
        if kind == "film":
            return any(_json(row.get(name)) == value for row in self.films.get(id_, ()))
        rows = self.panels.get(id_, ())
        if not name.startswith("observations["):
            return any(_json(row.get(name)) == value for row in rows)
        loinc, _, column = name.removeprefix("observations[").rpartition("].")
        column = "value_text" if column == "text" else column
        return any(
            result["loinc"] == loinc and _json(result.get(column)) == value
            for row in rows
            for result in self.of_panel(row)
        )

    def evidence_said(self, id_: str, name: str) -> list[float | None]:
        """Look up ``evidence[<finding>].pixels_only`` or ``.average`` of the films of that name."""
        finding, _, which = name.removeprefix("evidence[").rpartition("].")
        if which == "average":
            return [self.averages.get(finding)]
        found = (self.pixels.get(row["key"], {}) for row in self.films.get(id_, ()))
        numbers = (row.get(finding.lower().replace(" ", "_")) for row in found)
        # PostgreSQL prints a real as short as it can; the number itself is of single precision
        return [None if number is None else float(np.float32(number)) for number in numbers]

    def history_said(self, id_: str, name: str) -> list[int]:
        """Count ``history.films`` or ``history[<finding>]`` of the films of that name."""
        finding = name.removeprefix("history[").removesuffix("]")
        said = []
        for film in self.films.get(id_, ()):
            others = self._labels_of_others(film)
            named = [finding in (labels or [NORMAL]) for labels in others]
            said.append(len(others) if name == "history.films" else sum(named))
        return said

    def _labels_of_others(self, film: Row) -> Sequence[Sequence[str]]:
        if film["patient"] is None:
            return ()
        stored = {(row["source"], row["id"]) for row in self.all_films}
        told = [row for row in self.told if (row["source"], row["id"]) not in stored]
        return [
            row["findings"]
            for row in (*self.all_films, *told)
            if row["patient"] == film["patient"]
            and row["findings"] is not None
            and (row["source"], row["id"]) != (film["source"], film["id"])
        ]

    @cached_property
    def averages(self) -> Mapping[str, float]:
        """How probable each finding is on an average film, as the encoder's parameters say."""
        if self.space is None:
            return {}
        file = files("mmrag.evidence") / "data" / f"{self.space['encoder']}.json"
        content = json.loads(file.read_text("utf-8")) if file.is_file() else {}
        if content.get("name") != f"{self.space['encoder']}:{self.space['weights']}":
            return {}
        return dict(zip(content["names"], content["base_rate"], strict=True))


def read_stored_rows(connection: psycopg.Connection[Any]) -> StoredRows:
    """Read films, panels, results and conditions whole.

    Parameters
    ----------
    connection : psycopg.Connection
        Its search path finds the store's tables.

    Returns
    -------
    StoredRows
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        films = _grouped(cursor.execute(_FILMS).fetchall(), "id")
        panels = _grouped(cursor.execute(_PANELS).fetchall(), "id")
        results = _grouped(cursor.execute(_RESULTS).fetchall(), "report")
        conditions = _grouped(cursor.execute(_CONDITIONS).fetchall(), "patient")
        evidence, pixels = (
            {row["film"]: row for row in cursor.execute(query).fetchall()}
            for query in (_EVIDENCE, _PIXELS)
        )
        space = cursor.execute(_SPACE).fetchone()
        told = cursor.execute(_TOLD).fetchall()
    return StoredRows(films, panels, results, conditions, evidence, pixels, space, told)


def _grouped(rows: Sequence[Row], column: str) -> dict[Any, list[Row]]:
    grouped: dict[Any, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row[column], []).append(row)
    return grouped


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value
