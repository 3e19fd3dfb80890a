"""Labels of a patient's other films, and the patients whose films are to be weighed by them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from psycopg import Cursor

from mmrag.clinical.findings import finding_names
from mmrag.clinical.prompts import NORMAL
from mmrag.records import NO_HISTORY, FilmLabels, History
from mmrag.store.rows import clean, key_columns
from mmrag.store.schema import Connection
from mmrag.store.terms import RecordKey

# A mark is written over one that is there: that waits for a run which is just taking it away.
_MARK = "ON CONFLICT (patient) DO UPDATE SET patient = excluded.patient"
_TELL = f"""
WITH told AS (
    INSERT INTO film_labels (source, id, patient, findings) VALUES (%s, %s, %s, %s)
    ON CONFLICT (source, id) DO UPDATE
    SET patient = excluded.patient, findings = excluded.findings
    WHERE (film_labels.patient, film_labels.findings)
        IS DISTINCT FROM (excluded.patient, excluded.findings)
    RETURNING patient
)
INSERT INTO history_due SELECT patient FROM told {_MARK}
"""  # noqa: S608
_MARK_FILMS = f"""
INSERT INTO history_due
SELECT DISTINCT f.patient FROM film f
JOIN unnest(%s::text[], %s::text[]) AS wanted (source, id)
    ON (f.source, f.id) = (wanted.source, wanted.id)
WHERE f.patient IS NOT NULL ORDER BY f.patient {_MARK}
"""  # noqa: S608
# Of a film that is stored and told of in a table, the stored one counts.
_HISTORIES = """
WITH asked AS (
    SELECT f.source, f.id, f.patient FROM film f
    JOIN unnest(%s::text[], %s::text[]) AS wanted (source, id)
        ON (f.source, f.id) = (wanted.source, wanted.id)
    WHERE f.patient IS NOT NULL
), labelled AS (
    SELECT o.source, o.id, o.patient, o.findings FROM film o
    WHERE o.findings IS NOT NULL AND o.patient IN (SELECT patient FROM asked)
    UNION ALL
    SELECT l.source, l.id, l.patient, l.findings FROM film_labels l
    WHERE l.patient IN (SELECT patient FROM asked)
        AND NOT EXISTS (SELECT FROM film f WHERE (f.source, f.id) = (l.source, l.id))
)
SELECT a.source, a.id, o.findings, count(*) FROM asked a
JOIN labelled o ON o.patient = a.patient AND (o.source, o.id) <> (a.source, a.id)
GROUP BY a.source, a.id, o.findings
"""
_LEARN_NAMES = f"""
WITH labelled AS (
    SELECT source, findings FROM film WHERE findings IS NOT NULL
    UNION ALL SELECT source, findings FROM film_labels
), news AS (
    INSERT INTO label_name SELECT DISTINCT source, unnest(findings) FROM labelled
    ON CONFLICT DO NOTHING RETURNING source
)
INSERT INTO history_due SELECT DISTINCT patient FROM film
WHERE patient IS NOT NULL AND source IN (SELECT source FROM news) ORDER BY patient {_MARK}
"""  # noqa: S608


def tell(cursor: Cursor[tuple[Any, ...]], rows: Sequence[FilmLabels]) -> None:
    """Keep labels of films that are not stored, and mark the patients of whom that is news."""
    cursor.executemany(
        _TELL, [(row.source, clean(row.id), row.patient, list(row.findings)) for row in rows]
    )


def mark(connection: Connection, keys: Sequence[RecordKey]) -> None:
    """Mark the patients of stored films: their films are to be weighed anew."""
    connection.execute(_MARK_FILMS, key_columns(keys))


def learn_names(connection: Connection) -> None:
    """Note what labels of each source name; of a source with a new name, all films are due."""
    connection.execute(_LEARN_NAMES)


def take_due(connection: Connection, most: int) -> list[str]:
    """Take the marks off some patients, inside the transaction that weighs their films."""
    rows = connection.execute(
        "DELETE FROM history_due WHERE patient IN "
        # what another run is just marking is left to that run: two that wait would never end
        "(SELECT patient FROM history_due ORDER BY patient LIMIT %s FOR UPDATE SKIP LOCKED) "
        "RETURNING patient",
        (most,),
    )
    return [patient for (patient,) in rows]


def nothing_due(connection: Connection) -> None:
    """Take all marks off, where all films are weighed anew."""
    connection.execute("DELETE FROM history_due")


def read_histories(connection: Connection, keys: Collection[RecordKey]) -> dict[RecordKey, History]:
    """Count the labels of the other films of each stored film's patient, for every key."""
    films: dict[RecordKey, int] = {}
    named: dict[RecordKey, dict[str, int]] = {}
    by_stored_name = {RecordKey(clean(key.source), clean(key.id)): key for key in keys}
    for source, id_, findings, count in connection.execute(_HISTORIES, key_columns(list(keys))):
        key = RecordKey(source, id_)
        films[key] = films.get(key, 0) + count
        counts = named.setdefault(key, {})
        for name in findings or (NORMAL,):
            counts[name] = counts.get(name, 0) + count
    silent = _silent(connection, {key.source for key in films})
    return {
        key: History(films[stored], named[stored], silent.get(stored.source, frozenset()))
        if stored in films
        else NO_HISTORY
        for stored, key in by_stored_name.items()
    }


def _silent(connection: Connection, sources: Collection[str]) -> dict[str, frozenset[str]]:
    """Name the findings of which the labels of each source say nothing."""
    rows = connection.execute(
        "SELECT source, array_agg(name) FROM label_name WHERE source = ANY(%s) GROUP BY source",
        (list(sources),),
    )
    return {source: frozenset(finding_names()) - frozenset(names) for source, names in rows}
