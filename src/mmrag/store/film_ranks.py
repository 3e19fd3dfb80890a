"""Where films would rank if nothing were known but their pixels: an exact count over all."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from mmrag.store.film_order import FilmOrder, evidence_sql, favour_sql, number
from mmrag.store.film_search import filter_sql
from mmrag.store.rows import key_columns
from mmrag.store.schema import Connection
from mmrag.store.terms import FilmFilter, RecordKey, Vector
from mmrag.store.vectors import Full

# The films' own scores are computed by the same query, so that none differs from itself.
_RANKS = sql.SQL(
    "WITH scored AS MATERIALIZED (SELECT f.source, f.id, "
    "{evidence} + {share} * (1 - (p.vector <#> %(vector)s)) / 2 + {favour} AS score "
    "FROM film f JOIN film_pixel p ON p.film = f.key JOIN film_pixel_evidence x ON x.film = f.key "
    "WHERE {where}), own AS MATERIALIZED (SELECT source, id, score FROM scored "
    "JOIN unnest(%(own_sources)s::text[], %(own_ids)s::text[]) AS wanted (source, id) "
    "USING (source, id)) "
    "SELECT own.source, own.id, 1 + count(scored.score) FROM own "
    "LEFT JOIN scored ON scored.score > own.score GROUP BY own.source, own.id"
)


def ranks_by_pixels(
    connection: Connection,
    keys: Sequence[RecordKey],
    vector: Vector,
    where: FilmFilter,
    order: FilmOrder,
) -> dict[RecordKey, int]:
    """Rank films by what their score would be without labels; inside a transaction."""
    condition, parameters = filter_sql(where)
    sources, ids = key_columns(keys)
    favour, favoured = favour_sql(order)
    query = _RANKS.format(
        evidence=evidence_sql(order, "x"),
        share=number(order.similarity),
        favour=favour,
        where=condition,
    )
    own = {"vector": Full(vector), "own_sources": sources, "own_ids": ids}
    rows = connection.execute(query, parameters | favoured | own)
    ranks = {RecordKey(source, id_): rank for source, id_, rank in rows}
    return {key: ranks[RecordKey(*name)] for key, *name in zip(keys, sources, ids, strict=True)}
