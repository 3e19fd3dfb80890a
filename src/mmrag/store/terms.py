"""What the store takes and gives beside the records: entries, filters, matches, counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mmrag.records import Film, Flag, LabReport, Sex

Vector = NDArray[np.float32]
"""One vector, shape (dimension,), dtype float32, unit norm."""

Vectors = NDArray[np.float32]
"""Several, shape (n, dimension), dtype float32, each of unit norm."""


class RecordKey(NamedTuple):
    """What names a film or a panel in the store; two sources may use one identifier."""

    source: str
    id: str


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
    """

    encoder: str
    weights: str
    precision: str
    dimension: int
    w_pixel: float
    w_label: float
    created_at: datetime

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
        In years, both included; a film without an age is left out when either is given.
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
class FilmMatch:
    """One film that a search found.

    Attributes
    ----------
    film : Film
    similarity : float
        Inner product of the question's vector and the film's searched (fused) vector, both
        rounded to half precision.
    pixels : ndarray
        The film's pixel vector, shape (dimension,), float32, exactly as it was written.
    """

    film: Film
    similarity: float
    pixels: Vector


@dataclass(frozen=True, slots=True)
class PixelBatch:
    """A run of films with what a new fusion needs; rows of `vectors` follow `keys`.

    Attributes
    ----------
    keys : tuple of RecordKey
    findings : tuple of (tuple of str or None)
    vectors : ndarray
        Shape (len(keys), dimension), float32.
    """

    keys: tuple[RecordKey, ...]
    findings: tuple[tuple[str, ...] | None, ...]
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class LabEntry:
    """One panel to be written; its vector travels beside it in an array.

    Attributes
    ----------
    report : LabReport
    panel : str
        The text that was embedded; equal texts must come with equal vectors.
    record_hash : str
        Of the whole panel; the ingest decides what goes into it.
    """

    report: LabReport
    panel: str
    record_hash: str

    @property
    def key(self) -> RecordKey:
        """Its name in the store."""
        return RecordKey(self.report.provenance.source, self.report.id)


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of an interval, in the analyte's canonical unit."""

    value: float
    inclusive: bool = True


@dataclass(frozen=True, slots=True)
class LabCondition:
    """A constraint that at least one observation of a panel has to meet.

    Attributes
    ----------
    analytes : tuple of str
        Keys of the analyte table; an observation counts when its analyte is one of them...
    loinc : tuple of str
        ...or its LOINC code is one of these.
    lower, upper : Bound or None
        Limits on the canonical value. An observation without one never meets them.
    flags : frozenset of {"LL", "L", "N", "H", "HH"}
        The observation's flag is one of these; empty asks for no flag.
    """

    analytes: tuple[str, ...] = ()
    loinc: tuple[str, ...] = ()
    lower: Bound | None = None
    upper: Bound | None = None
    flags: frozenset[Flag] = frozenset()


@dataclass(frozen=True, slots=True)
class LabFilter:
    """Which panels may answer; every part that is given must hold.

    Attributes
    ----------
    sex : {"F", "M"} or None
    age_min, age_max : float or None
        Age on the day of the sample in years, both included; a panel without an age is left
        out when either is given.
    source : str or None
    patient : str or None
        ``source:identifier``.
    since, until : datetime.datetime or None
        Time of the sample, timezone aware, both included.
    diagnoses : tuple of str
        Codes of which at least one is active for the patient on the day of the sample.
    latest : bool
        Of each patient only the newest panel that meets everything else.
    """

    sex: Sex | None = None
    age_min: float | None = None
    age_max: float | None = None
    source: str | None = None
    patient: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    diagnoses: tuple[str, ...] = ()
    latest: bool = False


EVERY_PANEL = LabFilter()
"""Leaves no panel out."""


@dataclass(frozen=True, slots=True)
class LabRanking:
    """How the parts of a panel's score weigh.

    ``score = abnormal * d / (1 + d) + similarity * cosine + recency * 2 ** -years``, where d
    is the largest absolute deviation among the observations that meet a condition (0 without
    conditions), and years count back from the newest panel that qualifies.
    """

    abnormal: float = 0.5
    similarity: float = 0.5
    recency: float = 0.0


BALANCED = LabRanking()
"""Values and words weigh the same."""


@dataclass(frozen=True, slots=True)
class LabMatch:
    """One panel that a search found.

    Attributes
    ----------
    report : LabReport
    score : float
        By which it ranks: the sum of the three parts below.
    abnormal, similarity, recency : float
        The weighted parts of `score`.
    matched : tuple of (tuple of int)
        For each condition, in order, the indices into ``report.observations`` that meet it.
    """

    report: LabReport
    score: float
    abnormal: float
    similarity: float
    recency: float
    matched: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class NearestObservation:
    """The observation that comes nearest to a condition which none meets.

    Attributes
    ----------
    report : LabReport
    index : int
        Into ``report.observations``.
    """

    report: LabReport
    index: int


@dataclass(frozen=True, slots=True)
class LabSummary:
    """An analyte over a cohort.

    Attributes
    ----------
    values : int
        Observations with a canonical value.
    patients : int
        People they come from.
    minimum, lower_quartile, median, upper_quartile, maximum : float or None
        In the analyte's canonical unit; None without values.
    flagged : int
        Observations, of all, that carry a flag.
    abnormal : int
        Of those, the ones flagged other than N.
    """

    values: int
    patients: int
    minimum: float | None
    lower_quartile: float | None
    median: float | None
    upper_quartile: float | None
    maximum: float | None
    flagged: int
    abnormal: int

    @property
    def share_abnormal(self) -> float | None:
        """Of the flagged observations; None without any."""
        return self.abnormal / self.flagged if self.flagged else None


class SeriesPoint(NamedTuple):
    """One measurement in a patient's own series."""

    patient: str
    effective_at: datetime
    value: float
    report: RecordKey


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
    films_indexed: bool = False
    labs_indexed: bool = False
