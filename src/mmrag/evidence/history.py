"""What labels of a patient's other films say of one film.

Some findings stay: who has an enlarged heart or a hernia on one film has it on the next. Others
come and go: a pneumonia. So a label on other films speaks for a finding as far as such labels
keep each other's company within patients, which a table of an archive's labels tells without
any expert: of a patient's n other films k are labelled with a finding that r of all films have,
and ``(k + firmness * r) / (n + firmness)`` is how likely the film is to be labelled so, too.
Labels of one patient also repeat each other's errors, so what films show is taken to go together
less than what they are labelled, with four times the firmness. The log-odds of this above those
of r are what history says; for a patient without other films that is 0.

Labels are counted, never pixels: that two films of one patient look alike is no evidence.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from mmrag.clinical.findings import finding_names
from mmrag.clinical.prompts import NORMAL
from mmrag.records import NO_HISTORY, History

Floats = NDArray[np.float64]
Labels = Sequence[str] | None

DATA = "history.json"
"""File of the shipped persistence, beside the parameters."""

FIRMNESSES = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0, 22.0, 32.0, 45.0, 64.0)
"""From which that of each finding is chosen."""

REPEATED = 4.0
"""By what the firmness of findings exceeds that of their labels. Of 1, 2, 4 and 8, 2 and 4 gave
held-out patients' reads the highest likelihood; with 4 a film's own label says more than the same
label on the one other film of its patient."""

_NAMES = (*finding_names(), NORMAL)
_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Persistence:
    """How labels of one patient's films go together; n findings and "No Finding".

    Attributes
    ----------
    rate : ndarray
        Share of an archive's films with each label, shape (n,).
    firmness : ndarray
        Other films that count as much as the rate does, shape (n,): the fewer, the longer a
        finding stays.
    """

    rate: Floats
    firmness: Floats

    def log_odds(self, histories: Sequence[History], rate: Floats | None = None) -> Floats:
        """Say how much likelier each label is than on any film.

        Parameters
        ----------
        histories : sequence of History
        rate : ndarray, optional
            Share of films with each label among those that are spoken of, shape (n,); the
            archive's unless told.

        Returns
        -------
        ndarray
            Shape (films, n), in log-odds; 0 where there is no other film.
        """
        films = np.array([history.films for history in histories], np.float64)[:, None]
        named = _counts(histories)
        usual = self.rate if rate is None else rate
        firmness = REPEATED * self.firmness
        likely = (named + firmness * usual) / (films + firmness)
        return np.where(films > 0, _log_odds(likely) - _log_odds(usual), 0.0)

    def of_itself(self, films: int) -> Floats:
        """Say how much likelier each label is where all of so many films have it, shape (n,)."""
        return np.diagonal(self.log_odds([History(films, {name: films}) for name in _NAMES]))


def histories_of(patients: Sequence[str | None], labels: Sequence[Labels]) -> list[History]:
    """Count for each film what the labels of its patient's other films are.

    Parameters
    ----------
    patients : sequence of (str or None)
        Of each film; one without a patient has no history.
    labels : sequence of (sequence of str or None)
        Of each film; empty for "No Finding", None for an unlabelled one. Of a finding that
        none of them names, no history speaks.

    Returns
    -------
    list of History
    """
    silent = unnamed_by(name for names in labels for name in names or ())
    films: Counter[str] = Counter()
    named: dict[str, Counter[str]] = defaultdict(Counter)
    for patient, names in zip(patients, labels, strict=True):
        if patient is not None and names is not None:
            films[patient] += 1
            named[patient].update(names or (NORMAL,))
    return [
        NO_HISTORY if patient is None else _without(films[patient], named[patient], names, silent)
        for patient, names in zip(patients, labels, strict=True)
    ]


def usual_shares(histories: Sequence[History]) -> Floats:
    """Tell how often each label is named among other films, shape (n,); by the archive if none.

    Films count alike, whether their patients have one other film or a hundred.
    """
    told = [history for history in histories if history.films]
    if not told:
        return shipped_persistence().rate
    shares = _counts(told) / np.array([[history.films] for history in told], np.float64)
    # as many films more as the archive's rate: none is 0 or 1
    return np.asarray((shares.sum(axis=0) + shipped_persistence().rate) / (len(told) + 1))


def unnamed_by(labels: Iterable[str]) -> frozenset[str]:
    """List the findings that none of these labels names."""
    return frozenset(finding_names()) - frozenset(labels)


def fit_persistence(patients: Sequence[str], labels: Sequence[Sequence[str]]) -> Persistence:
    """Learn how long findings stay from a table of labels.

    For each label the firmness with the highest likelihood of every film's label, given those
    of its patient's other films.

    Parameters
    ----------
    patients : sequence of str
        Of each film.
    labels : sequence of (sequence of str)
        Of each film; empty for "No Finding".

    Returns
    -------
    Persistence
    """
    told = np.array([[name in (names or (NORMAL,)) for name in _NAMES] for names in labels])
    rate = np.clip(told.mean(axis=0), _EDGE, 1 - _EDGE)
    histories = histories_of(patients, labels)
    films = np.array([history.films for history in histories], np.float64)[:, None]
    named = _counts(histories)
    likelihoods = []
    for firmness in FIRMNESSES:
        likely = np.clip((named + firmness * rate) / (films + firmness), _EDGE, 1 - _EDGE)
        likelihoods.append(np.log(np.where(told, likely, 1 - likely)).sum(axis=0))
    return Persistence(rate, np.array(FIRMNESSES)[np.argmax(likelihoods, axis=0)])


@cache
def shipped_persistence() -> Persistence:
    """Read what comes with the package: learnt from the table of ChestX-ray14."""
    text = (resources.files("mmrag.evidence") / "data" / DATA).read_text("utf-8")
    raw: Mapping[str, Mapping[str, float]] = json.loads(text)
    return Persistence(
        rate=np.array([raw["rate"][name] for name in _NAMES]),
        firmness=np.array([raw["firmness"][name] for name in _NAMES]),
    )


def write_persistence(persistence: Persistence, source: str) -> str:
    """Write it as JSON, with the table that it was learnt from."""

    def by_name(values: Floats, digits: int) -> dict[str, float]:
        return dict(zip(_NAMES, values.round(digits).tolist(), strict=True))

    content = {
        "source": source,
        "rate": by_name(persistence.rate, 6),
        "firmness": by_name(persistence.firmness, 1),
    }
    return json.dumps(content, indent=1) + "\n"


def _without(films: int, named: Counter[str], own: Labels, silent: frozenset[str]) -> History:
    if own is None:
        return History(films, dict(named), silent) if films else NO_HISTORY
    if films == 1:
        return NO_HISTORY
    others = named - Counter(own or (NORMAL,))
    return History(films - 1, dict(others), silent)


def _counts(histories: Sequence[History]) -> Floats:
    rows = [[history.named.get(name, 0) for name in _NAMES] for history in histories]
    return np.array(rows, np.float64).reshape(len(rows), len(_NAMES))


def _log_odds(likely: Floats) -> Floats:
    return np.asarray(np.log(likely) - np.log1p(-likely))
