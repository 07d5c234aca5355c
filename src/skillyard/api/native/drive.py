"""A person's or a team's drive: what is in it, what comes to whom, which updates are offered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from skillyard.api.native.wire import drive as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.drive import imports, items, reach, updates
from skillyard.skill.names import SkillName

router = APIRouter(tags=["drive"])

_ITEM = "/drive/items/{namespace}/{slug}"
_UPDATE = "/drive/updates/{namespace}/{slug}"
Drive = Annotated[str | None, Query(max_length=100, description="The namespace of a team; yours when it is absent.")]


@router.get("/drive/items", summary="What is in a drive")
def list_drive_items(
    app: AppOf, caller: CallerOf, drive: Drive = None, limit: Limit = 100, cursor: Cursor = None
) -> wire.DriveItemsPage:
    """In the order of names, disabled skills too. A collection's key sees those of the collection."""
    return wire.show_items(items.list_items(app, caller, drive=drive, limit=limit, cursor=cursor))


@router.post("/drive/items", status_code=201, summary="Bring a skill into a drive")
def import_skill(app: AppOf, caller: CallerOf, body: wire.ImportSkillBody) -> wire.ImportedOnWire:
    """From the registry, by its name, or from a public git repository, by its address: that is scanned like anything
    that is published, and stays private to the drive. What is there already stays as it is. Readers of a team make a
    request, which its maintainers decide on.
    """
    done = imports.import_skill(
        app, caller, source=body.source, drive=body.drive, slug=body.slug, note=body.note
    )  # fmt: skip
    return wire.show_imported(done)


@router.get(_ITEM, summary="One skill of a drive")
def get_drive_item(
    app: AppOf, caller: CallerOf, namespace: str, slug: str, drive: Drive = None
) -> wire.DriveItemOnWire:
    """With the version that the drive has."""
    return wire.show_item(items.get_item(app, caller, name=SkillName(namespace, slug), drive=drive))


@router.delete(_ITEM, summary="Remove a skill from a drive")
def remove_drive_item(app: AppOf, caller: CallerOf, namespace: str, slug: str, drive: Drive = None) -> wire.RemovedItem:
    """The drive forgets it; what was published stays published."""
    gone = items.remove_item(app, caller, name=SkillName(namespace, slug), drive=drive)
    return wire.RemovedItem(drive=gone.drive, name=gone.name)


@router.post(f"{_ITEM}/toggle", summary="Switch a skill of a drive on or off")
def toggle_drive_item(
    app: AppOf,
    caller: CallerOf,
    namespace: str,
    slug: str,
    body: wire.ToggleItemBody | None = None,
    drive: Drive = None,
) -> wire.DriveItemOnWire:
    """One that is off stays in the drive, and no key and no machine gets it."""
    enabled = body.enabled if body else None
    return wire.show_item(
        items.set_enabled(app, caller, name=SkillName(namespace, slug), drive=drive, enabled=enabled)
    )  # fmt: skip


@router.put(f"{_ITEM}/pin", summary="Hold a skill of a drive at a version")
def pin_drive_item(
    app: AppOf,
    caller: CallerOf,
    namespace: str,
    slug: str,
    body: wire.PinItemBody | None = None,
    drive: Drive = None,
) -> wire.DriveItemOnWire:
    """No updates are offered for it then."""
    version = body.version if body else None
    return wire.show_item(
        items.pin_item(app, caller, name=SkillName(namespace, slug), drive=drive, version=version)
    )  # fmt: skip


@router.delete(f"{_ITEM}/pin", summary="Let a skill of a drive move on")
def unpin_drive_item(
    app: AppOf, caller: CallerOf, namespace: str, slug: str, drive: Drive = None
) -> wire.DriveItemOnWire:
    """Updates are offered for it again."""
    return wire.show_item(items.unpin_item(app, caller, name=SkillName(namespace, slug), drive=drive))


@router.get("/drive/reach", summary="The skills that come to me")
def list_reach(
    app: AppOf,
    caller: CallerOf,
    teams: Annotated[bool, Query(description="With those of your teams' drives.")] = True,
    shared: Annotated[bool, Query(description="With those that were shared with you.")] = True,
) -> wire.ReachOnWire:
    """From your own drive, your teams' and what was shared with you, each once, from where it is nearest."""
    return wire.show_reach(reach.read_reach(app, caller, teams=teams, shared=shared))


@router.get("/drive/updates", summary="Updates of what is in a drive")
def list_updates(
    app: AppOf,
    caller: CallerOf,
    drive: Drive = None,
    dismissed: Annotated[bool, Query(description="Those that were dismissed, too.")] = False,
) -> wire.UpdatesOnWire:
    """Nothing moves before it is accepted; what it costs is said here."""
    return wire.show_updates(updates.list_updates(app, caller, drive=drive, with_dismissed=dismissed))


@router.post(f"{_UPDATE}/accept", summary="Accept an update")
def accept_update(
    app: AppOf,
    caller: CallerOf,
    namespace: str,
    slug: str,
    body: wire.DecideUpdateBody | None = None,
    drive: Drive = None,
) -> wire.DriveItemOnWire:
    """Sync brings it to your machines. 402 with the prices for one that must be bought first."""
    version = body.version if body else None
    return wire.show_item(
        updates.accept_update(app, caller, name=SkillName(namespace, slug), drive=drive, version=version)
    )  # fmt: skip


@router.post(f"{_UPDATE}/dismiss", summary="Dismiss an update")
def dismiss_update(
    app: AppOf,
    caller: CallerOf,
    namespace: str,
    slug: str,
    body: wire.DecideUpdateBody | None = None,
    drive: Drive = None,
) -> wire.DriveItemOnWire:
    """This version is not offered again; the next one is."""
    version = body.version if body else None
    return wire.show_item(
        updates.dismiss_update(app, caller, name=SkillName(namespace, slug), drive=drive, version=version)
    )  # fmt: skip


@router.post(f"{_UPDATE}/refresh", summary="Look for an update")
def refresh_update(
    app: AppOf, caller: CallerOf, namespace: str, slug: str, drive: Drive = None
) -> wire.RefreshedUpdate:
    """Ask the git repository that a skill was imported from whether there is something new. It is asked every few hours
    anyway.
    """
    found = updates.refresh_update(app, caller, name=SkillName(namespace, slug), drive=drive)
    return wire.show_refreshed(found)
