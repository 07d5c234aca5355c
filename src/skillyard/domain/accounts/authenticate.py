"""From a token to a caller: the one place where a token narrows what its owner may do."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts import rules, store, token_uses
from skillyard.domain.accounts.agent_keys import authenticate_agent
from skillyard.domain.accounts.errors import (
    AccountSuspended,
    PublisherSuspended,
    TokenExpired,
    TokenNotValid,
    TokenRevoked,
)
from skillyard.domain.accounts.id_token_bearers import accept_id_token, may_be_id_token
from skillyard.domain.accounts.issuers import identity_of, known_issuers
from skillyard.domain.accounts.model import ANONYMOUS, Caller, Token
from skillyard.domain.accounts.publisher import TrustedPublisher
from skillyard.domain.accounts.rights import Role, Scope
from skillyard.domain.accounts.store import publishers
from skillyard.infra.database import Tx
from skillyard.infra.ids import is_well_formed_secret
from skillyard.infra.secrets import hash_secret

PERSONAL_PREFIX = "sky_pt"
PUBLISHER_PREFIX = "sky_tp"


def authenticate(app: App, token: str | None) -> Caller:
    """The caller who presents this token; ANONYMOUS for None.

    An agent signs a bearer for each request; it is good once. One of a provider whose tokens are taken as they are is
    checked when it comes for the first time, and makes an account where that is allowed. Raises TokenNotValid (also for
    an empty one), TokenExpired, TokenRevoked, AccountSuspended or PublisherSuspended; for such tokens also what
    `authenticate_agent` and `accept_id_token` raise.
    """
    if token is None:
        return ANONYMOUS
    if is_well_formed_secret(token, PUBLISHER_PREFIX):
        return _publisher(app, token)
    caller = _user(app, token)
    if caller is None:
        raise TokenNotValid
    return caller


def caller_with_key(
    tx: Tx, *, user_id: str, key_id: str, scopes: frozenset[Scope], expires_ms: int | None, made_with: str | None
) -> Caller:
    """Whoever holds a key of this person that another domain keeps, and narrows further. `made_with`: the personal
    token with which it was made. Raises AccountSuspended, or TokenRevoked when that token was.
    """
    owner = store.get_user(tx, user_id)
    if owner.is_suspended:
        raise AccountSuspended(username=owner.username)
    if made_with is not None:
        token = store.find_token_of(tx, owner.id, made_with)
        if token is None or token.revoked_ms is not None:
            raise TokenRevoked
    return Caller(
        user_id=owner.id,
        username=owner.username,
        scopes=scopes,
        roles=store.list_roles(tx, owner.id),
        token_id=key_id,
        token_kind="collection",  # noqa: S106 (a kind)
        token_expires_ms=expires_ms,
        made_with=made_with,
    )


def check_owned(tx: Tx, publisher: TrustedPublisher) -> None:
    """A trusted publisher outlives who added it, but not the last owner of its namespace who can sign in."""
    if not store.has_owner(tx, publisher.namespace):
        raise PublisherSuspended(namespace=publisher.namespace)


def _user(app: App, token: str) -> Caller | None:
    if is_well_formed_secret(token, PERSONAL_PREFIX) or rules.is_key(token) or app.token_signer.is_ours(token):
        return _holder(app, token)
    agent = authenticate_agent(app, token)
    if agent is not None:
        return agent
    if not may_be_id_token(app, token):
        return None
    holder = _holder(app, token)
    if holder is None:
        accept_id_token(app, token)
    return holder or _holder(app, token)


def _holder(app: App, token: str) -> Caller | None:
    """Whose token it is; None for one that is not on record."""
    with app.database.reading() as tx:
        found = store.find_token(tx, secret_hash=hash_secret(token))
        if found is None:
            return None
        known, owner = found
        roles = store.list_roles(tx, known.user_id)
    _check_alive(known, app.clock.now_ms())
    if owner["suspended_ms"] is not None:
        raise AccountSuspended(username=owner["username"])
    token_uses.note(known, now_ms=app.clock.now_ms())
    return _caller(known, roles, username=owner["username"], is_admin=bool(owner["is_admin"]))


def _publisher(app: App, secret: str) -> Caller:
    with app.database.reading() as tx:
        found = publishers.find_token(tx, secret_hash=hash_secret(secret))
        if found is None:
            raise TokenNotValid
        publisher, provenance, token = found
        check_owned(tx, publisher)
    system = known_issuers(app.settings.trusted_issuers).get(publisher.issuer)
    if system is None:
        raise TokenNotValid
    if token["expires_ms"] <= app.clock.now_ms():
        raise TokenExpired
    return Caller(
        user_id=publisher.id,
        username=identity_of(system, publisher.claims),
        scopes=frozenset({Scope.PUBLISH}),
        roles={publisher.namespace: Role.MAINTAINER},
        token_id=token["token_id"],
        token_kind="publisher",  # noqa: S106 (a kind)
        token_namespaces=frozenset({publisher.namespace}),
        token_skills=frozenset({token["token_skill"]}) if token["token_skill"] else None,
        token_expires_ms=token["expires_ms"],
        provenance=provenance,
    )


def _check_alive(token: Token, now_ms: int) -> None:
    if token.revoked_ms is not None:
        raise TokenRevoked
    if token.expires_ms <= now_ms:
        raise TokenExpired


def _caller(token: Token, roles: dict[str, Role], *, username: str, is_admin: bool) -> Caller:
    limited_to = token.namespaces
    return Caller(
        user_id=token.user_id,
        username=username,
        is_admin=is_admin,
        scopes=token.scopes if is_admin else token.scopes - {Scope.ADMIN},
        roles=roles if limited_to is None else {slug: role for slug, role in roles.items() if slug in limited_to},
        token_id=token.id,
        token_kind=token.kind,
        token_namespaces=limited_to,
        token_integrations=token.integrations,
        token_expires_ms=token.expires_ms,
    )
