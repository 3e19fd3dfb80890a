"""``mmrag link``: patients of films and patients of panels that are one person."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from mmrag import terminal
from mmrag.engine import Engine
from mmrag.errors import InputError
from mmrag.store import Link


def link_command(
    file: Annotated[
        Path | None,
        typer.Argument(help="CSV with the columns film_patient and lab_patient."),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="Who declares it; this machine's user by default.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the file's pairs back.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="Show what is declared.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Declare that a film patient and a lab patient are one, each as source:identifier.

    A pair is refused where sex or year of birth contradict, of the two or of whoever is linked
    with them already; the other rows go in.
    """
    if listed == (file is not None):
        raise InputError("give one file of pairs, or --list: mmrag link FILE.csv")
    with Engine.open() as engine:
        if file is None:
            _print_list(engine.links(), as_json)
            return
        report = engine.link(file, declared_by=by or _user(), remove=remove)
    if as_json:
        typer.echo(report.model_dump_json(indent=2))
    else:
        terminal.print_links(report)


def _user() -> str:
    # a container may run as a number that has no name
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _print_list(links: list[Link], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"links": [_told(link) for link in links]}, indent=2))
        return
    if not links:
        terminal.note("no links: mmrag link FILE.csv")
    for link in links:
        said = f"{link.file}, row {link.row}, by {link.declared_by}, {_day(link)}"
        typer.echo(terminal.shown(f"{link.film_patient} = {link.lab_patient} ({said})"))


def _told(link: Link) -> dict[str, Any]:
    at = link.declared_at
    return asdict(link) | {"declared_at": None if at is None else at.isoformat(timespec="seconds")}


def _day(link: Link) -> str:
    return "" if link.declared_at is None else f"{link.declared_at:%Y-%m-%d}"
