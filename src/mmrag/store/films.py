"""Films: written once, known by their hashes, searched by their fused vector."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import groupby

import numpy as np

from mmrag.records import Film, FilmLabels, History
from mmrag.store import film_history, film_ranks, film_search
from mmrag.store import space as spaces
from mmrag.store.connection import Database
from mmrag.store.film_evidence import read_pixel_evidence
from mmrag.store.film_order import BY_SIMILARITY, FilmOrder
from mmrag.store.film_rows import (
    Fuse,
    pixel_batches,
    put_anew,
    put_made,
    put_pixels,
    put_records,
)
from mmrag.store.film_search import FILM_COLUMNS, film_of
from mmrag.store.indexes import VectorIndexes
from mmrag.store.rows import check_shape, clean, key_columns
from mmrag.store.schema import Connection
from mmrag.store.terms import (
    EVERY_FILM,
    FilmEntry,
    FilmEvidence,
    FilmFilter,
    FilmHashes,
    FilmMatch,
    FilmSurvey,
    Recipe,
    RecordKey,
    Vector,
    Vectors,
)

_PATIENTS_AT_ONCE = 200


class Films:
    """The film family of tables."""

    def __init__(self, database: Database, indexes: VectorIndexes) -> None:
        self._database = database
        self._indexes = indexes

    def known(self, source: str) -> dict[str, FilmHashes]:
        """Hashes of every film of a source, by film identifier."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT id, sha256, record_hash FROM film WHERE source = %s", (source,)
            )
            return {id_: FilmHashes(sha256, record_hash) for id_, sha256, record_hash in rows}

    def hashes(self, keys: Sequence[RecordKey]) -> dict[RecordKey, FilmHashes]:
        """Hashes of these films; one that is not stored is left out."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT source, id, sha256, record_hash FROM film "
                "JOIN unnest(%s::text[], %s::text[]) AS wanted (source, id) USING (source, id)",
                key_columns(keys),
            )
            return {RecordKey(source, id_): FilmHashes(*rest) for source, id_, *rest in rows}

    def write(
        self,
        entries: Sequence[FilmEntry],
        pixels: Vectors,
        fused: Vectors,
        evidence: FilmEvidence,
    ) -> None:
        """Write films with all that is made of them in one transaction.

        Films already there are replaced.

        Parameters
        ----------
        entries : sequence of FilmEntry
        pixels, fused : ndarray
            Shape (len(entries), dimension), float32, unit norm; `fused` is what is searched.
        evidence : FilmEvidence

        Raises
        ------
        InputError
            When the vectors do not fit the entries.
        DatabaseError
        """
        check_shape(pixels, len(entries), self._database.dimension)
        check_shape(fused, len(entries), self._database.dimension)
        keys = [entry.key for entry in entries]
        self._indexes.expect("film_vector", len(entries))
        with self._database.transaction() as connection, connection.cursor() as cursor:
            put_records(connection, cursor, entries)
            put_pixels(cursor, keys, pixels)
            put_made(cursor, keys, fused, evidence)

    def update_records(
        self, entries: Sequence[FilmEntry], fused: Vectors, evidence: FilmEvidence
    ) -> None:
        """Write changed metadata of films whose pixels are as they were, in one transaction.

        Parameters
        ----------
        entries : sequence of FilmEntry
            Films that are in the store.
        fused : ndarray
            Shape (len(entries), dimension), float32: fused anew from `pixels` and the labels.
        evidence : FilmEvidence
        """
        check_shape(fused, len(entries), self._database.dimension)
        self._indexes.expect("film_vector", len(entries))
        with self._database.transaction() as connection, connection.cursor() as cursor:
            put_records(connection, cursor, entries)
            put_made(cursor, [entry.key for entry in entries], fused, evidence)

    def tell(self, rows: Sequence[FilmLabels]) -> None:
        """Keep the labels of films whose images are not there, in one transaction."""
        with self._database.transaction() as connection, connection.cursor() as cursor:
            film_history.tell(cursor, rows)

    def histories(self, keys: Collection[RecordKey]) -> dict[RecordKey, History]:
        """Count what labels say of the other films of each film's patient, for every key."""
        with self._database.transaction() as connection:
            return film_history.read_histories(connection, keys)

    def weigh_due(self, fuse: Fuse) -> int:
        """Weigh the films of patients of whom labels were written since this was last done.

        Some patients at a time, each time in one transaction.

        Parameters
        ----------
        fuse : callable

        Returns
        -------
        int
            How many films were weighed.
        """
        films = 0
        with self._database.transaction() as connection:
            film_history.learn_names(connection)
        while True:
            with self._database.transaction() as connection:
                patients = film_history.take_due(connection, _PATIENTS_AT_ONCE)
                if not patients:
                    return films
                for batch in pixel_batches(connection, patients):
                    films += len(batch.keys)
                    put_anew(connection, batch, fuse, self._database.dimension)

    def pixels(self, keys: Sequence[RecordKey]) -> dict[RecordKey, Vector]:
        """Pixel vectors of films, each (dimension,) float32; unknown keys are left out."""
        found: dict[RecordKey, Vector] = {}
        by_source = groupby(sorted(keys), key=lambda key: key.source)
        with (
            self._database.transaction() as connection,
            connection.cursor(binary=True) as cursor,
        ):
            for source, group in by_source:
                cursor.execute(
                    "SELECT f.id, p.vector FROM film f JOIN film_pixel p ON p.film = f.key "
                    "WHERE f.source = %s AND f.id = ANY(%s)",
                    (source, [key.id for key in group]),
                )
                found.update((RecordKey(source, id_), vector) for id_, vector in cursor)
        return found

    def refuse(
        self,
        recipe: Recipe,
        fuse: Fuse,
        first: Callable[[Connection], None] | None = None,
    ) -> int:
        """Record a new recipe and make every searched vector and evidence anew, or nothing.

        Films written by others while this runs keep what they were made with: do not ingest
        meanwhile.

        Parameters
        ----------
        recipe : Recipe
        fuse : callable
        first : callable, optional
            Done before anything else, in the same transaction.

        Returns
        -------
        int
            How many films there are.

        Raises
        ------
        DatabaseError
            When the store is empty, or fails; nothing is changed then.
        """
        films = self.count()
        self._indexes.expect("film_vector", films)
        with self._database.transaction() as connection:
            if first is not None:
                first(connection)
            spaces.set_recipe(connection, recipe)
            film_history.learn_names(connection)
            film_history.nothing_due(connection)
            for batch in pixel_batches(connection):
                put_anew(connection, batch, fuse, self._database.dimension)
        return films

    def pixel_evidence(self, keys: Collection[RecordKey]) -> dict[RecordKey, dict[str, float]]:
        """Read what the pixels alone say of each finding, 0 to 1; unknown films are left out."""
        with self._database.transaction() as connection:
            return read_pixel_evidence(connection, keys)

    def search(
        self,
        vector: Vector,
        k: int,
        where: FilmFilter = EVERY_FILM,
        order: FilmOrder = BY_SIMILARITY,
    ) -> list[FilmMatch]:
        """Find the first `k` films of an order, or all that answer where there are fewer.

        Up to some thousand films that pass the filter are compared one by one; more go
        through lists. Films of equal score are ordered by source and identifier.

        Parameters
        ----------
        vector : ndarray
            Shape (dimension,), float32.
        k : int
        where : FilmFilter
        order : FilmOrder

        Returns
        -------
        list of FilmMatch
            By falling score.
        """
        check_shape(np.atleast_2d(vector), 1, self._database.dimension)
        with self._database.transaction() as connection:
            return film_search.search(connection, self._database.pgvector, vector, k, where, order)

    def ranks_by_pixels(
        self, keys: Sequence[RecordKey], vector: Vector, where: FilmFilter, order: FilmOrder
    ) -> dict[RecordKey, int]:
        """Say where films would rank without any labels, among all that pass the filter.

        Every film is scored anew by its pixels' evidence and its pixel vector, and those with
        a higher score are counted: exact, and as slow as comparing all.

        Parameters
        ----------
        keys : sequence of RecordKey
            Stored films that pass the filter.
        vector : ndarray
            Shape (dimension,), float32.
        where : FilmFilter
        order : FilmOrder

        Returns
        -------
        dict of RecordKey to int
            From 1.
        """
        if not keys:
            return {}
        with self._database.transaction() as connection:
            return film_ranks.ranks_by_pixels(connection, keys, vector, where, order)

    def survey(self, where: FilmFilter, order: FilmOrder) -> FilmSurvey:
        """Count the films that answer, and find how well the best one stands."""
        with self._database.transaction() as connection:
            return film_search.survey(connection, where, order)

    def count(self, where: FilmFilter = EVERY_FILM) -> int:
        """Count the films that qualify."""
        with self._database.transaction() as connection:
            return film_search.count(connection, where)

    def of_file(self, sha256: str) -> tuple[RecordKey, ...]:
        """Name the films whose image is that file, whatever it is called."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT source, id FROM film WHERE sha256 = %s ORDER BY source, id", (sha256,)
            )
            return tuple(RecordKey(*row) for row in rows)

    def get(self, key: RecordKey) -> Film | None:
        """One film; None where it is not stored."""
        return self.read([key]).get(key)

    def read(self, keys: Collection[RecordKey]) -> dict[RecordKey, Film]:
        """Read films; those that are not stored are left out."""
        by_stored_name = {RecordKey(*map(clean, key)): key for key in keys}
        with self._database.transaction() as connection:
            rows = connection.execute(
                f"SELECT {FILM_COLUMNS} FROM film f "  # noqa: S608
                "JOIN unnest(%s::text[], %s::text[]) AS wanted (source, id) "
                "ON (f.source, f.id) = (wanted.source, wanted.id)",
                key_columns(list(by_stored_name)),
            )
            films = [film_of(row) for row in rows]
        return {by_stored_name[RecordKey(f.provenance.source, f.id)]: f for f in films}

    def named(self, id_: str) -> list[Film]:
        """Find the films of that identifier, of whatever source."""
        with self._database.transaction() as connection:
            return _named(connection, id_)


def _named(connection: Connection, id_: str) -> list[Film]:
    rows = connection.execute(
        f"SELECT {FILM_COLUMNS} FROM film f WHERE f.id = %s ORDER BY f.source",  # noqa: S608
        (clean(id_),),
    )
    return [film_of(row) for row in rows]
