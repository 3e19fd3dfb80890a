"""What must be true of the stored rows for a sentence to be printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from mmrag.brief.judgement import Verdict, judge_stored
from mmrag.brief.rows import Rows
from mmrag.store.terms import RecordKey


class Check(Protocol):
    """What must be true of the stored rows for a sentence to be printed."""

    def holds(self, rows: Rows) -> bool:
        """Say whether the rows bear the sentence out."""
        ...


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of several checks."""

    checks: tuple[Check, ...]

    def holds(self, rows: Rows) -> bool:
        """All hold."""
        return all(check.holds(rows) for check in self.checks)


@dataclass(frozen=True, slots=True)
class Labelled:
    """The film carries all of these findings among its labels."""

    film: RecordKey
    findings: tuple[str, ...]

    def holds(self, rows: Rows) -> bool:
        """Its labels exist and include each finding."""
        film = rows.film(self.film)
        return (
            film is not None
            and film.findings is not None
            and bool(self.findings)
            and set(self.findings) <= set(film.findings)
        )


@dataclass(frozen=True, slots=True)
class LabelsLack:
    """Each film is labelled, and none of the findings is among its labels."""

    films: tuple[RecordKey, ...]
    findings: tuple[str, ...]

    def holds(self, rows: Rows) -> bool:
        """No film is unlabelled, none carries one of the findings."""
        films = rows.films(self.films)
        return films is not None and all(
            film.findings is not None and not set(self.findings) & set(film.findings)
            for film in films
        )


@dataclass(frozen=True, slots=True)
class NoFinding:
    """The film's label says "No Finding"."""

    film: RecordKey

    def holds(self, rows: Rows) -> bool:
        """Labelled, with an empty list."""
        film = rows.film(self.film)
        return film is not None and film.findings == ()


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """The film has no label at all."""

    film: RecordKey

    def holds(self, rows: Rows) -> bool:
        """Neither findings nor "No Finding"."""
        film = rows.film(self.film)
        return film is not None and film.findings is None


@dataclass(frozen=True, slots=True)
class LabelCount:
    """Exactly so many of the films carry at least one finding of each of these sets."""

    films: tuple[RecordKey, ...]
    alternatives: tuple[tuple[str, ...], ...]
    count: int

    def holds(self, rows: Rows) -> bool:
        """Count again in the stored labels."""
        films = rows.films(self.films)
        return films is not None and self.count == sum(
            all(set(any_of) & set(film.findings or ()) for any_of in self.alternatives)
            for film in films
        )


@dataclass(frozen=True, slots=True)
class UnlabelledCount:
    """Exactly so many of the films have no label at all."""

    films: tuple[RecordKey, ...]
    count: int

    def holds(self, rows: Rows) -> bool:
        """Count again in the stored labels."""
        films = rows.films(self.films)
        return films is not None and self.count == sum(film.findings is None for film in films)


@dataclass(frozen=True, slots=True)
class ResultIs:
    """A stored result of the panel has this value and deserves this verdict."""

    report: RecordKey
    loinc: str
    value: float | None
    text: str | None
    unit: str | None
    verdict: Verdict

    def holds(self, rows: Rows) -> bool:
        """One and the same stored result matches in every part."""
        report = rows.report(self.report)
        return report is not None and any(
            (stored.loinc, stored.value, stored.text, stored.unit)
            == (self.loinc, self.value, self.text, self.unit)
            and judge_stored(stored) == self.verdict
            for stored in report.observations
        )


@dataclass(frozen=True, slots=True)
class PanelCount:
    """Exactly so many of the panels hold a result that deserves one of these verdicts.

    Results of one analyte where one is named, of any otherwise.
    """

    reports: tuple[RecordKey, ...]
    count: int
    analyte: str | None
    verdicts: tuple[Verdict, ...]

    def holds(self, rows: Rows) -> bool:
        """Count again in the stored results."""
        reports = rows.reports(self.reports)
        return reports is not None and self.count == sum(
            any(
                (self.analyte is None or self.analyte == stored.analyte)
                and judge_stored(stored) in self.verdicts
                for stored in report.observations
            )
            for report in reports
        )


@dataclass(frozen=True, slots=True)
class PatientCount:
    """The panels belong to exactly so many patients."""

    reports: tuple[RecordKey, ...]
    count: int

    def holds(self, rows: Rows) -> bool:
        """Count again in the stored rows."""
        reports = rows.reports(self.reports)
        return reports is not None and len({r.patient for r in reports}) == self.count


@dataclass(frozen=True, slots=True)
class OnePatient:
    """The films and panels all belong to this patient, or to one declared to be the same."""

    patient: str
    films: tuple[RecordKey, ...]
    reports: tuple[RecordKey, ...]

    def holds(self, rows: Rows) -> bool:
        """Every stored row names the patient, or one who is linked with it now."""
        films, reports = rows.films(self.films), rows.reports(self.reports)
        return (
            films is not None
            and reports is not None
            and {f.patient for f in films} | {r.patient for r in reports}
            <= rows.persons.patients(self.patient)
        )


@dataclass(frozen=True, slots=True)
class NobodyInCommon:
    """No patient has both one of the films and one of the panels."""

    films: tuple[RecordKey, ...]
    reports: tuple[RecordKey, ...]

    def holds(self, rows: Rows) -> bool:
        """Compare the stored patients, and who is linked now."""
        films, reports = rows.films(self.films), rows.reports(self.reports)
        if films is None or reports is None:
            return False
        with_films = {rows.persons.name(film.patient) for film in films if film.patient}
        return not with_films & {rows.persons.name(report.patient) for report in reports}


@dataclass(frozen=True, slots=True)
class LegLooked:
    """Every figure of a leg is what the store gives when it is counted again."""

    leg: Literal["films", "labs"]

    def holds(self, rows: Rows) -> bool:
        """Count again, and count the hits."""
        said, counted = rows.result.coverage, rows.coverage
        return said.films == counted.films if self.leg == "films" else said.labs == counted.labs


@dataclass(frozen=True, slots=True)
class AsCited:
    """Nothing beyond each cited value being what the store holds."""

    def holds(self, rows: Rows) -> bool:  # noqa: ARG002 (the citations are the whole check)
        """Leave it to the citations, which are compared for every claim."""
        return True
