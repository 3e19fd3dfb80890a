"""Which laboratory results bear on a finding, as the clinical tables cite it."""

from __future__ import annotations

from dataclasses import dataclass

from mmrag.brief.judgement import Verdict
from mmrag.clinical.analytes import analyte
from mmrag.clinical.findings import load_findings


@dataclass(frozen=True, slots=True)
class Expectation:
    """An abnormal result that would go with a finding.

    Attributes
    ----------
    analyte : str
        Key of ``analytes.toml``.
    verdict : {"low", "high"}
    """

    analyte: str
    verdict: Verdict

    @property
    def words(self) -> str:
        """The result in words, e.g. ``leukocytes high``."""
        return f"{analyte_name(self.analyte)} {self.verdict}"


def analyte_name(key: str) -> str:
    """Name an analyte within a sentence; the key itself where the table lacks it."""
    try:
        return analyte(key).name
    except KeyError:
        return key


def analytes_bearing_on(finding: str) -> frozenset[str]:
    """Keys of the analytes that bear on a finding at all."""
    known = load_findings().findings.get(finding)
    return frozenset(b.analyte for b in known.bears_on) if known else frozenset()


def expectations(finding: str) -> tuple[Expectation, ...]:
    """Results expected high or low with a finding; those that count at any value are left out."""
    known = load_findings().findings.get(finding)
    return tuple(
        Expectation(b.analyte, b.direction)
        for b in (known.bears_on if known else ())
        if b.direction != "any"
    )


def display_name(finding: str) -> str:
    """Name a finding for reading; the name itself where the table lacks it."""
    known = load_findings().findings.get(finding)
    return known.display if known else finding
