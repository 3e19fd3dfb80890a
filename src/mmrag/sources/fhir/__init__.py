"""FHIR R4: bundles, single resources and bulk exports.

Resources and their meaning: HL7 FHIR R4, https://hl7.org/fhir/R4/.
"""

from __future__ import annotations

from mmrag.sources.fhir.source import FhirSource

__all__ = ["FhirSource"]
