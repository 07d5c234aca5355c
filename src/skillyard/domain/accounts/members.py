"""Who belongs to a namespace, and as what. It always keeps an owner who can sign in."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts import rules, store
from skillyard.domain.accounts.errors import LastOwner, MemberNotFound, PersonalNamespace, UserNotFound
from skillyard.domain.accounts.model import Caller, Member, MemberChanged, MemberRemoved
from skillyard.domain.accounts.rights import Role
from skillyard.infra.database import Tx
from skillyard.infra.paging import Page, page_of, read_cursor


def list_members(
    app: App, caller: Caller, *, namespace: str, limit: int = 30, cursor: str | None = None
) -> Page[Member]:
    """The members in the order of their usernames, for members. Raises NamespaceNotFound."""
    caller.must("read", on=namespace)
    (after,) = read_cursor(cursor, [""])
    with app.database.reading() as tx:
        found = store.list_members(tx, namespace, after=str(after), limit=limit + 1)
    return page_of(found, limit, lambda member: [member.username])


def set_member(app: App, caller: Caller, *, namespace: str, username: str, role: Role) -> Member:
    """Add a member or change the role. Raises UserNotFound, PersonalNamespace, LastOwner."""
    caller.must("manage_members", on=namespace)
    _, by = caller.identity
    with app.database.transaction() as tx:
        _begin_change(tx, namespace)
        user = store.find_user(tx, username=username) if rules.is_name(username) else None
        if user is None:
            raise UserNotFound(username=username)
        before = store.find_member(tx, namespace, username)
        store.set_member(tx, namespace, user.id, role, now_ms=app.clock.now_ms())
        _check_owned(tx, namespace, username)
        member = store.find_member(tx, namespace, username)
        assert member is not None
        if before != member:
            event = MemberChanged(namespace=namespace, username=username, role=role.value, by=by)
            app.events.record(tx, event)
    return member


def remove_member(app: App, caller: Caller, *, namespace: str, username: str) -> Member:
    """Remove a member, or leave. Answers what they were. Raises MemberNotFound, PersonalNamespace, LastOwner."""
    caller.must("leave" if username == caller.username else "manage_members", on=namespace)
    _, by = caller.identity
    with app.database.transaction() as tx:
        _begin_change(tx, namespace)
        user = store.find_user(tx, username=username) if rules.is_name(username) else None
        member = store.find_member(tx, namespace, username) if user else None
        if user is None or member is None:
            raise MemberNotFound(username=username, namespace=namespace)
        store.remove_member(tx, namespace, user.id)
        _check_owned(tx, namespace, username)
        app.events.record(tx, MemberRemoved(namespace=namespace, username=username, by=by))
    return member


def _begin_change(tx: Tx, namespace: str) -> None:
    """One change of members at a time: two owners who leave together must not both find the other still there."""
    tx.lock(f"members {namespace}")
    if store.get_namespace(tx, namespace, role=None).kind == "personal":
        raise PersonalNamespace(namespace=namespace)


def _check_owned(tx: Tx, namespace: str, username: str) -> None:
    if not store.has_owner(tx, namespace):
        raise LastOwner(username=username, namespace=namespace)
