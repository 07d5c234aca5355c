"""Who is at the browser: an access token in a cookie; and the key that every form must carry back (CSRF)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends, Request
from starlette.responses import Response

from skillyard.api.surface import app_of
from skillyard.api.web.errors import FormExpired, FormTooLarge
from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS, Caller, Session
from skillyard.domain.accounts.oidc_sign_in import VISIT_MS
from skillyard.domain.drive.authenticate import authenticate
from skillyard.infra.errors import Unauthenticated
from skillyard.settings import Settings

_MAX_FORM_BYTES = 64 * 1024
_MAX_FIELDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """The caller, and this browser's nonce; a fresh nonce still has to be set as a cookie."""

    caller: Caller
    form_key: str
    nonce: str
    is_nonce_new: bool


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form that this site itself has shown to this visitor."""

    fields: dict[str, list[str]]

    def text(self, name: str) -> str:
        """The field without outer spaces, empty when it is absent."""
        return self.secret(name).strip()

    def secret(self, name: str) -> str:
        """The field exactly as it was typed."""
        return self.fields.get(name, [""])[0]

    def every(self, name: str) -> list[str]:
        return self.fields.get(name, [])


def visitor_of(request: Request) -> Visitor:
    """Whoever holds the cookie; somebody whose session has ended is anonymous again."""
    app = app_of(request)
    given = request.cookies.get(_cookie(app.settings, "browser"), "")
    nonce = given if 0 < len(given) <= 100 and given.isascii() else secrets.token_urlsafe(16)
    caller = _caller(app, request.cookies.get(_cookie(app.settings, "session")))
    return Visitor(
        caller=caller,
        form_key=app.signer.sign("form", nonce, caller.token_id or ""),
        nonce=nonce,
        is_nonce_new=nonce != given,
    )


async def form_of(request: Request, visitor: VisitorOf) -> Form:
    """The posted form, empty for other methods. Raises FormExpired unless it carries this visitor's key, FormTooLarge.

    The whole surface depends on it, so that no form can forget the key.
    """
    if request.method in ("GET", "HEAD"):
        return Form({})
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM_BYTES:
            raise FormTooLarge
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise FormTooLarge from None
    form = Form(fields)
    given = form.secret("form_key").encode("utf-8", "replace")
    if not secrets.compare_digest(given, visitor.form_key.encode()):
        raise FormExpired
    return form


def start(response: Response, app: App, session: Session) -> None:
    """Let the browser keep the session for as long as it lives."""
    life_s = max(0, (session.expires_ms - app.clock.now_ms()) // 1000)
    _set(response, app.settings, "session", session.access_token, max_age_s=life_s)


def end(response: Response, app: App) -> None:
    _set(response, app.settings, "session", "", max_age_s=0)


def remember_browser(response: Response, app: App, visitor: Visitor) -> None:
    if visitor.is_nonce_new:
        _set(response, app.settings, "browser", visitor.nonce, max_age_s=None)


def oidc_secret(request: Request) -> str | None:
    """What binds a sign-in at a provider to this browser, while one is under way."""
    given = request.cookies.get(_cookie(app_of(request).settings, "oidc"), "")
    return given if re.fullmatch(r"[A-Za-z0-9_-]{43}", given) else None


def keep_oidc_secret(response: Response, app: App, secret: str) -> None:
    _set(response, app.settings, "oidc", secret, max_age_s=VISIT_MS // 1000)


def safe_path(wanted: str, *, otherwise: str) -> str:
    """`wanted` if it is a path on this very site, else `otherwise`. Browsers read a backslash as a slash."""
    is_a_path = re.fullmatch(r"/(?!/)[!-\[\]-~]{0,500}", wanted)
    return wanted if is_a_path else otherwise


def _caller(app: App, token: str | None) -> Caller:
    """A cookie holds what `start` put there; other tokens are for programs, which send them in a header."""
    if token is None or not app.token_signer.is_ours(token):
        return ANONYMOUS
    try:
        return authenticate(app, token)
    except Unauthenticated:
        return ANONYMOUS


def _cookie(settings: Settings, name: str) -> str:
    """Under https browsers hold `__Host-` cookies to this host, the root path and a secure connection."""
    return f"__Host-skillyard-{name}" if settings.address.startswith("https:") else f"skillyard-{name}"


def _set(response: Response, settings: Settings, name: str, value: str, *, max_age_s: int | None) -> None:
    response.set_cookie(
        _cookie(settings, name),
        value,
        max_age=max_age_s,
        path="/",
        secure=settings.address.startswith("https:"),
        httponly=True,
        samesite="lax",
    )


VisitorOf = Annotated[Visitor, Depends(visitor_of)]
FormOf = Annotated[Form, Depends(form_of)]
