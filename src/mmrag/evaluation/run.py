"""One evaluation from a folder of films, and of laboratory results, to a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import numpy as np

from mmrag.clinical.findings import finding_names
from mmrag.clinical.prompts import anchor_prompts
from mmrag.encoders.base import Encoder
from mmrag.errors import SourceError
from mmrag.evaluation.balance import balance_of
from mmrag.evaluation.bench import QUICK, Bench, Effort, lot
from mmrag.evaluation.collection import (
    Collection,
    encode_collection,
    films_of,
    labels_besides,
)
from mmrag.evaluation.estimate import patient_weights
from mmrag.evaluation.judges import (
    EXPERT_TABLE,
    Judge,
    expert_judge,
    label_judge,
    read_expert_table,
)
from mmrag.evaluation.lab_exactness import Labs, judge_answers
from mmrag.evaluation.lab_truth import lab_questions, read_rows
from mmrag.evaluation.leaks import leak_checks
from mmrag.evaluation.learnt import Learnt, learnt_for
from mmrag.evaluation.questions import counted_findings
from mmrag.evaluation.recorded import NOTHING, read_recorded
from mmrag.evaluation.reliability import reliability_of
from mmrag.evaluation.results import EvaluationReport, JudgeInfo, LabSection, Row
from mmrag.evaluation.tables import by_coverage, measure, other_wordings
from mmrag.evaluation.teaching import reads_of
from mmrag.evidence import EvidenceModel
from mmrag.fusion import Anchors, FusionWeights, Matrix, anchors_from_prompts
from mmrag.records import Film, LabReport
from mmrag.sources.nih_reads import Read
from mmrag.sources.synthea import SyntheaSource

FEWEST_FILMS = 20
"""Films below which no figure means anything."""

EncodeTexts = Callable[[Sequence[str]], Matrix]


class Progress(Protocol):
    """Receives the advance of one piece of work after another."""

    def begin(self, what: str, total: int | None) -> None:
        """Start a piece of work."""
        ...

    def advance(self, count: int = 1) -> None:
        """Count finished items."""
        ...


def evaluate(
    folder: Path,
    encoder: Encoder,
    fusion: FusionWeights,
    model: EvidenceModel,
    progress: Progress,
    *,
    labels: Path | None = None,
    labs: Labs | None = None,
    vectors: Path | None = None,
    quick: bool = False,
) -> EvaluationReport:
    """Rank, judge and check.

    Where the folder has experts' reads, both judges judge the films that experts read, so
    that they can be compared; else the labels judge every labelled film.

    Parameters
    ----------
    folder : pathlib.Path
        Films in the layout of NIH ChestX-ray14, with ``expert_labels.csv`` where there is one.
    encoder : Encoder
    fusion : FusionWeights
    model : EvidenceModel
        With which a search weighs this encoder's films.
    progress : Progress
    labels : pathlib.Path, optional
        Label table in place of the folder's own.
    labs : Labs, optional
    vectors : pathlib.Path, optional
        Out-of-fold vectors, taken in place of the encoder's for the films that it holds.
    quick : bool
        Draw less by lot: to see that it works, not to quote.

    Returns
    -------
    EvaluationReport

    Raises
    ------
    SourceError
        When a folder or file cannot be read, or holds too few films that a judge knows.
    SpaceMismatch
        When the out-of-fold vectors belong to other weights.
    """
    recorded = NOTHING if vectors is None else read_recorded(vectors, encoder)
    reads = read_expert_table(folder)
    films, rows = films_of(folder, labels)
    judged = _judged_films(folder, films, reads)
    others = (*rows, *labels_besides(judged, films))
    progress.begin("films", len(judged))
    collection = encode_collection(judged, encoder, progress.advance, recorded, others)
    encode_texts = _remembering(encoder.encode_texts)
    anchors = anchors_from_prompts(anchor_prompts(), encode_texts)
    effort = QUICK if quick else Effort()
    taught = reads_of(collection, reads, anchors, lot("folds")) if reads else None
    learnt = learnt_for(model, taught, collection.patients)
    benches = [
        _bench(each, judge, anchors, encode_texts, fusion, learnt, effort)
        for each, judge in _judges(collection, reads)
    ]
    first = benches[0]
    return EvaluationReport(
        version=version("med-multimodal-rag"),
        encoder=encoder.fingerprint.name,
        fingerprint=str(encoder.fingerprint),
        w_pixel=fusion.pixel,
        w_label=fusion.label,
        quick=quick,
        resamplings=effort.resamplings,
        unreadable=collection.unreadable,
        out_of_fold=len(collection.recorded),
        others=len(collection.others),
        judges=tuple(judge_info(bench) for bench in benches),
        rows=tuple(
            row for bench in benches for row in _rows(bench, progress, is_first=bench is first)
        ),
        checks=tuple(leak_checks(first, encoder)),
        reliability=reliability_of(first),
        labs=None if labs is None else _lab_section(labs, first, progress),
    )


def _judged_films(folder: Path, films: Sequence[Film], reads: Mapping[str, Read]) -> list[Film]:
    known = [film for film in films if film.id in reads] if reads else []
    judged = known or [film for film in films if film.findings is not None]
    if len(judged) < FEWEST_FILMS:
        raise SourceError(
            f"{folder}: {len(judged)} films with expert reads or labels, at least {FEWEST_FILMS} "
            f"are needed: add films, {EXPERT_TABLE} or Data_Entry_2017*.csv"
        )
    return judged


def _judges(
    collection: Collection, reads: Mapping[str, Read]
) -> Iterator[tuple[Collection, Judge]]:
    if all(film.id in reads for film in collection.films):
        yield collection, expert_judge(collection.films, reads)
    labelled = np.array([names is not None for names in collection.labels])
    if labelled.sum() >= FEWEST_FILMS:
        judged = collection.take(labelled)
        yield judged, label_judge(judged.films)


def _bench(
    collection: Collection,
    judge: Judge,
    anchors: Anchors,
    encode_texts: EncodeTexts,
    fusion: FusionWeights,
    learnt: Learnt,
    effort: Effort,
) -> Bench:
    weights = patient_weights(collection.patients, effort.resamplings, lot("patients"))
    return Bench(collection, judge, anchors, encode_texts, fusion, learnt, weights, effort)


def _rows(bench: Bench, progress: Progress, *, is_first: bool) -> Iterator[Row]:
    settings = list(by_coverage(bench))
    if is_first:
        settings += other_wordings(bench)
    progress.begin(bench.judge.title, len(settings))
    for setting in settings:
        yield from measure(bench, setting)
        progress.advance()


def judge_info(bench: Bench) -> JudgeInfo:
    """Describe a judge and its films."""
    judge = bench.judge
    return JudgeInfo(
        name=judge.name,
        title=judge.title,
        caveat=judge.caveat,
        films=len(bench.collection),
        patients=len(set(bench.collection.patients)),
        positives={name: int(judge.has(name).sum()) for name in finding_names()},
        counted=counted_findings(judge),
    )


def _lab_section(labs: Labs, bench: Bench, progress: Progress) -> LabSection:
    progress.begin("laboratory questions", None)
    answers = judge_answers(lab_questions(), read_rows(labs.folder), labs.ask, bench.encode_texts)
    panels = [item for item in SyntheaSource(labs.folder).read() if isinstance(item, LabReport)]
    embedded = [each.embedded for each in answers if each.embedded is not None]
    return LabSection(
        answers=answers,
        precision=float(np.mean([each.precision for each in answers])),
        recall=float(np.mean([each.recall for each in answers])),
        embedded=float(np.mean(embedded)) if embedded else 0.0,
        balance=balance_of(bench.evidence(bench.collection.told), panels, labs.ask),
    )


def _remembering(encode_texts: EncodeTexts) -> EncodeTexts:
    """Encode single texts once: the same questions are asked under every condition."""
    encode_one = cache(lambda text: encode_texts([text]))
    return lambda texts: encode_one(texts[0]) if len(texts) == 1 else encode_texts(texts)
