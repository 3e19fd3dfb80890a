"""Who asked what and saw which records: writing it down, and handing it on as FHIR."""

from __future__ import annotations

from mmrag.audit.fhir import audit_bundle
from mmrag.audit.trail import AuditTrail

__all__ = ["AuditTrail", "audit_bundle"]
