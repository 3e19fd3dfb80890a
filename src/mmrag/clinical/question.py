"""A question as constraints that a person can read and edit."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from mmrag.records import Sex

Assertion = Literal["present", "absent", "uncertain"]
Comparison = Literal["named", "above", "at-least", "below", "at-most", "between", "flagged"]
FlagClass = Literal["high", "low", "abnormal", "normal"]
Trend = Literal["rising", "falling"]
Side = Literal["left", "right", "bilateral"]
Severity = Literal["small", "moderate", "large"]


class _Term(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FindingTerm(_Term):
    """One radiographic finding that the question asks for or rules out.

    Attributes
    ----------
    finding : str
        Canonical name, a key of ``findings.toml``.
    assertion : {"present", "absent", "uncertain"}
    written : str
        The words of the question that it stands for.
    group : str or None
        The wider word ("airspace disease") through which it was asked for, or the words that
        join it to others by "or" ("effusion or pneumothorax"); the findings of one group that
        are asked for are alternatives, any of them answers.
    side : {"left", "right", "bilateral"} or None
        A preference, not a constraint: the labels hold no side.
    severity : {"small", "moderate", "large"} or None
        Likewise.
    """

    finding: str
    assertion: Assertion = "present"
    written: str = ""
    group: str | None = None
    side: Side | None = None
    severity: Severity | None = None


class LabTerm(_Term):
    """One laboratory constraint.

    Attributes
    ----------
    analyte : str
        Key of ``analytes.toml``; for a group of analytes the group's name.
    name : str
        Display name of the analyte or group.
    loinc : tuple of str
        Codes that count as this analyte, or as any of the group.
    analytes : tuple of str
        For a group: keys of its members, of which at least one meets the constraint (none
        of them when `negated`). Empty for a single analyte.
    comparison : str
        ``named`` asks only that the analyte was measured; ``flagged`` uses each patient's
        own reference range; the rest compare with `value` (and `upper` for ``between``,
        both bounds included).
    value, upper : float or None
        In `unit`.
    unit : str or None
        UCUM unit of `value`.
    unit_assumed : bool
        True when the question gave no unit and `unit` is the one in which its number is
        plausible.
    flag : {"high", "low", "abnormal", "normal"} or None
        For ``flagged``.
    critical : bool
        Only critically high or low values meet the flag.
    negated : bool
        The analyte was measured and does not meet the constraint ("no leukocytosis").
    time : {"latest"} or None
        Each patient's newest result alone.
    trend : {"rising", "falling"} or None
        Change over the patient's own series: the newest value against the one before it.
    group : str or None
        The words of the question that join it to others by "or"; the terms of one group are
        alternatives, any of them answers.
    written : str
        The words of the question that it stands for.
    """

    analyte: str
    name: str
    loinc: tuple[str, ...]
    analytes: tuple[str, ...] = ()
    comparison: Comparison = "named"
    value: float | None = None
    upper: float | None = None
    unit: str | None = None
    unit_assumed: bool = False
    flag: FlagClass | None = None
    critical: bool = False
    negated: bool = False
    time: Literal["latest"] | None = None
    trend: Trend | None = None
    group: str | None = None
    written: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of ``analytes.toml`` that it is about."""
        return self.analytes or (self.analyte,)


class DiagnosisTerm(_Term):
    """A diagnosis that the patient has, or has not, on the day of a panel.

    Attributes
    ----------
    names : tuple of str
        What it is called in the question; several are alternatives. A stored condition is
        meant when its name holds every word of one of them.
    conditions : tuple of str
        Names of the stored conditions that are meant; empty before a search, and where none
        is stored.
    codes : tuple of str
        Their codes.
    negated : bool
        None of them is active on that day.
    written : str
        The words of the question that it stands for.
    """

    names: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    negated: bool = False
    written: str = ""


class PeriodTerm(_Term):
    """When the sample of a panel was taken.

    Attributes
    ----------
    since, until : datetime.date or None
        Days in UTC, both included.
    written : str
        The words of the question that it stands for.
    """

    since: date | None = None
    until: date | None = None
    written: str = ""


class PatientTerm(_Term):
    """What the question says of the patient.

    Attributes
    ----------
    sex : {"F", "M"} or None
    age_min, age_max : float or None
        In years: on a panel the age on the day of the sample with its fraction of a year, on
        a film the age as its source gives it.
    age_min_inclusive, age_max_inclusive : bool
        Whether that age itself belongs: not for "over 60", but for "60 and over".
    """

    sex: Sex | None = None
    age_min: float | None = None
    age_min_inclusive: bool = True
    age_max: float | None = None
    age_max_inclusive: bool = True


class AmongTerm(_Term):
    """Which stored records are looked at: no words say it, a person chooses it.

    Attributes
    ----------
    films, labs : str or None
        Source of the films, and of the panels, that may answer.
    labelled : bool or None
        Films with labels alone ("No Finding" is one), or those without alone.
    """

    films: str | None = None
    labs: str | None = None
    labelled: bool | None = None


class GuessedFinding(_Term):
    """One finding of a shown film, or of words that name none.

    Attributes
    ----------
    finding : str
        Canonical name, or ``No Finding``.
    probability : float
        From the film's pixels alone; of words, the share of what they mean.
    """

    finding: str
    probability: float


class ShownFilm(_Term):
    """A film that the question shows.

    Attributes
    ----------
    film : str or None
        ``source:identifier`` of a stored film; None for a file.
    findings : tuple of GuessedFinding
        The findings that are more probable than on an average film, by falling probability.
    left_out : tuple of str
        ``source:identifier`` of the stored films that are this very image and do not answer.
    """

    film: str | None = None
    findings: tuple[GuessedFinding, ...] = ()
    left_out: tuple[str, ...] = ()


class ClinicalQuery(_Term):
    """A compiled question.

    Attributes
    ----------
    text : str
        The question as asked; empty when only a film was given.
    findings : tuple of FindingTerm
    labs : tuple of LabTerm
    patient : PatientTerm
    diagnoses : tuple of DiagnosisTerm
        All of which hold. They are about laboratory panels alone: films have no list of
        diagnoses.
    period : PeriodTerm or None
        Of panels alone: films are not dated.
    view : str or None
        Projection asked for, ``PA``, ``AP`` or ``LATERAL``.
    free_text : str or None
        Words that compile to nothing; they are left to the text encoder.
    normal_chest : bool
        True when a chest with nothing to report is asked for.
    exclusive : bool
        True when no finding beside those asked for may be there: "isolated pneumothorax".
    image : ShownFilm or None
        The film that the question shows, where it shows one.
    among : AmongTerm
        Which records are looked at.
    meant : tuple of GuessedFinding
        What the text encoder reads in `free_text` where no finding is named, by falling
        probability; found anew with every search.
    """

    text: str
    findings: tuple[FindingTerm, ...] = ()
    labs: tuple[LabTerm, ...] = ()
    patient: PatientTerm = PatientTerm()
    diagnoses: tuple[DiagnosisTerm, ...] = ()
    period: PeriodTerm | None = None
    view: str | None = None
    free_text: str | None = None
    normal_chest: bool = False
    exclusive: bool = False
    image: ShownFilm | None = None
    among: AmongTerm = AmongTerm()
    meant: tuple[GuessedFinding, ...] = ()

    @property
    def present(self) -> tuple[str, ...]:
        """Findings that are asked for."""
        return tuple(t.finding for t in self.findings if t.assertion == "present")

    @property
    def sought(self) -> tuple[str, ...]:
        """Findings that are asked for, surely or as a possibility."""
        return tuple(t.finding for t in self.findings if t.assertion != "absent")

    @property
    def absent(self) -> tuple[str, ...]:
        """Findings that are ruled out."""
        return tuple(t.finding for t in self.findings if t.assertion == "absent")

    @property
    def preferences(self) -> tuple[str, ...]:
        """Sides and sizes asked for, in words: "left Effusion", "no large Pneumothorax"."""
        return tuple(
            " ".join(
                filter(None, ("no" * (t.assertion == "absent"), t.severity, t.side, t.finding))
            )
            for t in self.findings
            if t.side or t.severity
        )
