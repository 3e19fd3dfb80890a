"""Every method, kind of question and condition, with intervals and paired differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from mmrag.evaluation.bench import Bench, lot
from mmrag.evaluation.conditions import covered, without_finding
from mmrag.evaluation.estimate import Estimate, mean
from mmrag.evaluation.methods import METHODS, PRODUCT, Evidence
from mmrag.evaluation.questions import (
    Question,
    by_name,
    by_paraphrase,
    by_unlisted_paraphrase,
    compound,
    counted_findings,
    negated,
    normal_chest,
)
from mmrag.evaluation.results import Row

COVERAGES = (0.0, 0.25, 0.5, 1.0)
MISSING = "its labels missing"
Seen = Callable[[Question], Sequence[Evidence]]


@dataclass(frozen=True)
class Setting:
    """Questions under one condition.

    Attributes
    ----------
    seen : callable
        What may be seen for a question, once for each draw.
    """

    condition: str
    questions: Sequence[Question]
    seen: Seen


def coverage_name(share: float) -> str:
    """Name of the condition that a share of the films has labels."""
    return f"labels {share:.0%}"


def by_coverage(bench: Bench) -> Iterator[Setting]:
    """Ask by name, with labels on more and more films, and with those of the finding missing."""
    names = by_name(bench.judge)
    if names:
        for share in COVERAGES:
            yield Setting(coverage_name(share), names, _at_coverage(bench, share))
        yield Setting(MISSING, names, _without_asked(bench))


def other_wordings(bench: Bench) -> Iterator[Setting]:
    """Ask every other kind of question, without labels and with all of them."""
    for share in (0.0, 1.0):
        seen = _at_coverage(bench, share)
        for ask in (by_paraphrase, by_unlisted_paraphrase, compound, negated, normal_chest):
            questions = ask(bench.judge)
            if questions:
                yield Setting(coverage_name(share), questions, seen)


def measure(bench: Bench, setting: Setting) -> Iterator[Row]:
    """Measure every method in one setting.

    Yields
    ------
    Row
        The mean over subjects (of findings by name, those with films enough), then each.
    """
    counted = counted_findings(bench.judge)
    product: Estimate | None = None
    for method in sorted(METHODS, key=lambda name: name != PRODUCT):
        by_subject = _estimates(bench, setting, method)
        in_mean = [
            each
            for subject, each in by_subject.items()
            if setting.questions[0].kind != "name" or subject in counted
        ]
        if in_mean:
            whole = mean(in_mean)
            product = whole if method == PRODUCT else product
            yield _row(bench, setting, method, None, len(in_mean), whole, product)
        for subject, each in by_subject.items():
            wordings = sum(question.subject == subject for question in setting.questions)
            yield _row(bench, setting, method, subject, wordings, each, None)


def _at_coverage(bench: Bench, share: float) -> Seen:
    told = bench.collection.told
    draws = bench.effort.draws if 0 < share < 1 else 1
    # the same lot for every share: what a quarter of the films has, the half has too
    drawn = [covered(told, share, lot("coverage", str(draw))) for draw in range(draws)]
    evidence = [bench.evidence(labels) for labels in drawn]
    return lambda _: evidence


def _without_asked(bench: Bench) -> Seen:
    @cache
    def seen(finding: str) -> Sequence[Evidence]:
        return [bench.evidence(without_finding(bench.collection.told, finding))]

    return lambda question: seen(question.subject)


def _estimates(bench: Bench, setting: Setting, method: str) -> Mapping[str, Estimate]:
    wordings: dict[str, list[Estimate]] = {}
    for question in setting.questions:
        judged = bench.judged(METHODS[method], question, setting.seen(question))
        wordings.setdefault(question.subject, []).append(judged)
    return {subject: mean(several) for subject, several in wordings.items()}


def _row(
    bench: Bench,
    setting: Setting,
    method: str,
    subject: str | None,
    questions: int,
    figures: Estimate,
    product: Estimate | None,
) -> Row:
    compared = product is not None and method != PRODUCT
    return Row(
        judge=bench.judge.name,
        kind=setting.questions[0].kind,
        condition=setting.condition,
        method=method,
        subject=subject,
        questions=questions,
        figures={name: figures.interval(name) for name in figures.replicates},
        product_minus={name: product.less(figures, name) for name in figures.replicates}
        if product is not None and compared
        else {},
    )
