"""``mmrag token`` and ``mmrag audit``: who may use the service, and what was done with it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal

import typer

from mmrag import terminal
from mmrag.audit import audit_bundle
from mmrag.engine import Engine
from mmrag.store import Scope, Token

token_app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Tokens that let programs use the service from elsewhere.",
)
audit_app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The log of what was asked and shown through the service.",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@token_app.command("create")
def create_token(
    name: Annotated[str, typer.Argument(help="Who or what it is for.")],
    scope: Annotated[
        list[Scope] | None, typer.Option(help="read (default), ingest, admin.")
    ] = None,
    days: Annotated[float | None, typer.Option(min=0, help="Days until it ends.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token and print its secret, which cannot be shown again."""
    with Engine.open() as engine:
        token, secret = engine.tokens.create(name, scope or [Scope.READ], days)
        engine.audit.record("local", "token", detail=f"created {token.id} for {token.name}")
    if as_json:
        typer.echo(json.dumps({**_told(token), "secret": secret}, indent=2))
    else:
        typer.echo(secret)
        terminal.note(f"token {token.id}: keep the line above, it cannot be shown again")


@token_app.command("list")
def list_tokens(as_json: AsJson = False) -> None:
    """Tokens, without their secrets."""
    with Engine.open() as engine:
        tokens = [_told(token) for token in engine.tokens.every()]
    if as_json:
        typer.echo(json.dumps(tokens, indent=2))
        return
    if not tokens:
        terminal.note("no tokens: mmrag token create NAME")
    for token in tokens:
        until = token["revoked_at"] or token["expires_at"] or "no end"
        word = "revoked" if token["revoked_at"] else "until"
        typer.echo(f"{token['id']}  {','.join(token['scopes'])}  {word} {until}  {token['name']}")


@token_app.command("revoke")
def revoke_token(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As mmrag token list shows it.")],
) -> None:
    """Close a token for good."""
    with Engine.open() as engine:
        token = engine.tokens.revoke(id_)
        engine.audit.record("local", "token", detail=f"revoked {token.id}")
    terminal.note(f"token {token.id} ({token.name}) opens nothing any more")


@audit_app.command("verify")
def verify_audit(
    head: Annotated[str | None, typer.Option(help="A head noted earlier.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check that no entry was changed or taken out; exit code 1 when one was."""
    with Engine.open() as engine:
        verdict = engine.audit.verify(head)
    if as_json:
        content = {
            "holds": verdict.holds,
            "entries": verdict.entries,
            "head": verdict.head,
            "broken_at": verdict.broken_at,
            "head_found": verdict.head_found,
        }
        typer.echo(json.dumps(content, indent=2))
    elif verdict.holds:
        typer.echo(f"{verdict.entries:,} entries, none changed; head {verdict.head}")
    elif verdict.broken_at is not None:
        typer.echo(f"entry {verdict.broken_at:,} of the log was changed or taken out")
    else:
        typer.echo("the head is not in the log: entries were taken off its end or written anew")
    if not verdict.holds:
        raise typer.Exit(1)


@audit_app.command("export")
def export_audit(
    form: Annotated[
        Literal["fhir", "jsonl"], typer.Option("--format", help="FHIR R4 AuditEvents, or lines.")
    ] = "fhir",
    after: Annotated[int, typer.Option(min=0, help="Leave out entries up to this number.")] = 0,
) -> None:
    """Print the log."""
    with Engine.open() as engine:
        entries = engine.audit.entries(after)
        if form == "fhir":
            typer.echo(json.dumps(audit_bundle(entries), indent=2))
            return
        for entry in entries:
            said = json.loads(entry.written)
            typer.echo(json.dumps({"number": entry.number, **said, "hash": entry.hash.hex()}))


def _told(token: Token) -> dict[str, Any]:
    def day(moment: datetime | None) -> str | None:
        return None if moment is None else moment.isoformat(timespec="seconds")

    return {
        "id": token.id,
        "name": token.name,
        "scopes": list(token.scopes),
        "created_at": day(token.created_at),
        "expires_at": day(token.expires_at),
        "revoked_at": day(token.revoked_at),
    }
