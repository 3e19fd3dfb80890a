"""Made-up people: who they are, what they have, and when it is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from mmrag.records import Sex

FIRST_IDENTIFIER = 90000001
"""Above every patient of ChestX-ray14, which ends at 30805."""

_FIRST_DAY = date(2024, 1, 8)
_ACUTE_DAYS = (0, 2, 9, 45)
_CHRONIC_DAYS = (0, 120, 300, 540)
_ACUTE_SEVERITY = (0.8, 0.6, 0.35, 0.2)
_UNLABELLED_EVERY = 17
_WITHOUT_BLOOD_EVERY = 12


@dataclass(frozen=True, slots=True)
class Story:
    """A course of illness.

    Attributes
    ----------
    illness : str
        What the blood shows, a key of `mmrag.sources.demo.blood.EFFECTS`.
    course : tuple of tuple of str
        Findings of the successive films; the last one repeats.
    ages : (int, int)
        Youngest and oldest.
    acute : bool
        Films days apart and healing, rather than months apart.
    sex : {"F", "M"} or None
        None where both occur.
    """

    illness: str
    course: tuple[tuple[str, ...], ...]
    ages: tuple[int, int]
    acute: bool = False
    sex: Sex | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """A film and the blood taken on the same day.

    Attributes
    ----------
    number : int
        Running number of the person's films, from 0.
    day : datetime.date
    age : int
        In whole years on that day.
    view : {"PA", "AP"}
    findings : tuple of str
    labelled : bool
        False where the film's label is withheld.
    severity : float
        0 to 1.
    """

    number: int
    day: date
    age: int
    view: str
    findings: tuple[str, ...]
    labelled: bool
    severity: float


@dataclass(frozen=True, slots=True)
class Person:
    """One made-up patient.

    Attributes
    ----------
    identifier : int
    sex : {"F", "M"}
    birth_date : datetime.date
    illness : str
    visits : tuple of Visit
    has_blood : bool
        False for the few whose blood was never taken.
    """

    identifier: int
    sex: Sex
    birth_date: date
    illness: str
    visits: tuple[Visit, ...]
    has_blood: bool


_PLEUROPNEUMONIA = Story(
    "bacterial",
    (("Pneumonia", "Effusion"), ("Pneumonia", "Effusion"), ("Effusion",), ()),
    (25, 85),
    acute=True,
)
_HEALTHY = Story("none", ((),), (18, 70))
_HEART_FAILURE = Story(
    "heart-failure",
    (("Cardiomegaly", "Edema", "Effusion"), ("Cardiomegaly", "Edema"), ("Cardiomegaly",)),
    (60, 88),
    acute=True,
)

STORIES = (
    _PLEUROPNEUMONIA,
    _HEALTHY,
    _HEART_FAILURE,
    Story(
        "bacterial",
        (("Pneumonia",), ("Pneumonia",), ("Infiltration",), ()),
        (2, 11),
        acute=True,
    ),
    Story(
        "hypoxia",
        (("Emphysema",), ("Emphysema",), ("Emphysema", "Pneumothorax"), ("Emphysema",)),
        (55, 82),
    ),
    Story(
        "bacterial",
        (("Consolidation", "Pneumonia"), ("Consolidation",), ("Infiltration",), ()),
        (20, 80),
        acute=True,
    ),
    Story(
        "malignancy",
        (("Mass",), ("Mass",), ("Mass", "Atelectasis"), ("Mass", "Effusion")),
        (50, 80),
    ),
    _PLEUROPNEUMONIA,
    Story("none", (("Nodule",),), (40, 75)),
    Story("none", (("Fibrosis",), ("Fibrosis",), ("Fibrosis", "Infiltration")), (55, 82)),
    Story("bleeding", (("Hernia",),), (55, 85)),
    Story("none", (("Pleural_Thickening",),), (45, 80)),
    Story("none", (("Pneumothorax",), ("Pneumothorax",), ()), (16, 35), acute=True, sex="M"),
    Story(
        "operation",
        (("Atelectasis",), ("Atelectasis", "Effusion"), ("Atelectasis",), ()),
        (40, 75),
        acute=True,
    ),
    Story("viral", (("Infiltration",), ("Infiltration",), ()), (18, 60), acute=True),
    _HEALTHY,
    Story("viral", (("Pneumonia", "Infiltration"), ("Pneumonia",), ()), (5, 50), acute=True),
    _PLEUROPNEUMONIA,
    Story("none", ((),), (2, 15)),
    Story("heart-failure", (("Cardiomegaly",), ("Cardiomegaly", "Effusion")), (55, 85)),
)
"""In an order in which the first fourteen show every finding."""


def make_people(seed: int, films: int, patients: int) -> list[Person]:
    """Make up people and their visits.

    Parameters
    ----------
    seed : int
    films : int
        Visits of all people together.
    patients : int
        The visits are shared out evenly, the first ones having one more.

    Returns
    -------
    list of Person
    """
    each, extra = divmod(films, patients)
    people: list[Person] = []
    visits = 0
    for index in range(patients):
        number = each + (index < extra)
        people.append(_make_person(seed, index, number, visits))
        visits += number
    return people


def _make_person(seed: int, index: int, visits: int, earlier_visits: int) -> Person:
    rng = np.random.default_rng([seed, index])
    story = STORIES[index % len(STORIES)]
    sex: Sex = story.sex or ("F" if rng.random() < 0.5 else "M")
    age = int(rng.integers(story.ages[0], story.ages[1] + 1))
    start = _FIRST_DAY + timedelta(days=int(rng.integers(0, 360)))
    birth = date(start.year - age - 1, 1, 1) + timedelta(days=int(rng.integers(0, 365)))
    return Person(
        identifier=FIRST_IDENTIFIER + index,
        sex=sex,
        birth_date=birth,
        illness=story.illness,
        visits=tuple(
            _make_visit(rng, story, start, birth, number, earlier_visits + number)
            for number in range(visits)
        ),
        has_blood=index % _WITHOUT_BLOOD_EVERY != _WITHOUT_BLOOD_EVERY - 1,
    )


def _make_visit(
    rng: np.random.Generator, story: Story, start: date, birth: date, number: int, overall: int
) -> Visit:
    days = _ACUTE_DAYS if story.acute else _CHRONIC_DAYS
    later = max(0, number - len(days) + 1)
    day = start + timedelta(days=days[min(number, len(days) - 1)] + 90 * later)
    findings = story.course[min(number, len(story.course) - 1)]
    severity = _ACUTE_SEVERITY[min(number, 3)] if story.acute else 0.55
    bedside = story.acute and severity > 0.5
    return Visit(
        number=number,
        day=day,
        age=day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day)),
        view="AP" if rng.random() < (0.5 if bedside else 0.1) else "PA",
        findings=findings,
        labelled=overall % _UNLABELLED_EVERY != _UNLABELLED_EVERY - 1,
        severity=float(np.clip(severity + rng.normal(0.0, 0.1), 0.1, 1.0)),
    )
