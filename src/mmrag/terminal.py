"""What a person sees on a terminal: tables on standard output, notes and progress beside it."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table
from rich.text import Text

from mmrag.brief.plain import plain
from mmrag.brief.wording import counted, day
from mmrag.ingest.link import LinkReport
from mmrag.ingest.progress import Progress as ProgressSink
from mmrag.ingest.progress import Silent
from mmrag.ingest.report import EncodedAgain, IngestReport, ProblemLine, Tally
from mmrag.retrieval.results import FilmHit, LabHit, LegCoverage, SearchResult
from mmrag.sources.problems import LISTED
from mmrag.status import Status

_WIDE_ENOUGH_FOR_SHARES = 72
"""Columns below which a table of films leaves out what each part adds to the score."""

_LONGEST_PROBLEM = 400
"""Characters of a line that says what is wrong and how to mend it."""


def shown(text: object) -> Text:
    """Make a value of a record safe to show."""
    return Text(plain(str(text)))


def width() -> int:
    """Columns of the terminal; 80 where the output goes elsewhere."""
    return min(Console().width, 100) if sys.stdout.isatty() else 80


def open_streams() -> None:
    """Let the output take every letter, and go nowhere where the shell has closed it."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
            setattr(sys, name, nowhere)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def drop_output() -> None:
    """Give up what standard output could not take, so that the end does not try again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    finally:
        os.close(nowhere)


def note(message: str) -> None:
    """One line on standard error."""
    print(message, file=sys.stderr)


class _Rate(ProgressColumn):
    """Items a second."""

    def render(self, task: Task) -> Text:
        """Draw the rate, or nothing before it is known."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s", style="progress.data.speed")


class BarProgress:
    """Draws one bar after another."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def begin(self, what: str, total: int | None) -> None:
        """Start the next bar."""
        self._task = self._progress.add_task(what, total=total)

    def advance(self, count: int = 1) -> None:
        """Move the current bar."""
        if self._task is not None:
            self._progress.advance(self._task, count)


@contextmanager
def progress_bar() -> Iterator[ProgressSink]:
    """Progress with rate and time left on standard error; silent where that is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Silent()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield BarProgress(progress)


def print_ingest(report: IngestReport) -> None:
    """Print the counts first, then each problem in a line."""
    console = Console()
    table = Table("", "added", "changed", "unchanged", title=None, box=None)
    for name, tally in (("films", report.films), ("panels", report.labs)):
        if tally != Tally():
            table.add_row(name, f"{tally.added:,}", f"{tally.changed:,}", f"{tally.unchanged:,}")
    if report.again is not None:
        _print_encoded_again(console, report.again)
    console.print(Text(f"source {report.source}"))
    console.print(table)
    also = {
        "results": report.observations,
        "patients": report.patients,
        "conditions": report.conditions,
        "imaging studies": report.imaging_studies,
        "labels of the same patients' other films": report.histories,
    }
    counted = ", ".join(f"{number:,} {name}" for name, number in also.items() if number)
    if counted:
        console.print(Text(counted))
    _print_problems(console, report.problems, "did not go in or went in with a loss")


def print_links(report: LinkReport) -> None:
    """Print what became of a table of links, then each problem in a line."""
    console = Console()
    done = {"linked": report.added, "linked before": report.unchanged, "taken back": report.removed}
    counted = ", ".join(f"{number:,} {what}" for what, number in done.items() if number)
    console.print(shown(f"{report.file}: {counted or 'no pair linked'}"))
    _print_problems(console, report.problems, "rows were left out")


def _print_problems(console: Console, problems: Sequence[ProblemLine], what: str) -> None:
    if problems:
        console.print(Text(f"{sum(line.count for line in problems):,} {what}:"))
    for line in problems:
        place = line.file if line.row is None else f"{line.file}, row {line.row}"
        said = f"{place}: {line.message}" if place else line.message
        # whoever searches the output for a file needs its name in one piece
        console.print(Text(f"  {plain(said, _LONGEST_PROBLEM)}"), soft_wrap=True)


def _print_encoded_again(console: Console, again: EncodedAgain) -> None:
    done = f"{again.films:,} films and {again.texts:,} panel texts"
    console.print(Text(f"encoded again: {done}, from {again.old} to {again.new}"))
    if again.left_out:
        left = f"{len(again.left_out):,} films left the store, their files are gone or unreadable:"
        console.print(Text(left))
    for film in again.left_out[:LISTED]:
        console.print(Text("  ") + shown(film))
    if len(again.left_out) > LISTED:
        console.print(Text(f"  and {len(again.left_out) - LISTED:,} more, all named by --json"))


def print_search(result: SearchResult) -> None:
    """Both legs, always both headings."""
    console = Console()
    if result.query.image is not None:
        guessed = (f"{g.finding} {g.probability:.2f}" for g in result.query.image.findings)
        said = ", ".join(guessed) or "nothing more than an average film"
        console.print(Text(f"The film shown, by its pixels  {said}", style="bold"))
    if result.query.meant:
        said = ", ".join(f"{g.finding} {g.probability:.2f}" for g in result.query.meant)
        console.print(Text(f"No known finding is named; the words are read as  {said}"))
    if result.coverage.films.requested:
        console.print(Text(f"Films  {_coverage(result.coverage.films)}", style="bold"))
        if result.films:
            console.print(_film_table(result.films))
            _print_joint(console, result.films)
            _print_histories(console, result.films)
    if result.coverage.labs.requested:
        console.print(Text(f"Laboratory  {_coverage(result.coverage.labs)}", style="bold"))
        if result.labs:
            if result.coverage.labs.note:
                console.print(shown(result.coverage.labs.note), style="dim")
            console.print(_lab_table(result.labs))
    if result.films and result.labs:
        linked = result.linkage == "same-patient"
        console.print(
            "Some films and panels belong to the same patients."
            if linked
            else "Films and panels come from different people (cohort).",
            style="dim",
        )


def _coverage(leg: LegCoverage) -> str:
    if leg.returned:
        return f"{leg.returned:,} of {leg.qualifying:,} that qualify, {leg.searched:,} searched"
    if leg.note:
        return f"none: {leg.note}"
    nearest = f"; {leg.nearest}" if leg.nearest else ""
    return f"none found among {leg.searched:,}{nearest}"


def _print_joint(console: Console, films: tuple[FilmHit, ...]) -> None:
    """Name the films whose patient's blood is as asked, and what that adds to the score."""
    joint = [film for film in films if film.why.constraints]
    if joint:
        ranks = ", ".join(f"#{film.rank}" for film in joint)
        words = " and ".join(joint[0].why.constraints)
        said = f"{ranks}: the same patient's blood is as asked, {words}"
        console.print(shown(f"{said} (adds {joint[0].why.patient:.3f})"), style="dim")


def _print_histories(console: Console, films: tuple[FilmHit, ...]) -> None:
    """Say of films without the label that is asked for how many others of the patient have it."""
    said = [
        f"#{film.rank} {each.finding} on {film.why.history.named[each.finding]} of "
        f"{film.why.history.films}"
        for film in films
        for each in film.why.evidence
        if film.why.history is not None
        and each.wanted == "present"
        and each.finding not in (film.findings or ())
        and each.finding in film.why.history.named
    ]
    if said:
        line = f"by labels of the patient's other films, too: {', '.join(said)}"
        console.print(shown(line), style="dim")


def _film_table(films: tuple[FilmHit, ...]) -> Table:
    shares = ("pixels", "labels", "text") if Console().width >= _WIDE_ENOUGH_FOR_SHARES else ()
    columns = [_figures(name) for name in ("#", "score", *shares)]
    table = Table(
        columns[0], *map(_names, ("film", "patient")), *columns[1:], _names("findings"), "view",
        box=None,
    )  # fmt: skip
    for film in films:
        parts = (film.why.pixel, film.why.label, film.why.text) if shares else ()
        labelled = "unlabelled" if film.findings is None else ", ".join(film.findings)
        table.add_row(
            str(film.rank),
            shown(film.id),
            shown(_marked(film.patient or "unknown", film.made_up)),
            f"{film.score:.3f}",
            *(f"{part:.3f}" for part in parts),
            shown(labelled or "No Finding"),
            shown(film.view or ""),
        )
    return table


def _figures(name: str) -> Column:
    return Column(name, no_wrap=True)


def _names(name: str) -> Column:
    """Fold what is too long: an identifier that is cut short names no record."""
    return Column(name, overflow="fold", min_width=len(name))


def _lab_table(labs: tuple[LabHit, ...]) -> Table:
    table = Table(
        _figures("#"), _names("time"), _names("patient"), _figures("score"), _names("results"),
        box=None,
    )  # fmt: skip
    for lab in labs:
        table.add_row(
            str(lab.rank),
            day(lab),
            shown(_marked(lab.patient, lab.made_up)),
            f"{lab.score:.3f}",
            shown(_results(lab)),
        )
    return table


def _results(lab: LabHit) -> str:
    named = [o for o in lab.observations if o.matched] or [o for o in lab.observations if o.flag]
    parts = []
    for observation in named[:6]:
        value = observation.text if observation.value is None else f"{observation.value:g}"
        flag = f" {observation.flag}" if observation.flag not in (None, "N") else ""
        parts.append(f"{observation.name} {value} {observation.unit or ''}{flag}".strip())
    if len(named) > len(parts):
        parts.append(f"and {len(named) - len(parts)} more")
    return "; ".join(parts) or counted(len(lab.observations), "result")


def _marked(text: str, made_up: bool) -> str:
    return f"{text} (made up)" if made_up else text


def print_status(status: Status) -> None:
    """One line a fact."""
    console = Console()
    for name, value in status.lines():
        console.print(Text(f"{name:<16}", style="bold") + shown(value))
