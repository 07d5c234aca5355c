"""Signing in ends here, whichever way it came: a session with a short-lived access token, renewed until it ends.

Refresh tokens work once each. One that comes twice was copied: the whole session ends (RFC 9700, section 4.14.2).
"""

from __future__ import annotations

from typing import Literal

from skillyard.app import App
from skillyard.domain.accounts import store
from skillyard.domain.accounts.errors import (
    AccountSuspended,
    RefreshTokenNotValid,
    RefreshTokenUsedBefore,
    SignInTooOld,
    TooManySignIns,
)
from skillyard.domain.accounts.model import Caller, Session, SessionEnded, Token, TokenRevoked, User, UserSignedIn
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.store import sessions
from skillyard.infra.database import Row, Tx
from skillyard.infra.ids import is_well_formed_secret, new_id, new_secret
from skillyard.infra.secrets import hash_secret

WayIn = Literal["link", "password", "cli", "oidc"]

REFRESH_PREFIX = "sky_rt"
SHOWN_CHARS = 12
FRESH_MS = 10 * 60 * 1000
_MINUTE_MS = 60_000
_DAY_MS = 24 * 3600 * 1000


def add_session(tx: Tx, app: App, user: User, *, how: WayIn, signed_in_ms: int | None = None) -> Session:
    """Begin a session with every scope. `signed_in_ms`: when the person proved who they are, if not just now.

    Records an event: call it last. Raises AccountSuspended.
    """
    if user.is_suspended:
        raise AccountSuspended(username=user.username)
    session_id, now_ms = new_id("ses"), app.clock.now_ms()
    started_ms = now_ms if signed_in_ms is None else signed_in_ms
    sessions.add_session(tx, session_id, user.id, how=how, started_ms=started_ms, expires_ms=now_ms + _life_ms(app))
    token_id, session = _hand_out(tx, app, user, session_id, name=how)
    app.events.record(tx, UserSignedIn(username=user.username, token_id=token_id, how=how))
    return session


def renew_session(app: App, *, refresh_token: str) -> Session:
    """A new access token and a new refresh token for one that was not used yet.

    Raises RefreshTokenNotValid, RefreshTokenUsedBefore (the session is over then) or AccountSuspended.
    """
    if not is_well_formed_secret(refresh_token, REFRESH_PREFIX):
        raise RefreshTokenNotValid
    secret_hash, now_ms = hash_secret(refresh_token), app.clock.now_ms()
    with app.database.transaction() as tx:
        found = sessions.find_session_of(tx, secret_hash=secret_hash)
        if found is None or found["ended_ms"] is not None or found["expires_ms"] <= now_ms:
            raise RefreshTokenNotValid
        user = store.get_user(tx, found["user_id"])
        if user.is_suspended:
            raise AccountSuspended(username=user.username)
        if sessions.use_refresh_token(tx, secret_hash=secret_hash, now_ms=now_ms):
            sessions.set_expiry(tx, found["id"], now_ms + _life_ms(app))
            _, renewed = _hand_out(tx, app, user, found["id"], name=found["how"])
            return renewed
        _end(tx, app, found, user)
    raise RefreshTokenUsedBefore


def sign_out(app: App, caller: Caller) -> None:
    """Revoke the token that the caller presents, of whatever kind, and end the session that it belongs to."""
    caller.must("identify")
    user_id, username = caller.identity
    assert caller.token_id is not None
    with app.database.transaction() as tx:
        token = store.find_token_of(tx, user_id, caller.token_id)
        if token is not None and token.session_id is not None:
            sessions.end_session(tx, token.session_id, now_ms=app.clock.now_ms())
        if token is not None and token.revoked_ms is None:
            store.revoke_token(tx, user_id, token.id, now_ms=app.clock.now_ms())
            app.events.record(tx, TokenRevoked(token_id=token.id, username=username))


def end_sessions(tx: Tx, user_id: str, *, but: str | None, now_ms: int) -> None:
    """Sign somebody out everywhere, but where the token of that id is used."""
    kept = store.find_token_of(tx, user_id, but) if but else None
    sessions.end_sessions(tx, user_id, but=kept.session_id if kept else None, now_ms=now_ms)
    store.revoke_access_tokens(tx, user_id, but=but, now_ms=now_ms)


def check_fresh(tx: Tx, app: App, caller: Caller) -> None:
    """For what whoever found an open session must not do: the person has signed in within the last ten minutes.

    Raises SignInTooOld.
    """
    if app.clock.now_ms() - signed_in_ms(tx, caller) > FRESH_MS:
        raise SignInTooOld(minutes=FRESH_MS // _MINUTE_MS)


def signed_in_ms(tx: Tx, caller: Caller) -> int:
    """When the person behind the caller's session proved who they are; 0 where nobody did, as for a personal token."""
    user_id, _ = caller.identity
    token = store.find_token_of(tx, user_id, caller.token_id or "")
    session = sessions.find_session(tx, token.session_id) if token and token.session_id else None
    return int(session["started_ms"]) if session else 0


def limit_sign_ins(app: App, *, address: str | None = None, username: str | None = None) -> None:
    """Count an attempt for the address and for the account. Raises TooManySignIns when one had too many."""
    keys = ([f"sign-in from {address}"] if address else []) + ([f"sign-in to {username}"] if username else [])
    verdicts = [app.limiter.check(key, app.settings.logins_per_minute, 60) for key in keys]
    refused = [verdict.reset_s for verdict in verdicts if not verdict.allowed]
    if refused:
        raise TooManySignIns(retry_after_s=max(refused))


def _hand_out(tx: Tx, app: App, user: User, session_id: str, *, name: str) -> tuple[str, Session]:
    """The id of a new access token, and what its owner gets."""
    token_id, now_ms = new_id("tok"), app.clock.now_ms()
    expires_ms = now_ms + app.settings.access_token_minutes * _MINUTE_MS
    secret = app.token_signer.sign(token_id=token_id, subject=user.id, issued_ms=now_ms, expires_ms=expires_ms)
    refresh_token = new_secret(REFRESH_PREFIX)
    token = Token(
        id=token_id,
        user_id=user.id,
        kind="access",
        name=name,
        prefix=secret[:SHOWN_CHARS],
        scopes=frozenset(Scope),
        namespaces=None,
        created_ms=now_ms,
        expires_ms=expires_ms,
        last_used_ms=None,
        revoked_ms=None,
        session_id=session_id,
    )
    store.add_token(tx, token, secret_hash=hash_secret(secret))
    sessions.add_refresh_token(tx, session_id, secret_hash=hash_secret(refresh_token), now_ms=now_ms)
    return token_id, Session(access_token=secret, refresh_token=refresh_token, expires_ms=expires_ms, user=user)


def _end(tx: Tx, app: App, session: Row, user: User) -> None:
    sessions.end_session(tx, session["id"], now_ms=app.clock.now_ms())
    app.events.record(tx, SessionEnded(username=user.username, session_id=session["id"], why="refresh_token_reused"))


def _life_ms(app: App) -> int:
    """At least as long as its access token."""
    return max(app.settings.session_days * _DAY_MS, app.settings.access_token_minutes * _MINUTE_MS)
