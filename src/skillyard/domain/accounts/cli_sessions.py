"""A command line signs in through the browser: it waits with a secret of its own, somebody approves, it collects.

The shape of RFC 8628 (device authorization), bound to the client like RFC 7636 (S256 challenge).
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from skillyard.app import App
from skillyard.domain.accounts import rules, store
from skillyard.domain.accounts.cli_session import CliSession, CliSessionDecided, CliSessionStatus
from skillyard.domain.accounts.errors import CliSessionDecidedBefore, CliSessionNotFound, PolledTooSoon
from skillyard.domain.accounts.model import Caller, Session
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.sessions import add_session, limit_sign_ins, signed_in_ms
from skillyard.domain.accounts.tokens import DEFAULT_DAYS, add_token
from skillyard.infra.database import Row, Tx
from skillyard.infra.ids import new_id

LIFE_MS = 10 * 60 * 1000
# RFC 8628, section 6.1: consonants only, so that no words arise and nothing looks like a digit.
_USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class CliPoll:
    """What the waiting command line learns; `session` is there exactly once, after the approval."""

    status: CliSessionStatus
    session: Session | None = None


def start_cli_session(
    app: App,
    *,
    code_challenge: str,
    client_name: str,
    address: str,
    scopes: Collection[Scope] | None = None,
    integrations: Collection[str] | None = None,
    life_ms: int = LIFE_MS,
) -> CliSession:
    """Begin to wait for an approval. `code_challenge` is base64url(sha256(verifier)); the client keeps the verifier.

    `scopes`: hand out a personal token with these, which its owner can list and revoke, instead of a short session
    with all. `integrations`: those that it may call, all without. Raises NotAcceptable, TooManySignIns.
    """
    limit_sign_ins(app, address=address)
    faults = [*rules.check_challenge(code_challenge), *rules.check_label(client_name, what="client's name")]
    rules.refuse([*faults, *(rules.check_integrations(integrations) if integrations is not None else [])])
    now_ms = app.clock.now_ms()
    session = CliSession(
        id=new_id("cli"),
        user_code=_new_user_code(),
        client_name=client_name,
        status="pending",
        created_ms=now_ms,
        expires_ms=now_ms + min(life_ms, LIFE_MS),
        scopes=None if scopes is None else frozenset(scopes),
        token_days=None if scopes is None else DEFAULT_DAYS,
        integrations=None if integrations is None else frozenset(integrations),
    )
    with app.database.transaction() as tx:
        store.add_cli_session(tx, session, code_challenge=code_challenge)
    return session


def poll_cli_session(app: App, *, session_id: str, code_verifier: str, least_ms: int = 0) -> CliPoll:
    """What became of it; the access token once, to the holder of the verifier. `least_ms`: how long there must be
    between two polls.

    Raises CliSessionNotFound also for a wrong verifier, CliSessionDecidedBefore after the token was handed out, and
    PolledTooSoon.
    """
    with app.database.reading() as tx:
        row = _get(tx, session_id)
    if not rules.is_challenge_met(row["code_challenge"], code_verifier):
        raise CliSessionNotFound
    if least_ms:
        _note_poll(app, session_id, least_ms)
    status = _status(app, row)
    if status != "approved":
        return CliPoll(status=status)
    with app.database.transaction() as tx:
        if not store.hand_out_cli_session(tx, session_id, now_ms=app.clock.now_ms()):
            raise CliSessionDecidedBefore(status="completed")
        session = _hand_out(tx, app, row)
    return CliPoll(status="approved", session=session)


def get_cli_session(app: App, caller: Caller, *, session_id: str) -> CliSession:
    """What waits, for the person who is asked to approve it. Raises CliSessionNotFound."""
    caller.must("identify")
    with app.database.reading() as tx:
        return _cli_session(app, _get(tx, session_id))


def find_cli_session(app: App, caller: Caller, *, user_code: str, address: str) -> CliSession:
    """What waits under the code that somebody reads off another screen; hyphens, blanks and case do not matter.

    Raises CliSessionNotFound, and TooManySignIns for whoever tries many.
    """
    caller.must("approve_sign_in")
    limit_sign_ins(app, address=address, username=caller.identity[1])
    letters = "".join(letter for letter in user_code.upper() if letter in _USER_CODE_LETTERS)
    with app.database.reading() as tx:
        row = store.find_waiting_cli_session(tx, f"{letters[:4]}-{letters[4:]}", now_ms=app.clock.now_ms())
    if row is None:
        raise CliSessionNotFound
    return _cli_session(app, row)


def approve_cli_session(app: App, caller: Caller, *, session_id: str) -> CliSession:
    """Let the command line sign in as the caller. Raises CliSessionNotFound, CliSessionDecidedBefore."""
    return _decide(app, caller, session_id, "approved")


def deny_cli_session(app: App, caller: Caller, *, session_id: str) -> CliSession:
    """Turn the command line away. Raises CliSessionNotFound, CliSessionDecidedBefore."""
    return _decide(app, caller, session_id, "denied")


def _decide(app: App, caller: Caller, session_id: str, status: Literal["approved", "denied"]) -> CliSession:
    caller.must("approve_sign_in")
    user_id, username = caller.identity
    with app.database.transaction() as tx:
        row = _get(tx, session_id)
        since_ms = signed_in_ms(tx, caller)
        if not store.decide_cli_session(
            tx, session_id, status, user_id, signed_in_ms=since_ms, now_ms=app.clock.now_ms()
        ):
            raise CliSessionDecidedBefore(status=_status(app, row))
        decided = _cli_session(app, _get(tx, session_id))
        app.events.record(tx, CliSessionDecided(session_id=session_id, username=username, status=status))
    return decided


def _note_poll(app: App, session_id: str, least_ms: int) -> None:
    with app.database.transaction(durable=False) as tx:
        if not store.note_poll(tx, session_id, now_ms=app.clock.now_ms(), least_ms=least_ms):
            raise PolledTooSoon(seconds=least_ms // 1000)


def _hand_out(tx: Tx, app: App, row: Row) -> Session:
    user = store.get_user(tx, row["user_id"])
    if row["scopes"] is None:
        return add_session(tx, app, user, how="cli", signed_in_ms=row["signed_in_ms"])
    scopes = frozenset(Scope(word) for word in row["scopes"].split())
    integrations = None if row["integrations"] is None else frozenset(row["integrations"].split())
    new = add_token(
        tx, app, user, name=row["client_name"], scopes=scopes, days=row["token_days"], integrations=integrations
    )
    return Session(access_token=new.secret, expires_ms=new.token.expires_ms, user=user)


def _get(tx: Tx, session_id: str) -> Row:
    row = store.find_cli_session(tx, session_id) if rules.is_plain(session_id) else None
    if row is None:
        raise CliSessionNotFound
    return row


def _cli_session(app: App, row: Row) -> CliSession:
    return CliSession(
        id=row["id"],
        user_code=row["user_code"],
        client_name=row["client_name"],
        status=_status(app, row),
        created_ms=row["created_ms"],
        expires_ms=row["expires_ms"],
        scopes=None if row["scopes"] is None else frozenset(Scope(word) for word in row["scopes"].split()),
        token_days=row["token_days"],
        integrations=None if row["integrations"] is None else frozenset(row["integrations"].split()),
    )


def _status(app: App, row: Row) -> CliSessionStatus:
    return rules.decide_cli_status(row["status"], expires_ms=row["expires_ms"], now_ms=app.clock.now_ms())


def _new_user_code() -> str:
    letters = "".join(secrets.choice(_USER_CODE_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"
