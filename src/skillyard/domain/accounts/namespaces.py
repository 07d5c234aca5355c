"""Namespaces of organisations, and the caller's own list. Personal ones come with the account (links.py)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from skillyard.app import App
from skillyard.domain.accounts import rules, store
from skillyard.domain.accounts.errors import NamespaceTaken
from skillyard.domain.accounts.model import Caller, MemberChanged, Namespace, NamespaceCreated
from skillyard.domain.accounts.rights import Role
from skillyard.infra.paging import Page, page_of, read_cursor
from skillyard.skill.names import lookalikes, skeleton

_NEIGHBOURS = 50
_MOST_NOTES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNamespace:
    """`notes`: what the owner should know, such as names that look like this one."""

    namespace: Namespace
    notes: tuple[str, ...]


def create_namespace(app: App, caller: Caller, *, slug: str, display_name: str | None = None) -> NewNamespace:
    """Make a namespace for an organisation, owned by the caller. Raises NotAcceptable, NamespaceTaken."""
    caller.must("create_namespace")
    faults = rules.check_new_name(slug, what="namespace")
    faults += rules.check_label(display_name, what="display name") if display_name else []
    rules.refuse(faults)
    user_id, username = caller.identity
    now_ms = app.clock.now_ms()
    namespace = Namespace(slug=slug, kind="organization", display_name=display_name or slug, created_ms=now_ms)
    with app.database.transaction() as tx:
        alike = lookalikes(slug, store.list_slugs_near(tx, skeleton(slug), limit=_NEIGHBOURS))
        if not store.add_namespace(tx, namespace, skeleton=skeleton(slug)):
            raise NamespaceTaken(namespace=slug)
        store.set_member(tx, slug, user_id, Role.OWNER, now_ms=now_ms)
        app.events.record(tx, NamespaceCreated(namespace=slug, namespace_kind=namespace.kind, by=username))
        app.events.record(tx, MemberChanged(namespace=slug, username=username, role=Role.OWNER.value, by=username))
    notes = tuple(f"{slug} looks like {other}, which exists already." for other in alike[:_MOST_NOTES])
    return NewNamespace(namespace=replace(namespace, role=Role.OWNER), notes=notes)


def get_namespace(app: App, caller: Caller, *, namespace: str) -> Namespace:
    """One that the caller belongs to. Raises NamespaceNotFound."""
    caller.must("read", on=namespace)
    with app.database.reading() as tx:
        return store.get_namespace(tx, namespace, role=caller.roles[namespace])


def list_my_namespaces(app: App, caller: Caller, *, limit: int = 30, cursor: str | None = None) -> Page[Namespace]:
    """Those in which the caller has a role and the token counts, in the order of their names."""
    caller.must("identify")
    (after,) = read_cursor(cursor, [""])
    with app.database.reading() as tx:
        found = store.list_namespaces(tx, caller.listed_roles, after=str(after), limit=limit + 1)
    return page_of(found, limit, lambda namespace: [namespace.slug])
