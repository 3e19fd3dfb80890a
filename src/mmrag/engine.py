"""The front door: open, ingest, search, brief. Wires the rooms and holds no logic of its own."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from mmrag.brief import Brief, StoredRecords, compose
from mmrag.clinical.prompts import anchor_prompts
from mmrag.encoders import open_encoder
from mmrag.encoders.base import Encoder
from mmrag.errors import BadFilm, QueryError
from mmrag.fusion import Anchors, FusionWeights, anchors_from_prompts
from mmrag.ingest import ingest_source
from mmrag.ingest.progress import Progress, Silent
from mmrag.ingest.refuse import RefuseReport, refuse_films
from mmrag.ingest.report import IngestReport
from mmrag.retrieval import search
from mmrag.retrieval.results import FilmHit, SearchResult
from mmrag.retrieval.room import Room
from mmrag.settings import Settings
from mmrag.sources import open_source
from mmrag.sources.images import read_film, thumbnail
from mmrag.status import Status
from mmrag.store import Space, Store

THUMBNAIL = 192
"""Longest side of a brief's thumbnails, in pixels."""


class Engine:
    """Films and laboratory results that answer a clinical question.

    Open one with `Engine.open` and close it, or use it in a ``with`` block. The database
    starts and the encoder loads on first use. One engine serves several threads.

    Parameters
    ----------
    settings : Settings

    Examples
    --------
    >>> with Engine.open() as engine:                          # doctest: +SKIP
    ...     engine.ingest("nih", "films")
    ...     engine.brief("pneumonia with pleural effusion")
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        self._encoder: Encoder | None = None
        self._anchors: Anchors | None = None
        self._store: Store | None = None

    @classmethod
    def open(
        cls,
        home: str | Path | None = None,
        *,
        dsn: str | None = None,
        encoder: str | None = None,
        settings: Settings | None = None,
    ) -> Self:
        """Open an engine.

        Parameters
        ----------
        home : path, optional
            Folder of the embedded database; ``MMRAG_HOME`` by default.
        dsn : str, optional
            Connection string of another PostgreSQL; ``MMRAG_DSN`` by default.
        encoder : str, optional
            Name of the encoder; ``MMRAG_ENCODER`` by default.
        settings : Settings, optional
            Everything at once; the environment's by default.

        Returns
        -------
        Engine
        """
        base = settings or Settings()
        given = {
            "home": None if home is None else Path(home),
            "dsn": dsn,
            "encoder": encoder,
        }
        changes = {name: value for name, value in given.items() if value is not None}
        return cls(base.model_copy(update=changes))

    def ingest(
        self,
        kind: str,
        path: str | Path,
        *,
        labels: str | Path | None = None,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Read a source into the store; what is there already is left as it is.

        Parameters
        ----------
        kind : str
            ``nih``, ``synthea`` or ``fhir``.
        path : path
            Folder or file of the source.
        labels : path, optional
            Label table of the films, where it is not beside them.
        progress : Progress, optional

        Returns
        -------
        IngestReport
            What went in, and a line for everything that did not.

        Raises
        ------
        SourceError
            When the path cannot be this source at all.
        SpaceMismatch
            When another encoder filled the store.
        DatabaseError
            When PostgreSQL cannot be used.
        """
        source = open_source(kind, Path(path), None if labels is None else Path(labels))
        space = self._claim_space()
        return ingest_source(
            source,
            self._opened_store(),
            self._opened_encoder(),
            self._opened_anchors(),
            FusionWeights(space.w_pixel, space.w_label),
            progress or Silent(),
        )

    def search(
        self,
        text: str = "",
        *,
        image: str | Path | None = None,
        films: int = 10,
        labs: int = 10,
    ) -> SearchResult:
        """Search both legs.

        Parameters
        ----------
        text : str
            The question; may be empty when a film is given.
        image : path, optional
            A film to search with.
        films, labs : int
            Records wanted of each leg; 0 leaves a leg out.

        Returns
        -------
        SearchResult

        Raises
        ------
        QueryError
            When there is nothing to ask.
        BadFilm
            When the image cannot be read.
        """
        if not text.strip() and image is None:
            raise QueryError("an empty question: give words, --image FILE, or both")
        if films < 0 or labs < 0:
            raise QueryError("films and labs must be at least 0")
        vector = None
        if image is not None:
            vector = self._opened_encoder().encode_films([read_film(Path(image)).pixels])[0]
        return search(self._room(), text, image=vector, films=films, labs=labs)

    def brief(
        self,
        text: str = "",
        *,
        image: str | Path | None = None,
        films: int = 10,
        labs: int = 10,
    ) -> Brief:
        """Search, and write the Clinical Brief from what was found.

        Takes and raises what `search` does.

        Returns
        -------
        Brief
        """
        result = self.search(text, image=image, films=films, labs=labs)
        return compose(result, StoredRecords(self._opened_store()))

    def refuse(
        self, w_pixel: float, w_label: float, *, progress: Progress | None = None
    ) -> RefuseReport:
        """Fuse every film anew with other weights; nothing is encoded again.

        Parameters
        ----------
        w_pixel, w_label : float
            At least 0, not both 0.
        progress : Progress, optional

        Returns
        -------
        RefuseReport
        """
        weights = FusionWeights(w_pixel, w_label)
        self._claim_space()
        return refuse_films(
            self._opened_store(), self._opened_anchors(), weights, progress or Silent()
        )

    def status(self) -> Status:
        """Say what is stored; starts no encoder and creates no store.

        Returns
        -------
        Status
        """
        if self._store is not None:
            return Status.of(self._store.status())
        with_store = Store.open_existing(self._settings)
        if with_store is None:
            return Status.of_nothing(self._settings)
        with with_store as store:
            return Status.of(store.status())

    def thumbnail(self, film: FilmHit) -> bytes | None:
        """Draw a small picture of a film that was found.

        Parameters
        ----------
        film : FilmHit

        Returns
        -------
        bytes or None
            A PNG or JPEG file; None when the image is no longer there or readable.
        """
        try:
            return thumbnail(Path(film.file), THUMBNAIL)
        except BadFilm:
            return None

    def close(self) -> None:
        """Leave the database; the embedded one stops when its last user leaves."""
        with self._lock:
            store, self._store = self._store, None
        if store is not None:
            store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _opened_encoder(self) -> Encoder:
        with self._lock:
            if self._encoder is None:
                self._encoder = open_encoder(self._settings.encoder, self._settings)
            return self._encoder

    def _opened_anchors(self) -> Anchors:
        with self._lock:
            if self._anchors is None:
                self._anchors = anchors_from_prompts(
                    anchor_prompts(), self._opened_encoder().encode_texts
                )
            return self._anchors

    def _opened_store(self) -> Store:
        with self._lock:
            if self._store is None:
                self._store = Store.open(self._settings, self._opened_encoder().dimension)
            return self._store

    def _claim_space(self) -> Space:
        encoder, settings = self._opened_encoder(), self._settings
        return self._opened_store().claim_space(
            encoder.fingerprint, encoder.dimension, settings.w_pixel, settings.w_label
        )

    def _room(self) -> Room:
        return Room(
            store=self._opened_store(),
            anchors=self._opened_anchors(),
            encode_texts=self._opened_encoder().encode_texts,
            space=self._claim_space(),
        )
