"""The films that are judged: read, decoded and encoded once for a whole run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmrag.encoders.base import Encoder, GreyImage
from mmrag.errors import BadFilm
from mmrag.evaluation.conditions import Labels
from mmrag.evaluation.recorded import NOTHING, Recorded
from mmrag.evidence.history import histories_of
from mmrag.fusion import Matrix
from mmrag.records import Film, FilmLabels, History
from mmrag.sources.images import read_film
from mmrag.sources.nih import NihSource

BATCH = 32
_GREY = 128

Advance = Callable[[int], None]
"""Called with the number of films that are done."""


@dataclass(frozen=True)
class Collection:
    """Films of which every method orders the same.

    Attributes
    ----------
    films : tuple of Film
        n of them, with the labels of their table.
    pixels : ndarray
        ``V_pixel``, shape (n, dimension), float32.
    blank : ndarray
        The same of an evenly grey film of each one's size: what an encoder knows without
        any picture.
    pictures : tuple of str
        SHA-256 of each film's decoded pixels.
    unreadable : int
        Films that were left out because their image cannot be read.
    recorded : frozenset of str
        Names of the films whose ``V_pixel`` is out of fold, not the encoder's own.
    others : tuple of FilmLabels
        What the table says of m other films of the same patients.
    """

    films: tuple[Film, ...]
    pixels: Matrix
    blank: Matrix
    pictures: tuple[str, ...]
    unreadable: int = 0
    recorded: frozenset[str] = frozenset()
    others: tuple[FilmLabels, ...] = ()

    def __len__(self) -> int:
        return len(self.films)

    @property
    def labels(self) -> Labels:
        """What the table says of each film."""
        return tuple(film.findings for film in self.films)

    @property
    def told(self) -> Labels:
        """What the table says of each film, and after them of the `others`: n + m labels."""
        return (*self.labels, *(each.findings for each in self.others))

    def histories(self, told: Labels) -> tuple[History, ...]:
        """Count what labels, n + m as of `told`, say of each film's patient's other films."""
        patients = (*self.patients, *(each.patient for each in self.others))
        return tuple(histories_of(patients, told)[: len(self)])

    @property
    def patients(self) -> tuple[str, ...]:
        """Each film's patient; a film without one stands for a patient of its own."""
        return tuple(film.patient or f"film {film.id}" for film in self.films)

    def take(self, chosen: NDArray[np.bool_]) -> Collection:
        """Keep the films where `chosen`, shape (n,), is true."""
        rows = np.flatnonzero(chosen)
        kept = tuple(self.films[row] for row in rows)
        return Collection(
            kept,
            self.pixels[rows],
            self.blank[rows],
            tuple(self.pictures[row] for row in rows),
            self.unreadable,
            self.recorded & {self.films[row].id for row in rows},
            _of_patients_of(kept, (*self.others, *labels_besides(kept, self.films))),
        )


def films_of(
    folder: Path, labels: Path | None = None
) -> tuple[tuple[Film, ...], tuple[FilmLabels, ...]]:
    """List the films of a folder in the layout of NIH ChestX-ray14, in the order of names.

    Parameters
    ----------
    folder : pathlib.Path
    labels : pathlib.Path, optional
        Label table in place of the folder's own.

    Returns
    -------
    tuple of (tuple of Film, tuple of FilmLabels)
        The films, and what the table says of other films of their patients.

    Raises
    ------
    SourceError
        When the folder holds no films, or its table cannot be read.
    """
    items = list(NihSource(folder, labels).read())
    return (
        tuple(item for item in items if isinstance(item, Film)),
        tuple(item for item in items if isinstance(item, FilmLabels)),
    )


def labels_besides(chosen: Sequence[Film], films: Sequence[Film]) -> Iterator[FilmLabels]:
    """Keep of the films that are not chosen what their labels say; of unlabelled ones, nothing."""
    ids = {film.id for film in chosen}
    for film in films:
        if film.id not in ids and film.patient is not None and film.findings is not None:
            yield FilmLabels(film.id, film.patient, film.findings)


def encode_collection(
    films: Sequence[Film],
    encoder: Encoder,
    advance: Advance,
    recorded: Recorded = NOTHING,
    others: Sequence[FilmLabels] = (),
) -> Collection:
    """Decode and encode films, each once.

    Parameters
    ----------
    films : sequence of Film
    encoder : Encoder
    advance : callable
    recorded : mapping of str to ndarray
        Vectors to take in place of the encoder's, by film name.
    others : sequence of FilmLabels
        Of which those of the films' patients are kept.

    Returns
    -------
    Collection
        Without the films whose image cannot be read.
    """
    kept: list[Film] = []
    vectors: list[Matrix] = []
    pictures: list[str] = []
    shapes: list[tuple[int, ...]] = []
    waiting = _decoded(films, advance)
    while batch := list(islice(waiting, BATCH)):
        kept += [film for film, _ in batch]
        vectors.append(_vectors(batch, encoder, recorded))
        pictures += [_digest(image) for _, image in batch]
        shapes += [image.shape for _, image in batch]
    empty: Matrix = np.empty((0, encoder.dimension), np.float32)
    return Collection(
        tuple(kept),
        np.concatenate(vectors) if vectors else empty,
        _blank(shapes, encoder) if shapes else empty,
        tuple(pictures),
        len(films) - len(kept),
        frozenset(film.id for film in kept if film.id in recorded),
        _of_patients_of(kept, others),
    )


def _of_patients_of(films: Sequence[Film], others: Sequence[FilmLabels]) -> tuple[FilmLabels, ...]:
    patients = {film.patient for film in films}
    return tuple(each for each in others if each.patient in patients)


def _decoded(films: Sequence[Film], advance: Advance) -> Iterator[tuple[Film, GreyImage]]:
    for film in films:
        try:
            yield film, read_film(film.path).pixels
        except BadFilm:
            continue  # counted by the caller
        finally:
            advance(1)


def _vectors(
    batch: Sequence[tuple[Film, GreyImage]], encoder: Encoder, recorded: Recorded
) -> Matrix:
    fresh = iter(encoder.encode_films([image for film, image in batch if film.id not in recorded]))
    known = [recorded[film.id] if film.id in recorded else next(fresh) for film, _ in batch]
    return np.stack(known)


def _digest(image: GreyImage) -> str:
    return hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()


def _blank(shapes: Sequence[tuple[int, ...]], encoder: Encoder) -> Matrix:
    distinct = sorted(set(shapes))
    images = [np.full(shape, _GREY, np.uint8) for shape in distinct]
    known = dict(zip(distinct, encoder.encode_films(images), strict=True))
    return np.stack([known[shape] for shape in shapes])
