"""``mmrag query`` and ``--query``: how a question is read, shown, edited and given back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from mmrag.clinical.describe import constraints
from mmrag.clinical.lexicon import mended_words
from mmrag.clinical.query import compile_query
from mmrag.clinical.query_json import read_query
from mmrag.clinical.question import ClinicalQuery
from mmrag.clinical.suggestions import near_misses
from mmrag.errors import InputError, QueryError
from mmrag.terminal import shown

QueryFile = Annotated[
    Path | None,
    typer.Option("--query", help='A compiled question as JSON, "-" for standard input.'),
]


def query_command(
    text: Annotated[str, typer.Argument(help="The question, in words.")] = "",
    file: QueryFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show how a question is read, without asking it; --json prints what --query takes."""
    question = question_of(text, file)
    query = compile_query(question) if isinstance(question, str) else question
    if as_json:
        typer.echo(query.model_dump_json(indent=2))
    else:
        typer.echo("\n".join(_lines(query)))


def question_of(text: str, file: Path | None) -> str | ClinicalQuery:
    """Choose between words and a compiled question.

    Parameters
    ----------
    text : str
    file : path or None
        ``-`` for standard input.

    Returns
    -------
    str or ClinicalQuery

    Raises
    ------
    QueryError
        When both are given, or the file holds no question.
    InputError
        When the file cannot be read.
    """
    if file is None:
        return text
    if text.strip():
        raise QueryError("two questions: give words or --query FILE, not both")
    name = "standard input" if str(file) == "-" else str(file)
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return read_query(content.decode("utf-8-sig"), name)
    except OSError as error:
        raise InputError(f"{name}: {error.strerror}: give a file of JSON") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: is not UTF-8: give a file of JSON") from error


def _lines(query: ClinicalQuery) -> Iterator[str]:
    yield f"asked       {shown(query.text)}"
    yield from _listed("understood", constraints(query) or ("nothing",))
    if query.preferences:
        wishes = "; ".join(query.preferences)
        yield f"as a wish   {wishes} (labels hold neither side nor size)"
    said = (f'"{shown(written)}" as {read}' for written, read in mended_words(query.text))
    yield from _listed("read", said)
    if query.free_text:
        yield f"left over   {shown(query.free_text)} (not understood; goes to the text encoder)"
        near = near_misses(query.free_text).items()
        yield from _listed(
            "meant?", (f'"{shown(word)}": {" or ".join(known)}' for word, known in near)
        )


def _listed(title: str, lines: Iterator[str] | tuple[str, ...]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f"{'' if number else title:<12}{shown(line)}"
