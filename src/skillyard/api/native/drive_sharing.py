"""What members ask of their team's drive, and links that give skills of a drive to others."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from skillyard.api.native.drive import Drive
from skillyard.api.native.wire import drive_sharing as wire
from skillyard.api.native.wire.drive import (
    DriveItemOnWire,
    ItemRequestOnWire,
    ReachedOnWire,
    show_item,
    show_one_reached,
    show_request,
)
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.drive import requests, shares
from skillyard.skill.names import SkillName

router = APIRouter(tags=["drive"])

_REQUEST = "/drive/requests/{request_id}"
_SHARE = "/drive/shares/{share_id}"


@router.post("/drive/requests", status_code=201, summary="Ask a team for a skill")
def ask_for_item(app: AppOf, caller: CallerOf, body: wire.AskForItemBody) -> ItemRequestOnWire:
    """For members of the team. What is asked for already is answered as it is."""
    asked = requests.request_item(
        app, caller, source=body.source, drive=body.drive, slug=body.slug, note=body.note
    )  # fmt: skip
    return show_request(asked)


@router.get("/drive/requests", summary="What a team's drive is asked for")
def list_item_requests(
    app: AppOf,
    caller: CallerOf,
    drive: Drive = None,
    status: Literal["pending", "accepted", "declined", "any"] = "pending",
    limit: Limit = 30,
    cursor: Cursor = None,
) -> wire.ItemRequestsPage:
    """The newest first: all for its maintainers, your own for you."""
    wanted = None if status == "any" else status
    return wire.show_requests(
        requests.list_requests(app, caller, drive=drive, status=wanted, limit=limit, cursor=cursor)
    )  # fmt: skip


@router.post(f"{_REQUEST}/accept", summary="Accept a request")
def accept_item_request(app: AppOf, caller: CallerOf, request_id: str) -> DriveItemOnWire:
    """For maintainers of the drive, who then add it."""
    return show_item(requests.accept_request(app, caller, request_id=request_id))


@router.post(f"{_REQUEST}/decline", summary="Decline a request")
def decline_item_request(
    app: AppOf, caller: CallerOf, request_id: str, body: wire.DeclineRequestBody | None = None
) -> ItemRequestOnWire:
    """For maintainers of the drive; and for who asked, to ask no more."""
    reason = body.reason if body else ""
    return show_request(requests.decline_request(app, caller, request_id=request_id, reason=reason))


@router.post("/drive/shares", status_code=201, summary="Share a skill of a drive")
def create_share(app: AppOf, caller: CallerOf, body: wire.CreateShareBody) -> wire.NewShareOnWire:
    """A secret that lets whoever has it take the skill, for 24 hours. It is shown this once."""
    made = shares.create_share(app, caller, name=SkillName.parse(body.name), drive=body.drive)
    return wire.show_new_share(made, address=app.settings.address)


@router.get("/drive/shares", summary="What is shared of a drive")
def list_shares(
    app: AppOf, caller: CallerOf, drive: Drive = None, limit: Limit = 30, cursor: Cursor = None
) -> wire.SharesPage:
    """The newest first, each with who took it; for those who may change the drive."""
    return wire.show_shares(shares.list_shares(app, caller, drive=drive, limit=limit, cursor=cursor))


@router.post("/drive/shares/accept", summary="Take what is shared")
def accept_share(app: AppOf, caller: CallerOf, body: wire.AcceptShareBody) -> ReachedOnWire:
    """You have the skill from now on, as the drive has it that it is shared from."""
    return show_one_reached(shares.accept_share(app, caller, secret=body.secret))


@router.get("/drive/shares/taken", summary="What was shared with me")
def list_taken_shares(app: AppOf, caller: CallerOf) -> wire.TakenShares:
    """What you took and was not revoked, the newest first."""
    return wire.show_taken(shares.list_taken_shares(app, caller))


@router.post(f"{_SHARE}/leave", summary="Give up what was shared with me")
def leave_share(app: AppOf, caller: CallerOf, share_id: str) -> wire.LeftShare:
    """You do not have the skill any more, unless you have it in another way."""
    shares.leave_share(app, caller, share_id=share_id)
    return wire.LeftShare(share_id=share_id)


@router.delete(_SHARE, summary="Revoke a share")
def revoke_share(app: AppOf, caller: CallerOf, share_id: str) -> wire.ShareOnWire:
    """Nobody can take it any more, and those who took it lose it. For those who may change the drive."""
    return wire.show_share(shares.revoke_share(app, caller, share_id=share_id))
