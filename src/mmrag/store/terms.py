"""What the store takes and gives beside the records: space, films, counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mmrag.records import Film, History, LabelsBy, Sex

Vector = NDArray[np.float32]
"""One vector, shape (dimension,), dtype float32, unit norm."""

Vectors = NDArray[np.float32]
"""Several, shape (n, dimension), dtype float32, each of unit norm."""


class RecordKey(NamedTuple):
    """What names a film or a panel in the store; two sources may use one identifier."""

    source: str
    id: str


class PatientKeys(NamedTuple):
    """The films and panels of one patient, each in order of time as far as it is known."""

    films: tuple[RecordKey, ...]
    reports: tuple[RecordKey, ...]


class EncoderName(Protocol):
    """The three parts that name an encoder's space; every `Fingerprint` is one."""

    @property
    def name(self) -> str:
        """Encoder name."""
        ...

    @property
    def weights(self) -> str:
        """SHA-256 of whatever determines the vectors."""
        ...

    @property
    def precision(self) -> str:
        """Arithmetic of the forward pass."""
        ...


FusionKind = Literal["soft", "hard"]
"""Whether a film's vector takes its labels as they are, or what its evidence says."""


class EvidenceName(NamedTuple):
    """Which parameters films are weighed with.

    Attributes
    ----------
    name : str
    hash : str
        SHA-256 of the parameters.
    """

    name: str
    hash: str

    @property
    def short(self) -> str:
        """Written so that a person can tell two apart."""
        encoder, _, weights = self.name.partition(":")
        return ":".join(filter(None, (encoder, weights[:12], self.hash[:12])))


@dataclass(frozen=True, slots=True)
class Recipe:
    """How searched vectors and evidence are made of pixel vectors and labels.

    Attributes
    ----------
    w_pixel, w_label : float
    fusion : {"soft", "hard"}
    evidence : EvidenceName
    """

    w_pixel: float
    w_label: float
    fusion: FusionKind
    evidence: EvidenceName


@dataclass(frozen=True, slots=True)
class Space:
    """The one embedding space that a store holds.

    Attributes
    ----------
    encoder, weights, precision : str
        Parts of the encoder's fingerprint.
    dimension : int
        Length of a vector.
    w_pixel, w_label : float
        Fusion weights of the searched film vectors.
    created_at : datetime.datetime
        Timezone aware, UTC.
    fusion : {"soft", "hard"}
    evidence : EvidenceName or None
        None where films have no evidence yet: they were stored before there was any.
    """

    encoder: str
    weights: str
    precision: str
    dimension: int
    w_pixel: float
    w_label: float
    created_at: datetime
    fusion: FusionKind
    evidence: EvidenceName | None

    @property
    def fingerprint(self) -> str:
        """Written as an encoder's fingerprint is."""
        return f"{self.encoder}:{self.weights[:12]}:{self.precision}"


class FilmHashes(NamedTuple):
    """By which a re-run knows what is new or changed.

    Attributes
    ----------
    sha256 : str
        Of the image file's bytes.
    record_hash : str
        Of the film's metadata; the ingest decides what goes into it.
    """

    sha256: str
    record_hash: str


@dataclass(frozen=True, slots=True)
class FilmEntry:
    """One film to be written; its vectors travel beside it in arrays."""

    film: Film
    sha256: str
    record_hash: str

    @property
    def key(self) -> RecordKey:
        """Its name in the store."""
        return RecordKey(self.film.provenance.source, self.film.id)


@dataclass(frozen=True, slots=True)
class FilmFilter:
    """Which films may answer; every part that is given must hold.

    Attributes
    ----------
    sex : {"F", "M"} or None
    age_min, age_max : float or None
        In years; a film without an age is left out when either is given.
    age_min_inclusive, age_max_inclusive : bool
        Whether that age itself belongs.
    view : str or None
        Projection as written, e.g. ``PA``.
    source : str or None
    exclude : tuple of RecordKey
        Films that may not answer, e.g. the film that the question shows.
    patient : str or None
        ``source:identifier``.
    any_of : tuple of str
        The film's labels name at least one of these findings.
    all_of : tuple of str
        The film's labels name all of these.
    none_of : tuple of str
        The film's labels name none of these. An unlabelled film passes: nothing says that
        it shows them; add ``labelled=True`` to leave it out.
    labelled : bool or None
        True for films with labels ("No Finding" is one), False for those without.
    """

    sex: Sex | None = None
    age_min: float | None = None
    age_max: float | None = None
    age_min_inclusive: bool = True
    age_max_inclusive: bool = True
    view: str | None = None
    source: str | None = None
    exclude: tuple[RecordKey, ...] = ()
    patient: str | None = None
    any_of: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    labelled: bool | None = None


EVERY_FILM = FilmFilter()
"""Leaves no film out."""


@dataclass(frozen=True, slots=True)
class FilmEvidence:
    """Probabilities of the store's `EVIDENCE`, films in rows.

    Attributes
    ----------
    probability, pixels_only : ndarray
        From everything that is known, and from the pixels alone; shape (films, 15), float32.
    """

    probability: NDArray[np.float32]
    pixels_only: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FilmMatch:
    """One film that a search found.

    Attributes
    ----------
    film : Film
    score : float
        By which it is ordered, see `FilmOrder`.
    similarity : float
        Inner product of the question's vector and the film's searched (fused) vector, both
        rounded to half precision.
    pixels : ndarray
        The film's pixel vector, shape (dimension,), float32, exactly as it was written.
    probability, pixels_only : ndarray
        See `FilmEvidence`; shape (15,).
    """

    film: Film
    score: float
    similarity: float
    pixels: Vector
    probability: NDArray[np.float32]
    pixels_only: NDArray[np.float32]


class FilmSurvey(NamedTuple):
    """How the films of a store stand to a question.

    Attributes
    ----------
    passing : int
        Films that pass the filter.
    qualifying : int
        Of those, the ones that stand high enough to answer.
    best : float or None
        How the best of those that pass the filter stands; None where none passes, or where
        the question has no clauses.
    """

    passing: int
    qualifying: int
    best: float | None


@dataclass(frozen=True, slots=True)
class PixelBatch:
    """A run of films with what a new fusion needs; rows of `vectors` follow `keys`.

    Attributes
    ----------
    keys : tuple of RecordKey
    findings : tuple of (tuple of str or None)
    labels_by : tuple of {"reports", "radiologists", "source"}
        Who gave them.
    histories : tuple of History
        Labels of the other films of each one's patient.
    vectors : ndarray
        Shape (len(keys), dimension), float32.
    """

    keys: tuple[RecordKey, ...]
    findings: tuple[tuple[str, ...] | None, ...]
    labels_by: tuple[LabelsBy, ...]
    histories: tuple[History, ...]
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class FilmCounts:
    """Films of one source."""

    films: int
    labelled: int
    patients: int
    made_up: int


@dataclass(frozen=True, slots=True)
class LabCounts:
    """Panels of one source."""

    reports: int
    observations: int
    patients: int
    made_up: int


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """What is stored, in which space, how large and where.

    Attributes
    ----------
    location : str
        Folder of the embedded database, or the connection string without its password.
    embedded : bool
    server_version, pgvector_version : str
    size_bytes : int
        The database on disk.
    space : Space or None
        None until the first films or panels are written.
    films, labs : mapping of str to counts
        By source.
    patients, conditions, imaging_studies : int
    links : int
        Declared identities of a film patient and a lab patient.
    films_indexed, labs_indexed : bool
        Whether the vector index is there. Without it searches are exact, and slower when
        the store is large; the next ingest builds it.
    """

    location: str
    embedded: bool
    server_version: str
    pgvector_version: str
    size_bytes: int
    space: Space | None
    films: Mapping[str, FilmCounts] = field(default_factory=dict)
    labs: Mapping[str, LabCounts] = field(default_factory=dict)
    patients: int = 0
    conditions: int = 0
    imaging_studies: int = 0
    links: int = 0
    films_indexed: bool = False
    labs_indexed: bool = False
