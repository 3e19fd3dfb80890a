"""The store's front door: opens a database and hands out its table families."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from mmrag.settings import Settings
from mmrag.store import space as spaces
from mmrag.store import status
from mmrag.store.connection import Address, Database, is_made
from mmrag.store.films import Films
from mmrag.store.indexes import VectorIndexes
from mmrag.store.labs import Labs
from mmrag.store.people import People
from mmrag.store.terms import EncoderName, Space, StoreStatus


class Store:
    """Films, panels and people in one PostgreSQL; usable from several threads.

    Attributes
    ----------
    films : Films
    labs : Labs
    people : People
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._indexes = VectorIndexes(database)
        self.films = Films(database, self._indexes)
        self.labs = Labs(database, self._indexes)
        self.people = People(database)

    @classmethod
    def open(cls, settings: Settings, dimension: int) -> Self:
        """Open the store of the settings, made where it is absent.

        Parameters
        ----------
        settings : Settings
            ``home`` holds the embedded PostgreSQL, unless ``dsn`` names another one.
        dimension : int
            Length of the encoder's vectors.

        Returns
        -------
        Store
            A context manager; the last store that is closed stops the embedded server.

        Raises
        ------
        DatabaseError
            When PostgreSQL or pgvector is missing, unreachable, too old or too new.
        SpaceMismatch
            When the store's vectors have another length.
        """
        address = Address.of(settings)
        try:
            return cls(Database(address, dimension))
        except BaseException:
            address.leave()
            raise

    @classmethod
    def open_existing(cls, settings: Settings) -> Self | None:
        """Open the store of the settings without an encoder; None where none was ever made.

        Raises
        ------
        DatabaseError
        """
        if settings.dsn is None and not is_made(settings.home):
            return None
        address = Address.of(settings)
        try:
            database = Database.existing(address)
        except BaseException:
            address.leave()
            raise
        if database is None:
            address.leave()
            return None
        return cls(database)

    @property
    def space(self) -> Space | None:
        """The embedding space that the store belongs to; None while it is empty."""
        return spaces.read_space(self._database)

    def claim_space(
        self, fingerprint: EncoderName, dimension: int, w_pixel: float, w_label: float
    ) -> Space:
        """Take the empty store for an embedding space, or make sure that it is this one.

        Parameters
        ----------
        fingerprint : EncoderName
            The encoder's ``Fingerprint``.
        dimension : int
        w_pixel, w_label : float
            Fusion weights of a new store; those of an existing one win.

        Returns
        -------
        Space
            With the weights to fuse by.

        Raises
        ------
        SpaceMismatch
            When the store belongs to another space.
        """
        return spaces.claim_space(self._database, fingerprint, dimension, w_pixel, w_label)

    def bulk(self) -> AbstractContextManager[None]:
        """Write many rows inside this block.

        A vector index is dropped as soon as the rows written make that pay, and built again
        at the end of the block, as is one that a run which died has left away. Statistics
        are renewed. A block that writes nothing costs nothing.
        """
        return self._indexes.bulk()

    def status(self) -> StoreStatus:
        """Count what is stored, in which space, how large and where."""
        return status.read_status(self._database, self._indexes)

    def close(self) -> None:
        """Close the connections; the last user stops the embedded server."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
