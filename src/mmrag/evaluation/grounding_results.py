"""What the audit of grounding found."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class Failure(_Result):
    """One claim that one measure objects to.

    Attributes
    ----------
    measure : str
    question, claim : str
    why : str
    """

    measure: str
    question: str
    claim: str
    why: str


class Phase(_Result):
    """Figures over the briefs of some questions.

    Attributes
    ----------
    name : str
    questions, claims, dropped : int
        Claims printed; claims that the checker of the brief left out itself.
    supported : int
        Claims that the rows bear out.
    facts, facts_cited : int
        Numbers and findings in the sentences; those that a citation holds.
    records, records_belong : int
        Cited records; those that exist and belong to the answer.
    results_called, normal_called_abnormal : int
        Results that a sentence calls high, low or normal; those called high or low that are not.
    of_one_person, mixed : int
        Claims about one person's film and blood, or course; claims that mix people.
    overstated : int
        Sentences that state a diagnosis or give advice.
    failures : tuple of Failure
        The first of each measure.
    """

    name: str
    questions: int
    claims: int
    dropped: int
    supported: int
    facts: int
    facts_cited: int
    records: int
    records_belong: int
    results_called: int
    normal_called_abnormal: int
    of_one_person: int
    mixed: int
    overstated: int
    failures: tuple[Failure, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether every figure is what it has to be."""
        return (
            self.supported == self.claims
            and self.facts_cited == self.facts
            and self.records_belong == self.records
            and not (self.normal_called_abnormal or self.mixed or self.overstated)
        )


class Corruption(_Result):
    """What became of the claims about rows that were made wrong.

    Attributes
    ----------
    rows : int
        Changed rows.
    touched : int
        Claims of the earlier briefs that the changed rows no longer bear out.
    kept_by_checker, kept_when_asked_anew : int
        Of those, the ones that are printed all the same: when the earlier answer is held
        against the changed rows, and when the question is asked again.
    """

    rows: int
    touched: int
    kept_by_checker: int
    kept_when_asked_anew: int


class GroundingReport(_Result):
    """Everything that one audit found.

    Attributes
    ----------
    version, fingerprint : str
    quick : bool
    films, panels, results : int
        Rows of the store.
    linked : int
        Films that were given a laboratory patient by lot.
    phases : tuple of Phase
    corruption : Corruption
    """

    version: str
    fingerprint: str
    quick: bool
    films: int
    panels: int
    results: int
    linked: int
    phases: tuple[Phase, ...]
    corruption: Corruption

    @property
    def is_clean(self) -> bool:
        """Whether every figure is what it has to be."""
        kept = self.corruption.kept_by_checker + self.corruption.kept_when_asked_anew
        return kept == 0 and all(phase.is_clean for phase in self.phases)
