"""Films as Media, and what their labels say as Observations."""

from __future__ import annotations

from mmrag.brief.fhir.parts import Json, full_url, identifier, meta, reference, words
from mmrag.brief.fhir.people import patient_url
from mmrag.brief.wording import label_origin
from mmrag.clinical.findings import load_findings
from mmrag.retrieval.results import FilmHit

_MEDIA_TYPE = "http://terminology.hl7.org/CodeSystem/media-type"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_SNOMED = "http://snomed.info/sct"


def film_url(hit: FilmHit) -> str:
    """Name a film."""
    return full_url("Media", hit.source, hit.id)


def labels_url(hit: FilmHit) -> str:
    """Name the labels of a film."""
    return full_url("Labels", hit.source, hit.id)


def film(hit: FilmHit) -> Json:
    """Write a film; its picture stays where it is."""
    media: Json = {
        "resourceType": "Media",
        "meta": meta(hit.made_up),
        "identifier": [identifier(hit.source, hit.id)],
        "status": "completed",
        "type": {"coding": [{"system": _MEDIA_TYPE, "code": "image"}]},
        "modality": {"text": "Chest radiograph"},
        "content": {"title": words(hit.id)},
    }
    if hit.view:
        media["view"] = {"text": words(hit.view)}
    if hit.patient:
        media["subject"] = reference(patient_url(hit.patient))
    if hit.taken_on:
        media["createdDateTime"] = hit.taken_on.isoformat()
    notes = [hit.stated and f"As the source states: {hit.stated}", hit.licence]
    if any(notes):
        media["note"] = [{"text": words(note)} for note in notes if note]
    return media


def labels(hit: FilmHit) -> Json | None:
    """Write a film's labels; None for an unlabelled film.

    A label is what its source says of the film, not a diagnosis: an Observation that is
    preliminary, derived from the film, with the label's origin in its name.
    """
    if hit.findings is None:
        return None
    observation: Json = {
        "resourceType": "Observation",
        "meta": meta(hit.made_up),
        "status": "preliminary",
        "category": [{"coding": [{"system": _CATEGORY, "code": "imaging"}]}],
        "code": {"text": f"Film: {label_origin(hit.labels_by, hit.made_up)}"},
        "derivedFrom": [reference(film_url(hit))],
    }
    if hit.patient:
        observation["subject"] = reference(patient_url(hit.patient))
    if hit.findings:
        observation["component"] = [
            {"code": _finding(name), "valueBoolean": True} for name in hit.findings
        ]
    else:
        observation["valueString"] = "No Finding"
    return observation


def _finding(name: str) -> Json:
    known = load_findings().findings.get(name)
    if known is None or known.snomed is None:
        return {"text": words(name)}
    return {"coding": [{"system": _SNOMED, "code": known.snomed}], "text": words(name)}
