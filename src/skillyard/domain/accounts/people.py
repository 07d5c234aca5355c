"""Who am I; and locking people out, by an administrator."""

from __future__ import annotations

from dataclasses import dataclass, replace

from skillyard.app import App
from skillyard.domain.accounts import rules, store
from skillyard.domain.accounts.errors import NotYourself, UserNotFound
from skillyard.domain.accounts.model import (
    Caller,
    Namespace,
    Token,
    TokenKind,
    User,
    UserRestored,
    UserSuspended,
)
from skillyard.domain.accounts.store import agents
from skillyard.infra.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """The caller: the account, the token with the scopes that count, the namespaces that it reaches."""

    user: User
    token: Token
    namespaces: tuple[Namespace, ...]


def get_me(app: App, caller: Caller) -> Me:
    """Raises Unauthenticated when nobody is signed in."""
    caller.must("identify")
    user_id, _ = caller.identity
    roles = caller.listed_roles
    with app.database.reading() as tx:
        token = _token_in_use(tx, caller)
        return Me(
            user=store.get_user(tx, user_id),
            token=token,
            namespaces=tuple(store.list_namespaces(tx, roles, after="", limit=len(roles))),
        )


def _token_in_use(tx: Tx, caller: Caller) -> Token:
    """With the scopes that count. An agent's bearer is not on record: it shows the key that signed it. Nor are keys
    of collections, which are on record elsewhere.
    """
    user_id, _ = caller.identity
    if caller.agent_id is not None:
        agent = agents.find_agent(tx, caller.agent_id)
        assert agent is not None
        return _key_in_use(caller, "agent", name=agent.name, created_ms=agent.created_ms)
    if caller.token_kind == "collection":  # noqa: S105 (a kind)
        return _key_in_use(caller, "collection", name="", created_ms=0)
    token = store.find_token_of(tx, user_id, caller.token_id or "")
    assert token is not None
    return replace(token, scopes=caller.scopes)


def _key_in_use(caller: Caller, kind: TokenKind, *, name: str, created_ms: int) -> Token:
    return Token(
        id=caller.token_id or "",
        user_id=caller.identity[0],
        kind=kind,
        name=name,
        prefix="",
        scopes=caller.scopes,
        namespaces=None,
        created_ms=created_ms,
        expires_ms=caller.token_expires_ms or 0,
        last_used_ms=None,
        revoked_ms=None,
    )


def suspend_user(app: App, caller: Caller, *, username: str) -> User:
    """Refuse all of somebody's tokens and passwords until restored. Raises UserNotFound, NotYourself."""
    caller.must("administer")
    if username == caller.username:
        raise NotYourself
    return _set_suspended(app, caller, username, is_suspended=True)


def restore_user(app: App, caller: Caller, *, username: str) -> User:
    """Let somebody in again. Raises UserNotFound."""
    caller.must("administer")
    return _set_suspended(app, caller, username, is_suspended=False)


def _set_suspended(app: App, caller: Caller, username: str, *, is_suspended: bool) -> User:
    _, by = caller.identity
    with app.database.transaction() as tx:
        user = store.find_user(tx, username=username) if rules.is_name(username) else None
        if user is None:
            raise UserNotFound(username=username)
        if user.is_suspended != is_suspended:
            store.set_suspended(tx, user.id, app.clock.now_ms() if is_suspended else None)
            event = UserSuspended if is_suspended else UserRestored
            app.events.record(tx, event(username=username, by=by))
        return store.get_user(tx, user.id)
