"""Namespaces and members on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.accounts.model import Member, Namespace
from skillyard.domain.accounts.namespaces import NewNamespace
from skillyard.domain.accounts.rights import Role
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page

_NAMESPACE = {
    "slug": "acme",
    "kind": "organization",
    "display_name": "Acme Ltd",
    "created_at": "2026-11-21T07:00:00.000Z",
    "role": "owner",
}
_MEMBER = {"username": "ada", "display_name": "Ada Lovelace", "role": "owner", "since": "2026-11-21T07:00:00.000Z"}


class NamespaceOnWire(BaseModel):
    model_config = example(_NAMESPACE)

    slug: str
    kind: Literal["personal", "organization"]
    display_name: str
    created_at: Time
    role: Role | None = Field(description="What you are in it.")


class NewNamespaceOnWire(NamespaceOnWire):
    model_config = example({**_NAMESPACE, "notes": ["acme looks like acrne, which exists already."]})

    notes: list[str] = Field(description="What you should know, such as names that look like this one.")


class NamespacesPage(BaseModel):
    model_config = example({"items": [_NAMESPACE], "next_cursor": None})

    items: list[NamespaceOnWire]
    next_cursor: str | None


class CreateNamespaceBody(BaseModel):
    model_config = example({"slug": "acme", "display_name": "Acme Ltd"}, closed=True)

    slug: Text
    display_name: Text | None = None


class MemberOnWire(BaseModel):
    model_config = example(_MEMBER)

    username: str
    display_name: str
    role: Role
    since: Time


class MembersPage(BaseModel):
    model_config = example({"items": [_MEMBER], "next_cursor": None})

    items: list[MemberOnWire]
    next_cursor: str | None


class SetMemberBody(BaseModel):
    model_config = example({"role": "maintainer"}, closed=True)

    role: Role


def show_namespace(namespace: Namespace) -> NamespaceOnWire:
    return NamespaceOnWire(
        slug=namespace.slug,
        kind=namespace.kind,
        display_name=namespace.display_name,
        created_at=iso(namespace.created_ms),
        role=namespace.role,
    )


def show_new_namespace(new: NewNamespace) -> NewNamespaceOnWire:
    return NewNamespaceOnWire(**show_namespace(new.namespace).model_dump(), notes=list(new.notes))


def show_namespaces(page: Page[Namespace]) -> NamespacesPage:
    return NamespacesPage(items=[show_namespace(item) for item in page.items], next_cursor=page.next_cursor)


def show_member(member: Member) -> MemberOnWire:
    return MemberOnWire(
        username=member.username, display_name=member.display_name, role=member.role, since=iso(member.since_ms)
    )


def show_members(page: Page[Member]) -> MembersPage:
    return MembersPage(items=[show_member(item) for item in page.items], next_cursor=page.next_cursor)
