"""The audit log as FHIR R4, by the standard's own structure."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from fhirclient.models.bundle import Bundle

from mmrag.audit import audit_bundle
from mmrag.store import ACTIONS, Action, AuditEntry, AuditEvent

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


def entry(event: AuditEvent, number: int = 1) -> AuditEntry:
    return AuditEntry(number, event.written(), b"\x01\x02")


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_is_a_valid_audit_event(action: Action) -> None:
    event = AuditEvent(AT, "ward (ab12)", action, "effusion", ("film:a.png", "report:x"), "csv")
    (read,) = Bundle(audit_bundle([entry(event)]), strict=True).entry
    assert read.resource.resource_type == "AuditEvent"
    assert read.resource.agent[0].requestor is True
    assert read.resource.meta.tag[0].code == "0102"


def test_question_and_records_are_its_entities() -> None:
    event = AuditEvent(AT, "page", "search", "Erguß?", ("film:a.png",))
    (resource,) = (each["resource"] for each in audit_bundle([entry(event)])["entry"])
    question, record = resource["entity"]
    assert base64.b64decode(question["query"]).decode() == "Erguß?"
    assert record["what"]["identifier"]["value"] == "film:a.png"
    assert resource["recorded"] == "2026-05-04T12:00:00+00:00"


def test_what_was_not_kept_leaves_nothing_empty() -> None:
    (resource,) = (
        each["resource"] for each in audit_bundle([entry(AuditEvent(AT, "page", "view"))])["entry"]
    )
    assert "entity" not in resource
    assert "outcomeDesc" not in resource
