"""Requests of a team's members, and links that give skills to others, on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from skillyard.api.native.wire.drive import ItemRequestOnWire, Note, Source, show_request
from skillyard.api.native.wire.fields import Secret, Text, Time, example
from skillyard.domain.drive.model import ItemRequest, NewShare, Share
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page

_NOW = "2026-11-21T07:00:00.000Z"
_SHARE: dict[str, Any] = {
    "id": "shr_01k0000000000000000000000a",
    "drive": "ada",
    "name": "ada/pdf",
    "created_by": "ada",
    "created_at": _NOW,
    "expires_at": "2026-11-22T07:00:00.000Z",
    "revoked_at": None,
    "takers": ["grace"],
}
_LINK = "sky_share_…"


class AskForItemBody(BaseModel):
    model_config = example({"drive": "acme", "source": "ada/pdf", "note": "For the reports."}, closed=True)

    drive: Text = Field(description="The namespace of the team.")
    source: Source = Field(description="The name of a skill, or the https address of one in a git repository.")
    slug: Text | None = Field(default=None, description="What to call a skill from git, if not as it calls itself.")
    note: Note = Field(default="", description="For those who decide.")


class DeclineRequestBody(BaseModel):
    model_config = example({"reason": "We have one like it."}, closed=True)

    reason: Note = ""


class ItemRequestsPage(BaseModel):
    items: list[ItemRequestOnWire]
    next_cursor: str | None


class CreateShareBody(BaseModel):
    model_config = example({"name": "ada/pdf"}, closed=True)

    name: Source = Field(description="A skill that is in the drive.")
    drive: Text | None = Field(default=None, description="The namespace of a team; yours when it is absent.")


class AcceptShareBody(BaseModel):
    model_config = example({"secret": _LINK}, closed=True)

    secret: Secret


class ShareOnWire(BaseModel):
    model_config = example(_SHARE)

    id: str
    drive: str
    name: str
    created_by: str
    created_at: Time
    expires_at: Time = Field(description="Nobody new can take it then.")
    revoked_at: Time | None = Field(description="Nobody has it any more since then.")
    takers: list[str] = Field(description="Usernames of those who took it; empty for others than the drive's people.")


class NewShareOnWire(BaseModel):
    model_config = example(
        {"share": _SHARE, "secret": _LINK, "url": f"https://skills.example.org/account/drive/shares/{_LINK}"}
    )

    share: ShareOnWire
    secret: str = Field(description="Shown this once: whoever has it can take the skill until it expires.")
    url: str = Field(description="The same as a link, for people with a browser.")


class SharesPage(BaseModel):
    model_config = example({"items": [_SHARE], "next_cursor": None})

    items: list[ShareOnWire]
    next_cursor: str | None


class TakenShares(BaseModel):
    model_config = example({"items": [{**_SHARE, "takers": []}]})

    items: list[ShareOnWire]


class LeftShare(BaseModel):
    model_config = example({"left": True, "share_id": "shr_01k0000000000000000000000a"})

    left: bool = True
    share_id: str


def show_requests(page: Page[ItemRequest]) -> ItemRequestsPage:
    return ItemRequestsPage(items=[show_request(request) for request in page.items], next_cursor=page.next_cursor)


def show_share(share: Share) -> ShareOnWire:
    return ShareOnWire(
        id=share.id,
        drive=share.drive,
        name=share.name,
        created_by=share.created_by,
        created_at=iso(share.created_ms),
        expires_at=iso(share.expires_ms),
        revoked_at=iso(share.revoked_ms) if share.revoked_ms else None,
        takers=list(share.takers),
    )


def show_new_share(new: NewShare, *, address: str) -> NewShareOnWire:
    url = f"{address}/account/drive/shares/{new.secret}"
    return NewShareOnWire(share=show_share(new.share), secret=new.secret, url=url)


def show_shares(page: Page[Share]) -> SharesPage:
    return SharesPage(items=[show_share(share) for share in page.items], next_cursor=page.next_cursor)


def show_taken(shares: Sequence[Share]) -> TakenShares:
    return TakenShares(items=[show_share(share) for share in shares])
