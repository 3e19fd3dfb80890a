"""Another encoder for a store that is filled: all that is stored is encoded anew, from itself.

Films come from the files that their records name, panels from the texts that are kept beside
their vectors. The new vectors are made beside the old ones and take their place in one
transaction, so that a run that dies leaves the old space whole and the next run goes on.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from mmrag.encoders.base import Encoder, GreyImage
from mmrag.errors import BadFilm, SourceError
from mmrag.evidence import EvidenceModel
from mmrag.fusion import Anchors, FusionWeights
from mmrag.ingest.films import BATCH, DECODERS, LOOK_AHEAD
from mmrag.ingest.fusing import Fusing
from mmrag.ingest.panels import BATCH as TEXTS
from mmrag.ingest.progress import Progress
from mmrag.ingest.refuse import fuse_anew
from mmrag.ingest.report import EncodedAgain
from mmrag.records import Film
from mmrag.sources.base import Source
from mmrag.sources.images import read_film
from mmrag.store import NextSpace, Space, Store, StoredFilm

Item = TypeVar("Item")


class AgainPlan(BaseModel):
    """What has to be encoded anew before an encoder may be used with a store.

    Attributes
    ----------
    old, new : str
        The store's space and the encoder's, with the lengths of their vectors.
    films, panels : dict
        Stored films and laboratory panels, by source.
    made : int
        Films that a run that was stopped has encoded already.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    old: str
    new: str
    films: dict[str, int]
    panels: dict[str, int]
    made: int

    @property
    def statement(self) -> str:
        """One line that says it."""
        what = [f"{count:,} films of {source}" for source, count in self.films.items()]
        what += [f"{count:,} panels of {source}" for source, count in self.panels.items()]
        made = f" ({self.made:,} films are done)" if self.made else ""
        return (
            f"the store holds vectors of {self.old}; encoding all of it again with {self.new}: "
            f"{', '.join(what) or 'nothing is stored yet'}{made}. It stays as it is until all "
            "is done"
        )


def plan_again(store: Store, encoder: Encoder) -> AgainPlan | None:
    """Say what `encode_again` would do; None where the store is the encoder's, or empty.

    Parameters
    ----------
    store : Store
    encoder : Encoder

    Returns
    -------
    AgainPlan or None
    """
    space = store.space
    if space is None or store.belongs_to(encoder.fingerprint, encoder.dimension):
        return None
    state = store.status()
    return AgainPlan(
        old=_old(space),
        new=_new(encoder),
        films={source: counts.films for source, counts in state.films.items()},
        panels={source: counts.reports for source, counts in state.labs.items()},
        made=store.next_space(encoder.fingerprint, encoder.dimension).made()[0],
    )


def encode_again(
    store: Store,
    encoder: Encoder,
    anchors: Anchors,
    model: EvidenceModel,
    source: Source,
    progress: Progress,
) -> EncodedAgain:
    """Encode all that is stored with another encoder, and give the store to its space.

    Parameters
    ----------
    store : Store
        Of another space than the encoder's.
    encoder : Encoder
    anchors : Anchors
        The findings' text directions in the encoder's space.
    model : EvidenceModel
        With which the encoder's films are weighed.
    source : Source
        Where films of its name are looked for that are not where they were.
    progress : Progress

    Returns
    -------
    EncodedAgain

    Raises
    ------
    SourceError
        When none of the films of a source can be read; nothing is changed then.
    DatabaseError
        When another run is at work on the store.
    """
    space = store.space
    if space is None:
        raise AssertionError("an empty store takes any encoder")
    following = store.next_space(encoder.fingerprint, encoder.dimension)
    with store.bulk(alone=True):
        following.begin()
        progress.begin("encoding films again", store.films.count() - following.made()[0])
        lost = list(_encode_films(following, encoder, _Files(source), progress))
        _refuse_to_lose_all(store, lost)
        progress.begin("encoding panel texts again", None)
        _encode_panels(following, encoder, progress)
        films, texts = following.made()
        weights = FusionWeights(space.w_pixel, space.w_label)
        fusing = Fusing(anchors, model, weights, space.fusion)
        fuse_anew(store, fusing, progress, first=following.move_in)
    return EncodedAgain(
        old=_old(space),
        new=_new(encoder),
        films=films,
        texts=texts,
        left_out=tuple(f"{film.source}:{film.id}" for film in lost),
    )


class _Files:
    """Where films are: where they were, or in the folder that is given now."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def path(self, film: StoredFilm) -> Path:
        path = Path(film.file)
        if film.source != self._source.name or path.exists():
            return path
        return self._given.get(film.id, path)

    @cached_property
    def _given(self) -> dict[str, Path]:
        return {item.id: item.path for item in self._source.read() if isinstance(item, Film)}


def _encode_films(
    following: NextSpace, encoder: Encoder, files: _Files, progress: Progress
) -> Iterator[StoredFilm]:
    """Encode what is left to encode, and yield the films that cannot be read."""
    batch: list[tuple[StoredFilm, GreyImage]] = []
    with ThreadPoolExecutor(DECODERS, thread_name_prefix="decode") as pool:
        for film, pixels in _decoded(pool, following.films_left(), files):
            if pixels is None:
                progress.advance()
                yield film
                continue
            batch.append((film, pixels))
            if len(batch) == BATCH:
                _write(following, encoder, batch, progress)
        _write(following, encoder, batch, progress)


def _decoded(
    pool: ThreadPoolExecutor, films: Iterable[StoredFilm], files: _Files
) -> Iterator[tuple[StoredFilm, GreyImage | None]]:
    waiting: deque[tuple[StoredFilm, Future[GreyImage | None]]] = deque()
    for film in films:
        waiting.append((film, pool.submit(_pixels, files.path(film))))
        if len(waiting) > LOOK_AHEAD:
            first, future = waiting.popleft()
            yield first, future.result()
    for first, future in waiting:
        yield first, future.result()


def _pixels(path: Path) -> GreyImage | None:
    try:
        return read_film(path).pixels
    except BadFilm:
        return None


def _write(
    following: NextSpace,
    encoder: Encoder,
    batch: list[tuple[StoredFilm, GreyImage]],
    progress: Progress,
) -> None:
    if not batch:
        return
    vectors = encoder.encode_films([pixels for _, pixels in batch])
    following.add_films([film for film, _ in batch], vectors)
    progress.advance(len(batch))
    batch.clear()


def _encode_panels(following: NextSpace, encoder: Encoder, progress: Progress) -> None:
    for panels in _batches(following.panels_left(), TEXTS):
        following.add_panels(panels, encoder.encode_texts([panel.text for panel in panels]))
        progress.advance(len(panels))


def _batches(items: Iterator[Item], size: int) -> Iterator[Sequence[Item]]:
    while batch := list(islice(items, size)):
        yield batch


def _refuse_to_lose_all(store: Store, lost: Sequence[StoredFilm]) -> None:
    """Stop before a disk that is not mounted empties the store."""
    stored = store.status().films
    for source, count in Counter(film.source for film in lost).items():
        if count == stored[source].films:
            example = next(film.file for film in lost if film.source == source)
            raise SourceError(
                f"{example}: neither this nor any other of the {count:,} films of {source} can "
                "be read where it was; nothing is changed: put them back, or fill another "
                "MMRAG_HOME"
            )


def _old(space: Space) -> str:
    return f"{space.fingerprint} (length {space.dimension})"


def _new(encoder: Encoder) -> str:
    return f"{encoder.fingerprint} (length {encoder.dimension})"
