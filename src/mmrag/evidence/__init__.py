"""P(finding) of a film, from its pixels and from labels that are often wrong."""

from __future__ import annotations

from mmrag.evidence.model import NAMES, Evidence, EvidenceModel, Weighing, probability
from mmrag.evidence.shipped import evidence_model_for

__all__ = ["NAMES", "Evidence", "EvidenceModel", "Weighing", "evidence_model_for", "probability"]
