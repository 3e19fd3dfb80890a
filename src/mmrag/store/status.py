"""What is in a store, counted."""

from __future__ import annotations

from mmrag.store.connection import Database
from mmrag.store.indexes import VectorIndexes
from mmrag.store.schema import Connection, pgvector_version
from mmrag.store.space import read_space
from mmrag.store.terms import FilmCounts, LabCounts, StoreStatus

_FILMS = (
    "SELECT source, count(*), count(findings), count(DISTINCT patient), "
    "count(*) FILTER (WHERE made_up) FROM film GROUP BY source ORDER BY source"
)
_LABS = (
    "SELECT source, count(*), coalesce(sum(o.observations), 0)::bigint, "
    "count(DISTINCT patient), count(*) FILTER (WHERE made_up) "
    "FROM lab_report r LEFT JOIN (SELECT report, count(*) AS observations "
    "FROM lab_observation GROUP BY report) AS o ON o.report = r.key "
    "GROUP BY source ORDER BY source"
)
_SIZE = (
    "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c "
    "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'mmrag' AND c.relkind = 'r'"
)


def read_status(database: Database, indexes: VectorIndexes) -> StoreStatus:
    """Count everything."""
    space = read_space(database)
    with database.transaction() as connection:
        present = indexes.present(connection)
        films = connection.execute(_FILMS).fetchall()
        labs = connection.execute(_LABS).fetchall()
        return StoreStatus(
            location=database.address.location,
            embedded=database.address.server is not None,
            server_version=_text(connection, "SHOW server_version"),
            pgvector_version=pgvector_version(connection) or "",
            size_bytes=_number(connection, _SIZE),
            space=space,
            films={source: FilmCounts(*counts) for source, *counts in films},
            labs={source: LabCounts(*counts) for source, *counts in labs},
            patients=_number(connection, "SELECT count(*) FROM patient"),
            conditions=_number(connection, "SELECT count(*) FROM condition"),
            imaging_studies=_number(connection, "SELECT count(*) FROM imaging_study"),
            links=_number(connection, "SELECT count(*) FROM link"),
            films_indexed=present["film_vector"],
            labs_indexed=present["lab_vector"],
        )


def _text(connection: Connection, query: str) -> str:
    row = connection.execute(query).fetchone()
    return "" if row is None else str(row[0])


def _number(connection: Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return 0 if row is None else int(row[0])
