from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from training.data import read_films
from training.lessons import (
    EXPERT_WEIGHT,
    FOLDS,
    Lessons,
    deal,
    lessons_of_labels,
    lessons_of_reads,
    patient_of,
    read_children,
)

from mmrag.encoders.compact_space import FINDINGS


@pytest.fixture(scope="module")
def by_labels(shared_data: Path) -> Lessons:
    return lessons_of_labels(shared_data / "nih")


@pytest.fixture(scope="module")
def by_reads(shared_data: Path) -> list[Lessons]:
    """Of each fold, and last of all patients."""
    return [lessons_of_reads(shared_data / "nih", fold) for fold in range(FOLDS + 1)]


@pytest.fixture(scope="module")
def read(shared_data: Path) -> set[str]:
    """Patients of whom an expert read a film."""
    with (shared_data / "nih" / "expert_labels.csv").open(encoding="utf-8", newline="") as table:
        return {patient_of(Path(row["Image ID"])) for row in csv.DictReader(table)}


def test_whoever_learns_from_labels_sees_no_patient_whom_an_expert_read(
    by_labels: Lessons, read: set[str]
) -> None:
    assert len(read) > 100
    assert len(by_labels.patients) > 500
    assert not read & by_labels.patients


def test_each_patient_is_left_out_by_one_fold_and_no_fold_sees_its_own(
    by_reads: list[Lessons], shared_data: Path, read: set[str]
) -> None:
    films = read_films(shared_data / "nih")
    folds = deal(films, np.array(sorted(read)))
    for fold, lessons in enumerate(by_reads[:-1]):
        left_out = set(films.patients[folds == fold].tolist())
        assert len(left_out & read) > 20
        assert not left_out & lessons.patients
        assert lessons.patients | left_out >= read
    assert by_reads[-1].patients >= read


def test_no_patient_kept_aside_is_learnt_from_in_any_set(
    by_labels: Lessons, by_reads: list[Lessons], shared_data: Path, read: set[str]
) -> None:
    for folder in ("nih", "nih_64px"):
        films = read_films(shared_data / folder)
        aside = set(films.patients[deal(films, np.array(sorted(read))) < 0].tolist())
        assert len(aside) > 20
        for lessons in (by_labels, *by_reads):
            assert not aside & lessons.patients


def test_no_child_who_is_judged_is_learnt_from(by_reads: list[Lessons], shared_data: Path) -> None:
    children = read_children(shared_data / "pediatric")
    with (shared_data / "pediatric" / "labels.csv").open(encoding="utf-8", newline="") as table:
        child = {row["image"]: row["patient"] for row in csv.DictReader(table)}
    judged = {child[children.files[row].name] for row in np.flatnonzero(children.judged)}
    learnt = {child[file.name] for file in by_reads[-1].files if file.name in child}
    assert len(judged) > 300
    assert len(learnt) > 300
    assert not judged & learnt


def test_a_child_with_pneumonia_says_nothing_of_other_findings(by_labels: Lessons) -> None:
    sick = by_labels.kinds == "sick"
    others = np.arange(len(FINDINGS)) != FINDINGS.index("Pneumonia")
    assert (by_labels.targets[sick][:, ~others] > 0.5).all()
    assert not by_labels.worth[sick][:, others].any()
    assert (by_labels.targets[by_labels.kinds == "sound"] < 0.5).all()


def test_an_experts_read_weighs_more_and_is_nearly_certain(
    by_reads: list[Lessons], shared_data: Path
) -> None:
    lessons = by_reads[-1]
    told = (lessons.worth == EXPERT_WEIGHT).all(axis=1)
    assert told.sum() == 268
    assert np.unique(lessons.targets[told]) == pytest.approx([0.02, 0.97])
    others = lessons.targets[(lessons.kinds == "nih") & ~told]
    assert others.min() > 0.0
    assert others.max() < 0.97


def test_an_epoch_shows_each_large_film_once_and_the_rest_in_part(by_labels: Lessons) -> None:
    wanted = {"small": 300, "sick": 60, "sound": 90}
    drawn = by_labels.epoch(np.random.default_rng(1), wanted)
    assert len(set(drawn)) == len(drawn)
    assert {k: int((by_labels.kinds[drawn] == k).sum()) for k in wanted} == wanted
    assert (by_labels.kinds[drawn] == "nih").sum() == (by_labels.kinds == "nih").sum()


def test_a_trial_run_takes_the_first_of_each_kind(by_labels: Lessons) -> None:
    few = by_labels.first(3)
    assert sorted(few.kinds) == sorted(["nih", "small", "sick", "sound"] * 3)
    assert few.files[:3] == by_labels.files[:3]
    assert few.targets.shape == few.worth.shape == (12, len(FINDINGS))


def test_a_part_holds_whole_patients(by_labels: Lessons) -> None:
    half = by_labels.part(0.5)
    assert 0.3 < len(half.patients) / len(by_labels.patients) < 0.7
    kept = [file for file in by_labels.files if patient_of(file) in half.patients]
    assert sum(patient_of(file) in half.patients for file in half.files) == len(kept)
