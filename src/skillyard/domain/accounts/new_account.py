"""A new account with the personal namespace of its name. Who may have one is decided by whoever calls."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts import store
from skillyard.domain.accounts.errors import NamespaceTaken
from skillyard.domain.accounts.model import MemberChanged, Namespace, NamespaceCreated, User, UserCreated
from skillyard.domain.accounts.rights import Role
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.skill.names import skeleton


def add_account(
    tx: Tx, app: App, name: str, display_name: str, *, password_hash: str | None = None, is_admin: bool = False
) -> User:
    """Add the account of a `name` that may be one (rules.check_new_name). Raises NamespaceTaken."""
    now_ms = app.clock.now_ms()
    home = Namespace(slug=name, kind="personal", display_name=display_name, created_ms=now_ms)
    if not store.add_namespace(tx, home, skeleton=skeleton(name)):
        raise NamespaceTaken(namespace=name)
    user = User(
        id=new_id("usr"),
        username=name,
        display_name=display_name,
        is_admin=is_admin,
        is_suspended=False,
        has_password=password_hash is not None,
        created_ms=now_ms,
    )
    store.add_user(tx, user, password_hash=password_hash)
    store.set_member(tx, name, user.id, Role.OWNER, now_ms=now_ms)
    app.events.record(tx, UserCreated(user_id=user.id, username=name, is_admin=is_admin))
    app.events.record(tx, NamespaceCreated(namespace=name, namespace_kind=home.kind, by=name))
    app.events.record(tx, MemberChanged(namespace=name, username=name, role=Role.OWNER.value, by=name))
    return user
