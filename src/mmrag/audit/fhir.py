"""The audit log as FHIR R4 AuditEvent resources.

Its value sets take event types from DICOM (PS3.16, context group 400) and say with one letter
what was done: E carried out, R read, C created, U changed.
https://hl7.org/fhir/R4/auditevent.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from mmrag.store import AuditEntry

_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_ENTITY = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"

_TYPES: dict[str, tuple[str, str, str]] = {
    "search": (_DICOM, "110112", "Query"),
    "brief": (_DICOM, "110112", "Query"),
    "view": (_DICOM, "110103", "DICOM Instances Accessed"),
    "export": (_DICOM, "110106", "Export"),
    "ingest": (_DICOM, "110107", "Import"),
    "token": (_DICOM, "110136", "Security Roles Changed"),
}
_LETTERS = {"search": "E", "brief": "E", "view": "R", "export": "R", "ingest": "C", "token": "U"}


def audit_bundle(entries: Iterable[AuditEntry]) -> dict[str, Any]:
    """Collect entries into one Bundle.

    Parameters
    ----------
    entries : iterable of AuditEntry

    Returns
    -------
    dict
        A FHIR R4 Bundle of type ``collection``; each resource's hash in the chain is its
        identifier in ``meta.tag``.
    """
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": _event(entry)} for entry in entries],
    }


def _event(entry: AuditEntry) -> dict[str, Any]:
    said = json.loads(entry.written)
    system, code, display = _TYPES[said["action"]]
    entities = [_record(name) for name in said["records"]]
    if said["query"] is not None:
        entities.insert(0, _question(said["query"]))
    event: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": f"audit-{entry.number}",
        "meta": {"tag": [{"system": "urn:mmrag:audit-hash", "code": entry.hash.hex()}]},
        "type": {"system": system, "code": code, "display": display},
        "action": _LETTERS[said["action"]],
        "recorded": said["at"],
        "outcome": "0",
        "agent": [{"altId": said["actor"], "name": said["actor"], "requestor": True}],
        "source": {"observer": {"display": "med-multimodal-rag"}},
    }
    if said["detail"]:
        event["outcomeDesc"] = said["detail"]
    if entities:
        event["entity"] = entities
    return event


def _question(query: str) -> dict[str, Any]:
    return {
        "type": {"system": _ENTITY, "code": "2", "display": "System Object"},
        "role": {"system": _ROLE, "code": "24", "display": "Query"},
        "query": base64.b64encode(query.encode("utf-8", "replace")).decode(),
    }


def _record(name: str) -> dict[str, Any]:
    return {
        "what": {"identifier": {"system": "urn:mmrag:record", "value": name}},
        "type": {"system": _ENTITY, "code": "2", "display": "System Object"},
        "role": {"system": _ROLE, "code": "4", "display": "Domain Resource"},
    }
