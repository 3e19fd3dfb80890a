"""Coming in from elsewhere: a token is given once, a signed cookie stands for it afterwards."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import Request

from mmrag.web.access import COOKIE, SESSION_SECONDS
from mmrag.web.page_templates import page
from mmrag.web.service import Here

login_router = APIRouter(include_in_schema=False)


@login_router.get("/login")
def login_page() -> HTMLResponse:
    """Ask for a token."""
    return _asks()


@login_router.post("/login")
def login(
    request: Request,
    here: Here,
    token: Annotated[str, Form(max_length=400)] = "",
    then: Annotated[str, Form(max_length=20_000)] = "/",
) -> Response:
    """Take a token, and let its session begin."""
    found = here.gate.token(token.strip())
    if found is None:
        return _asks(then, 401, "this token opens nothing: mmrag token create NAME makes one")
    answer = RedirectResponse(_own(then), 303)
    answer.set_cookie(
        COOKIE,
        here.gate.session(found),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@login_router.post("/logout")
def logout() -> Response:
    """End a session."""
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def asks_for_token(request: Request) -> HTMLResponse:
    """Answer a stranger's browser with the page that lets it in."""
    then = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return _asks(then, 401)


def _asks(then: str = "/", status: int = 200, error: str | None = None) -> HTMLResponse:
    answer = page("login.html.j2", status, then=_own(then), error=error)
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _own(address: str) -> str:
    """Give an address of this service, whatever was asked for."""
    parts = urlsplit(address.replace("\\", "/"))
    inside = not parts.scheme and not parts.netloc and parts.path.startswith("/")
    return address if inside and not address.startswith("//") else "/"
