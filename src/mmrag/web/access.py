"""Who is asking, and whether they may: this machine's own users, or whoever has a token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.exceptions import HTTPException

from mmrag.store import Scope, Token, Tokens

COOKIE = "mmrag_session"
SESSION_SECONDS = 12 * 60 * 60
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request.

    Attributes
    ----------
    name : str
        As the audit log names it.
    scopes : frozenset of Scope
    counted : bool
        Whether the number of its requests is limited.
    """

    name: str
    scopes: frozenset[Scope]
    counted: bool

    @classmethod
    def with_token(cls, token: Token) -> Caller:
        """Whoever has this token."""
        scopes = frozenset(scope for scope in Scope if token.allows(scope))
        return cls(f"{token.name} ({token.id})", scopes, counted=True)


LOCAL = Caller("local", frozenset(Scope), counted=False)
"""A user of this machine, where the service listens to this machine alone."""


class Gate:
    """Tells callers apart.

    Parameters
    ----------
    tokens : callable
        Gives the store's tokens.
    open_here : bool
        Whether requests without a token are let in: only on a loopback address.
    secret : str
        Signs the session cookies; a new one ends all sessions.
    """

    def __init__(self, tokens: Callable[[], Tokens], open_here: bool, secret: str) -> None:
        self._tokens = tokens
        self._open_here = open_here
        self._sessions = URLSafeTimedSerializer(secret, salt="session")

    def caller(self, request: Request) -> Caller | None:
        """Recognise whoever sent a request; None for a stranger.

        Raises
        ------
        HTTPException
            When a page of another site sent it: a browser adds our cookie by itself.
        """
        written = request.headers.get("authorization", "")
        if written:
            kind, _, secret = written.partition(" ")
            found = self._tokens().of(secret.strip()) if kind.lower() == "bearer" else None
            return None if found is None else Caller.with_token(found)
        refuse_other_sites(request)
        if cookie := request.cookies.get(COOKIE):
            token = self._of_session(cookie)
            if token is not None:
                return Caller.with_token(token)
        return LOCAL if self._open_here else None

    def session(self, token: Token) -> str:
        """Make the cookie that stands for a token."""
        return str(self._sessions.dumps(token.id))

    def token(self, secret: str) -> Token | None:
        """Find a valid token by its secret."""
        return self._tokens().of(secret)

    def _of_session(self, cookie: str) -> Token | None:
        try:
            id_ = self._sessions.loads(cookie, max_age=SESSION_SECONDS)
        except BadSignature:
            return None
        return self._tokens().named(str(id_))


def refuse_other_sites(request: Request) -> None:
    """Refuse what another site's page would have a browser change here.

    Raises
    ------
    HTTPException
    """
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign or site not in {"same-origin", "none"}:
        raise HTTPException(403, "another site's page sent this: use the page of this service")


def caller_of(request: Request) -> Caller:
    """Give the caller whom the gate has let in.

    Raises
    ------
    HTTPException
        401 for a stranger.
    """
    caller: Caller | None = request.state.caller
    if caller is None:
        raise HTTPException(401, "give a token: mmrag token create NAME makes one")
    return caller


def _needs(scope: Scope) -> Callable[[Request], Caller]:
    def check(request: Request) -> Caller:
        caller = caller_of(request)
        if scope not in caller.scopes:
            raise HTTPException(403, f"this token has no scope {scope}: make one that has")
        return caller

    return check


Reader = Annotated[Caller, Depends(_needs(Scope.READ))]
Ingester = Annotated[Caller, Depends(_needs(Scope.INGEST))]
Administrator = Annotated[Caller, Depends(_needs(Scope.ADMIN))]
