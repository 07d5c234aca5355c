"""Signing in ends here, whichever way it came: a short-lived access token; and signing out, which revokes it."""

from __future__ import annotations

from typing import Literal

from skillyard.app import App
from skillyard.domain.accounts import store
from skillyard.domain.accounts.authenticate import ACCESS_PREFIX
from skillyard.domain.accounts.errors import AccountSuspended, TooManySignIns
from skillyard.domain.accounts.model import Caller, Session, Token, TokenRevoked, User, UserSignedIn
from skillyard.domain.accounts.rights import Scope
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id, new_secret
from skillyard.infra.secrets import hash_secret

WayIn = Literal["link", "password", "cli"]

SHOWN_CHARS = 12
_MINUTE_MS = 60_000


def add_session(tx: Tx, app: App, user: User, *, how: WayIn) -> Session:
    """Add an access token with every scope. Records an event: call it last. Raises AccountSuspended."""
    if user.is_suspended:
        raise AccountSuspended(username=user.username)
    secret = new_secret(ACCESS_PREFIX)
    now_ms = app.clock.now_ms()
    token = Token(
        id=new_id("tok"),
        user_id=user.id,
        kind="access",
        name=how,
        prefix=secret[:SHOWN_CHARS],
        scopes=frozenset(Scope),
        namespaces=None,
        created_ms=now_ms,
        expires_ms=now_ms + app.settings.access_token_minutes * _MINUTE_MS,
        last_used_ms=None,
        revoked_ms=None,
    )
    store.add_token(tx, token, secret_hash=hash_secret(secret))
    app.events.record(tx, UserSignedIn(username=user.username, token_id=token.id, how=how))
    return Session(access_token=secret, expires_ms=token.expires_ms, user=user)


def sign_out(app: App, caller: Caller) -> None:
    """Revoke the token that the caller presents, of whatever kind."""
    caller.must("identify")
    user_id, username = caller.identity
    assert caller.token_id is not None
    with app.database.transaction() as tx:
        if store.revoke_token(tx, user_id, caller.token_id, now_ms=app.clock.now_ms()):
            app.events.record(tx, TokenRevoked(token_id=caller.token_id, username=username))


def limit_sign_ins(app: App, *, address: str | None = None, username: str | None = None) -> None:
    """Count an attempt for the address and for the account. Raises TooManySignIns when one had too many."""
    keys = ([f"sign-in from {address}"] if address else []) + ([f"sign-in to {username}"] if username else [])
    verdicts = [app.limiter.check(key, app.settings.logins_per_minute, 60) for key in keys]
    refused = [verdict.reset_s for verdict in verdicts if not verdict.allowed]
    if refused:
        raise TooManySignIns(retry_after_s=max(refused))
