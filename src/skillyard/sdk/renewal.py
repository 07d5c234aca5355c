"""Stay signed in: renew the user's session before its access token ends, one process at a time.

A refresh token works once, and the registry ends the session of one that comes twice: so whoever renews holds a lock.
"""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from skillyard.sdk import config
from skillyard.sdk.config import Login
from skillyard.sdk.disk import file_lock
from skillyard.sdk.errors import ApiError, NetworkError
from skillyard.sdk.transport import Request, Transport

_EARLY = timedelta(seconds=60)
_WAIT_S = 40.0


def is_due(login: Login) -> bool:
    """Whether the access token ends within a minute, as far as this machine's clock is right."""
    if login.refresh_token is None or login.expires_at is None:
        return False
    with suppress(ValueError):
        ends = datetime.fromisoformat(login.expires_at.replace("Z", "+00:00"))
        return ends - datetime.now(UTC) < _EARLY
    return False


def renew(login: Login, *, base_url: str, origin: str, timeout_s: float) -> Login:
    """The login from now on: renewed by us, or by somebody else a moment ago; the same where it cannot be had."""
    lock = config.config_dir() / "renewal.lock"
    with file_lock(lock, wait_s=_WAIT_S, busy="Another command is renewing the sign-in."):
        kept = config.read_config().logins.get(origin)
        if kept is None or kept.token != login.token:
            return kept or replace(login, refresh_token=None)
        try:
            renewed = _ask(kept, base_url=base_url, origin=origin, timeout_s=timeout_s)
        except NetworkError:
            return login
        except ApiError as error:
            return replace(login, refresh_token=None) if error.status == 401 else login
        config.save_login(base_url, renewed)
        return renewed


def _ask(login: Login, *, base_url: str, origin: str, timeout_s: float) -> Login:
    """Without the access token: it may have ended. Lost answers are asked for again, under the same key."""
    body = json.dumps({"refresh_token": login.refresh_token}).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": secrets.token_hex(16)}
    transport = Transport(origin=origin, timeout_s=timeout_s)
    try:
        url = f"{base_url}/api/v1/auth/sessions/renew"
        answer = transport.send(Request(method="POST", url=url, headers=headers, open_body=lambda: body)).check().json()
    finally:
        transport.close()
    return config.check_login(
        Login(
            token=str(answer["access_token"]),
            username=str(answer["user"]["username"]),
            expires_at=str(answer["expires_at"]),
            refresh_token=str(answer["refresh_token"]),
        )
    )
