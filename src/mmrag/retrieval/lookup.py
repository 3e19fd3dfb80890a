"""One record by its name, and everything that is stored of one patient."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from mmrag.records import Film, LabelsBy, LabReport, Sex
from mmrag.retrieval.lab_hits import observation_hit
from mmrag.retrieval.results import ObservationHit
from mmrag.store import Persons, Store


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FilmRecord(_Record):
    """A film as it is stored.

    Attributes
    ----------
    findings : tuple of str or None
        Labels; ``()`` for "No Finding", None when unlabelled.
    taken_on : datetime.date or None
    day : float or None
        Day of the patient's own count, where the source gives no dates.
    labels_by : {"reports", "radiologists", "source"}
        Who gave the labels; of an unlabelled film it says nothing.
    follow_up : int or None
        The source's running number of the patient's studies.
    note : str or None
        What the source tells of the case in free text; it may name a diagnosis, and is the
        source's own statement.
    file : str
        The image on this machine; left out of every printed form.
    """

    id: str
    source: str
    patient: str | None
    findings: tuple[str, ...] | None
    stated: str | None = None
    view: str | None
    age: float | None
    sex: Sex | None
    taken_on: date | None = None
    day: float | None = None
    follow_up: int | None = None
    width: int | None = None
    height: int | None = None
    licence: str | None = None
    labels_by: LabelsBy = "source"
    note: str | None = None
    made_up: bool = False
    file: str = Field(default="", exclude=True, repr=False)

    @classmethod
    def of(cls, film: Film) -> FilmRecord:
        """Copy what may be shown."""
        return cls(
            id=film.id,
            source=film.provenance.source,
            patient=film.patient,
            findings=film.findings,
            stated=film.stated,
            view=film.view,
            age=film.age,
            sex=film.sex,
            taken_on=film.taken_on,
            day=film.day,
            follow_up=film.follow_up,
            width=film.width,
            height=film.height,
            licence=film.licence,
            labels_by=film.labels_by,
            note=film.note,
            made_up=film.provenance.made_up,
            file=film.provenance.file,
        )


class PanelRecord(_Record):
    """A laboratory panel as it is stored; `day` stands where there is no time."""

    report: str
    source: str
    patient: str
    effective_at: datetime | None
    day: float | None = None
    age: float | None
    sex: Sex | None
    observations: tuple[ObservationHit, ...]
    made_up: bool = False

    @classmethod
    def of(cls, report: LabReport) -> PanelRecord:
        """Copy what may be shown."""
        return cls(
            report=report.id,
            source=report.provenance.source,
            patient=report.patient,
            effective_at=report.sampled_at,
            day=report.day,
            age=report.age,
            sex=report.sex,
            observations=tuple(observation_hit(each) for each in report.observations),
            made_up=report.provenance.made_up,
        )


class Timeline(_Record):
    """Everything that is stored of one patient, each kind in its order of time.

    Attributes
    ----------
    linked : tuple of str
        Patients who are declared to be the same person; their records are among these, and
        each record names its own.
    """

    patient: str
    linked: tuple[str, ...] = ()
    films: tuple[FilmRecord, ...]
    panels: tuple[PanelRecord, ...]


def find_film(store: Store, id_: str, source: str | None = None) -> FilmRecord | None:
    """Find a film by its identifier.

    Parameters
    ----------
    store : Store
    id_ : str
    source : str, optional
        Which one, where two sources use one identifier; the first by name else.

    Returns
    -------
    FilmRecord or None
    """
    for film in store.films.named(id_):
        if source in (None, film.provenance.source):
            return FilmRecord.of(film)
    return None


def find_panel(store: Store, id_: str, source: str | None = None) -> PanelRecord | None:
    """Find a panel by its identifier; parameters as for `find_film`."""
    for report in store.people.reports_named(id_):
        if source in (None, report.provenance.source):
            return PanelRecord.of(report)
    return None


def timeline(store: Store, patient: str) -> Timeline | None:
    """Collect a patient's films and panels; None where nothing is stored of them."""
    persons = Persons(link.pair for link in store.links.of([patient]))
    names = sorted(persons.patients(patient))
    films = tuple(FilmRecord.of(film) for film in store.people.films(*names))
    panels = tuple(PanelRecord.of(report) for report in store.people.reports(*names))
    if not films and not panels:
        return None
    linked = tuple(name for name in names if name != patient)
    return Timeline(patient=patient, linked=linked, films=films, panels=panels)
