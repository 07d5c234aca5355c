"""The drive: list it, import, remove, switch on and off; and its updates."""

from __future__ import annotations

from skillyard.api.skillzdrive.addresses import API
from skillyard.api.skillzdrive.callers import SignedIn, signed_router
from skillyard.api.skillzdrive.showing import look_up
from skillyard.api.skillzdrive.wire import drive as wire
from skillyard.api.skillzdrive.wire.envelope import Data
from skillyard.api.surface import AppOf
from skillyard.domain.drive import imports, items, updates
from skillyard.domain.drive.chosen import find_drive, read_source
from skillyard.domain.drive.model import ItemRequest
from skillyard.domain.drive.reach import read_reach
from skillyard.domain.drive.slugs import find_name
from skillyard.domain.registry import listings
from skillyard.domain.registry.releases import get_release
from skillyard.domain.registry.skill import get_skill
from skillyard.skill.names import SkillName

router = signed_router("drive")

_DRIVE = f"{API}/drive"
_UPDATE = f"{_DRIVE}/updates/{{slug}}"


@router.get(_DRIVE, summary="List the drive")
def list_drive(app: AppOf, caller: SignedIn) -> Data[wire.DriveListed]:
    """All that comes to the key: from the own drive, from those of teams, and what was shared."""
    reached = {one.name: one for one in read_reach(app, caller)}
    entries = listings.list_entries(app, caller, list(reached))
    showing = look_up(app, list(reached))
    shown = [wire.show_drive_skill(entry.skill, reached[entry.skill.name], showing) for entry in entries]
    return Data(data=wire.DriveListed(skills=shown, total=len(shown)))


@router.post(f"{_DRIVE}/import", summary="Take a skill into the drive")
def import_skill(app: AppOf, caller: SignedIn, body: wire.ImportBody) -> Data[wire.Imported]:
    """By slug, or from a GitHub address: fetched, scanned like any publish, and private. With `drive` into a team's; of
    its members who may only read it, this is a request.
    """
    source = read_source(app, body.skill_slug)
    brought = imports.import_skill(app, caller, source=source, drive=body.drive, slug=body.as_slug)
    if isinstance(brought, ItemRequest):
        return Data(data=wire.show_requested(brought))
    name = SkillName.parse(brought.name)
    page, release = get_skill(app, caller, name=name), get_release(app, caller, name=name, version=brought.version)
    return Data(data=wire.show_imported(page.skill, brought, release, look_up(app, [brought.name])))


@router.delete(f"{_DRIVE}/{{slug}}", summary="Remove a skill from the drive")
def remove_skill(app: AppOf, caller: SignedIn, slug: str) -> Data[wire.Removed]:
    """What was published stays published."""
    name = find_name(app, slug)
    items.remove_item(app, caller, name=name, drive=find_drive(app, caller, name))
    return Data(data=wire.Removed(slug=look_up(app, [str(name)]).slugs[str(name)], removed=True))


@router.post(f"{_DRIVE}/{{slug}}/toggle", summary="Switch a skill on or off")
def toggle_skill(app: AppOf, caller: SignedIn, slug: str) -> Data[wire.Toggled]:
    """The other way round than it is now; it stays in the drive."""
    name = find_name(app, slug)
    item = items.set_enabled(app, caller, name=name, drive=find_drive(app, caller, name))
    return Data(data=wire.Toggled(slug=look_up(app, [item.name]).slugs[item.name], enabled=item.enabled))


router.patch(f"{_DRIVE}/{{slug}}/toggle", include_in_schema=False)(toggle_skill)


@router.get(f"{_DRIVE}/updates", summary="List updates")
def list_updates(app: AppOf, caller: SignedIn) -> Data[wire.Updates]:
    """Versions that are newer than what the drive has; not those that were dismissed."""
    found = updates.list_updates(app, caller)
    showing = look_up(app, {name for update in found for name in (update.name, update.item.name)})
    return Data(data=wire.Updates(updates=[wire.show_update(update, showing) for update in found]))


@router.post(f"{_UPDATE}/accept", summary="Accept an update")
def accept_update(app: AppOf, caller: SignedIn, slug: str) -> Data[wire.Decided]:
    """402 with the price for what has to be bought first."""
    item = updates.accept_update(app, caller, name=find_name(app, slug))
    return Data(data=wire.show_decided(item, look_up(app, [item.name])))


@router.post(f"{_UPDATE}/dismiss", summary="Dismiss an update")
def dismiss_update(app: AppOf, caller: SignedIn, slug: str) -> Data[wire.Decided]:
    """This version is not offered again; the next one is."""
    item = updates.dismiss_update(app, caller, name=find_name(app, slug))
    dismissed = item.dismissed_version or item.upstream_dismissed
    return Data(data=wire.show_decided(item, look_up(app, [item.name]), dismissed=dismissed))
