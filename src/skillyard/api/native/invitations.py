"""Invitations to namespaces: from owners, for those who accept or decline."""

from __future__ import annotations

from fastapi import APIRouter

from skillyard.api.native.wire import invitations as wire
from skillyard.api.native.wire.namespaces import MemberOnWire, show_member
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.accounts import invitations

router = APIRouter(tags=["namespaces"])


@router.get("/namespaces/{namespace}/invitations", summary="Who is invited to it")
def list_invitations(
    app: AppOf, caller: CallerOf, namespace: str, limit: Limit = 30, cursor: Cursor = None
) -> wire.InvitationsPage:
    """Those who have not answered, in the order of their usernames. For owners."""
    page = invitations.list_invitations(app, caller, namespace=namespace, limit=limit, cursor=cursor)
    return wire.show_invitations(page)


@router.post("/namespaces/{namespace}/invitations", status_code=201, summary="Invite somebody to it")
def invite_member(app: AppOf, caller: CallerOf, namespace: str, body: wire.InviteMemberBody) -> wire.InvitationOnWire:
    """They become a member once they accept. Another invitation takes the place of the first. For owners."""
    made = invitations.invite_member(
        app,
        caller,
        namespace=namespace,
        username=body.username,
        role=body.role,
        expires_in_days=body.expires_in_days,
    )
    return wire.show_invitation(made)


@router.delete("/namespaces/{namespace}/invitations/{username}", summary="Take an invitation back")
def revoke_invitation(app: AppOf, caller: CallerOf, namespace: str, username: str) -> wire.EndedInvitation:
    """For owners."""
    gone = invitations.revoke_invitation(app, caller, namespace=namespace, username=username)
    return wire.EndedInvitation(details=wire.show_invitation(gone))


@router.get("/me/invitations", summary="Namespaces that I am invited to")
def list_my_invitations(app: AppOf, caller: CallerOf, limit: Limit = 30, cursor: Cursor = None) -> wire.InvitationsPage:
    """In the order of their names."""
    return wire.show_invitations(invitations.list_my_invitations(app, caller, limit=limit, cursor=cursor))


@router.post("/me/invitations/{namespace}/accept", summary="Accept an invitation")
def accept_invitation(app: AppOf, caller: CallerOf, namespace: str) -> MemberOnWire:
    """Become a member of the namespace."""
    return show_member(invitations.accept_invitation(app, caller, namespace=namespace))


@router.post("/me/invitations/{namespace}/decline", summary="Decline an invitation")
def decline_invitation(app: AppOf, caller: CallerOf, namespace: str) -> wire.EndedInvitation:
    """Its owners may invite again."""
    gone = invitations.decline_invitation(app, caller, namespace=namespace)
    return wire.EndedInvitation(details=wire.show_invitation(gone))
