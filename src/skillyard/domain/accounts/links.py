"""One-time sign-in links: for the first administrator, for somebody who is invited, for somebody with an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from skillyard.app import App
from skillyard.domain.accounts import rules, store
from skillyard.domain.accounts.errors import LinkNotValid, UserNotFound
from skillyard.domain.accounts.model import Caller, PasswordChanged, Session, SignInLink, SignInLinkCreated, User
from skillyard.domain.accounts.new_account import add_account
from skillyard.domain.accounts.password_hash import hash_password
from skillyard.domain.accounts.sessions import add_session, end_sessions
from skillyard.infra.database import Tx
from skillyard.infra.ids import is_well_formed_secret, new_secret
from skillyard.infra.secrets import hash_secret

LinkKind = Literal["first_admin", "invitation", "sign_in"]

_PREFIX = "sky_link"
_LIFE_MS = 24 * 3600 * 1000
_FIRST = "accounts.first"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPreview:
    """What a link would do: sign in the `user`, or create an account when that is None."""

    kind: LinkKind
    user: User | None
    expires_ms: int


def first_sign_in_link(app: App) -> str | None:
    """The address of a fresh link that creates the first administrator. None once there is an account.

    Each node that starts prints one; all of them are void as soon as one was used.
    """
    with app.database.transaction() as tx:
        tx.lock(_FIRST)
        if store.has_users(tx):
            return None
        return _add_link(tx, app, "first_admin").url


def operator_sign_in_link(app: App, username: str | None = None) -> str:
    """The address of a link, for whoever runs commands on the server itself: for an account, or to create one."""
    if username is None and (first := first_sign_in_link(app)):
        return first
    with app.database.transaction() as tx:
        return _add_link_for(tx, app, username, by=None).url


def create_sign_in_link(app: App, caller: Caller, *, username: str | None = None) -> SignInLink:
    """A link for an existing account, or an invitation when none is named. Raises UserNotFound."""
    caller.must("administer")
    with app.database.transaction() as tx:
        return _add_link_for(tx, app, username, by=caller.username)


def look_at_link(app: App, code: str) -> LinkPreview:
    """What the link would do, without using it up. Raises LinkNotValid."""
    if not is_well_formed_secret(code, _PREFIX):
        raise LinkNotValid
    with app.database.reading() as tx:
        link = store.find_link(tx, hash_secret(code), now_ms=app.clock.now_ms())
        if link is None or (link["kind"] == "first_admin" and store.has_users(tx)):
            raise LinkNotValid
        user = store.get_user(tx, link["user_id"]) if link["user_id"] else None
    return LinkPreview(kind=link["kind"], user=user, expires_ms=link["expires_ms"])


def redeem_link(
    app: App,
    *,
    code: str,
    username: str | None = None,
    display_name: str | None = None,
    password: str | None = None,
) -> Session:
    """Use the link up and sign in.

    Without an account behind it, it creates one called `username`, with the personal namespace of that name. For an
    account that exists, username and display name are ignored, and a password replaces the one before. Raises
    LinkNotValid, NotAcceptable, NamespaceTaken, AccountSuspended; a refusal leaves the link usable.
    """
    link = look_at_link(app, code)
    name = link.user.username if link.user else username or ""
    faults = [] if link.user else rules.check_new_name(name, what="username")
    faults += rules.check_label(display_name, what="display name") if display_name else []
    faults += rules.check_password(password, username=name) if password else []
    rules.refuse(faults)
    hashed = hash_password(password) if password else None
    with app.database.transaction() as tx:
        _use(tx, app, code, link.kind)
        if link.user is None:
            is_admin = link.kind == "first_admin"
            user = add_account(tx, app, name, display_name or name, password_hash=hashed, is_admin=is_admin)
        else:
            user = _renew_password(tx, app, link.user, hashed)
        return add_session(tx, app, user, how="link")


def _use(tx: Tx, app: App, code: str, kind: LinkKind) -> None:
    if kind == "first_admin":
        tx.lock(_FIRST)
        if store.has_users(tx):
            raise LinkNotValid
    if not store.use_link(tx, hash_secret(code), now_ms=app.clock.now_ms()):
        raise LinkNotValid


def _renew_password(tx: Tx, app: App, user: User, hashed: str | None) -> User:
    if hashed is None:
        return user
    store.set_password(tx, user.id, hashed)
    end_sessions(tx, user.id, but=None, now_ms=app.clock.now_ms())
    app.events.record(tx, PasswordChanged(username=user.username))
    return store.get_user(tx, user.id)


def _add_link_for(tx: Tx, app: App, username: str | None, *, by: str | None) -> SignInLink:
    if username is None:
        return _add_link(tx, app, "invitation", by=by)
    user = store.find_user(tx, username=username) if rules.is_name(username) else None
    if user is None:
        raise UserNotFound(username=username)
    return _add_link(tx, app, "sign_in", user=user, by=by)


def _add_link(tx: Tx, app: App, kind: LinkKind, *, user: User | None = None, by: str | None = None) -> SignInLink:
    code = new_secret(_PREFIX)
    now_ms = app.clock.now_ms()
    store.add_link(
        tx,
        hash_secret(code),
        kind=kind,
        user_id=user.id if user else None,
        created_ms=now_ms,
        expires_ms=now_ms + _LIFE_MS,
    )
    username = user.username if user else None
    app.events.record(tx, SignInLinkCreated(link_kind=kind, username=username, by=by))
    return SignInLink(url=f"{app.settings.address}/sign-in/{code}", code=code, expires_ms=now_ms + _LIFE_MS)
