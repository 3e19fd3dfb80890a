"""The tables of docs/evidence.md; everything that is fitted is tried on other patients."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmrag.clinical.prompts import NORMAL
from mmrag.evaluation.bench import Bench, lot
from mmrag.evaluation.conditions import covered
from mmrag.evaluation.learnt import Weigher
from mmrag.evaluation.methods import METHODS, PRODUCT, Evidence, Scores
from mmrag.evaluation.patients import folds
from mmrag.evaluation.questions import Question, by_name, counted_findings, negated
from mmrag.evidence import NAMES, EvidenceModel, probability
from mmrag.evidence.logistic import ridge_logistic
from mmrag.evidence.model import indicators
from mmrag.evidence.population import expected_rates
from mmrag.evidence.reads import Reads
from mmrag.records import History
from training.metrics import average_precision, precision_at

SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
DRAWS = 40
"""Of the half of the films that keeps its labels."""

FIRST = 10

UNEQUAL = "evidence, unequal terms"
"""What the product would be if films without labels were left as they were fitted."""


@dataclass(frozen=True)
class FourFindings:
    """Other films of the archive, that experts read for four findings.

    Attributes
    ----------
    table : pathlib.Path
    histories : mapping of str to History
        By film name.
    """

    table: Path
    histories: Mapping[str, History]


def tables(
    bench: Bench,
    taught: Reads,
    frequencies: Mapping[str, float],
    labels_alone: EvidenceModel,
    four_findings: FourFindings,
) -> str:
    """Set every table as Markdown.

    Parameters
    ----------
    bench : Bench
        The films that experts read, with parameters learnt out of fold.
    taught : Reads
        The same films.
    frequencies : mapping of str to float
        Of the labels in the archive.
    labels_alone : EvidenceModel
        Speaks of the archive.
    four_findings : FourFindings

    Returns
    -------
    str
    """
    parts = (
        _labels(taught, frequencies),
        _four_findings(labels_alone, four_findings),
        _shares(bench),
        _parity(bench),
        _without(bench),
    )
    return "\n\n".join("\n".join(lines) for lines in parts)


def _labels(taught: Reads, frequencies: Mapping[str, float]) -> Iterator[str]:
    told = indicators([names for names in taught.labels if names is not None]) > 0
    shown = taught.shown[taught.labelled]
    rates = expected_rates(taught, frequencies)
    yield (
        f"What labels are worth: {len(told)} films of the archive's patients that radiologists "
        "read for everything. Predictive value: of the films with the label, those that show it. "
        "Sensitivity: of the films that show it, those with the label. The last two columns are "
        "how often the archive's labels name it, and how common it is expected to be."
    )
    yield ""
    yield "| finding | predictive value | sensitivity | labels name it | expected |"
    yield "| --- | --- | --- | --- | --- |"
    for column, name in enumerate(NAMES):
        both = int((told[:, column] & shown[:, column]).sum())
        yield (
            f"| {name} | {_share(both, int(told[:, column].sum()))} | "
            f"{_share(both, int(shown[:, column].sum()))} | {frequencies.get(name, 0.0):.1%} | "
            f"{rates[column]:.1%} |"
        )


def _four_findings(labels_alone: EvidenceModel, read: FourFindings) -> Iterator[str]:
    with read.table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    labels = [
        tuple(name for name in row["Finding Labels"].split("|") if name != NORMAL) for row in rows
    ]
    blind = np.zeros((len(rows), len(NAMES)))
    histories = [read.histories[row["Image Index"]] for row in rows]
    heard = probability(labels_alone.weigh(blind, labels, None, histories).log_odds)
    own = probability(labels_alone.weigh(blind, labels).log_odds)
    yield (
        f"The labels alone, with history, tried on {len(rows)} other films of the archive that "
        "radiologists read for four findings: the mean probability, and the share that shows it; "
        "and how well the films are ordered so (AP), by history and own labels, by own labels, "
        "and by lot."
    )
    yield ""
    yield (
        "| | films labelled so: said | seen | all films: said | seen | AP with history | "
        "own labels | by lot |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for column, names in (
        ("Pneumothorax", ["Pneumothorax"]),
        ("Nodule or mass", ["Nodule", "Mass"]),
    ):
        seen = np.array([row[column] == "YES" for row in rows])
        named = np.array([bool(set(names) & set(each)) for each in labels])
        places = [NAMES.index(name) for name in names]
        probable, alone = (1 - (1 - said[:, places]).prod(axis=1) for said in (heard, own))
        yield (
            f"| {column} | {probable[named].mean():.1%} | "
            f"{_share(int(seen[named].sum()), int(named.sum()))} | {probable.mean():.1%} | "
            f"{_share(int(seen.sum()), len(seen))} | {average_precision(seen, probable):.3f} | "
            f"{average_precision(seen, alone):.3f} | {seen.mean():.3f} |"
        )


def _shares(bench: Bench) -> Iterator[str]:
    yield (
        "How much of a score the vector's similarity is (asked by name, all films labelled, mean "
        "over the findings that count in `mmrag eval`):"
    )
    yield ""
    yield "| share | AP | P@10 |"
    yield "| --- | --- | --- |"
    seen = bench.evidence(bench.collection.told)
    for share in SHARES:
        full = bench.learnt.full
        models = tuple(replace(model, similarity=share) for model in full.models)
        learnt = replace(bench.learnt, full=Weigher(models, full.sides))
        ap, first = _mean_figures(replace(seen, learnt=learnt), bench)
        yield f"| {share:g} | {ap:.3f} | {first:.3f} |"


def _mean_figures(evidence: Evidence, bench: Bench) -> tuple[float, float]:
    figures = []
    for question in _counted(bench):
        # films that were left out come last together
        scores = np.maximum(METHODS[PRODUCT](evidence, question), -1.0)
        figures.append(
            (
                average_precision(question.answer, scores),
                precision_at(question.answer, scores, FIRST),
            )
        )
    ap, first = np.mean(figures, axis=0)
    return float(ap), float(first)


def _parity(bench: Bench) -> Iterator[str]:
    yield (
        f"Films with labels beside films without: labels on half of the films, {DRAWS} draws. By "
        "how many percentiles labelled films stand higher than unlabelled ones of equal truth, "
        "asked by name:"
    )
    yield ""
    yield "| finding | that show it | that do not | mean of the two |"
    yield "| --- | --- | --- | --- |"
    questions = _counted(bench)
    gaps = _gaps(bench, questions, PRODUCT)
    for question, (shows, lacks) in zip(questions, gaps, strict=True):
        yield _parity_row(question.subject, shows, lacks)
    yield _parity_row("mean", *gaps.mean(axis=0))
    yield _parity_row(f"mean of {UNEQUAL}", *_gaps(bench, questions, UNEQUAL).mean(axis=0))


def _gaps(bench: Bench, questions: Sequence[Question], method: str) -> Scores:
    """Percentiles between labelled and unlabelled films, shape (questions, 2)."""
    gaps = np.zeros((len(questions), 2))
    for draw in range(DRAWS):
        half = covered(bench.collection.told, 0.5, lot("parity", str(draw)))
        labelled = np.array([names is not None for names in half[: len(bench.collection)]])
        evidence = bench.evidence(half)
        for place, question in enumerate(questions):
            standing = _percentiles(METHODS[method](evidence, question))
            for side, films in enumerate((question.answer, ~question.answer)):
                gap = standing[films & labelled].mean() - standing[films & ~labelled].mean()
                gaps[place, side] += gap / DRAWS
    return gaps


def _parity_row(name: str, shows: float, lacks: float) -> str:
    return f"| {name} | {shows:+.1f} | {lacks:+.1f} | {(shows + lacks) / 2:+.1f} |"


def _without(bench: Bench) -> Iterator[str]:
    seen = bench.evidence(bench.collection.told)
    asked = negated(bench.judge)
    yield (
        f"One finding without another, {len(asked)} questions, first {FIRST}. The perfect reader "
        "knows the same probabilities of the two findings and, from other patients, how they are "
        "best combined for this very question:"
    )
    yield ""
    yield "| | shows what was ruled out | answers |"
    yield "| --- | --- | --- |"
    for way, rank in (
        (PRODUCT, METHODS[PRODUCT]),
        ("perfect reader of the same evidence", _reader(bench)),
    ):
        first = [(_first(rank(seen, question)), question) for question in asked]
        wrong = [q.ruled_out[films].mean() for films, q in first if q.ruled_out is not None]
        right = [question.answer[films].mean() for films, question in first]
        yield f"| {way} | {np.mean(wrong):.1%} | {np.mean(right):.1%} |"
    yield ""
    shared = [_shared(seen, q, replace(q, text=f"no {q.text}")) for q in _counted(bench)]
    pairs = [_shared(seen, q, replace(q, text=q.text.replace("without", "with"))) for q in asked]
    yield (
        f'Films in common to the first {FIRST} of "with" and "without" the same finding: '
        f"{np.mean(shared):.1f} on average, {max(shared)} at most (single findings); "
        f"{np.mean(pairs):.1f} on average, {max(pairs)} at most (beside another finding)."
    )


def _reader(bench: Bench) -> Callable[[Evidence, Question], Scores]:
    fold = folds(bench.collection.patients, lot("folds"))

    def rank(evidence: Evidence, question: Question) -> Scores:
        columns = [NAMES.index(name) for name in (*question.present, *question.absent)]
        inputs = evidence.log_odds[:, columns]
        towards, firmly = np.array([[1.0, -1.0]]), np.ones((1, 2))
        scores = np.empty(len(fold))
        for side in np.unique(fold):
            apart = fold == side
            weights, _ = ridge_logistic(
                inputs[None, ~apart], question.answer[None, ~apart], towards, firmly
            )
            scores[apart] = inputs[apart] @ weights[0]
        return scores

    return rank


def _counted(bench: Bench) -> Sequence[Question]:
    counted = counted_findings(bench.judge)
    return [question for question in by_name(bench.judge) if question.subject in counted]


def _shared(evidence: Evidence, one: Question, other: Question) -> int:
    first = [
        set(_first(METHODS[PRODUCT](evidence, question)).tolist()) for question in (one, other)
    ]
    return len(first[0] & first[1])


def _first(scores: Scores) -> NDArray[np.intp]:
    order: NDArray[np.intp] = np.argsort(-scores, kind="stable")[:FIRST]
    return order


def _percentiles(scores: Scores) -> Scores:
    return np.asarray((np.argsort(np.argsort(scores)) + 0.5) * 100 / len(scores))


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f" ({part / whole:.0%})" if whole else "")
