"""One ingest from the first record to the report."""

from __future__ import annotations

from mmrag.encoders.base import Encoder
from mmrag.ingest.films import FilmWriter
from mmrag.ingest.fusing import Fusing
from mmrag.ingest.panels import PanelWriter
from mmrag.ingest.people import PeopleWriter
from mmrag.ingest.progress import Progress
from mmrag.ingest.report import IngestReport, Ledger
from mmrag.records import Film, FilmLabels, LabReport, Problem
from mmrag.sources.base import Source
from mmrag.store import Store


def ingest_source(
    source: Source,
    store: Store,
    encoder: Encoder,
    fusing: Fusing,
    progress: Progress,
    again: bool = False,
) -> IngestReport:
    """Read a source into the store.

    Parameters
    ----------
    source : Source
    store : Store
        Its space is the encoder's already.
    encoder : Encoder
    fusing : Fusing
        With the store's own weights.
    progress : Progress
    again : bool
        Whether records that are stored as they are go in, too, and are encoded anew.

    Returns
    -------
    IngestReport
        What went in, and a line for everything that did not.
    """
    ledger = Ledger(source.name)
    progress.begin(f"reading {source.name}", source.size)
    films = FilmWriter(store, encoder, fusing, source.name, ledger, progress.advance, again)
    panels = PanelWriter(store, encoder, source.name, ledger, progress.advance, again)
    people = PeopleWriter(store, ledger)
    try:
        with store.bulk():
            for item in source.read():
                if isinstance(item, Film):
                    films.add(item)
                elif isinstance(item, FilmLabels):
                    films.tell(item)
                elif isinstance(item, LabReport):
                    panels.add(item)
                elif isinstance(item, Problem):
                    ledger.problem(item)
                else:
                    people.add(item)
            films.close()
            panels.close()
            people.close()
    finally:
        films.abandon()
    return ledger.close()
