"""Which laboratory results bear on the findings of a question, and in which direction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mmrag.clinical.analytes import analytes
from mmrag.clinical.findings import load_findings
from mmrag.records import Flag

_OUTWARD: dict[str, frozenset[Flag]] = {
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
    flags : frozenset of {"LL", "L", "H", "HH"}
        Flags in the direction that speaks for the findings.
    state : str
        The abnormal state in words, e.g. ``leukocytosis``.
    findings : tuple of str
        Canonical names of the findings that it bears on.
    """

    analyte: str
    flags: frozenset[Flag]
    state: str
    findings: tuple[str, ...]

    @property
    def is_directed(self) -> bool:
        """Whether only one side of the range speaks for the findings."""
        return self.flags != _OUTWARD["any"]


def expectations(findings: Iterable[str]) -> tuple[Expectation, ...]:
    """Collect what bears on any of the findings.

    Parameters
    ----------
    findings : iterable of str
        Canonical names.

    Returns
    -------
    tuple of Expectation
        One for each analyte and direction, in the order of the findings.
    """
    named: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        for bearing in load_findings().findings[finding].bears_on:
            named.setdefault((bearing.analyte, bearing.direction), []).append(finding)
    return tuple(
        Expectation(analyte, _OUTWARD[direction], _state(analyte, direction), tuple(names))
        for (analyte, direction), names in named.items()
    )


def _state(key: str, direction: str) -> str:
    known = analytes()[key]
    words = {"high": known.high, "low": known.low}.get(direction, ())
    return words[0] if words else f"{'abnormal' if direction == 'any' else direction} {known.name}"
