from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from training.data import read_films
from training.lessons import AN_EPOCH, Lessons, kept_aside, read_children, read_lessons

from mmrag.encoders.compact_space import FINDINGS


@pytest.fixture(scope="module")
def lessons(shared_data: Path) -> Lessons:
    return read_lessons(shared_data / "nih")


def patient(file: Path) -> str:
    """Patient of an NIH film, by its official name."""
    return str(int(file.name.split("_")[0]))


def test_no_patient_whom_an_expert_read_is_learnt_from(lessons: Lessons, shared_data: Path) -> None:
    with (shared_data / "nih" / "expert_labels.csv").open(encoding="utf-8", newline="") as table:
        judged = {patient(Path(row["Image ID"])) for row in csv.DictReader(table)}
    learnt = {
        patient(file)
        for file, kind in zip(lessons.files, lessons.kinds, strict=True)
        if kind in ("nih", "small")
    }
    assert len(judged) > 100
    assert len(learnt) > 500
    assert not judged & learnt


def test_no_patient_kept_aside_is_learnt_from_in_any_set(
    lessons: Lessons, shared_data: Path
) -> None:
    aside = {
        film.name
        for folder in ("nih", "nih_64px")
        for films in [read_films(shared_data / folder)]
        for film in films.take(kept_aside(films)).files
    }
    assert len(aside) > 100
    assert not aside & {file.name for file in lessons.files}


def test_no_child_who_is_judged_is_learnt_from(lessons: Lessons, shared_data: Path) -> None:
    children = read_children(shared_data / "pediatric")
    with (shared_data / "pediatric" / "labels.csv").open(encoding="utf-8", newline="") as table:
        child = {row["image"]: row["patient"] for row in csv.DictReader(table)}
    judged = {child[children.files[row].name] for row in np.flatnonzero(children.judged)}
    learnt = {child[file.name] for file in lessons.files if file.name in child}
    assert len(judged) > 300
    assert len(learnt) > 300
    assert not judged & learnt


def test_a_child_with_pneumonia_says_nothing_of_other_findings(lessons: Lessons) -> None:
    sick = lessons.kinds == "sick"
    others = np.arange(len(FINDINGS)) != FINDINGS.index("Pneumonia")
    assert lessons.labels[sick][:, ~others].all()
    assert not lessons.worth[sick][:, others].any()
    assert not lessons.labels[lessons.kinds == "sound"].any()
    assert (lessons.worth[lessons.kinds == "nih"] == 1).all()


def test_an_epoch_shows_each_large_film_once_and_the_rest_in_part(lessons: Lessons) -> None:
    drawn = lessons.epoch(np.random.default_rng(1))
    assert len(set(drawn)) == len(drawn)
    counts = {kind: int((lessons.kinds[drawn] == kind).sum()) for kind in AN_EPOCH}
    assert counts == AN_EPOCH
    assert (lessons.kinds[drawn] == "nih").sum() == (lessons.kinds == "nih").sum()


def test_a_trial_run_takes_the_first_of_each_kind(lessons: Lessons) -> None:
    few = lessons.first(3)
    assert sorted(few.kinds) == sorted(["nih", "small", "sick", "sound"] * 3)
    assert few.files[:3] == lessons.files[:3]
    assert few.labels.shape == few.worth.shape == (12, len(FINDINGS))
