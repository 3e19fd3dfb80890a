"""The audit of grounding: whether printed sentences hold, and fall when rows change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, Protocol

import psycopg

from mmrag.evaluation.bench import lot
from mmrag.evaluation.grounding_claims import AuditedBrief, AuditedClaim
from mmrag.evaluation.grounding_corruption import corrupt, link_people
from mmrag.evaluation.grounding_questions import QUESTIONS, draw_questions
from mmrag.evaluation.grounding_results import Corruption, Failure, GroundingReport, Phase
from mmrag.evaluation.grounding_rows import StoredRows, read_stored_rows
from mmrag.evaluation.grounding_sentences import (
    citations_that_belong,
    facts_said,
    mixes_people,
    normal_called_abnormal,
    overstates,
)
from mmrag.evaluation.grounding_support import called_results, problems
from mmrag.evaluation.run import Progress

HALVES = {"first half": "first", "kept aside": "aside"}
"""What the halves are called, and the seed of each."""

_SHOWN = 5  # failures of one measure that a report names


class Briefs(Protocol):
    """What is audited, as JSON objects."""

    def ask(self, question: str) -> Mapping[str, Any]:
        """Search, and give the brief."""
        ...

    def again(self, question: str) -> Mapping[str, Any]:
        """Hold the first answer to this question against the rows as they are now."""
        ...


def audit_grounding(
    briefs: Briefs, connection: psycopg.Connection[Any], progress: Progress, *, quick: bool = False
) -> GroundingReport:
    """Ask, check every claim; corrupt a tenth of the rows, and check again.

    Parameters
    ----------
    briefs : Briefs
        Over a store that may be spoilt.
    connection : psycopg.Connection
        To the same store, in autocommit; its search path finds the tables.
    progress : Progress
    quick : bool
        Ask a quarter of the questions.

    Returns
    -------
    GroundingReport
    """
    linked = link_people(connection, read_stored_rows(connection), lot("grounding", "link"))
    rows = read_stored_rows(connection)
    count = QUESTIONS // 4 if quick else QUESTIONS
    halves = {half: draw_questions(rows, count // 2, seed) for half, seed in HALVES.items()}
    progress.begin("questions", count)
    before = {half: _asked(briefs.ask, asked, progress) for half, asked in halves.items()}
    phases = [measure(half, said, rows) for half, said in before.items()]
    earlier = [brief for said in before.values() for brief in said]
    changed = corrupt(connection, rows, lot("grounding", "corrupt"))
    spoilt = read_stored_rows(connection)
    everything = [brief.question for brief in earlier]
    progress.begin("earlier answers, changed rows", len(everything))
    held = _asked(briefs.again, everything, progress)
    progress.begin("changed rows, asked anew", len(everything))
    anew = _asked(briefs.ask, everything, progress)
    phases += [
        measure("earlier answers, changed rows", held, spoilt),
        measure("changed rows, asked anew", anew, spoilt),
    ]
    return GroundingReport(
        version=version("med-multimodal-rag"),
        fingerprint=earlier[0].printed["space"]["fingerprint"],
        quick=quick,
        films=len(rows.all_films),
        panels=len(rows.all_panels),
        results=sum(map(len, rows.results.values())),
        linked=linked,
        phases=tuple(phases),
        corruption=_fallen(changed, earlier, held, anew, spoilt),
    )


def measure(name: str, briefs: Sequence[AuditedBrief], rows: StoredRows) -> Phase:
    """Measure the claims of some briefs against the rows.

    Parameters
    ----------
    name : str
    briefs : sequence of AuditedBrief
    rows : StoredRows
        As they are when the briefs are made.

    Returns
    -------
    Phase
    """
    counts = dict.fromkeys(Phase.model_fields.keys() - {"name", "failures"}, 0)
    failures: list[Failure] = []

    def object_to(what: str, brief: AuditedBrief, claim: AuditedClaim, why: str) -> None:
        if sum(failure.measure == what for failure in failures) < _SHOWN:
            failures.append(
                Failure(measure=what, question=brief.question, claim=claim.text, why=why)
            )

    for brief in briefs:
        counts["questions"] += 1
        counts["dropped"] += brief.printed["dropped"]
        for claim in brief.claims:
            counts["claims"] += 1
            found = problems(claim, brief, rows)
            counts["supported"] += not found
            if found:
                object_to("support", brief, claim, found[0])
            said, cited = facts_said(claim, brief, rows)
            counts["facts"] += said
            counts["facts_cited"] += cited
            if cited < said:
                object_to("citation recall", brief, claim, f"{said - cited} of {said} not cited")
            records, belong = citations_that_belong(claim, brief, rows)
            counts["records"] += records
            counts["records_belong"] += belong
            if belong < records:
                object_to("citation precision", brief, claim, f"{records - belong} of {records}")
            counts["results_called"] += sum(1 for _ in called_results(claim, rows))
            wrong = normal_called_abnormal(claim, rows)
            counts["normal_called_abnormal"] += wrong
            if wrong:
                object_to("normal called abnormal", brief, claim, f"{wrong} results")
            counts["of_one_person"] += bool(claim.records("patient")) or claim.kind == "trend"
            if mixes_people(claim, rows):
                counts["mixed"] += 1
                object_to("mixed people", brief, claim, "records of several people")
            words = overstates(claim)
            if words:
                counts["overstated"] += 1
                object_to("diagnosis or advice", brief, claim, ", ".join(words))
    return Phase(name=name, failures=tuple(failures), **counts)


def _asked(ask: Any, questions: Sequence[str], progress: Progress) -> list[AuditedBrief]:
    briefs = []
    for question in questions:
        briefs.append(AuditedBrief.of(question, ask(question)))
        progress.advance()
    return briefs


def _fallen(
    changed: int,
    earlier: Sequence[AuditedBrief],
    held: Sequence[AuditedBrief],
    anew: Sequence[AuditedBrief],
    spoilt: StoredRows,
) -> Corruption:
    """Count the claims that the changed rows do not bear out, and those printed all the same."""
    touched = kept_by_checker = kept_anew = 0
    for before, checked, asked in zip(earlier, held, anew, strict=True):
        still = [{claim.key for claim in brief.claims} for brief in (checked, asked)]
        for claim in before.claims:
            if problems(claim, before, spoilt):
                touched += 1
                kept_by_checker += claim.key in still[0]
                kept_anew += claim.key in still[1]
    return Corruption(
        rows=changed,
        touched=touched,
        kept_by_checker=kept_by_checker,
        kept_when_asked_anew=kept_anew,
    )
