"""The brief as a FHIR R4 document: a Composition and the evidence that it points at."""

from mmrag.brief.fhir.bundle import bundle, render_fhir

__all__ = ["bundle", "render_fhir"]
