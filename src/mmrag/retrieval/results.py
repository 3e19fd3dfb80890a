"""What a search answers, as the command line and the service print it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from mmrag.clinical.question import ClinicalQuery
from mmrag.records import Flag, History, LabelsBy, Sex
from mmrag.retrieval.declared import DeclaredLink
from mmrag.store import FusionKind, Persons, Space

Linkage = Literal["same-patient", "cohort"]


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Wanted = Literal["present", "absent", "alike"]
"""Whether a finding is asked for, ruled out, or seen on the film that the question shows."""


class FindingEvidence(_Result):
    """What is known of one finding on one film.

    Attributes
    ----------
    finding : str
        Canonical name, or ``No Finding``.
    wanted : {"present", "absent", "alike"}
    probability, pixels_only : float
        From everything that is known, and from the pixels alone.
    label : float
        What labels add to the probability, or take away: the film's own, and those of its
        patient's other films.
    """

    finding: str
    wanted: Wanted
    probability: float
    pixels_only: float
    label: float


class FilmHistory(_Result):
    """What labels say of the other films of a film's patient, earlier and later ones.

    Attributes
    ----------
    films : int
        Other films that have labels, whether their images are here or a table names them.
    named : dict of str to int
        How many of them are labelled with each finding, or ``No Finding``; the commonest first.
    """

    films: int
    named: dict[str, int]

    @classmethod
    def of(cls, history: History) -> FilmHistory | None:
        """Copy what the store counts; None where there is no other film."""
        if not history.films:
            return None
        named = sorted(history.named.items(), key=lambda item: (-item[1], item[0]))
        return cls(films=history.films, named=dict(named))


class FilmWhy(_Result):
    """How a film's score came about; `pixel`, `label`, `text` and `patient` add up to it.

    Attributes
    ----------
    pixel, label : float
        What the evidence of the pixels contributes to the score, and what labels do: the
        film's own, and those of its patient's other films.
    text : float
        What the likeness of the film's pixels and the question's words, or of the film that
        the question shows, contributes.
    patient : float
        What it contributes that the laboratory results of the film's patient meet the question,
        too; 0 for every film of a question that does not ask for both.
    constraints : tuple of str
        The question's laboratory constraints that the patient meets, where that counts.
    without_labels : float
        The score that the film would have without any labels.
    rank_without_labels : int or None
        Its rank by that score if no film had labels, among all films that pass the question's
        constraints; None where nobody asked for it (the brief does), or among too many films
        to compare them all.
    labels : tuple of str
        The film's own labels that the question asks for.
    history : FilmHistory or None
        Labels of the other films of its patient; None where there are none.
    evidence : tuple of FindingEvidence
        Of each finding that the question names or shows.
    note : str or None
        One line where the labels and the pixels disagree on what is asked.
    """

    pixel: float
    label: float
    text: float = 0.0
    patient: float = 0.0
    constraints: tuple[str, ...] = ()
    without_labels: float
    rank_without_labels: int | None = None
    labels: tuple[str, ...] = ()
    history: FilmHistory | None = None
    evidence: tuple[FindingEvidence, ...] = ()
    note: str | None = None


class FilmHit(_Result):
    """One film that answers.

    Attributes
    ----------
    findings : tuple of str or None
        Labels; ``()`` for "No Finding", None when unlabelled.
    taken_on : datetime.date or None
        Calendar day of the film, where its source gives it.
    day : float or None
        Day as the source counts days of this patient, where it gives no dates.
    stated : str or None
        What the film shows in the source's own words, where these are not the names of
        `findings`.
    licence : str or None
        Terms under which the film may be shared, where they are its own.
    labels_by : {"reports", "radiologists", "source"}
        Who gave the labels: software that mined the film's report, radiologists who read the
        film, or a source that does not tell; of an unlabelled film it says nothing.
    file : str
        The image on this machine; left out of every printed form, so empty in a hit that was
        read back from one.
    """

    rank: int
    leg: Literal["films"] = "films"
    id: str
    source: str
    patient: str | None
    score: float
    findings: tuple[str, ...] | None
    view: str | None
    age: float | None
    sex: Sex | None
    taken_on: date | None = None
    day: float | None = None
    stated: str | None = None
    licence: str | None = None
    labels_by: LabelsBy = "source"
    made_up: bool = False
    why: FilmWhy
    file: str = Field(default="", exclude=True, repr=False)


class ObservationHit(_Result):
    """One result of a panel that answers.

    Attributes
    ----------
    value : float or None
        As written, in `unit`; None when the result is not a number (then `text`).
    low, high : float or None
        Reference range in `unit`.
    range_source, flag_source : str or None
        Citation of the range; what decided the flag.
    implausible : bool
        True when no living patient has such a value: most likely the unit is wrong in the
        source. The flag stands as it is; the value has no part in the order of panels.
    matched : bool
        True when it meets the question's laboratory constraint or, without one, when the
        question names it.
    """

    loinc: str
    name: str
    value: float | None
    text: str | None = None
    unit: str | None
    low: float | None = None
    high: float | None = None
    range_source: str | None = None
    flag: Flag | None = None
    flag_source: str | None = None
    analyte: str | None = None
    implausible: bool = False
    matched: bool = False


class LabWhy(_Result):
    """How a panel's score came about.

    Attributes
    ----------
    constraints : tuple of str
        The question's laboratory constraints that the panel meets, in words.
    bearing : tuple of str
        Results that bear on the findings asked for and are abnormal in the expected
        direction, in words.
    abnormal : float
        Part of the score that comes from values outside their range.
    similarity : float
        Part of the score that comes from the vector's sense of the words.
    recency : float
        Part of the score that comes from the time of the sample.
    changes : tuple of str
        For results that were asked for by their trend: the value and the one before it.
    """

    constraints: tuple[str, ...] = ()
    bearing: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    abnormal: float
    similarity: float
    recency: float = 0.0


class LabHit(_Result):
    """One panel that answers.

    Attributes
    ----------
    effective_at : datetime.datetime or None
        Time of the sample; None where the source counts days instead.
    day : float or None
        Day of the sample as the source counts days of this patient.
    """

    rank: int
    leg: Literal["labs"] = "labs"
    report: str
    source: str
    patient: str
    effective_at: datetime | None
    day: float | None = None
    age: float | None = None
    sex: Sex | None = None
    score: float
    observations: tuple[ObservationHit, ...]
    made_up: bool = False
    why: LabWhy


class Measurement(_Result):
    """One value that a leg looked at, and the panel that holds it.

    Attributes
    ----------
    effective_at : datetime.datetime or None
    day : float or None
        See `LabHit`.
    value : float or None
        As written, in `unit`.
    implausible : bool
        See `ObservationHit`.
    """

    report: str
    source: str
    patient: str
    effective_at: datetime | None
    day: float | None = None
    loinc: str
    name: str
    value: float | None
    unit: str | None
    flag: Flag | None = None
    implausible: bool = False
    made_up: bool = False


class StateCoverage(_Result):
    """What was measured of one state, over all panels that the question's patient leaves.

    A state is a laboratory constraint of the question ("leukocytosis", "platelets below
    100") or, where the question names findings alone, one that bears on them. Figures count
    results, not panels.

    Attributes
    ----------
    state : str
        In words.
    analytes : tuple of str
        Keys of ``analytes.toml``, any of which shows it.
    findings : tuple of str
        The findings of the question that it bears on; empty for the question's own.
    measured : int
        Results that can show it: with a flag where the state is one of the range, with a
        number in a known unit where it compares numbers; of those the newest of each
        patient where the question asks for these.
    patients : int
        People they come from.
    showing, showing_patients : int
        Results that show it, and people they come from.
    in_range : int
        Results that are flagged normal.
    outermost : Measurement or None
        The result that goes farthest in the direction asked: the highest for "high" and
        "above", the lowest for "low" and "below", the nearest to an interval, the one
        farthest outside its range where either side counts, the largest change for a trend.
        Where none shows the state, it is what came nearest. Implausible values come last.
        None where nothing was measured.
    """

    state: str
    analytes: tuple[str, ...]
    findings: tuple[str, ...] = ()
    measured: int
    patients: int
    showing: int
    showing_patients: int
    in_range: int
    outermost: Measurement | None


class CohortSummary(_Result):
    """An analyte of the question over all panels that the question's patient leaves.

    Attributes
    ----------
    analyte : str
        Key of ``analytes.toml``.
    name, unit : str
        Display name; the canonical unit that the figures are in.
    values, patients : int
        Results with a number in a known unit, of those the newest of each patient where the
        question asks for these; people they come from.
    minimum, lower_quartile, median, upper_quartile, maximum : float
        Quartiles are interpolated linearly.
    flagged, abnormal : int
        Results that carry a flag; of those, the ones flagged other than normal.
    share_abnormal : float or None
        ``abnormal / flagged``; None where no result carries a flag.
    """

    analyte: str
    name: str
    unit: str
    values: int
    patients: int
    minimum: float
    lower_quartile: float
    median: float
    upper_quartile: float
    maximum: float
    flagged: int
    abnormal: int
    share_abnormal: float | None


class LegCoverage(_Result):
    """How far one leg looked.

    Attributes
    ----------
    requested, returned : int
    searched : int
        Records in the store that the leg looked at.
    qualifying : int
        Of those, the ones that meet the question's constraints. The evidence must not speak
        clearly against a film (`film_score.RULED_OUT`); a panel meets a question of findings
        alone when it measured a result that bears on one of them.
    nearest : str or None
        Where nothing qualifies: how near the nearest record came, in words.
    states : tuple of StateCoverage
        Laboratory leg: the question's constraints in their order or, without any, the
        states that bear on its findings.
    cohort : tuple of CohortSummary
        Laboratory leg: each analyte that the question names and that was measured.
    note : str or None
        One sentence where a leg was asked nothing, or names a diagnosis that is not stored.
    """

    requested: int
    returned: int
    searched: int
    qualifying: int
    nearest: str | None = None
    states: tuple[StateCoverage, ...] = ()
    cohort: tuple[CohortSummary, ...] = ()
    note: str | None = None


class Coverage(_Result):
    """How far both legs looked."""

    films: LegCoverage
    labs: LegCoverage


class SpaceInfo(_Result):
    """The embedding space that answered."""

    encoder: str
    fingerprint: str
    w_pixel: float
    w_label: float
    fusion: FusionKind = "hard"
    evidence: str | None = None

    @classmethod
    def of(cls, space: Space) -> SpaceInfo:
        """Take the space as the store keeps it."""
        return cls(
            encoder=space.encoder,
            fingerprint=space.fingerprint,
            w_pixel=space.w_pixel,
            w_label=space.w_label,
            fusion=space.fusion,
            evidence=None if space.evidence is None else space.evidence.short,
        )


class SearchResult(_Result):
    """Films and laboratory panels side by side.

    Attributes
    ----------
    merged : tuple of (str, str)
        Leg and record identifier of every hit, the legs taking turns by rank.
    linkage : {"same-patient", "cohort"}
        ``same-patient`` when at least one returned film and one returned panel belong to
        the same person, in one source or as declared; ``cohort`` otherwise.
    links : tuple of DeclaredLink
        Declared identities of the patients shown, and of whoever is one person with them.
    image : str or None
        SHA-256 of the film that the question shows, in hexadecimal; None without one.
    """

    query: ClinicalQuery
    films: tuple[FilmHit, ...]
    labs: tuple[LabHit, ...]
    coverage: Coverage
    linkage: Linkage
    merged: tuple[tuple[Literal["films", "labs"], str], ...]
    space: SpaceInfo
    image: str | None = None
    links: tuple[DeclaredLink, ...] = ()

    @property
    def persons(self) -> Persons:
        """Which of the patients shown are one person."""
        return Persons((link.film_patient, link.lab_patient) for link in self.links)

    def _repr_html_(self) -> str:
        """Show the answer in a notebook."""
        from mmrag.retrieval.notebook import table

        return table(self)
