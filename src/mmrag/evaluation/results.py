"""What an evaluation answers, as it is printed and written."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from mmrag.evaluation.estimate import Interval

SEEN_BEFORE = "judged patients that the encoder learnt from"
"""Name of the check that an encoder is not judged by what it was taught."""


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class Row(_Result):
    """Figures of one method for one kind of question under one condition.

    Attributes
    ----------
    judge, kind, condition, method : str
    subject : str or None
        One finding or pair; None for the mean over them.
    questions : int
        Subjects in the mean; wordings of one subject.
    figures : mapping of str to Interval
        By measure.
    product_minus : mapping of str to Interval
        Paired difference ``mmrag`` minus this method; of means alone, empty for ``mmrag``.
    """

    judge: str
    kind: str
    condition: str
    method: str
    subject: str | None
    questions: int
    figures: Mapping[str, Interval]
    product_minus: Mapping[str, Interval]


class JudgeInfo(_Result):
    """One judge and its films.

    Attributes
    ----------
    positives : mapping of str to int
        Films that show each finding.
    counted : tuple of str
        Findings in the mean.
    """

    name: str
    title: str
    caveat: str
    films: int
    patients: int
    positives: Mapping[str, int]
    counted: tuple[str, ...]


class Check(_Result):
    """One leak check: a figure that must be what chance gives.

    Attributes
    ----------
    name, subject : str
        The check; the method or thing that it was made on.
    value : float or None
        None where it could not be made.
    low, high : float
        What chance allows.
    unhidden : float or None
        The same figure where nothing is hidden: shows that the check can fail.
    passed : bool or None
        None where it could not be made.
    """

    name: str
    subject: str
    value: float | None
    low: float
    high: float
    unhidden: float | None = None
    passed: bool | None


class Tenth(_Result):
    """Films whose probability lies in one tenth of all, lowest first.

    Attributes
    ----------
    predicted : float
        Mean probability.
    seen : Interval
        Share that shows the finding.
    """

    predicted: float
    seen: Interval


class Reliability(_Result):
    """How far a score, turned into a probability, can be believed.

    Attributes
    ----------
    condition : str
    tenths : tuple of Tenth
    error : float
        Expected calibration error: mean distance of predicted and seen over the tenths.
    brier, brier_of_base_rate : float
        Mean squared error of the probability, and of always saying the finding's base rate.
    """

    condition: str
    tenths: tuple[Tenth, ...]
    error: float
    brier: float
    brier_of_base_rate: float


class LabAnswer(_Result):
    """One laboratory question.

    Attributes
    ----------
    true : int
        Results that answer, by plain reading of the file.
    precision, recall : float
        Of the laboratory leg's matched results; 1 where nothing is right and nothing returned.
    embedded : float or None
        Precision of the nearest `true` rows where rows are embedded as text; None where
        nothing is right.
    """

    text: str
    true: int
    precision: float
    recall: float
    embedded: float | None


class Balance(_Result):
    """How the first twenty places are shared where films and labs are both asked for.

    Attributes
    ----------
    way : str
    questions : int
    balance : float
        Mean of the smaller share over a half: 1 for ten and ten, 0 where one is absent.
    drowned : float
        Share of questions where a modality is absent.
    """

    way: str
    questions: int
    balance: float
    drowned: float


class LabSection(_Result):
    """The laboratory part."""

    answers: tuple[LabAnswer, ...]
    precision: float
    recall: float
    embedded: float
    balance: tuple[Balance, ...]


class EvaluationReport(_Result):
    """Everything that one run found.

    Attributes
    ----------
    version, encoder, fingerprint : str
    w_pixel, w_label : float
    quick : bool
        True where too little was drawn by lot for figures to be quoted.
    resamplings : int
    unreadable : int
        Films left out because their image cannot be read.
    out_of_fold : int
        Films whose vectors come from weights that never saw their patient.
    others : int
        Other films of the judged films' patients of which the table has labels.
    """

    version: str
    encoder: str
    fingerprint: str
    w_pixel: float
    w_label: float
    quick: bool
    resamplings: int
    unreadable: int
    out_of_fold: int = 0
    others: int = 0
    judges: tuple[JudgeInfo, ...]
    rows: tuple[Row, ...]
    checks: tuple[Check, ...]
    reliability: tuple[Reliability, ...]
    labs: LabSection | None

    @property
    def leaks(self) -> tuple[Check, ...]:
        """Checks that failed."""
        return tuple(check for check in self.checks if check.passed is False)

    def mean_row(self, judge: str, kind: str, condition: str, method: str) -> Row | None:
        """Find the mean over subjects, where it was measured."""
        return next(
            (
                row
                for row in self.rows
                if row.subject is None
                and (row.judge, row.kind, row.condition, row.method)
                == (judge, kind, condition, method)
            ),
            None,
        )
