"""Namespaces and their members."""

from __future__ import annotations

from fastapi import APIRouter

from skillyard.api.native.wire import namespaces as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.accounts import members, namespaces

router = APIRouter(tags=["namespaces"])


@router.post("/namespaces", status_code=201, summary="Create a namespace for an organisation")
def create_namespace(app: AppOf, caller: CallerOf, body: wire.CreateNamespaceBody) -> wire.NewNamespaceOnWire:
    """You become its owner. `notes` names existing namespaces that look alike."""
    new = namespaces.create_namespace(app, caller, slug=body.slug, display_name=body.display_name)
    return wire.show_new_namespace(new)


@router.get("/namespaces/{namespace}", summary="One namespace")
def get_namespace(app: AppOf, caller: CallerOf, namespace: str) -> wire.NamespaceOnWire:
    """For its members."""
    return wire.show_namespace(namespaces.get_namespace(app, caller, namespace=namespace))


@router.get("/namespaces/{namespace}/members", summary="Who belongs to it")
def list_members(
    app: AppOf, caller: CallerOf, namespace: str, limit: Limit = 30, cursor: Cursor = None
) -> wire.MembersPage:
    """For its members, in the order of their usernames."""
    return wire.show_members(members.list_members(app, caller, namespace=namespace, limit=limit, cursor=cursor))


@router.put("/namespaces/{namespace}/members/{username}", summary="Add a member, or change the role")
def set_member(
    app: AppOf, caller: CallerOf, namespace: str, username: str, body: wire.SetMemberBody
) -> wire.MemberOnWire:
    """For owners. The last owner stays one."""
    member = members.set_member(app, caller, namespace=namespace, username=username, role=body.role)
    return wire.show_member(member)


@router.delete("/namespaces/{namespace}/members/{username}", summary="Remove a member, or leave")
def remove_member(app: AppOf, caller: CallerOf, namespace: str, username: str) -> wire.MemberOnWire:
    """For owners, and for oneself. Answers what the member was. The last owner cannot go."""
    return wire.show_member(members.remove_member(app, caller, namespace=namespace, username=username))
