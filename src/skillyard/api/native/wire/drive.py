"""Drives on the wire: what is in one, what comes to a person, and which versions are offered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.api.native.wire.selling import PriceOnWire, show_price
from skillyard.domain.drive.model import DriveItem, ItemRequest, Reached, ReachedBy, RequestStatus, Update, Via
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page

_NOW = "2026-11-21T07:00:00.000Z"
_ITEM: dict[str, Any] = {
    "drive": "ada",
    "name": "acme/pdf",
    "version": "1.3.0",
    "enabled": True,
    "pinned": False,
    "via": "registry",
    "dismissed_version": None,
    "upstream": None,
    "added_by": "ada",
    "added_at": _NOW,
    "updated_at": _NOW,
}
_UPSTREAM = {"name": "acme/pdf", "version": "1.3.0", "accepted_version": "1.4.0", "dismissed_version": None}
_UPDATE = {
    "item": _ITEM,
    "name": "acme/pdf",
    "held": "1.3.0",
    "version": "1.4.0",
    "withdrawn": False,
    "dismissed": False,
    "flagged": False,
    "may_newly": ["connect to api.example.com"],
    "needs_purchase": False,
    "prices": [],
}
_REQUEST: dict[str, Any] = {
    "id": "dreq_01k0000000000000000000000a",
    "drive": "acme",
    "source": "ada/pdf",
    "slug": None,
    "note": "For the reports.",
    "status": "pending",
    "requester": "grace",
    "decided_by": None,
    "reason": "",
    "created_at": _NOW,
    "decided_at": None,
}

Source = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Note = Annotated[str, StringConstraints(max_length=2000)]
_SOURCE_HELP = "The name of a skill, or the https address of one in a git repository."
_SLUG_HELP = "What to call a skill from git, if not as it calls itself."
_DRIVE_HELP = "The namespace of a team; yours when it is absent."


class UpstreamOnWire(BaseModel):
    model_config = example(_UPSTREAM)

    name: str
    version: str = Field(description="The version of it that the fork was last merged with.")
    accepted_version: str | None = Field(description="What the next sync merges in.")
    dismissed_version: str | None


class DriveItemOnWire(BaseModel):
    model_config = example(_ITEM)

    drive: str
    name: str
    version: str = Field(description="The version that the drive has.")
    enabled: bool
    pinned: bool = Field(description="No updates are offered.")
    via: Via
    dismissed_version: str | None = Field(description="Neither this version nor a lower one is offered.")
    upstream: UpstreamOnWire | None = Field(description="Where a fork comes from.")
    added_by: str
    added_at: Time
    updated_at: Time


class DriveItemsPage(BaseModel):
    model_config = example({"items": [_ITEM], "next_cursor": None})

    items: list[DriveItemOnWire]
    next_cursor: str | None


class ItemRequestOnWire(BaseModel):
    model_config = example(_REQUEST)

    id: str
    drive: str
    source: str
    slug: str | None
    note: str
    status: RequestStatus
    requester: str
    decided_by: str | None
    reason: str = Field(description="Why it was declined.")
    created_at: Time
    decided_at: Time | None


class ImportSkillBody(BaseModel):
    model_config = example({"source": "acme/pdf"}, closed=True)

    source: Source = Field(description=_SOURCE_HELP)
    drive: Text | None = Field(default=None, description=_DRIVE_HELP)
    slug: Text | None = Field(default=None, description=_SLUG_HELP)
    note: Note = Field(default="", description="For those who decide, where it becomes a request.")


class ImportedOnWire(BaseModel):
    model_config = example({"item": _ITEM, "request": None})

    item: DriveItemOnWire | None = Field(description="What is in the drive now.")
    request: ItemRequestOnWire | None = Field(description="Instead, where maintainers of the drive decide.")


class ToggleItemBody(BaseModel):
    model_config = example({"enabled": False}, closed=True)

    enabled: bool | None = Field(default=None, description="The other way round than now when it is absent.")


class PinItemBody(BaseModel):
    model_config = example({"version": "1.3.0"}, closed=True)

    version: Text | None = Field(default=None, description="Or a channel; what the drive has when it is absent.")


class DecideUpdateBody(BaseModel):
    model_config = example({"version": "1.4.0"}, closed=True)

    version: Text | None = Field(
        default=None, description="The version that you decide on; refused if another one is offered by now."
    )


class RemovedItem(BaseModel):
    model_config = example({"removed": True, "drive": "ada", "name": "acme/pdf"})

    removed: bool = True
    drive: str
    name: str


class ReachedOnWire(BaseModel):
    model_config = example({"name": "acme/pdf", "via": "personal", "item": _ITEM})

    name: str
    via: ReachedBy = Field(description="Your own drive, a team's, or one from which it was shared with you.")
    item: DriveItemOnWire = Field(description="The one in that drive.")


class ReachOnWire(BaseModel):
    model_config = example({"items": [{"name": "acme/pdf", "via": "personal", "item": _ITEM}]})

    items: list[ReachedOnWire]


class UpdateOnWire(BaseModel):
    model_config = example(_UPDATE)

    item: DriveItemOnWire
    name: str = Field(description="The skill that it is a version of: the item, or the upstream of a fork.")
    held: str = Field(description="The version of it that the drive has.")
    version: str
    withdrawn: bool = Field(description="What the drive has was withdrawn; this may be a lower version.")
    dismissed: bool
    flagged: bool = Field(description="The scan has something to say about it.")
    may_newly: list[str] = Field(description="What it may do that the version before may not, in plain words.")
    needs_purchase: bool = Field(description="It must be bought first.")
    prices: list[PriceOnWire] = Field(description="Each of them buys it; none when it costs nothing.")


class UpdatesOnWire(BaseModel):
    model_config = example({"items": [_UPDATE]})

    items: list[UpdateOnWire]


class RefreshedUpdate(BaseModel):
    model_config = example({"update": _UPDATE})

    update: UpdateOnWire | None = Field(description="What is offered; nothing when there is nothing else.")


def show_item(item: DriveItem) -> DriveItemOnWire:
    return DriveItemOnWire(
        drive=item.drive,
        name=item.name,
        version=item.version,
        enabled=item.enabled,
        pinned=item.pinned,
        via=item.via,
        dismissed_version=item.dismissed_version,
        upstream=_show_upstream(item),
        added_by=item.added_by,
        added_at=iso(item.added_ms),
        updated_at=iso(item.updated_ms),
    )


def show_items(page: Page[DriveItem]) -> DriveItemsPage:
    return DriveItemsPage(items=[show_item(item) for item in page.items], next_cursor=page.next_cursor)


def show_imported(imported: DriveItem | ItemRequest) -> ImportedOnWire:
    if isinstance(imported, DriveItem):
        return ImportedOnWire(item=show_item(imported), request=None)
    return ImportedOnWire(item=None, request=show_request(imported))


def show_request(request: ItemRequest) -> ItemRequestOnWire:
    return ItemRequestOnWire(
        id=request.id,
        drive=request.drive,
        source=request.source,
        slug=request.slug,
        note=request.note,
        status=request.status,
        requester=request.requester,
        decided_by=request.decided_by,
        reason=request.reason,
        created_at=iso(request.created_ms),
        decided_at=iso(request.decided_ms) if request.decided_ms else None,
    )


def show_one_reached(reached: Reached) -> ReachedOnWire:
    return ReachedOnWire(name=reached.name, via=reached.via, item=show_item(reached.item))


def show_reach(reach: Sequence[Reached]) -> ReachOnWire:
    return ReachOnWire(items=[show_one_reached(one) for one in reach])


def show_updates(updates: Sequence[Update]) -> UpdatesOnWire:
    return UpdatesOnWire(items=[_show_update(update) for update in updates])


def show_refreshed(update: Update | None) -> RefreshedUpdate:
    return RefreshedUpdate(update=_show_update(update) if update else None)


def _show_update(update: Update) -> UpdateOnWire:
    return UpdateOnWire(
        item=show_item(update.item),
        name=update.name,
        held=update.held,
        version=update.version,
        withdrawn=update.is_withdrawn,
        dismissed=update.is_dismissed,
        flagged=update.is_flagged,
        may_newly=list(update.may_newly),
        needs_purchase=update.needs_purchase,
        prices=[show_price(price) for price in update.prices],
    )


def _show_upstream(item: DriveItem) -> UpstreamOnWire | None:
    if item.upstream_name is None or item.upstream_version is None:
        return None
    return UpstreamOnWire(
        name=item.upstream_name,
        version=item.upstream_version,
        accepted_version=item.upstream_accepted,
        dismissed_version=item.upstream_dismissed,
    )
