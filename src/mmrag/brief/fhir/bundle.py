"""The document: the Composition first, then its author, whose the evidence is, the evidence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator

from mmrag.brief.fhir import films
from mmrag.brief.fhir.parts import (
    Json,
    full_url,
    items,
    meta,
    narrative,
    paragraph,
    reference,
    words,
)
from mmrag.brief.fhir.people import patient, patient_url, software, software_url
from mmrag.brief.fhir.prose import model, model_url, prose
from mmrag.brief.fhir.results import Result, cited_results
from mmrag.brief.model import Brief, Claim
from mmrag.brief.plain import counted_records
from mmrag.brief.view import TITLE, arrange
from mmrag.records import Sex
from mmrag.retrieval.results import FilmHit, LabHit


def render_fhir(brief: Brief) -> str:
    """Write the brief as a FHIR R4 document in JSON.

    Parameters
    ----------
    brief : Brief

    Returns
    -------
    str
    """
    return json.dumps(bundle(brief), indent=2, ensure_ascii=False)


def bundle(brief: Brief) -> Json:
    """Make a Bundle of type ``document``.

    Films become Media, their labels and the cited laboratory results Observations, patients
    stubs without a name; what a language model wrote has a section and an author of its own.
    No resource states a diagnosis.

    Parameters
    ----------
    brief : Brief

    Returns
    -------
    dict
        Valid against FHIR R4; the same brief gives the same bundle.
    """
    results = list(cited_results(brief))
    evidence: dict[str, Json] = {}
    for hit in brief.films:
        evidence[films.film_url(hit)] = films.film(hit)
        labels = films.labels(hit)
        if labels is not None:
            evidence[films.labels_url(hit)] = labels
    evidence |= {result.url: result.resource for result in results}
    digest = hashlib.sha256(brief.model_dump_json().encode("utf-8", "replace")).hexdigest()
    people = {patient_url(id_): stub for id_, stub in _patients(brief, results)}
    all_made_up = bool(evidence) and all("tag" in each["meta"] for each in evidence.values())
    resources = {
        full_url("Composition", digest): _composition(brief, evidence, all_made_up),
        software_url(brief.made): software(brief.made),
        **({} if brief.written is None else {model_url(brief.written): model(brief.written)}),
        **people,
        **evidence,
    }
    return {
        "resourceType": "Bundle",
        "meta": meta(all_made_up),
        "identifier": {"system": "urn:ietf:rfc:3986", "value": full_url("Bundle", digest)},
        "type": "document",
        "timestamp": _instant(brief),
        "entry": [{"fullUrl": url, "resource": each} for url, each in resources.items()],
    }


def _instant(brief: Brief) -> str:
    return brief.made.at.isoformat().replace("+00:00", "Z")


def _patients(brief: Brief, results: Iterable[Result]) -> Iterator[tuple[str, Json]]:
    """Write each patient of the evidence once, with the sex that any of the hits knows."""
    made_up = {hit.patient: hit.made_up for hit in brief.films if hit.patient}
    made_up |= {result.patient: "tag" in result.resource["meta"] for result in results}
    hits: tuple[FilmHit | LabHit, ...] = (*brief.films, *brief.labs)
    sexes: dict[str | None, Sex] = {hit.patient: hit.sex for hit in hits if hit.sex}
    persons = brief.persons
    for id_, generated in made_up.items():
        same = sorted((persons.patients(id_) & made_up.keys()) - {id_})
        yield id_, patient(id_, sexes.get(id_), generated, same)


def _composition(brief: Brief, evidence: dict[str, Json], all_made_up: bool) -> Json:
    view = arrange(brief)
    imaging = [url for url, each in evidence.items() if _is_imaging(each)]
    laboratory = [url for url in evidence if url not in imaging]
    sections = {"imaging": imaging, "laboratory": laboratory, "context": []}
    titles = {
        "imaging": "Imaging evidence",
        "laboratory": "Laboratory evidence",
        "context": "Linkage and limits",
    }
    reading = [f"Read as: {each}" for each in view.reading]
    return {
        "resourceType": "Composition",
        "meta": meta(all_made_up),
        "text": narrative(
            paragraph(brief.disclaimer) + paragraph(f"Asked: {view.asked}") + items(reading)
        ),
        "status": "final",
        "type": {"text": "Evidence brief for research, no diagnostic report"},
        "date": _instant(brief),
        "author": [reference(software_url(brief.made), brief.made.software)],
        "title": words(f"{TITLE}: {view.asked}"),
        "section": [
            *(
                _section(titles[name], [c for c in brief.claims if c.section == name], urls)
                for name, urls in sections.items()
            ),
            *([] if brief.written is None else [prose(brief.written)]),
        ],
    }


def _is_imaging(resource: Json) -> bool:
    return resource["resourceType"] == "Media" or "derivedFrom" in resource


def _section(title: str, claims: Iterable[Claim], urls: Iterable[str]) -> Json:
    said = items(f"{c.id}: {c.text} [{counted_records(c.records)}]" for c in claims)
    section: Json = {
        "title": title,
        "text": narrative(said or paragraph("Nothing is claimed here.")),
    }
    entries = [reference(url) for url in urls]
    return section | ({"entry": entries} if entries else {})
