"""Patients by identifier alone, and the software as the author."""

from __future__ import annotations

from collections.abc import Iterable

from mmrag.brief.fhir.parts import Json, full_url, identifier, meta, reference, words
from mmrag.brief.model import Made
from mmrag.records import Sex

_GENDER = {"F": "female", "M": "male"}


def patient_url(patient: str) -> str:
    """Name a patient, ``source:identifier``."""
    return full_url("Patient", patient)


def patient(id_: str, sex: Sex | None, made_up: bool, same: Iterable[str] = ()) -> Json:
    """Write a stub: whose the evidence is, without a name or a birth date.

    Parameters
    ----------
    id_ : str
        ``source:identifier``.
    sex : {"F", "M"} or None
    made_up : bool
    same : iterable of str
        Patients of the same document who are declared to be this person.
    """
    source, _, value = id_.partition(":")
    stub: Json = {
        "resourceType": "Patient",
        "meta": meta(made_up),
        "identifier": [identifier(source, value)],
    }
    links = [{"other": reference(patient_url(other)), "type": "seealso"} for other in same]
    return stub | ({"gender": _GENDER[sex]} if sex else {}) | ({"link": links} if links else {})


def software_url(made: Made) -> str:
    """Name this version of the software."""
    return full_url("Device", made.software, made.version)


def software(made: Made) -> Json:
    """Write the software as a device, the author of the document."""
    return {
        "resourceType": "Device",
        "deviceName": [{"name": words(made.software), "type": "model-name"}],
        "type": {"text": "software"},
        "version": [{"value": words(made.version)}],
    }
