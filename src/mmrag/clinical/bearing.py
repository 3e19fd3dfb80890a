"""Which laboratory results bear on the findings of a question, and in which direction.

The table itself, with its sources, is ``bears_on`` of ``findings.toml``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mmrag.clinical.analytes import analytes
from mmrag.clinical.findings import Direction, load_findings
from mmrag.records import Flag

_OUTWARD: dict[Direction, frozenset[Flag]] = {
    "high": frozenset({"H", "HH"}),
    "low": frozenset({"L", "LL"}),
    "any": frozenset({"L", "LL", "H", "HH"}),
}


@dataclass(frozen=True, slots=True)
class Expectation:
    """One analyte that bears on findings of a question.

    Attributes
    ----------
    analyte : str
        Key of ``analytes.toml``.
    direction : {"high", "low", "any"}
        The side of the range that speaks for the findings.
    state : str
        The abnormal state in words, e.g. ``leukocytosis``.
    findings : tuple of str
        Canonical names of the findings that it bears on.
    sources : tuple of str
        Citation for each of the findings, in their order.
    """

    analyte: str
    direction: Direction
    state: str
    findings: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def flags(self) -> frozenset[Flag]:
        """Flags in the direction that speaks for the findings."""
        return _OUTWARD[self.direction]

    @property
    def is_directed(self) -> bool:
        """Whether only one side of the range speaks for the findings."""
        return self.direction != "any"


def expectations(findings: Iterable[str]) -> tuple[Expectation, ...]:
    """Collect what bears on any of the findings.

    Parameters
    ----------
    findings : iterable of str
        Canonical names; nothing bears on a name that the table lacks.

    Returns
    -------
    tuple of Expectation
        One for each analyte and direction, in the order of the findings.
    """
    named: dict[tuple[str, Direction], dict[str, str]] = {}
    known = load_findings().findings
    for finding in findings:
        for bearing in known[finding].bears_on if finding in known else ():
            cited = named.setdefault((bearing.analyte, bearing.direction), {})
            cited[finding] = bearing.source
    return tuple(
        Expectation(analyte, direction, _state(analyte, direction), tuple(c), tuple(c.values()))
        for (analyte, direction), c in named.items()
    )


def _state(key: str, direction: Direction) -> str:
    known = analytes()[key]
    words = {"high": known.high, "low": known.low}.get(direction, ())
    return words[0] if words else f"{'abnormal' if direction == 'any' else direction} {known.name}"
