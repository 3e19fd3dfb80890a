"""What networks are taught of films that no expert read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from training.archive import TABLE, Archive, read_archive
from training.belief import belief_by_reads, unread_belief
from training.data import Films, read_experts, read_films
from training.lessons import FOLDS, deal
from training.metrics import average_precision

from mmrag.encoders.compact_space import FINDINGS
from mmrag.records import History

EFFUSION, HERNIA = FINDINGS.index("Effusion"), FINDINGS.index("Hernia")


@pytest.fixture(scope="module")
def archive(shared_data: Path) -> Archive:
    return read_archive(shared_data / "labels" / TABLE)


def films(*labels: int | None) -> Films:
    rows = np.zeros((len(labels), len(FINDINGS)), np.bool_)
    for row, label in enumerate(labels):
        if label is not None:
            rows[row, label] = True
    files = tuple(Path(f"{row}.png") for row in range(len(labels)))
    return Films(files, np.array([str(row) for row in range(len(labels))]), rows)


def test_the_own_label_and_labels_of_other_films_raise_what_is_believed() -> None:
    four = films(HERNIA, HERNIA, EFFUSION, EFFUSION)
    often = History(films=10, named={"Effusion": 6})
    told = unread_belief(four, {"1.png": often, "3.png": often})[:, EFFUSION]
    assert 0.0 < told[0] < told[1] < told[3] < 1.0
    assert told[0] < told[2] < told[3]


def test_a_film_without_finding_is_not_lifted_by_others() -> None:
    often = History(films=10, named={"Effusion": 6})
    alone, told = unread_belief(films(None, None), {"1.png": often})[:, EFFUSION]
    assert told == alone


def test_reads_that_are_kept_back_change_nothing(shared_data: Path, archive: Archive) -> None:
    table = read_films(shared_data / "nih")
    experts = read_experts(shared_data / "nih", table)
    told = experts.seen & (deal(table, table.patients[experts.seen]) != 0)
    (belief,) = belief_by_reads(table, archive.histories, experts, told, [table])
    other = replace(experts, findings=np.where(told[:, None], experts.findings, ~experts.findings))
    (again,) = belief_by_reads(table, archive.histories, other, told, [table])
    assert np.array_equal(belief, again)


def test_both_order_patients_that_were_kept_back_better_than_labels_do(
    shared_data: Path, archive: Archive
) -> None:
    table = read_films(shared_data / "nih")
    experts = read_experts(shared_data / "nih", table)
    folds = deal(table, table.patients[experts.seen])
    by_reads = np.zeros(table.labels.shape)
    for fold in range(FOLDS):
        told = experts.seen & (folds != fold)
        (belief,) = belief_by_reads(table, archive.histories, experts, told, [table])
        by_reads[folds == fold] = belief[folds == fold]
    unread = unread_belief(table, archive.histories)
    truth = experts.findings[experts.seen]
    counted = np.flatnonzero(truth.sum(axis=0) >= 15)

    def ordered(scores: np.ndarray) -> float:
        seen = scores[experts.seen]
        return float(np.mean([average_precision(truth[:, f], seen[:, f]) for f in counted]))

    labels = ordered(table.labels.astype(np.float64))
    assert ordered(unread) > labels + 0.05
    assert ordered(by_reads) > labels + 0.1
