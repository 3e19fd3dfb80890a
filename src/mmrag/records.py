"""What everything else speaks: patients, films, laboratory panels and where they came from.

Plain immutable records. Identifiers of patients are always ``source:identifier``, so that
two people of two sources can never be taken for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

Sex = Literal["F", "M"]
"""Administrative sex as the sources give it; None where unknown or other."""

Flag = Literal["LL", "L", "N", "H", "HH"]
"""Critically low, low, normal, high, critically high (HL7 table 0078)."""

LabelsBy = Literal["reports", "radiologists", "source"]
"""Who said what a film shows: software that mined its report, radiologists who read the film,
or the source, which does not tell how it knows."""

_DAY_ZERO = datetime(1900, 1, 1, tzinfo=UTC)


def day_in_order(day: float) -> datetime:
    """Place a day of a patient's own count in time, for ordering that patient's records alone.

    Parameters
    ----------
    day : float
        Days from the day zero that the source counts from; may be negative.

    Returns
    -------
    datetime.datetime
        Timezone aware, UTC, so many days from the start of 1900: before the time of any
        dated record here, so that "newest" over patients never prefers it.
    """
    return _DAY_ZERO + timedelta(days=day)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a record came from.

    Attributes
    ----------
    source : str
        Name of the source, e.g. ``nih``; the first half of every patient identifier.
    file : str
        The file that holds the record (image or table), as an absolute path.
    row : int or None
        Line of the table, header counted as 1; None where there is no row.
    made_up : bool
        True for generated records; shown wherever the record is shown.
    """

    source: str
    file: str
    row: int | None = None
    made_up: bool = False


@dataclass(frozen=True, slots=True)
class Patient:
    """One person of one source.

    Attributes
    ----------
    id : str
        ``source:identifier``.
    birth_date : datetime.date or None
    sex : {"F", "M"} or None
    """

    id: str
    birth_date: date | None = None
    sex: Sex | None = None


@dataclass(frozen=True, slots=True)
class Film:
    """One chest radiograph as its source describes it; pixels stay in the file.

    Attributes
    ----------
    id : str
        File name in the source.
    provenance : Provenance
        ``provenance.file`` is the image.
    patient : str or None
        ``source:identifier``.
    findings : tuple of str or None
        Canonical finding names in the source's order; ``()`` for "No Finding"; None when
        the film is unlabelled. The three are never confused.
    view : str or None
        Projection as written, e.g. ``PA`` or ``AP``.
    age : float or None
        Age at the film, in years.
    sex : {"F", "M"} or None
    follow_up : int or None
        The source's running number of the patient's studies.
    width, height : int or None
        Size of the original image in pixels, as the source's table states it.
    pixel_spacing : tuple of float or None
        Row and column spacing of the original image in millimetres.
    taken_on : datetime.date or None
        Calendar day of the film.
    day : float or None
        Day of the film as the source counts days of this patient (from the first symptoms
        or from admission), where it gives no dates.
    stated : str or None
        What the film shows in the source's own words, where these are not the names of
        `findings`, e.g. ``COVID-19, ARDS``.
    licence : str or None
        Terms under which this one film may be shared, and where it was published.
    labels_by : {"reports", "radiologists", "source"}
        Who gave `findings`, or said `stated`; of an unlabelled film it says nothing.
    note : str or None
        What its source tells of the case in free text. It may hold anything: it is quoted in
        a brief of this very patient, and told to no language model.
    """

    id: str
    provenance: Provenance
    patient: str | None = None
    findings: tuple[str, ...] | None = None
    view: str | None = None
    age: float | None = None
    sex: Sex | None = None
    follow_up: int | None = None
    width: int | None = None
    height: int | None = None
    pixel_spacing: tuple[float, float] | None = None
    taken_on: date | None = None
    day: float | None = None
    stated: str | None = None
    licence: str | None = None
    labels_by: LabelsBy = "source"
    note: str | None = None

    @property
    def path(self) -> Path:
        """The image file."""
        return Path(self.provenance.file)


@dataclass(frozen=True, slots=True)
class FilmLabels:
    """What a table says of a film whose image is not there.

    Attributes
    ----------
    id : str
        File name that the table gives.
    patient : str
        ``source:identifier``.
    findings : tuple of str
        Canonical finding names; ``()`` for "No Finding".
    """

    id: str
    patient: str
    findings: tuple[str, ...]

    @property
    def source(self) -> str:
        """Name of the source."""
        return self.patient.partition(":")[0]


@dataclass(frozen=True, slots=True)
class History:
    """What labels say of the other films of a film's patient, earlier and later ones.

    Attributes
    ----------
    films : int
        Other films that have labels.
    named : mapping of str to int
        How many of them name each label; ``No Finding`` where they name nothing.
    silent : frozenset of str
        Findings of which these labels say nothing, since none of their source ever names them.
    """

    films: int = 0
    named: Mapping[str, int] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()


NO_HISTORY = History()
"""Of a film that has no patient, or whose patient has no other film with labels."""


@dataclass(frozen=True, slots=True)
class ReferenceRange:
    """Bounds within which a value is normal, and who says so.

    Attributes
    ----------
    low, high : float or None
        Inclusive bounds in the observation's unit; None where that side is open.
    source : str
        Citation of the range, shown beside every flag that rests on it.
    critical_low, critical_high : float or None
        Values at or beyond these are LL or HH.
    """

    low: float | None
    high: float | None
    source: str
    critical_low: float | None = None
    critical_high: float | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One result of a panel.

    Attributes
    ----------
    loinc : str
        LOINC code, the identity of what was measured.
    name : str
        Display name as written in the source.
    value : float or None
        The number as written; None when the result is not a number.
    text : str or None
        The result as written when it is not a number.
    unit : str or None
        Unit as written.
    category : str or None
        ``laboratory``, ``vital-signs``, ``survey`` ... as written.
    analyte : str or None
        Key of `mmrag.clinical.analytes`, None for codes that table does not know.
    canonical_value : float or None
        The value in the analyte's canonical unit; None when it cannot be converted.
    reference : ReferenceRange or None
        The range that the flag rests on, in the unit as written.
    flag : {"LL", "L", "N", "H", "HH"} or None
        None when no range applies.
    flag_source : str or None
        What decided the flag: the record's interpretation, its range, or a cited table.
    deviation : float or None
        Signed distance of the value beyond the nearer bound, in widths of the range (of the
        bound's size when one side is open): 0 inside, negative below, positive above; None
        without a range, and for a value that no living patient has (then the range is kept).
    """

    loinc: str
    name: str
    value: float | None = None
    text: str | None = None
    unit: str | None = None
    category: str | None = None
    analyte: str | None = None
    canonical_value: float | None = None
    reference: ReferenceRange | None = None
    flag: Flag | None = None
    flag_source: str | None = None
    deviation: float | None = None


@dataclass(frozen=True, slots=True)
class LabReport:
    """One panel: all results of one patient, one encounter and time.

    Attributes
    ----------
    id : str
        Stable: the same panel read again has the same identifier.
    provenance : Provenance
    patient : str
        ``source:identifier``.
    effective_at : datetime.datetime
        Time of the sample, timezone aware, UTC. With a `day` it is `day_in_order`, a place in
        this patient's own order, and no time at all: it is never shown.
    encounter : str or None
    age : float or None
        Age in years on the day of the sample.
    sex : {"F", "M"} or None
    observations : tuple of Observation
        In the order of the source.
    day : float or None
        Day of the sample as the source counts days of this patient, where it gives no dates.
    """

    id: str
    provenance: Provenance
    patient: str
    effective_at: datetime
    encounter: str | None = None
    age: float | None = None
    sex: Sex | None = None
    observations: tuple[Observation, ...] = field(default=())
    day: float | None = None

    @property
    def sampled_at(self) -> datetime | None:
        """Time of the sample; None where the source counts days instead."""
        return self.effective_at if self.day is None else None


@dataclass(frozen=True, slots=True)
class Condition:
    """A diagnosis on a patient's list, with the time it was active.

    Attributes
    ----------
    patient : str
        ``source:identifier``.
    code : str
        Code as written.
    system : str
        Code system, ``SNOMED-CT`` unless the source says otherwise.
    name : str
        Display name as written.
    onset : datetime.date
    abatement : datetime.date or None
        None while it is active.
    provenance : Provenance
    """

    patient: str
    code: str
    system: str
    name: str
    onset: date
    abatement: date | None
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class ImagingStudy:
    """That an image was taken, where the source has no pixels for it.

    Attributes
    ----------
    id : str
    patient : str
        ``source:identifier``.
    started_at : datetime.datetime
        Timezone aware, UTC.
    modality : str or None
        DICOM modality code, e.g. ``DX``.
    body_site : str or None
    provenance : Provenance
    """

    id: str
    patient: str
    started_at: datetime
    modality: str | None
    body_site: str | None
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that could not go in; the rest does.

    Attributes
    ----------
    file : str
        The file, relative to the source's folder where that is shorter.
    message : str
        One line: what is wrong and how to mend it.
    row : int or None
        Line of the table, header counted as 1.
    kind : str
        Short stable word for counting, e.g. ``missing-file``.
    count : int
        How many like it this line stands for (blank rows are counted, not listed).
    """

    file: str
    message: str
    row: int | None = None
    kind: str = "bad-record"
    count: int = 1

    def __str__(self) -> str:
        place = self.file if self.row is None else f"{self.file}, row {self.row}"
        return f"{place}: {self.message}"
