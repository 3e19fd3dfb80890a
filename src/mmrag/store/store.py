"""The store's front door: opens a database and hands out its table families."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Self

from mmrag.errors import SpaceMismatch
from mmrag.settings import Settings
from mmrag.store import space as spaces
from mmrag.store import status
from mmrag.store.audit import AuditLog
from mmrag.store.connection import Address, Database, is_made
from mmrag.store.facets import Facets
from mmrag.store.films import Films
from mmrag.store.indexes import VectorIndexes
from mmrag.store.labs import Labs
from mmrag.store.links import Links
from mmrag.store.next_space import NextSpace
from mmrag.store.people import People
from mmrag.store.terms import EncoderName, EvidenceName, FusionKind, Space, StoreStatus
from mmrag.store.tokens import Tokens


class Store:
    """Films, panels and people in one PostgreSQL; usable from several threads.

    Attributes
    ----------
    films : Films
    labs : Labs
    people : People
    links : Links
    facets : Facets
    audit : AuditLog
    tokens : Tokens
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._indexes = VectorIndexes(database)
        self._claimed: Space | None = None
        self.films = Films(database, self._indexes)
        self.labs = Labs(database, self._indexes)
        self.people = People(database)
        self.links = Links(database)
        self.facets = Facets(database)
        self.audit = AuditLog(database)
        self.tokens = Tokens(database)

    @classmethod
    def open(cls, settings: Settings, dimension: int) -> Self:
        """Open the store of the settings, made where it is absent.

        One that is there is opened whatever the length of its vectors: `claim_space` makes
        sure that they are the encoder's.

        Parameters
        ----------
        settings : Settings
            ``home`` holds the embedded PostgreSQL, unless ``dsn`` names another one.
        dimension : int
            Length of the encoder's vectors, for a new store.

        Returns
        -------
        Store
            A context manager; the last store that is closed stops the embedded server.

        Raises
        ------
        DatabaseError
            When PostgreSQL or pgvector is missing, unreachable, too old or too new.
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
        self._claimed = spaces.claim_space(self._database, fingerprint, dimension, w_pixel, w_label)
        return self._claimed

    def claim_evidence(self, evidence: EvidenceName, fusion: FusionKind) -> Space:
        """Take the claimed store for an evidence model, or make sure that it is this one.

        Parameters
        ----------
        evidence : EvidenceName
        fusion : {"soft", "hard"}
            For a store without films; the one that films were fused with wins.

        Returns
        -------
        Space

        Raises
        ------
        SpaceMismatch
            When the films of the store were weighed with other parameters, or never.
        """
        self._claimed = spaces.claim_evidence(self._database, evidence, fusion)
        return self._claimed

    def belongs_to(self, fingerprint: EncoderName, dimension: int) -> bool:
        """Whether an encoder may write here: the space is its own, or the store is empty."""
        space = self.space
        return space is None or spaces.is_space_of(space, fingerprint, dimension)

    def next_space(self, fingerprint: EncoderName, dimension: int) -> NextSpace:
        """Space of another encoder, to be filled beside the present one.

        Parameters
        ----------
        fingerprint : EncoderName
            The encoder's ``Fingerprint``.
        dimension : int

        Returns
        -------
        NextSpace
        """
        return NextSpace(self._database, fingerprint, dimension)

    @contextmanager
    def bulk(self, *, alone: bool = False) -> Iterator[None]:
        """Write many rows inside this block.

        A vector index is dropped as soon as the rows written make that pay, and built again
        at the end of the block, as is one that a run which died has left away. Statistics
        are renewed. A block that writes nothing costs nothing.

        Parameters
        ----------
        alone : bool
            Whether blocks of other processes wait until this one has ended.

        Raises
        ------
        DatabaseError
            When others write and `alone` is wanted.
        SpaceMismatch
            When the space that was claimed has become another one meanwhile.
        """
        with self._indexes.bulk(alone=alone):
            if self._claimed is not None and self._claimed != self.space:
                raise SpaceMismatch(
                    "another run has encoded or fused the store anew meanwhile: run the same "
                    "command again"
                )
            yield

    def status(self) -> StoreStatus:
        """Count what is stored, in which space, how large and where."""
        return status.read_status(self._database, self._indexes)

    def at_once(self, *, reading: bool = False) -> AbstractContextManager[None]:
        """Make one transaction of all that this thread does in the block; blocks do not nest.

        Parameters
        ----------
        reading : bool
            Nothing is written, and every query sees the store as the first one saw it, whatever
            others write meanwhile.

        Raises
        ------
        DatabaseError
        """
        return self._database.at_once(reading=reading)

    def moment(self) -> int:
        """Give a number to what can be read now: the same again means the same records.

        It grows with every transaction that writes records, and with none that only reads or
        that writes down who asked what.
        """
        with self._database.transaction() as connection:
            row = connection.execute("SELECT count(*) FROM written").fetchone()
            return 0 if row is None else int(row[0])

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
