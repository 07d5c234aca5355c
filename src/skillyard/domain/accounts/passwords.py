"""Sign in with a password, and set one."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts import rules, store
from skillyard.domain.accounts.errors import PasswordNotRight, SignInFailed
from skillyard.domain.accounts.model import Caller, PasswordChanged, Session, User
from skillyard.domain.accounts.password_hash import hash_password, is_outdated, is_password
from skillyard.domain.accounts.sessions import add_session, end_sessions, limit_sign_ins


def sign_in_with_password(app: App, *, username: str, password: str, address: str) -> Session:
    """A session for the right password. Raises SignInFailed (the same for an unknown user) or TooManySignIns."""
    known = username if rules.is_name(username) else None
    limit_sign_ins(app, address=address, username=known)
    user, stored = _find(app, known)
    if not is_password(password, stored) or user is None or stored is None:
        raise SignInFailed
    renewed = hash_password(password) if is_outdated(stored) else None
    with app.database.transaction() as tx:
        if renewed:
            store.replace_password(tx, user.id, renewed, instead_of=stored)
        return add_session(tx, app, user, how="password")


def set_password(app: App, caller: Caller, *, password: str, current_password: str | None = None) -> User:
    """Set the caller's password and sign out everywhere else.

    Who has one must name it. Who forgot it asks for a sign-in link, and sets a new one there. Raises PasswordNotRight,
    NotAcceptable, TooManySignIns.
    """
    caller.must("change_password")
    user_id, username = caller.identity
    rules.refuse(rules.check_password(password, username=username))
    user, stored = _find(app, username)
    if stored is not None:
        limit_sign_ins(app, username=username)
        if not is_password(current_password or "", stored):
            raise PasswordNotRight
    hashed = hash_password(password)
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        if not store.replace_password(tx, user_id, hashed, instead_of=stored):
            raise PasswordNotRight
        end_sessions(tx, user_id, but=caller.token_id, now_ms=now_ms)
        user = store.get_user(tx, user_id)
        app.events.record(tx, PasswordChanged(username=username))
    return user


def _find(app: App, username: str | None) -> tuple[User | None, str | None]:
    if username is None:
        return None, None
    with app.database.reading() as tx:
        return store.find_password(tx, username=username) or (None, None)
