"""Film and blood of one and the same patient, apart from all cohort evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mmrag.brief import checks
from mmrag.brief.claims import (
    Draft,
    cite_film,
    cite_label,
    cite_patient,
    cite_report,
    cite_result,
    cite_time,
    film_key,
    report_key,
)
from mmrag.brief.imaging import asked_for
from mmrag.brief.judgement import Verdict, judge_hit
from mmrag.brief.laboratory import result_is
from mmrag.brief.model import ClaimKind
from mmrag.brief.notes import note_claims
from mmrag.brief.plain import enumerated, plain
from mmrag.brief.rows import Records
from mmrag.brief.timeline import CameInOrder, common_clock, gap_words, in_order, order_words
from mmrag.brief.whose import sentence, whose
from mmrag.brief.wording import called, day, label_words, measured, numbered, panel_subject
from mmrag.clinical.bearing import Expectation, expectations
from mmrag.records import day_in_order
from mmrag.retrieval.results import FilmHit, LabHit, ObservationHit, SearchResult
from mmrag.store import Persons


def linked(result: SearchResult) -> dict[str, tuple[list[FilmHit], list[LabHit]]]:
    """Patients with both a film and a panel among the hits.

    Returns
    -------
    dict
        By the person's name (`Persons.name`), in the order of the films: the films by rank and
        the panels by time.
    """
    persons = result.persons
    panels: dict[str, list[LabHit]] = {}
    for lab in sorted(result.labs, key=_in_time):
        panels.setdefault(persons.name(lab.patient), []).append(lab)
    both: dict[str, tuple[list[FilmHit], list[LabHit]]] = {}
    for film in result.films:
        person = None if film.patient is None else persons.name(film.patient)
        if person is not None and person in panels:
            both.setdefault(person, ([], panels[person]))[0].append(film)
    return both


def _in_time(lab: LabHit) -> tuple[bool, datetime]:
    at = lab.effective_at or day_in_order(lab.day or 0)
    return lab.effective_at is None, at


def pair_claims(result: SearchResult, records: Records) -> Iterator[Draft]:
    """Make the claims that put one patient's film and blood together."""
    asked, persons = asked_for(result.query), result.persons
    for patient, (films, labs) in linked(result).items():
        yield _same_patient(persons, patient, films, labs)
        yield from note_claims(persons, patient, films, records)
        pairs = [(film, lab) for film in films for lab in labs]
        compared = [
            claim for film, lab in pairs for claim in _compared(persons, patient, film, lab, asked)
        ]
        yield from (claim for claim in compared if claim.kind == "agreement")
        yield from (claim for claim in compared if claim.kind == "contradiction")


def _same_patient(
    persons: Persons, patient: str, films: list[FilmHit], labs: list[LabHit]
) -> Draft:
    made_up = all([*(hit.made_up for hit in films), *(hit.made_up for hit in labs)])
    film_keys, report_keys = tuple(map(film_key, films)), tuple(map(report_key, labs))
    order, came_in_order = _timeline(films, labs)
    return Draft(
        kind="limit",
        section="context",
        text=f"{sentence(whose(persons, patient, made_up))} has "
        f"{numbered('film', [f.rank for f in films])} and {order}.",
        citations=(
            *cite_patient(persons, patient, films, labs),
            *(c for film in films for c in (*cite_film(film, "rank", "made_up"), *cite_time(film))),
            *(c for lab in labs for c in (*cite_report(lab, "rank", "made_up"), *cite_time(lab))),
        ),
        check=checks.AllOf(
            (checks.OnePatient(patient, film_keys, report_keys), *came_in_order),
        ),
        films=film_keys,
        reports=report_keys,
    )


def _timeline(films: list[FilmHit], labs: list[LabHit]) -> tuple[str, tuple[CameInOrder, ...]]:
    """Name the panels and say what came first, where film and blood have a clock in common."""
    clock = common_clock(films, labs)
    if clock is None:
        panels = enumerated([f"#{hit.rank} ({day(hit)})" for hit in labs])
        order = (
            ", in the order of time; the films carry no date, so where they fall in it is not known"
            if len(labs) > 1
            else "; the films carry no date, so which came first is not known"
        )
        if len(films) == 1:
            order = order.replace("films carry", "film carries").replace("they fall", "it falls")
        return f"{'panel' if len(labs) == 1 else 'panels'} {panels}{order}", ()
    placed = in_order(films, labs, clock)
    counting = ", in days as the source counts them" if clock == "day" else ""
    missing = len(films) + len(labs) - len(placed)
    unplaced = f"; {missing} of them without a day" if missing else ""
    return (
        f"{numbered('panel', [hit.rank for hit in labs])}; in the order of time{counting}: "
        f"{order_words(placed)}{unplaced}",
        (CameInOrder(placed, clock),),
    )


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One result held against labels with which an abnormal one would go."""

    observation: ObservationHit
    expectation: Expectation

    @property
    def expected(self) -> Verdict:
        return "low" if self.expectation.direction == "low" else "high"

    @property
    def findings(self) -> tuple[str, ...]:
        return self.expectation.findings

    @property
    def kind(self) -> ClaimKind:
        agrees = judge_hit(self.observation) == self.expected
        return "agreement" if agrees else "contradiction"

    @property
    def words(self) -> str:
        verdict = judge_hit(self.observation)
        named = enumerated([plain(finding) for finding in self.findings])
        seen = f"{measured(self.observation)}, {called(self.observation.flag, verdict)}"
        if verdict == self.expected:
            return f"{seen}, which goes with {named}"
        return f"{seen}, where {self.expected} would go with {named}"


def _compared(
    persons: Persons, patient: str, film: FilmHit, lab: LabHit, asked: tuple[str, ...]
) -> Iterator[Draft]:
    """Say in one claim what goes with the film's labels, and in one what does not."""
    compared = list(_comparisons(lab, _labels(film, asked)))
    kinds: tuple[ClaimKind, ...] = ("agreement", "contradiction")
    for kind in kinds:
        same = [c for c in compared if c.kind == kind]
        if same:
            yield _claim(kind, persons, patient, film, lab, same)


def compared_findings(
    film: FilmHit, lab: LabHit, asked: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Give the findings of a film, each with an analyte of the panel that it is held against."""
    return tuple(
        (finding, compared.expectation.analyte)
        for compared in _comparisons(lab, _labels(film, asked))
        for finding in compared.findings
    )


def _labels(film: FilmHit, asked: tuple[str, ...]) -> list[str]:
    return [label for label in film.findings or () if not asked or label in asked]


def _comparisons(lab: LabHit, labels: list[str]) -> Iterator[_Comparison]:
    for observation in lab.observations:
        if judge_hit(observation) != "undecided":
            for expected in expectations(labels):
                if expected.is_directed and expected.analyte == observation.analyte:
                    yield _Comparison(observation, expected)


def _claim(
    kind: ClaimKind,
    persons: Persons,
    patient: str,
    film: FilmHit,
    lab: LabHit,
    compared: list[_Comparison],
) -> Draft:
    findings = tuple(dict.fromkeys(name for c in compared for name in c.findings))
    named = enumerated([plain(finding) for finding in findings])
    panel = panel_subject(lab)
    says = "goes with this" if kind == "agreement" else "does not go with this"
    results = "; ".join(c.words for c in compared)
    return Draft(
        kind=kind,
        section="context",
        text=f"{sentence(whose(persons, patient, film.made_up and lab.made_up))}: film "
        f"#{film.rank} is labelled {named} ({label_words(film)}). What {says} in "
        f"{panel[0].lower()}{panel[1:]}{gap_words(film, lab)}: {results}.",
        citations=(
            *cite_patient(persons, patient, [film], [lab]),
            *cite_label(film),
            *cite_time(film),
            *cite_report(lab, "rank", "made_up"),
            *cite_time(lab),
            *(citation for c in compared for citation in cite_result(lab, c.observation)),
        ),
        check=checks.AllOf(
            (
                checks.OnePatient(patient, (film_key(film),), (report_key(lab),)),
                checks.Labelled(film_key(film), findings),
                *(result_is(lab, c.observation) for c in compared),
            )
        ),
        films=(film_key(film),),
        reports=(report_key(lab),),
    )
