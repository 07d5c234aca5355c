"""Invite people to a namespace: they become members once they accept, and not by somebody else's doing."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts import rules, store
from skillyard.domain.accounts.errors import (
    AlreadyMember,
    InvitationNotFound,
    PersonalNamespace,
    TooManyInvitations,
    UserNotFound,
)
from skillyard.domain.accounts.invitation import Invitation, InvitationEnded, MemberInvited
from skillyard.domain.accounts.model import Caller, Member, MemberChanged
from skillyard.domain.accounts.rights import Role
from skillyard.domain.accounts.store import invitations
from skillyard.infra.database import Tx
from skillyard.infra.paging import Page, page_of, read_cursor

DEFAULT_DAYS = 7
MOST_DAYS = 90
MOST_INVITATIONS = 200
_DAY_MS = 24 * 3600 * 1000


def invite_member(
    app: App, caller: Caller, *, namespace: str, username: str, role: Role, expires_in_days: int = DEFAULT_DAYS
) -> Invitation:
    """Let somebody become a member; another invitation takes the place of the first.

    Raises NotAcceptable, PersonalNamespace, UserNotFound, AlreadyMember or TooManyInvitations.
    """
    caller.must("manage_members", on=namespace)
    rules.refuse(rules.check_days(expires_in_days, most=MOST_DAYS, what="invitation"))
    _, by = caller.identity
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        _lock(tx, namespace)
        if store.get_namespace(tx, namespace, role=None).kind == "personal":
            raise PersonalNamespace(namespace=namespace)
        user = store.find_user(tx, username=username) if rules.is_name(username) else None
        if user is None:
            raise UserNotFound(username=username)
        if store.find_member(tx, namespace, username):
            raise AlreadyMember(username=username, namespace=namespace)
        new = Invitation(
            namespace=namespace,
            username=username,
            role=role,
            invited_by=by,
            created_ms=now_ms,
            expires_ms=now_ms + expires_in_days * _DAY_MS,
        )
        invitations.put(tx, new, user_id=user.id)
        if invitations.count_of_namespace(tx, namespace, now_ms=now_ms) > MOST_INVITATIONS:
            raise TooManyInvitations(namespace=namespace, most=MOST_INVITATIONS)
        app.events.record(tx, MemberInvited(namespace=namespace, username=username, role=role.value, by=by))
    return new


def list_invitations(
    app: App, caller: Caller, *, namespace: str, limit: int = 30, cursor: str | None = None
) -> Page[Invitation]:
    """Who has not answered yet, in the order of usernames; for owners. Raises NamespaceNotFound, BadCursor."""
    caller.must("manage_members", on=namespace)
    (after,) = read_cursor(cursor, [""])
    now_ms = app.clock.now_ms()
    with app.database.reading() as tx:
        found = invitations.list_of_namespace(tx, namespace, after=str(after), limit=limit + 1, now_ms=now_ms)
    return page_of(found, limit, lambda one: [one.username])


def list_my_invitations(app: App, caller: Caller, *, limit: int = 30, cursor: str | None = None) -> Page[Invitation]:
    """What the caller may accept, in the order of namespaces. Raises BadCursor."""
    caller.must("read_own")
    user_id, _ = caller.identity
    (after,) = read_cursor(cursor, [""])
    with app.database.reading() as tx:
        found = invitations.list_of_user(
            tx, user_id, after=str(after), limit=limit + 1, now_ms=app.clock.now_ms()
        )  # fmt: skip
    return page_of(found, limit, lambda one: [one.namespace])


def accept_invitation(app: App, caller: Caller, *, namespace: str) -> Member:
    """Become a member. Who is one by now keeps the role they have. Raises InvitationNotFound."""
    caller.must("answer_invitations")
    user_id, username = caller.identity
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        taken = _end(tx, app, namespace, username, "accepted", by=username)
        member = store.find_member(tx, namespace, username)
        if member is not None:
            return member
        store.set_member(tx, namespace, user_id, taken.role, now_ms=now_ms)
        member = store.find_member(tx, namespace, username)
        assert member is not None
        app.events.record(
            tx, MemberChanged(namespace=namespace, username=username, role=taken.role.value, by=taken.invited_by)
        )
    return member


def decline_invitation(app: App, caller: Caller, *, namespace: str) -> Invitation:
    """Not become a member. Answers what was declined. Raises InvitationNotFound."""
    caller.must("answer_invitations")
    _, username = caller.identity
    with app.database.transaction() as tx:
        return _end(tx, app, namespace, username, "declined", by=username)


def revoke_invitation(app: App, caller: Caller, *, namespace: str, username: str) -> Invitation:
    """Take an invitation back, as an owner. Answers what it was. Raises InvitationNotFound."""
    caller.must("manage_members", on=namespace)
    with app.database.transaction() as tx:
        return _end(tx, app, namespace, username, "revoked", by=caller.identity[1])


def _end(tx: Tx, app: App, namespace: str, username: str, how: str, *, by: str) -> Invitation:
    known = rules.is_name(namespace) and rules.is_name(username)
    if known:
        _lock(tx, namespace)
    taken = invitations.take(tx, namespace, username, now_ms=app.clock.now_ms()) if known else None
    if taken is None:
        raise InvitationNotFound(namespace=namespace[: rules.MAX_LABEL_CHARS])
    app.events.record(tx, InvitationEnded(namespace=namespace, username=username, how=how, by=by))
    return taken


def _lock(tx: Tx, namespace: str) -> None:
    """One change of members at a time, as in members.py."""
    tx.lock(f"members {namespace}")
