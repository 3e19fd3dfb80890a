from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from training.archive import TABLE, read_archive
from training.belief import belief_by_reads
from training.data import ExpertReads, Films, read_experts, read_films

from mmrag.encoders.compact_space import FINDINGS
from mmrag.records import NO_HISTORY, History

EFFUSION = FINDINGS.index("Effusion")


@pytest.fixture(scope="module")
def films(shared_data: Path) -> Films:
    return read_films(shared_data / "nih")


@pytest.fixture(scope="module")
def experts(films: Films, shared_data: Path) -> ExpertReads:
    return read_experts(shared_data / "nih", films)


@pytest.fixture(scope="module")
def histories(shared_data: Path) -> dict[str, History]:
    return dict(read_archive(shared_data / "labels" / TABLE).histories)


def test_the_same_label_on_a_patients_other_films_makes_a_label_more_likely(
    films: Films, experts: ExpertReads, histories: dict[str, History]
) -> None:
    alone, again, without = (Path(f"{name}.png") for name in ("alone", "again", "without"))
    labels = np.zeros((3, len(FINDINGS)), bool)
    labels[:2, EFFUSION] = True
    known = histories | {
        alone.name: History(4, {"No Finding": 4}),
        again.name: History(4, {"Effusion": 4}),
        without.name: NO_HISTORY,
    }
    said = Films((alone, again, without), np.array(["1", "2", "3"]), labels)
    (told,) = belief_by_reads(films, known, experts, experts.seen, [said])
    assert 0.0 < told[2, EFFUSION] < told[0, EFFUSION] < told[1, EFFUSION] < 1.0


def test_nothing_is_learnt_from_reads_that_are_left_out(
    films: Films, experts: ExpertReads, histories: dict[str, History]
) -> None:
    told = experts.seen & (np.arange(len(films)) % 2 == 0)
    others = experts.findings.copy()
    others[~told] = ~others[~told]
    changed = replace(experts, findings=others, abnormal=np.where(told, experts.abnormal, True))
    once, again = (
        belief_by_reads(films, histories, reads, told, [films])[0] for reads in (experts, changed)
    )
    assert np.array_equal(once, again)


def test_beliefs_from_reads_of_other_patients_order_films_better_than_their_labels(
    films: Films, experts: ExpertReads, histories: dict[str, History]
) -> None:
    patients = np.unique(films.patients[experts.seen])
    half = np.isin(films.patients, patients[::2])
    (belief,) = belief_by_reads(films, histories, experts, experts.seen & half, [films])
    judged = experts.seen & ~half
    truth, label = experts.findings[judged], films.labels[judged]
    counted = (truth.sum(axis=0) >= 8) & (label.sum(axis=0) > 0)
    assert counted.sum() >= 5
    pairs = [
        [auc(scores[:, column], truth[:, column]) for column in np.flatnonzero(counted)]
        for scores in (belief[judged], label.astype(float))
    ]
    assert np.mean(pairs[0]) > np.mean(pairs[1]) + 0.02


def auc(scores: np.ndarray, truth: np.ndarray) -> float:
    with_it, without = scores[truth][:, None], scores[~truth][None]
    return float((with_it > without).mean() + 0.5 * (with_it == without).mean())
