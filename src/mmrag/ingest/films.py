"""Films into the store: hash, decode only what is new, encode, fuse, write a batch at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from mmrag.encoders.base import Encoder, GreyImage
from mmrag.errors import BadFilm
from mmrag.fusion import Matrix
from mmrag.ingest.fusing import Fusing
from mmrag.ingest.identity import record_hash
from mmrag.ingest.report import Ledger
from mmrag.records import NO_HISTORY, Film, FilmLabels, Problem
from mmrag.sources.images import file_sha256, read_film
from mmrag.store import FilmEntry, FilmEvidence, FilmHashes, Store

BATCH = 32
TOLD_AT_ONCE = 1000
DECODERS = 2
LOOK_AHEAD = 64
"""Films decoded ahead of the encoder: at 1024 x 1024 grey pixels about 64 MB."""

_OF_NO_FILE = FilmHashes("", "")


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A film that has to be written; no pixels when those are stored already."""

    entry: FilmEntry
    pixels: GreyImage | None
    known: bool


class FilmWriter:
    """Takes films one by one and writes them in batches.

    A batch is one transaction: a run that is killed loses at most the batch in hand, and
    the next run finds by the hashes what is done.

    Parameters
    ----------
    store : Store
    encoder : Encoder
    fusing : Fusing
        With the store's own weights.
    source : str
        Name of the source, for what is known already.
    ledger : Ledger
    advance : callable
        Called with the number of films that are done.
    again : bool
        Whether films that are stored are encoded anew.
    """

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        fusing: Fusing,
        source: str,
        ledger: Ledger,
        advance: Callable[[int], None],
        again: bool,
    ) -> None:
        self._store = store
        self._encoder = encoder
        self._fusing = fusing
        self._ledger = ledger
        self._advance = advance
        known = store.films.known(source)
        self._known = dict.fromkeys(known, _OF_NO_FILE) if again else known
        self._decoders = ThreadPoolExecutor(DECODERS, thread_name_prefix="decode")
        self._waiting: deque[Future[_Prepared | Problem | None]] = deque()
        self._batch: list[_Prepared] = []
        self._told: list[FilmLabels] = []

    def add(self, film: Film) -> None:
        """Take one film; decoding goes on in threads beside the encoder."""
        known = self._known.get(film.id)
        self._waiting.append(self._decoders.submit(_prepare, film, known))
        while len(self._waiting) > LOOK_AHEAD:
            self._take(self._waiting.popleft().result())

    def tell(self, labels: FilmLabels) -> None:
        """Take what a table says of a film whose image is not there."""
        self._told.append(labels)
        self._ledger.count("histories")
        if len(self._told) >= TOLD_AT_ONCE:
            self._tell()

    def close(self) -> None:
        """Write what is left, and let films of one patient speak for each other."""
        while self._waiting:
            self._take(self._waiting.popleft().result())
        self._flush()
        self._tell()
        self._decoders.shutdown()
        self._store.films.weigh_due(self._fusing.fuse_batch)

    def abandon(self) -> None:
        """Stop the threads without writing what is in hand."""
        self._decoders.shutdown(wait=False, cancel_futures=True)

    def _take(self, outcome: _Prepared | Problem | None) -> None:
        if isinstance(outcome, Problem):
            self._ledger.problem(outcome)
            self._advance(1)
        elif outcome is None:
            self._ledger.count("films.unchanged")
            self._advance(1)
        else:
            self._batch.append(outcome)
            if len(self._batch) >= BATCH:
                self._flush()

    def _tell(self) -> None:
        self._store.films.tell(self._told)
        self._told.clear()

    def _flush(self) -> None:
        encoded = [p for p in self._batch if p.pixels is not None]
        relabelled = [p for p in self._batch if p.pixels is None]
        if encoded:
            self._write_encoded(encoded)
        if relabelled:
            self._write_relabelled(relabelled)
        for prepared in self._batch:
            self._ledger.count("films.changed" if prepared.known else "films.added")
        self._advance(len(self._batch))
        self._batch.clear()

    def _write_encoded(self, prepared: list[_Prepared]) -> None:
        films = [p.pixels for p in prepared if p.pixels is not None]
        vectors = self._encoder.encode_films(films)
        entries = [p.entry for p in prepared]
        self._store.films.write(entries, vectors, *self._fuse(entries, vectors))

    def _write_relabelled(self, prepared: list[_Prepared]) -> None:
        entries = [p.entry for p in prepared]
        stored = self._store.films.pixels([entry.key for entry in entries])
        vectors = np.stack([stored[entry.key] for entry in entries])
        self._store.films.update_records(entries, *self._fuse(entries, vectors))

    def _fuse(self, entries: list[FilmEntry], vectors: Matrix) -> tuple[Matrix, FilmEvidence]:
        films = [entry.film for entry in entries]
        findings, labels_by = [film.findings for film in films], [film.labels_by for film in films]
        # their patients' other films may be still to come: all are weighed by them at the end
        histories = [NO_HISTORY] * len(films)
        return self._fusing.fuse(findings, labels_by, histories, vectors)


def _prepare(film: Film, known: FilmHashes | None) -> _Prepared | Problem | None:
    """Decide what one film needs; None when it is stored as it is."""
    try:
        hashed = record_hash(film)
        if known is not None and known.sha256 == file_sha256(film.path):
            if known.record_hash == hashed:
                return None
            return _Prepared(FilmEntry(film, known.sha256, hashed), pixels=None, known=True)
        decoded = read_film(film.path)
    except BadFilm as error:
        return Problem(film.path.name, _reason(film, error), kind="bad-film")
    entry = FilmEntry(film, decoded.sha256, hashed)
    return _Prepared(entry, decoded.pixels, known=known is not None)


def _reason(film: Film, error: BadFilm) -> str:
    """Leave out the path, which the report's line names already."""
    return str(error).removeprefix(f"{film.path}: ")
