"""The main job on made-up films and patients, through the same code as real data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mmrag.brief import Brief, render
from mmrag.engine import Engine
from mmrag.errors import InputError
from mmrag.ingest.progress import Progress
from mmrag.settings import Settings
from mmrag.sources.demo import write_demo

QUESTION = "pneumonia with pleural effusion"
SHOWN = 4
"""Films and panels in the demo's brief: few enough to read at one sitting."""


@dataclass(frozen=True, slots=True)
class DemoOutcome:
    """What the demo leaves behind.

    Attributes
    ----------
    brief : Brief
        Answer to `QUESTION`.
    page : pathlib.Path
        The same brief as one HTML file with thumbnails.
    home : pathlib.Path
        ``MMRAG_HOME`` of the demo's own store.
    """

    brief: Brief
    page: Path
    home: Path


def run_demo(folder: Path, progress: Progress) -> DemoOutcome:
    """Make up a data set, ingest it, ask one question and write the brief.

    Parameters
    ----------
    folder : pathlib.Path
        Made-up data, store and page go below it; what is there already is used again.
    progress : Progress

    Returns
    -------
    DemoOutcome

    Raises
    ------
    InputError
        When the folder cannot be written.
    """
    try:
        data = write_demo(folder / "data")
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}: choose another --folder") from error
    # a store of its own: made-up records never land among a user's real ones
    settings = Settings(home=folder.resolve() / "home", dsn=None)
    with Engine.open(settings=settings) as engine:
        engine.ingest("nih", data.films, progress=progress)
        engine.ingest("synthea", data.labs, progress=progress)
        brief = engine.brief(QUESTION, films=SHOWN, labs=SHOWN)
        page = folder / "brief.html"
        drawn = render(
            brief,
            "html",
            thumbnail=engine.thumbnail,
            courses=engine.courses,
            heat=engine.heat_map,
        )
        page.write_text(drawn, encoding="utf-8")
    return DemoOutcome(brief=brief, page=page, home=settings.home)
