"""Laboratory panels: written whole, known by their hashes, searched by number and by text."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

import numpy as np

from mmrag.records import LabReport
from mmrag.store import lab_search, lab_summary
from mmrag.store.connection import Database
from mmrag.store.indexes import VectorIndexes
from mmrag.store.lab_rows import (
    OBSERVATION_COLUMNS,
    load_reports,
    observation_rows,
    report_row,
)
from mmrag.store.lab_terms import (
    BALANCED,
    EVERY_PANEL,
    LabCondition,
    LabEntry,
    LabFilter,
    LabMatch,
    LabRanking,
    LabSummary,
    SeriesPoint,
)
from mmrag.store.rows import check_shape, clean, key_columns
from mmrag.store.schema import Connection
from mmrag.store.terms import RecordKey, Vector, Vectors
from mmrag.store.vectors import Half

_INSERT_PANEL = """
INSERT INTO lab_vector (digest, panel, vector) VALUES (%s, %s, %s)
ON CONFLICT (digest) DO UPDATE SET vector = excluded.vector
WHERE lab_vector.vector <> excluded.vector
"""
_UPSERT_REPORT = """
INSERT INTO lab_report (source, id, patient, encounter, effective_at, age, sex, file, line,
                        made_up, record_hash, panel, day)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (source, id) DO UPDATE SET
    patient = excluded.patient, encounter = excluded.encounter,
    effective_at = excluded.effective_at, age = excluded.age, sex = excluded.sex,
    file = excluded.file, line = excluded.line, made_up = excluded.made_up,
    record_hash = excluded.record_hash, panel = excluded.panel, day = excluded.day
RETURNING key
"""


class Labs:
    """The laboratory family of tables."""

    def __init__(self, database: Database, indexes: VectorIndexes) -> None:
        self._database = database
        self._indexes = indexes

    def known(self, source: str) -> dict[str, str]:
        """Record hash of every panel of a source, by panel identifier."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT id, record_hash FROM lab_report WHERE source = %s", (source,)
            )
            return dict(rows.fetchall())

    def vectors_of(self, panels: Collection[str]) -> dict[str, Vector]:
        """Vectors of panel texts that were encoded before.

        Parameters
        ----------
        panels : collection of str

        Returns
        -------
        dict of str to ndarray
            Only the texts that are stored; float32 of half precision, as they are searched.
        """
        texts = {_digest(panel): panel for panel in panels}
        with (
            self._database.transaction() as connection,
            connection.cursor(binary=True) as cursor,
        ):
            cursor.execute(
                "SELECT digest, vector FROM lab_vector WHERE digest = ANY(%s)", (list(texts),)
            )
            return {texts[bytes(digest)]: vector for digest, vector in cursor}

    def write(self, entries: Sequence[LabEntry], vectors: Vectors) -> None:
        """Write panels in one transaction; a panel already there is replaced whole.

        Parameters
        ----------
        entries : sequence of LabEntry
        vectors : ndarray
            Shape (len(entries), dimension), float32, unit norm; equal for equal texts.

        Raises
        ------
        InputError
            When the vectors do not fit the entries.
        DatabaseError
        """
        check_shape(vectors, len(entries), self._database.dimension)
        latest = {entry.key: entry for entry in entries}
        by_text = {entry.panel: vector for entry, vector in zip(entries, vectors, strict=True)}
        self._indexes.expect("lab_vector", len(by_text))
        with self._database.transaction() as connection:
            panels = _write_panels(connection, by_text)
            reports = _write_reports(connection, list(latest.values()), panels)
            _write_observations(connection, dict(zip(reports, latest.values(), strict=True)))

    def search(
        self,
        vector: Vector | None,
        k: int,
        conditions: Sequence[LabCondition] = (),
        where: LabFilter = EVERY_PANEL,
        ranking: LabRanking = BALANCED,
    ) -> list[LabMatch]:
        """Find the `k` best of the panels that meet every condition, or all where fewer do.

        Which panels qualify is always exact, and so is their order when there is a condition.
        Panels of equal score are ordered by time, newest first, then source and identifier.

        Parameters
        ----------
        vector : ndarray or None
            Shape (dimension,), float32; None where words have no part in the order.
        k : int
        conditions : sequence of LabCondition
            Each must be met by at least one observation of the panel.
        where : LabFilter
        ranking : LabRanking

        Returns
        -------
        list of LabMatch
            By falling score.
        """
        if vector is not None:
            check_shape(np.atleast_2d(vector), 1, self._database.dimension)
        with self._database.transaction() as connection:
            return lab_search.search(
                connection, self._database.pgvector, vector, k, conditions, where, ranking
            )

    def count(self, conditions: Sequence[LabCondition] = (), where: LabFilter = EVERY_PANEL) -> int:
        """Count the panels that meet every condition."""
        with self._database.transaction() as connection:
            return lab_search.count(connection, conditions, where)

    def names(self) -> list[tuple[str, str]]:
        """Code and name of every kind of result that is stored, by code; of several, one name."""
        with self._database.transaction() as connection:
            return lab_summary.names(connection)

    def summaries(
        self, conditions: Sequence[LabCondition], where: LabFilter = EVERY_PANEL
    ) -> list[LabSummary]:
        """Say of each condition what was measured, how much of it meets it, how far it goes.

        One query for all of them.

        Parameters
        ----------
        conditions : sequence of LabCondition
        where : LabFilter

        Returns
        -------
        list of LabSummary
            In the order of the conditions.
        """
        with self._database.transaction() as connection:
            return lab_summary.summaries(connection, conditions, where)

    def series(self, condition: LabCondition, where: LabFilter = EVERY_PANEL) -> list[SeriesPoint]:
        """Every value of the condition's analytes, by patient, then time.

        Bounds and flags are not applied; values are in the analyte's canonical unit.
        """
        with self._database.transaction() as connection:
            return lab_summary.series(connection, condition, where)

    def courses(
        self, wanted: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], list[SeriesPoint]]:
        """Every value of pairs of patient and LOINC code, by time; one query for all of them.

        Values are in the analyte's canonical unit; a pair without values is left out.
        """
        with self._database.transaction() as connection:
            return lab_summary.courses(connection, wanted)

    def get(self, key: RecordKey) -> LabReport | None:
        """One panel; None where it is not stored."""
        return self.read([key]).get(key)

    def read(self, keys: Collection[RecordKey]) -> dict[RecordKey, LabReport]:
        """Read panels with all their results; those that are not stored are left out."""
        by_stored_name = {RecordKey(*map(clean, key)): key for key in keys}
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT key FROM lab_report JOIN unnest(%s::text[], %s::text[]) "
                "AS wanted (source, id) USING (source, id)",
                key_columns(list(by_stored_name)),
            ).fetchall()
            reports = load_reports(connection, [key for (key,) in rows]).values()
        return {by_stored_name[RecordKey(r.provenance.source, r.id)]: r for r in reports}


def _digest(panel: str) -> bytes:
    return hashlib.sha256(clean(panel).encode()).digest()


def _write_panels(connection: Connection, by_text: dict[str, Vector]) -> dict[str, int]:
    # In one order everywhere, so that two writers cannot wait for each other.
    digests = {text: _digest(text) for text in by_text}
    rows = sorted((digest, clean(text), Half(by_text[text])) for text, digest in digests.items())
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT_PANEL, rows)
    found = connection.execute(
        "SELECT digest, key FROM lab_vector WHERE digest = ANY(%s)", (list(digests.values()),)
    )
    keys = {bytes(digest): key for digest, key in found}
    return {text: keys[digest] for text, digest in digests.items()}


def _write_reports(
    connection: Connection, entries: Sequence[LabEntry], panels: dict[str, int]
) -> list[int]:
    keys: list[int] = []
    if not entries:
        return keys
    with connection.cursor() as cursor:
        rows = [report_row(entry, panels[entry.panel]) for entry in entries]
        cursor.executemany(_UPSERT_REPORT, rows, returning=True)
        for result in cursor.results():
            keys += [key for (key,) in result]
    return keys


def _write_observations(connection: Connection, reports: dict[int, LabEntry]) -> None:
    connection.execute("DELETE FROM lab_observation WHERE report = ANY(%s)", (list(reports),))
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY lab_observation ({OBSERVATION_COLUMNS}) FROM STDIN") as copy,
    ):
        for key, entry in reports.items():
            for row in observation_rows(key, entry.report.observations):
                copy.write_row(row)
