"""Personal tokens: for machines, with scopes, an end, and perhaps some namespaces or integrations only.

One that only calls integrations is a *key*: `sk_` and 64 hexadecimal digits, as programs that call them expect it.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts import rules, store
from skillyard.domain.accounts.authenticate import PERSONAL_PREFIX
from skillyard.domain.accounts.errors import AccountSuspended, NamespaceNotFound, ScopesTooWide, TokenNotFound
from skillyard.domain.accounts.model import Caller, Token, TokenCreated, TokenRevoked, User
from skillyard.domain.accounts.rights import KEY_SCOPES, Scope, includes
from skillyard.domain.accounts.sessions import SHOWN_CHARS
from skillyard.domain.accounts.store import agents
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id, new_secret
from skillyard.infra.paging import Page, page_of, read_cursor
from skillyard.infra.secrets import hash_secret

DEFAULT_DAYS = 90
_KEY_BYTES = 32
_SHOWN_OF_KEY = 8
_DAY_MS = 24 * 3600 * 1000
_AFTER_ALL_IDS = "zzzz"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token and its secret, which is not kept: show it now or never."""

    secret: str
    token: Token


def create_token(
    app: App,
    caller: Caller,
    *,
    name: str,
    scopes: Collection[Scope],
    expires_in_days: int = DEFAULT_DAYS,
    namespaces: Collection[str] | None = None,
    integrations: Collection[str] | None = None,
) -> NewToken:
    """Make a personal token, no wider than the token that asks; one made by a personal token does not outlive it.

    Raises NotAcceptable, ScopesTooWide, NamespaceNotFound.
    """
    caller.must("manage_tokens")
    faults = rules.check_token(
        name=name, scopes=scopes, expires_in_days=expires_in_days, namespaces=namespaces, integrations=integrations
    )
    rules.refuse(faults)
    _check_not_wider(caller, scopes, namespaces)
    user_id, username = caller.identity
    now_ms = app.clock.now_ms()
    new = _new_token(
        user_id,
        name=name,
        scopes=scopes,
        namespaces=namespaces,
        integrations=integrations,
        created_ms=now_ms,
        expires_ms=_end(caller, now_ms + expires_in_days * _DAY_MS),
    )
    with app.database.transaction() as tx:
        store.add_token(tx, new.token, secret_hash=hash_secret(new.secret))
        app.events.record(tx, _created(new.token, username))
    return new


def add_token(
    tx: Tx,
    app: App,
    user: User,
    *,
    name: str,
    scopes: frozenset[Scope],
    days: int,
    integrations: frozenset[str] | None = None,
) -> NewToken:
    """Add a personal token that the user has agreed to otherwise. Records an event: call it last.

    Raises AccountSuspended.
    """
    if user.is_suspended:
        raise AccountSuspended(username=user.username)
    now_ms = app.clock.now_ms()
    new = _new_token(
        user.id,
        name=name,
        scopes=scopes,
        namespaces=None,
        integrations=integrations,
        created_ms=now_ms,
        expires_ms=now_ms + days * _DAY_MS,
    )
    store.add_token(tx, new.token, secret_hash=hash_secret(new.secret))
    app.events.record(tx, _created(new.token, user.username))
    return new


def list_tokens(
    app: App, caller: Caller, *, limit: int = 30, cursor: str | None = None, only_keys: bool = False
) -> Page[Token]:
    """The caller's personal tokens, also expired and revoked ones, the newest first. `only_keys`: those that only call
    integrations.
    """
    caller.must("manage_tokens")
    user_id, _ = caller.identity
    (before,) = read_cursor(cursor, [_AFTER_ALL_IDS])
    with app.database.reading() as tx:
        found = store.list_personal_tokens(
            tx, user_id, before=str(before), limit=limit + 1, scopes=KEY_SCOPES if only_keys else None
        )
    return page_of(found, limit, lambda token: [token.id])


def revoke_token(app: App, caller: Caller, *, token_id: str, only_keys: bool = False) -> Token:
    """Make one of the caller's tokens void at once, with the keys of agents that were enrolled with it; again is no
    fault. `only_keys`: only if it is one that only calls integrations. Raises TokenNotFound.
    """
    caller.must("manage_tokens")
    user_id, username = caller.identity
    with app.database.transaction() as tx:
        token = store.find_token_of(tx, user_id, token_id) if rules.is_plain(token_id) else None
        if token is None or (only_keys and token.scopes != KEY_SCOPES):
            raise TokenNotFound(token_id=token_id)
        if store.revoke_token(tx, user_id, token_id, now_ms=app.clock.now_ms()):
            agents.remove_keys_ending(tx, user_id, expires_ms=token.expires_ms)
            app.events.record(tx, TokenRevoked(token_id=token_id, username=username))
        revoked = store.find_token_of(tx, user_id, token_id)
    assert revoked is not None
    return revoked


def _new_token(
    user_id: str,
    *,
    name: str,
    scopes: Collection[Scope],
    namespaces: Collection[str] | None,
    integrations: Collection[str] | None,
    created_ms: int,
    expires_ms: int,
) -> NewToken:
    is_key = set(scopes) == KEY_SCOPES
    secret = f"sk_{secrets.token_hex(_KEY_BYTES)}" if is_key else new_secret(PERSONAL_PREFIX)
    token = Token(
        id=new_id("tok"),
        user_id=user_id,
        kind="personal",
        name=name,
        prefix=secret[: _SHOWN_OF_KEY if is_key else SHOWN_CHARS],
        scopes=frozenset(scopes),
        namespaces=None if namespaces is None else frozenset(namespaces),
        created_ms=created_ms,
        expires_ms=expires_ms,
        last_used_ms=None,
        revoked_ms=None,
        integrations=None if integrations is None else frozenset(integrations),
    )
    return NewToken(secret=secret, token=token)


def _check_not_wider(caller: Caller, scopes: Collection[Scope], namespaces: Collection[str] | None) -> None:
    too_wide = sorted(scope for scope in set(scopes) if not includes(caller.scopes, scope))
    if too_wide:
        raise ScopesTooWide(scopes=", ".join(too_wide))
    for namespace in sorted(namespaces or ()):
        if namespace not in caller.roles:
            raise NamespaceNotFound(namespace=namespace)


def _end(caller: Caller, wanted_ms: int) -> int:
    is_bound = caller.token_kind == "personal" and caller.token_expires_ms is not None  # noqa: S105 (a kind)
    return min(wanted_ms, caller.token_expires_ms or wanted_ms) if is_bound else wanted_ms


def _created(token: Token, username: str) -> TokenCreated:
    return TokenCreated(
        token_id=token.id,
        username=username,
        scopes=tuple(sorted(token.scopes)),
        namespaces=None if token.namespaces is None else tuple(sorted(token.namespaces)),
        expires_ms=token.expires_ms,
        integrations=None if token.integrations is None else tuple(sorted(token.integrations)),
    )
