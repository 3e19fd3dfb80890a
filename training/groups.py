"""The same figures for women and men, for ages and for projections."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.data import Films
from training.metrics import area_under_roc
from training.resampling import drawn_films

FEWEST = 5
"""Films of a group with a finding, and without it, from which its figure is taken."""

RESAMPLES = 500


def groups_of(folder: Path, films: Films) -> dict[str, NDArray[np.bool_]]:
    """Tell which films belong to which group.

    Parameters
    ----------
    folder : pathlib.Path
        The NIH folder, whose table gives sex, age in years and view.
    films : Films

    Returns
    -------
    dict of str to ndarray
        Shape (films,), bool. A group without any film is left out.
    """
    with (folder / "Data_Entry_2017.csv").open(encoding="utf-8", newline="") as table:
        by_name = {row["Image Index"]: row for row in csv.DictReader(table)}
    rows = [by_name[file.name] for file in films.files]
    sex = np.array([row["Patient Gender"] for row in rows])
    age = np.array([float(row["Patient Age"].rstrip("YMD")) for row in rows])
    view = np.array([row["View Position"] for row in rows])
    groups = {
        "women": sex == "F",
        "men": sex == "M",
        "under 40 years": age < 40,
        "40 to 59 years": (age >= 40) & (age < 60),
        "60 years and over": age >= 60,
        "PA": view == "PA",
        "AP": view == "AP",
    }
    return {group: among for group, among in groups.items() if among.any()}


def area_of_group(
    truth: NDArray[np.bool_], scores: NDArray[np.float64], patients: NDArray[np.str_]
) -> dict[str, Any]:
    """Area under the ROC curve in one group, mean over the findings that it can judge.

    Parameters
    ----------
    truth : ndarray
        Shape (films, findings).
    scores : ndarray
        Likewise.
    patients : ndarray
        Shape (films,).

    Returns
    -------
    dict
        ``films``, ``findings`` that could be judged, ``auc``, and ``interval``: that of 95%
        of ``auc``, patients drawn anew with replacement.
    """
    shown = truth.sum(axis=0)
    judged = np.flatnonzero((shown >= FEWEST) & (len(truth) - shown >= FEWEST))
    truth, scores = truth[:, judged], scores[:, judged]
    draws = drawn_films(patients)
    drawn = []
    while len(drawn) < RESAMPLES:
        rows = next(draws)
        if truth[rows].any(axis=0).all() and not truth[rows].all(axis=0).any():
            drawn.append(_mean_area(truth[rows], scores[rows]))
    return {
        "films": len(truth),
        "findings": len(judged),
        "auc": _mean_area(truth, scores),
        "interval": {"auc": [float(q) for q in np.quantile(drawn, [0.025, 0.975])]},
    }


def _mean_area(truth: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    columns = range(truth.shape[1])
    return float(np.mean([area_under_roc(truth[:, i], scores[:, i]) for i in columns]))
