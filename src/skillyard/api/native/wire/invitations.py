"""Invitations to namespaces on the wire."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.accounts.invitation import Invitation
from skillyard.domain.accounts.invitations import DEFAULT_DAYS, MOST_DAYS
from skillyard.domain.accounts.rights import Role
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page

_INVITATION = {
    "namespace": "acme",
    "username": "grace",
    "role": "reader",
    "invited_by": "ada",
    "created_at": "2026-11-21T07:00:00.000Z",
    "expires_at": "2026-11-28T07:00:00.000Z",
}


class InvitationOnWire(BaseModel):
    model_config = example(_INVITATION)

    namespace: str
    username: str
    role: Role
    invited_by: str
    created_at: Time
    expires_at: Time


class InvitationsPage(BaseModel):
    model_config = example({"items": [_INVITATION], "next_cursor": None})

    items: list[InvitationOnWire]
    next_cursor: str | None


class InviteMemberBody(BaseModel):
    model_config = example({"username": "grace", "role": "maintainer"}, closed=True)

    username: Text
    role: Role = Role.READER
    expires_in_days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = DEFAULT_DAYS


class EndedInvitation(BaseModel):
    model_config = example({"ended": True, "details": _INVITATION})

    ended: bool = True
    details: InvitationOnWire


def show_invitation(one: Invitation) -> InvitationOnWire:
    return InvitationOnWire(
        namespace=one.namespace,
        username=one.username,
        role=one.role,
        invited_by=one.invited_by,
        created_at=iso(one.created_ms),
        expires_at=iso(one.expires_ms),
    )


def show_invitations(page: Page[Invitation]) -> InvitationsPage:
    return InvitationsPage(items=[show_invitation(one) for one in page.items], next_cursor=page.next_cursor)
