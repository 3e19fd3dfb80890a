"""A film that the question shows: what its pixels say, and which stored films it is itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmrag.clinical.question import GuessedFinding, ShownFilm
from mmrag.errors import QueryError
from mmrag.evidence import NAMES, EvidenceModel
from mmrag.evidence.model import probability
from mmrag.fusion import Anchors, Vector
from mmrag.retrieval.film_score import above_average
from mmrag.store import RecordKey, Store


@dataclass(frozen=True, slots=True)
class Shown:
    """A film that the question shows.

    Attributes
    ----------
    pixels : ndarray
        ``V_pixel``, shape (dimension,), float32.
    film : RecordKey or None
        The stored film that it is; None for a file.
    left_out : tuple of RecordKey
        Stored films that are this very image and shall not answer.
    """

    pixels: Vector
    film: RecordKey | None = None
    left_out: tuple[RecordKey, ...] = ()


def guess(pixels: Vector, anchors: Anchors, model: EvidenceModel) -> dict[str, float]:
    """Guess a film's findings from its pixels alone.

    Parameters
    ----------
    pixels : ndarray
        ``V_pixel``, shape (dimension,), float32.
    anchors : Anchors
    model : EvidenceModel

    Returns
    -------
    dict of str to float
        Probability of each finding, and of none at all.
    """
    directions = np.stack([anchors.by_finding[name] for name in NAMES])
    scores = directions.astype(np.float64) @ pixels.astype(np.float64)
    weighed = model.weigh(scores[np.newaxis], [None])
    return dict(zip(NAMES, probability(weighed.pixels_only[0]).tolist(), strict=True))


def describe(shown: Shown, guessed: dict[str, float], model: EvidenceModel) -> ShownFilm:
    """Say of a shown film what a person can read and hold against it.

    Parameters
    ----------
    shown : Shown
    guessed : dict of str to float
        As `guess` gives it.
    model : EvidenceModel
        For what an average film shows.

    Returns
    -------
    ShownFilm
    """
    likely = [
        GuessedFinding(finding=name, probability=guessed[name])
        for name in above_average(guessed, model)
    ]
    return ShownFilm(
        film=None if shown.film is None else ":".join(shown.film),
        findings=tuple(sorted(likely, key=lambda each: -each.probability)),
        left_out=tuple(":".join(key) for key in shown.left_out),
    )


def stored_film(store: Store, name: str, *, itself: bool) -> tuple[Shown, str]:
    """Take a stored film as the question.

    Parameters
    ----------
    store : Store
    name : str
        Identifier as a search prints it; ``source:identifier`` where two sources share it.
    itself : bool
        Whether the film may answer.

    Returns
    -------
    tuple of (Shown, str)
        With the SHA-256 of its file.

    Raises
    ------
    QueryError
        When no film is called that, or more than one.
    """
    key = _key_of(store, name)
    pixels, hashes = store.films.pixels([key])[key], store.films.hashes([key])[key]
    left_out = _left_out(store, hashes.sha256, itself)
    return Shown(pixels, film=key, left_out=left_out), hashes.sha256


def film_of_file(store: Store, pixels: Vector, sha256: str, *, itself: bool) -> Shown:
    """Take a film that may not be stored as the question.

    Parameters
    ----------
    store : Store
    pixels : ndarray
        ``V_pixel``, shape (dimension,), float32.
    sha256 : str
        Of its file.
    itself : bool
        Whether stored films that are the same file may answer.

    Returns
    -------
    Shown
    """
    return Shown(pixels, left_out=_left_out(store, sha256, itself))


def _left_out(store: Store, sha256: str, itself: bool) -> tuple[RecordKey, ...]:
    return () if itself else store.films.of_file(sha256)


def _key_of(store: Store, name: str) -> RecordKey:
    source, _, id_ = name.partition(":")
    films = store.films.named(name) or [
        film for film in store.films.named(id_) if film.provenance.source == source
    ]
    keys = [RecordKey(film.provenance.source, film.id) for film in films]
    if not keys:
        raise QueryError(f"no film {name!r} is stored: give a file name as mmrag search prints it")
    if len(keys) > 1:
        choices = " or ".join(":".join(key) for key in keys)
        raise QueryError(f"{name!r} is in more than one source: give {choices}")
    return keys[0]
