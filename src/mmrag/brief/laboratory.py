"""What the panels hold: abnormal results first, normal ones called normal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mmrag.brief import checks
from mmrag.brief.claims import (
    Draft,
    cite_coverage,
    cite_report,
    cite_result,
    cite_time,
    report_key,
)
from mmrag.brief.imaging import asked_for
from mmrag.brief.judgement import Verdict, judge_hit
from mmrag.brief.model import Citation, ClaimKind
from mmrag.brief.plain import enumerated, plain
from mmrag.brief.survey import survey_claims
from mmrag.brief.wording import (
    called,
    counted,
    measured,
    panel_subject,
    range_sentence,
    range_words,
)
from mmrag.clinical.bearing import expectations
from mmrag.clinical.findings import Direction
from mmrag.retrieval.results import LabHit, ObservationHit, SearchResult

ABNORMAL: tuple[Verdict, ...] = ("low", "high")
NAMED = 6
"""Abnormal results beside the question that a panel's sentence names; all are cited."""


def laboratory_claims(result: SearchResult) -> Iterator[Draft]:
    """Make the claims of the laboratory section.

    A result that the question asks for, or that bears on a finding it asks for, is a claim
    of its own, abnormal ones first; one that is abnormal on the side that does not bear is
    not among them. What else a panel holds that is abnormal is one claim a panel: said, but
    never in the way of the answer.
    """
    bearing = _bearing(result)
    named = [(hit, o) for hit in result.labs for o in _relevant(hit, bearing)]
    yield from _cohort(result)
    yield from _nothing_abnormal(result.labs)
    yield from (_abnormal(hit, o) for hit, o in named if judge_hit(o) in ABNORMAL)
    yield from (_normal(hit, o) for hit, o in named if judge_hit(o) == "normal")
    yield from (_neither(hit, o) for hit, o in named if judge_hit(o) == "undecided")
    yield from survey_claims(result)
    yield from (claim for hit in result.labs for claim in _also_abnormal(hit, bearing))


def _bearing(result: SearchResult) -> dict[str, set[Verdict]]:
    """Give for each analyte that bears on what is asked the abnormal verdicts that do."""
    bearing: dict[str, set[Verdict]] = {}
    for expected in expectations(asked_for(result.query)):
        sides: dict[Direction, set[Verdict]] = {"high": {"high"}, "low": {"low"}}
        bearing.setdefault(expected.analyte, set()).update(
            sides.get(expected.direction, set(ABNORMAL))
        )
    return bearing


def _is_relevant(observation: ObservationHit, bearing: Mapping[str, set[Verdict]]) -> bool:
    if observation.matched:
        return True
    sides = bearing.get(observation.analyte or "")
    verdict = judge_hit(observation)
    return sides is not None and (verdict not in ABNORMAL or verdict in sides)


def _relevant(hit: LabHit, bearing: Mapping[str, set[Verdict]]) -> list[ObservationHit]:
    named = [o for o in hit.observations if _is_relevant(o, bearing)]
    return sorted(named, key=lambda o: not o.matched)


def _also_abnormal(hit: LabHit, bearing: Mapping[str, set[Verdict]]) -> Iterator[Draft]:
    """Name what else is abnormal, critical results first, of many only the first ones."""
    others = [
        o for o in hit.observations if judge_hit(o) in ABNORMAL and not _is_relevant(o, bearing)
    ]
    if not others:
        return
    others.sort(key=lambda o: o.flag not in ("LL", "HH"))
    named = [f"{plain(o.name)} {judge_hit(o)}" for o in others[:NAMED]]
    words = enumerated([*named, "others"] if len(others) > NAMED else named)
    yield Draft(
        kind="lab-abnormal",
        section="laboratory",
        text=f"{panel_subject(hit)} also holds abnormal results that do not bear on the "
        f"question: {words}.",
        citations=(
            *cite_report(hit, "rank"),
            *cite_time(hit),
            *(citation for o in others for citation in cite_result(hit, o, ("flag",))),
        ),
        check=checks.AllOf(tuple(result_is(hit, o) for o in others)),
        reports=(report_key(hit),),
    )


def _abnormal(hit: LabHit, observation: ObservationHit) -> Draft:
    word = called(observation.flag, judge_hit(observation))
    return _claim("lab-abnormal", hit, observation, f"{word}; {range_sentence(observation)}")


def _normal(hit: LabHit, observation: ObservationHit) -> Draft:
    word = f"normal (flag N); {range_sentence(observation)}"
    return _claim("lab-normal", hit, observation, word)


def _neither(hit: LabHit, observation: ObservationHit) -> Draft:
    if observation.flag is None:
        why = "without a flag"
    else:
        words = range_words(observation.low, observation.high)
        why = f"with flag {observation.flag}, which its reference range {words} does not bear out"
    return _claim("limit", hit, observation, f"{why}: called neither normal nor abnormal")


def _claim(kind: ClaimKind, hit: LabHit, observation: ObservationHit, verdict: str) -> Draft:
    return Draft(
        kind=kind,
        section="laboratory",
        text=f"{panel_subject(hit)}: {measured(observation)}, {verdict}.",
        citations=(
            *cite_report(hit, "rank", "made_up"),
            *cite_time(hit),
            *cite_result(hit, observation),
        ),
        check=result_is(hit, observation),
        reports=(report_key(hit),),
    )


def result_is(hit: LabHit, observation: ObservationHit) -> checks.ResultIs:
    """Demand that the store holds this very result and that it deserves the same verdict."""
    return checks.ResultIs(
        report=report_key(hit),
        loinc=observation.loinc,
        value=observation.value,
        text=observation.text,
        unit=observation.unit,
        verdict=judge_hit(observation),
    )


def _nothing_abnormal(labs: Sequence[LabHit]) -> Iterator[Draft]:
    if labs and not any(judge_hit(o) in ABNORMAL for hit in labs for o in hit.observations):
        check = checks.PanelCount(tuple(map(report_key, labs)), 0, None, ABNORMAL)
        yield _none(labs, f"{_none_of(labs)} holds a result called abnormal.", check)


def _none_of(labs: Sequence[LabHit]) -> str:
    return f"None of the {len(labs)} panels shown" if len(labs) > 1 else "No panel of the one shown"


def _none(labs: Sequence[LabHit], text: str, check: checks.Check) -> Draft:
    return Draft(
        kind="nothing-found",
        section="laboratory",
        text=text,
        citations=_cite_panels(labs, "rank"),
        check=check,
        reports=tuple(map(report_key, labs)),
    )


def _cohort(result: SearchResult) -> Iterator[Draft]:
    figures, labs = result.coverage.labs, result.labs
    if not labs:
        return
    keys = tuple(report_key(hit) for hit in labs)
    patients = len({hit.patient for hit in labs})
    out = sum(any(judge_hit(o) in ABNORMAL for o in hit.observations) for hit in labs)
    yield Draft(
        kind="cohort",
        section="laboratory",
        text=f"{counted(figures.searched, 'panel')} searched, {figures.qualifying} "
        f"{'qualifies' if figures.qualifying == 1 else 'qualify'}, {len(labs)} shown, from "
        f"{counted(patients, 'patient')}; {out} with an abnormal result.",
        citations=(
            *cite_coverage(result.coverage, "labs", "searched", "qualifying", "returned"),
            *_cite_panels(labs, "patient"),
        ),
        check=checks.AllOf(
            (
                checks.LegLooked("labs"),
                checks.PatientCount(keys, patients),
                checks.PanelCount(keys, out, None, ABNORMAL),
            )
        ),
        reports=keys,
    )


def _cite_panels(labs: Sequence[LabHit], *names: str) -> tuple[Citation, ...]:
    return tuple(citation for hit in labs for citation in cite_report(hit, *names))
