"""The command line: reads arguments, calls the engine, prints."""

from __future__ import annotations

import shlex
import shutil
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from typer.exceptions import TyperException

from mmrag import terminal
from mmrag.brief import BriefFormat, load_brief, render, render_schema, replay_text
from mmrag.demo import run_demo
from mmrag.encoder_cli import encoder_app
from mmrag.engine import Engine
from mmrag.errors import InputError, MissingExtra, MmragError
from mmrag.eval_cli import eval_command
from mmrag.evidence_cli import evidence_app
from mmrag.link_cli import link_command
from mmrag.query_cli import QueryFile, query_command, question_of
from mmrag.service_cli import audit_app, token_app
from mmrag.settings import Settings
from mmrag.sources import SourceKind
from mmrag.store import FusionKind

DISTRIBUTION = "med-multimodal-rag"
_INTERRUPTED = 130

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Chest films and laboratory results that answer a clinical question. For research only.",
    epilog="MMRAG_HOME holds the embedded database; MMRAG_DSN points at another PostgreSQL.",
)

app.add_typer(encoder_app, name="encoder")
app.add_typer(evidence_app, name="evidence")
app.add_typer(token_app, name="token")
app.add_typer(audit_app, name="audit")
app.command("eval")(eval_command)
app.command("query")(query_command)
app.command("link")(link_command)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Question = Annotated[str, typer.Argument(help="The question, in words.")]
Films = Annotated[int, typer.Option(min=0, max=1000, help="Films to return; 0 leaves them out.")]
Labs = Annotated[int, typer.Option(min=0, max=1000, help="Panels to return; 0 leaves them out.")]
Image = Annotated[Path | None, typer.Option(help="A film to search with (PNG or JPEG).")]
StoredFilm = Annotated[str | None, typer.Option(help="A stored film to search with: its id.")]
Itself = Annotated[bool, typer.Option("--itself", help="Let the film that is shown answer, too.")]
EncoderName = Annotated[str | None, typer.Option(help="Encoder; MMRAG_ENCODER by default.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mmrag {version(DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option(help="Show a traceback when something fails.")] = False,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """Hold what every command shares; `main` reads ``--debug`` itself."""


@app.command()
def ingest(
    kind: Annotated[SourceKind, typer.Argument(help="What the folder holds.")],
    path: Annotated[Path, typer.Argument(help="Folder or file of the source.")],
    labels: Annotated[Path | None, typer.Option(help="Label table of the films.")] = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Encode anew what is stored; after another encoder, all of it."
        ),
    ] = False,
    encoder: EncoderName = None,
    as_json: AsJson = False,
) -> None:
    """Read a source into the store; run again, only what is new or changed goes in."""
    with _engine(encoder) as engine, terminal.progress_bar() as progress:
        if again and (plan := engine.plan_again()):
            terminal.note(plan.statement)
        report = engine.ingest(kind, path, labels=labels, again=again, progress=progress)
    if as_json:
        typer.echo(report.model_dump_json(indent=2))
    else:
        terminal.print_ingest(report)
    if report.problems and not report.holds_anything:
        raise InputError(f"{path}: nothing of it went in: mend what the report names")


@app.command()
def search(
    query: Question = "",
    films: Films = 10,
    labs: Labs = 10,
    image: Image = None,
    film: StoredFilm = None,
    itself: Itself = False,
    query_file: QueryFile = None,
    encoder: EncoderName = None,
    as_json: AsJson = False,
) -> None:
    """Films and laboratory panels that answer a question, side by side."""
    asked = question_of(query, query_file)
    with _engine(encoder) as engine:
        result = engine.search(asked, image=image, film=film, itself=itself, films=films, labs=labs)
    if as_json:
        typer.echo(result.model_dump_json(indent=2))
    else:
        terminal.print_search(result)


@app.command()
def brief(
    context: typer.Context,
    query: Question = "",
    films: Films = 10,
    labs: Labs = 10,
    image: Image = None,
    film: StoredFilm = None,
    itself: Itself = False,
    query_file: QueryFile = None,
    form: Annotated[BriefFormat, typer.Option("--format", help="Form of the brief.")] = "text",
    out: Annotated[Path | None, typer.Option(help="Write to this file instead.")] = None,
    earlier: Annotated[
        Path | None, typer.Option("--replay", help="Does this JSON brief still hold?")
    ] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema.")] = False,
    writer: Annotated[
        bool, typer.Option("--writer", help="Sentences by the language model of MMRAG_WRITER_URL.")
    ] = False,
    encoder: EncoderName = None,
    as_json: AsJson = False,
) -> None:
    """Write the Clinical Brief: every claim points at its record."""
    if schema:
        typer.echo(render_schema())
        return
    if earlier is not None:
        _refuse_beside_replay(context)
        _replay(earlier, image, encoder, as_json)
        return
    asked = question_of(query, query_file)
    with _engine(encoder) as engine:
        answer = engine.brief(
            asked, image=image, film=film, itself=itself, films=films, labs=labs, writer=writer
        )
        text = render(
            answer,
            "json" if as_json else form,
            width=terminal.width(),
            thumbnail=engine.thumbnail,
            courses=engine.courses,
            heat=engine.heat_map,
        )
    if answer.written is not None and answer.written.note is not None:
        terminal.note(answer.written.note)
    if out is None:
        typer.echo(text)
    else:
        _write(out, text)
        terminal.note(f"written to {out}")


@app.command()
def status(encoder: EncoderName = None, as_json: AsJson = False) -> None:
    """Say what is stored, in which space, how large and where."""
    with _engine(encoder) as engine:
        state = engine.status()
    if as_json:
        typer.echo(state.model_dump_json(indent=2))
    else:
        terminal.print_status(state)


@app.command()
def refuse(
    w_pixel: Annotated[float | None, typer.Option(help="Weight of the pixels.")] = None,
    w_label: Annotated[float | None, typer.Option(help="Weight of the labels.")] = None,
    fusion: Annotated[
        FusionKind | None,
        typer.Option(help="Labels by the evidence for each finding, or as they are."),
    ] = None,
    encoder: EncoderName = None,
    as_json: AsJson = False,
) -> None:
    """Weigh and fuse every film anew, as the store has it or otherwise; nothing is encoded."""
    with _engine(encoder) as engine, terminal.progress_bar() as progress:
        report = engine.refuse(w_pixel, w_label, fusion=fusion, progress=progress)
    if as_json:
        typer.echo(report.model_dump_json(indent=2))
    else:
        terminal.note(f"{report.films:,} films fused anew in space {report.space.fingerprint}")


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where made-up data and brief go.")] = Path("demo"),
    quiet: Annotated[bool, typer.Option(help="Prepare only; print no brief.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ingest made-up films and patients and answer one question from them."""
    with terminal.progress_bar() as progress:
        outcome = run_demo(folder, progress=progress)
    if as_json:
        typer.echo(render(outcome.brief, "json"))
    elif not quiet:
        typer.echo(render(outcome.brief, "text", width=terminal.width()))
    terminal.note(f"brief with thumbnails: {outcome.page}")
    command = "mmrag" if shutil.which("mmrag") else sys.argv[0]
    home = shlex.quote(str(outcome.home))
    terminal.note(f"ask more: MMRAG_HOME={home} {command} search pneumothorax")


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen to.")] = 8000,
    host: Annotated[
        str, typer.Option(help="Address to listen to; any but this machine's own needs tokens.")
    ] = "127.0.0.1",
    writer: Annotated[
        bool, typer.Option("--writer", help="Sentences by the language model of MMRAG_WRITER_URL.")
    ] = False,
    encoder: EncoderName = None,
) -> None:
    """Serve the HTTP API and the page."""
    try:
        from mmrag.web.server import serve_forever
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "fastapi", "serve") from error
    with _engine(encoder) as engine:
        serve_forever(engine, host, port, terminal.note, Settings(), writer=writer)


@app.command("mcp")
def mcp_command(
    http: Annotated[
        bool, typer.Option("--http", help="Over HTTP, for this machine alone.")
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="With --http: its port.")] = 8001,
    encoder: EncoderName = None,
) -> None:
    """Serve search, brief and look-up to copilots by the Model Context Protocol."""
    try:
        from mmrag.mcp_server import create_mcp_server
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "mcp", "mcp") from error
    with _engine(encoder) as engine:
        server = create_mcp_server(engine)
        if http:
            terminal.note(f"http://127.0.0.1:{port}/mcp (Ctrl-C stops it)")
            server.run("streamable-http", host="127.0.0.1", port=port)
        else:
            server.run("stdio")


def main() -> None:
    """Run the command line; every error is one line and a stable exit code."""
    # a terminated program leaves the database as an interrupted one does: it stops it
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    terminal.open_streams()
    try:
        status_code = app(standalone_mode=False)
        sys.stdout.flush()  # what cannot be written is told here, not after the end
    except TyperException as error:
        _fail(error.format_message(), error.exit_code)
    except MmragError as error:
        _fail(str(error), error.exit_code)
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        _fail(_wrong_setting(error), InputError.exit_code)
    except KeyboardInterrupt:
        status_code = _INTERRUPTED
    except OSError as error:
        terminal.drop_output()
        if isinstance(error, BrokenPipeError):
            sys.exit(0)
        place = error.filename or "the output"
        _fail(f"{place}: {error.strerror}: make room, or choose another place", 3)
    except SystemExit as ended:
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
        terminal.drop_output()  # whoever read the output has seen enough, which is no failure
        sys.exit(0)
    if status_code == _INTERRUPTED:  # typer turns an interrupt into this number by itself
        _fail("stopped; what was finished is stored, run the same command to go on", _INTERRUPTED)
    sys.exit(status_code if isinstance(status_code, int) else 0)


def _refuse_beside_replay(context: typer.Context) -> None:
    """Refuse what would ask another question than the file's, or print another form."""
    given = [each for each in context.command.params if _is_given(context, each.name or "")]
    others = [
        "the words" if each.param_type_name == "argument" else each.opts[0]
        for each in given
        if each.name not in ("earlier", "image", "encoder", "as_json")
    ]
    if others:
        raise InputError(
            "--replay asks the question of its file, as it was asked: leave out "
            f"{', '.join(others)} (--image, --encoder and --json may stand beside it)"
        )


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _replay(earlier: Path, image: Path | None, encoder: str | None, as_json: bool) -> None:
    """Hold a printed brief against the store; exit code 1 where something changed."""
    printed = load_brief(earlier)
    with _engine(encoder) as engine:
        outcome = engine.replay(printed, image=image)
    text = replay_text(outcome, terminal.width())
    typer.echo(outcome.model_dump_json(indent=2) if as_json else text)
    raise typer.Exit(0 if outcome.holds else 1)


@contextmanager
def _engine(encoder: str | None) -> Iterator[Engine]:
    with Engine.open(encoder=encoder) as engine:
        yield engine


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{out}: {error.strerror}: choose another --out") from error


def _wrong_setting(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"MMRAG_{str(first['loc'][0]).upper()}: {first['msg']}: set another value, or none"


def _fail(message: str, exit_code: int) -> None:
    if "--debug" in sys.argv[1:]:
        traceback.print_exc()
    if message:  # a command without arguments has printed its help, and there is no more to say
        terminal.note(f"mmrag: {' '.join(message.split())}")
    sys.exit(exit_code)
