"""What we ask of a service's OAuth server ourselves (RFC 6749); that it takes tokens back is asked in `revocation`.

Whatever it answers is taken for hostile: bounded, of the right shape, and never repeated in a message.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from skillyard.app import App
from skillyard.domain.gateway.catalog.integration import OAuth
from skillyard.domain.gateway.connect.connection_errors import OAuthNotReached, OAuthNotUnderstood, OAuthRefused
from skillyard.infra.envelope import Secret
from skillyard.infra.outbound import AddressNotAllowed, Answer, Bounds, CallFailed

BOUNDS = Bounds(total_s=10.0, phase_s=6.0, max_bytes=256 * 1024)
_MOST_SECRET_CHARS = 8000
_MOST_LIFE_S = 10 * 365 * 24 * 3600
_PLAIN_CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_TOKEN = re.compile(r"[!-~]+")
_SCOPE = re.compile(r"[!#-\[\]-~]{1,200}")
_MOST_SCOPES = 100
_BEARERS = frozenset({"bearer", "bot", "user"})
"""Types of tokens that are shown as they are (RFC 6750); the last two are Slack's words for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthClient:
    """What this registry, or a person's own program, is called at a service."""

    id: str
    secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """`refresh`, `life_s` and `scopes` are None where the answer does not have them."""

    access: Secret
    refresh: Secret | None
    life_s: int | None
    scopes: tuple[str, ...] | None

    def expires_ms(self, now_ms: int) -> int | None:
        return None if self.life_s is None else now_ms + self.life_s * 1000


def ask_for_tokens(app: App, title: str, oauth: OAuth, client: OAuthClient, form: Mapping[str, str]) -> Tokens:
    """Tokens for a grant. Raises OAuthRefused (with its `error`), OAuthNotUnderstood, OAuthNotReached."""
    answer = post(app, title, oauth.token_url, oauth, client, form)
    try:
        found = orjson.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise OAuthNotUnderstood(title=title, why=f"its answer (status {answer.status}) is no JSON object")
    if found.get("error") or found.get("ok") is False or answer.status >= 400:
        raise OAuthRefused(title=title, error=plain_code(found.get("error"), answer.status))
    return _read(title, oauth, found)


def post(app: App, title: str, url: str, oauth: OAuth, client: OAuthClient, form: Mapping[str, str]) -> Answer:
    """An answer of whatever status. Never followed elsewhere: what is sent is secret. Raises OAuthNotReached."""
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    sent = dict(form)
    if oauth.client_auth == "basic":
        headers["authorization"] = basic_of(client)
    else:
        sent |= {"client_id": client.id, "client_secret": client.secret.reveal()}
    try:
        return app.outbound.request("POST", url, headers=headers, body=urlencode(sent).encode(), bounds=BOUNDS)
    except (CallFailed, AddressNotAllowed) as error:
        raise OAuthNotReached(title=title, why=error.message.rstrip(".")) from None


def basic_of(client: OAuthClient) -> str:
    """The client in a header (RFC 6749, section 2.3.1: both are form-encoded first)."""
    pair = f"{quote(client.id, safe='')}:{quote(client.secret.reveal(), safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def plain_code(code: object, status: int = 0) -> str:
    """An error code as it may stand in a message of ours; never the other side's prose."""
    if isinstance(code, str) and _PLAIN_CODE.fullmatch(code):
        return code
    return f"status {status}" if status >= 400 else "an error that it does not name plainly"


def is_scope(text: str) -> bool:
    """RFC 6749, section 3.3."""
    return _SCOPE.fullmatch(text) is not None


def _read(title: str, oauth: OAuth, found: Mapping[str, Any]) -> Tokens:
    """RFC 6749, section 5.1. What belongs to the token stands beside it, wherever that is."""
    beside: Any = found
    for step in oauth.token_path[:-1]:
        beside = beside.get(step) if isinstance(beside, Mapping) else None
    if not isinstance(beside, Mapping):
        raise OAuthNotUnderstood(title=title, why="its answer has no access token in it")
    access = _secret(title, beside.get(oauth.token_path[-1]), "access token")
    if access is None:
        raise OAuthNotUnderstood(title=title, why="its answer has no access token in it")
    if str(beside.get("token_type") or "bearer").lower() not in _BEARERS:
        raise OAuthNotUnderstood(title=title, why="its token is not of the type Bearer")
    return Tokens(
        access=access,
        refresh=_secret(title, beside.get("refresh_token"), "refresh token"),
        life_s=_life_s(beside.get("expires_in")),
        scopes=_scopes(beside.get("scope")),
    )


def _secret(title: str, value: object, what: str) -> Secret | None:
    """One that could not stand in a header would be none, or another header."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > _MOST_SECRET_CHARS or not _TOKEN.fullmatch(value):
        raise OAuthNotUnderstood(title=title, why=f"its {what} has a form that no token has")
    return Secret(value)


def _life_s(value: object) -> int | None:
    """Some write the number as text."""
    if isinstance(value, str) and value.isdecimal() and len(value) <= 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MOST_LIFE_S:
        return None
    return int(value)


def _scopes(value: object) -> tuple[str, ...] | None:
    """What was granted, with spaces or commas between them."""
    if not isinstance(value, str) or not value:
        return None
    return tuple(scope for scope in re.split(r"[ ,]+", value[:20_000]) if is_scope(scope))[:_MOST_SCOPES]
