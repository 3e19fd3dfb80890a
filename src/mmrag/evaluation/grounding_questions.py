"""Questions by lot: findings, pairs, negations, results, people, views, diagnoses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mmrag.clinical.analytes import Analyte, analytes
from mmrag.clinical.findings import finding_names, load_findings
from mmrag.clinical.query import compile_query
from mmrag.errors import QueryError
from mmrag.evaluation.bench import lot
from mmrag.evaluation.grounding_rows import StoredRows

QUESTIONS = 240
"""Questions of a full run; a quarter of them in a quick one."""

_TRIES = 50
_PEOPLE = ("in women", "in men", "in women over 60", "in men under 50", "in patients over 70")
_VIEWS = ("PA view", "AP view")


def draw_questions(rows: StoredRows, count: int, seed: str) -> list[str]:
    """Draw questions that the store's own vocabulary can answer or fail to answer.

    Parameters
    ----------
    rows : StoredRows
        Say which analytes there are, and which values.
    count : int
    seed : str
        Another one draws others.

    Returns
    -------
    list of str
        Distinct, each of which compiles; the kinds take turns.
    """
    maker = _Maker(rows, lot("grounding", seed))
    kinds: Sequence[Callable[[], str]] = (
        maker.finding,
        maker.two,
        maker.without,
        maker.bound,
        maker.state,
        maker.finding_and_result,
        maker.no_state,
        maker.finding_of_people,
        maker.bound_of_people,
        maker.view,
        maker.newest,
        maker.named,
        maker.either,
        maker.diagnosis,
        maker.normal_chest,
    )
    drawn: dict[str, None] = {}
    for place in range(count * _TRIES):
        if len(drawn) == count:
            break
        text = kinds[place % len(kinds)]()
        if _compiles(text):
            drawn.setdefault(text)
    return list(drawn)


class _Maker:
    def __init__(self, rows: StoredRows, rng: np.random.Generator) -> None:
        self._rng = rng
        self._values = _values(rows)
        self._states = sorted(
            word
            for key in self._values
            for word in (*analytes()[key].high[:2], *analytes()[key].low[:2])
        )

    def finding(self) -> str:
        return self._word()

    def two(self) -> str:
        return f"{self._word()} with {self._word()}"

    def without(self) -> str:
        return f"{self._word()} without {self._word()}"

    def either(self) -> str:
        return f"{self._word()} or {self._word()}"

    def bound(self) -> str:
        known, value = self._bound()
        side = self._one(["above", "below", "at least", "at most"])
        return f"{known.name} {side} {value} {known.unit}"

    def state(self) -> str:
        return self._one(self._states) if self._states else self.bound()

    def finding_and_result(self) -> str:
        return f"{self._word()} and {self._one([self.bound(), self.state()])}"

    def no_state(self) -> str:
        return self._one(
            [f"no {self.state()}", f"{self._word()} without {self.state()}"],
        )

    def finding_of_people(self) -> str:
        return f"{self._word()} {self._one(_PEOPLE)}"

    def bound_of_people(self) -> str:
        return f"{self._one([self.bound(), self.state()])} {self._one(_PEOPLE)}"

    def view(self) -> str:
        return f"{self._word()}, {self._one(_VIEWS)}"

    def newest(self) -> str:
        return f"latest {self.bound()}"

    def named(self) -> str:
        return self._known().name

    def diagnosis(self) -> str:
        whom = self._one(["in diabetics", "in patients with hypertension"])
        return f"{self._one([self.state(), self.bound()])} {whom}"

    def normal_chest(self) -> str:
        people = self._one(["", *_PEOPLE])
        return f"{self._one(['normal chest', 'clear lungs'])} {people}".strip()

    def _one(self, of: Sequence[str]) -> str:
        return of[int(self._rng.integers(len(of)))]

    def _word(self) -> str:
        """Name a finding, a synonym or a sign of it."""
        finding = load_findings().findings[self._one(finding_names())]
        return self._one([finding.display, finding.display, *finding.synonyms[:4]])

    def _known(self) -> Analyte:
        return analytes()[self._one(sorted(self._values))]

    def _bound(self) -> tuple[Analyte, str]:
        """Choose a value that some results exceed and others do not, or that none does."""
        key = self._one(sorted(self._values))
        known = analytes()[key]
        edge = float(np.quantile(self._values[key], self._rng.uniform(0.0, 1.0)))
        return known, f"{edge * self._rng.choice([1.0, 1.0, 0.9, 1.1]):.{known.decimals}f}"


def _values(rows: StoredRows) -> Mapping[str, list[float]]:
    values: dict[str, list[float]] = {}
    for results in rows.results.values():
        for result in results:
            if result["analyte"] is not None and result["canonical_value"] is not None:
                values.setdefault(result["analyte"], []).append(result["canonical_value"])
    return values


def _compiles(text: str) -> bool:
    try:
        compile_query(text)
    except QueryError:
        return False
    return True
