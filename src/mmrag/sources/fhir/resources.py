"""One function a type of resource: what it says goes into the spool."""

from __future__ import annotations

from datetime import date

from mmrag.errors import BadRecord
from mmrag.records import Sex
from mmrag.sources.fhir.documents import Json
from mmrag.sources.fhir.elements import (
    SNOMED,
    child,
    children,
    concept_codes,
    effective_time,
    followed,
    named_code,
    text,
    time_at,
    widest_day,
)
from mmrag.sources.fhir.entry import Entry
from mmrag.sources.spool import Diagnosis, Person, Spool, Study
from mmrag.sources.values import day

_SEXES: dict[str, Sex | None] = {"female": "F", "male": "M", "other": None, "unknown": None}
_OVER = {"inactive", "remission", "resolved"}


def read_patient(entry: Entry, spool: Spool) -> None:
    """Keep identifier, birth date and sex; nothing else of a person is kept."""
    born = text(entry.resource, "birthDate")
    birth = day(born) if born else None
    if born and birth is None:
        entry.lost(f"birthDate {born[:40]!r} is no full date: age left unknown", "bad-date")
    gender = text(entry.resource, "gender")
    if gender is not None and gender not in _SEXES:
        entry.lost(f"gender {gender[:40]!r} is not one of FHIR's: sex left unknown", "bad-sex")
    spool.put_person(Person(entry.needed_id(), birth, _SEXES.get(gender or "unknown")))


def read_encounter(entry: Entry, spool: Spool) -> None:
    """Keep whose it is and when it began."""
    if not entry.is_withdrawn(text(entry.resource, "status")):
        start = time_at(child(entry.resource, "period") or {}, "start")
        spool.put_encounter(entry.needed_id(), entry.patient(), start)


def read_condition(entry: Entry, spool: Spool) -> None:
    """Keep a diagnosis with the days it was active."""
    resource = entry.resource
    if entry.is_withdrawn(*concept_codes(resource, "verificationStatus")):
        return
    onset = _period_day(resource, "onset", end=False)
    if onset is None:
        recorded = text(resource, "recordedDate")
        onset = widest_day(recorded, end=False) if recorded else None
    if onset is None:
        raise BadRecord("no onset and no recordedDate: since when it holds is unknown")
    abatement = _period_day(resource, "abatement", end=True)
    if abatement is None and _is_over(resource):
        raise BadRecord("over by its own statement, but not since when: left out")
    if abatement is not None and abatement < onset:
        raise BadRecord("abatement before onset")
    coding = named_code(resource, SNOMED)
    spool.put_diagnosis(
        Diagnosis(
            patient=entry.patient(),
            code=coding.code,
            system="SNOMED-CT" if coding.system == SNOMED else coding.system,
            name=coding.display or coding.code,
            onset=onset,
            abatement=abatement,
            file=entry.file,
            line=entry.place.line,
        )
    )


def read_study(entry: Entry, spool: Spool) -> None:
    """Keep when an image was taken, of what and how."""
    resource = entry.resource
    if entry.is_withdrawn(text(resource, "status")):
        return
    series = children(resource, "series")
    times = (time_at(node, "started") for node in (resource, *series))
    if (started := next(filter(None, times), None)) is None:
        raise BadRecord("no started: when it was taken is unknown")
    modalities = [*children(resource, "modality"), *_each(series, "modality")]
    codes = (text(modality, "code") for modality in modalities)
    sites = _each(series, "bodySite")
    names = (text(site, "display") or text(site, "code") for site in sites)
    modality, site = next(filter(None, codes), None), next(filter(None, names), None)
    spool.put_study(
        Study(
            entry.needed_id(),
            entry.patient(),
            started,
            modality,
            site,
            entry.file,
            entry.place.line,
        )
    )


def read_report(entry: Entry, spool: Spool) -> None:
    """Keep which results a report groups."""
    resource = entry.resource
    if entry.is_withdrawn(text(resource, "status")):
        return
    results = []
    for number, listed in enumerate(children(resource, "result")):
        target = text(listed, "reference")
        if target is None:
            entry.lost(f"result[{number}] has no reference: not grouped")
        else:
            results.append(followed(target, "result", "Observation", entry.container))
    encounter = entry.refers_to("encounter", "Encounter")
    at = effective_time(resource)
    spool.put_report(entry.needed_id(), entry.patient(), encounter, at, results)


def _period_day(resource: Json, stem: str, end: bool) -> date | None:
    """Read the day of ``<stem>DateTime``, or the same end of ``<stem>Period``."""
    period = child(resource, f"{stem}Period") or {}
    written = text(resource, f"{stem}DateTime") or text(period, "end" if end else "start")
    if written is None:
        return None
    if (found := widest_day(written, end)) is None:
        raise BadRecord(f"{stem} {written[:40]!r} is no date")
    return found


def _is_over(resource: Json) -> bool:
    """Tell whether a diagnosis no longer holds, by its status or by an abatement in words."""
    if not _OVER.isdisjoint(concept_codes(resource, "clinicalStatus")):
        return True
    return any(key.startswith("abatement") and resource[key] is not None for key in resource)


def _each(nodes: list[Json], key: str) -> list[Json]:
    return [found for node in nodes if (found := child(node, key))]
