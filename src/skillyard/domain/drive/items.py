"""What is in a drive: list it, add, remove, switch on and off, pin to a version."""

from __future__ import annotations

from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive import rules
from skillyard.domain.drive.errors import DriveFull, ItemNotFound, NotOnOffer
from skillyard.domain.drive.model import DriveChanged, DriveItem, Via
from skillyard.domain.drive.store import items as store
from skillyard.domain.registry import access
from skillyard.domain.registry.current import get_current
from skillyard.domain.registry.errors import ReleaseNotOffered
from skillyard.infra.database import Tx
from skillyard.infra.paging import Page, page_of, read_cursor
from skillyard.skill.names import SkillName

MOST_ITEMS = 5000
_SHOWN_CHARS = 130


def list_items(
    app: App, caller: Caller, *, drive: str | None = None, limit: int = 100, cursor: str | None = None
) -> Page[DriveItem]:
    """What is in a drive, the caller's own unless one is named, in the order of names; of a key that is limited to
    some skills only these. Raises NamespaceNotFound or BadCursor.
    """
    place = rules.readable_drive(caller, drive)
    (after,) = read_cursor(cursor, [""])
    with app.database.reading() as tx:
        found = store.list_items(tx, place, after=str(after), limit=limit + 1)
    page = page_of(found, limit, lambda item: [item.name])
    return replace(page, items=tuple(item for item in page.items if caller.reaches(item.name)))


def get_item(app: App, caller: Caller, *, name: SkillName, drive: str | None = None) -> DriveItem:
    """Raises NamespaceNotFound or ItemNotFound."""
    place = rules.readable_drive(caller, drive)
    if not caller.reaches(str(name)):
        raise ItemNotFound(name=str(name)[:_SHOWN_CHARS], drive=place)
    with app.database.reading() as tx:
        return must_find(tx, place, str(name))


def add_item(app: App, caller: Caller, *, name: SkillName, drive: str | None = None) -> DriveItem:
    """Put a skill of the registry into a drive, in the version that is on offer now; one that is there stays as it is.

    Raises NamespaceNotFound, RoleTooLow, SkillNotFound, PurchaseRequired, SealedSkill, PrivateElsewhere, NotOnOffer or
    DriveFull.
    """
    place = rules.manageable_drive(caller, drive)
    with app.database.transaction() as tx:
        return put_item(tx, app, caller, drive=place, name=name)


def put_item(tx: Tx, app: App, caller: Caller, *, drive: str, name: SkillName) -> DriveItem:
    """`add_item` within a transaction, into a drive that the caller may change."""
    current = get_current(tx, caller, name)
    current.sight.must_take()
    rules.check_may_hold(drive, current.sight.facts)
    if current.skill.latest_version is None:
        raise NotOnOffer(name=str(name))
    lock_drive(tx, drive)
    here = store.find_item(tx, drive, str(name))
    return here or keep_item(
        tx, app, drive=drive, name=str(name), version=current.skill.latest_version, via="registry",
        by=caller.identity[1],
    )  # fmt: skip


def keep_item(
    tx: Tx,
    app: App,
    *,
    drive: str,
    name: str,
    version: str,
    via: Via,
    by: str,
    upstream: tuple[str, str] | None = None,
) -> DriveItem:
    """Let the drive have this version of a skill, whether it has the skill already or not; who may do so, and that the
    version exists, the operation has seen to. `upstream`: name and version that a fork comes from. Raises DriveFull.
    """
    lock_drive(tx, drive)
    now_ms = app.clock.now_ms()
    upstream_name, upstream_version = upstream or (None, None)
    new = DriveItem(
        drive=drive, name=name, version=version, enabled=True, pinned=False, dismissed_version=None, via=via,
        upstream_name=upstream_name, upstream_version=upstream_version, upstream_accepted=None, upstream_dismissed=None,
        added_ms=now_ms, added_by=by, updated_ms=now_ms,
    )  # fmt: skip
    if store.add_item(tx, new):
        if store.count_items(tx, drive) > MOST_ITEMS:
            raise DriveFull(drive=drive, most=MOST_ITEMS)
        record_change(tx, app, new, "added", by=by)
        return new
    before = must_find(tx, drive, name)
    after = replace(
        before, version=version, via=via, upstream_name=upstream_name, upstream_version=upstream_version,
        upstream_accepted=None if upstream_version != before.upstream_version else before.upstream_accepted,
    )  # fmt: skip
    return change_item(tx, app, before, after, "version", by=by)


def remove_item(app: App, caller: Caller, *, name: SkillName, drive: str | None = None) -> DriveItem:
    """Forget the skill; what was published stays published. Answers what was there.

    Raises NamespaceNotFound, RoleTooLow or ItemNotFound.
    """
    place = rules.manageable_drive(caller, drive)
    with app.database.transaction() as tx:
        return drop_item(tx, app, drive=place, name=str(name), by=caller.identity[1])


def drop_item(tx: Tx, app: App, *, drive: str, name: str, by: str) -> DriveItem:
    """`remove_item` within a transaction; answers what was there. Raises ItemNotFound."""
    lock_drive(tx, drive)
    item = must_find(tx, drive, name)
    store.remove_item(tx, drive, name)
    record_change(tx, app, item, "removed", by=by)
    return item


def set_enabled(
    app: App, caller: Caller, *, name: SkillName, drive: str | None = None, enabled: bool | None = None
) -> DriveItem:
    """Switch a skill on or off without forgetting it; None: the other way round than now.

    Raises NamespaceNotFound, RoleTooLow or ItemNotFound.
    """
    place = rules.manageable_drive(caller, drive)
    with app.database.transaction() as tx:
        item = begin_change(tx, place, name)
        after = replace(item, enabled=not item.enabled if enabled is None else enabled)
        change = "enabled" if after.enabled else "disabled"
        return change_item(tx, app, item, after, change, by=caller.identity[1])


def pin_item(
    app: App, caller: Caller, *, name: SkillName, drive: str | None = None, version: str | None = None
) -> DriveItem:
    """Hold a skill at a version or at what a channel points to now; None: at the version that the drive has.

    Raises NamespaceNotFound, RoleTooLow, ItemNotFound, SkillNotFound, PurchaseRequired, SealedSkill, ReleaseNotFound
    or ReleaseNotOffered.
    """
    place = rules.manageable_drive(caller, drive)
    with app.database.transaction() as tx:
        item = begin_change(tx, place, name)
        wanted = item.version if version is None else _version_to_pin(tx, caller, item, name, version)
        return change_item(
            tx, app, item, replace(item, version=wanted, pinned=True), "pinned", by=caller.identity[1]
        )  # fmt: skip


def unpin_item(app: App, caller: Caller, *, name: SkillName, drive: str | None = None) -> DriveItem:
    """Let updates be offered again. Raises NamespaceNotFound, RoleTooLow or ItemNotFound."""
    place = rules.manageable_drive(caller, drive)
    with app.database.transaction() as tx:
        item = begin_change(tx, place, name)
        return change_item(tx, app, item, replace(item, pinned=False), "unpinned", by=caller.identity[1])


def lock_drive(tx: Tx, drive: str) -> None:
    """One change of a drive at a time, on all nodes."""
    tx.lock(f"drive {drive}")


def begin_change(tx: Tx, drive: str, name: SkillName) -> DriveItem:
    """The item as it is, which nobody else changes now. Raises ItemNotFound."""
    lock_drive(tx, drive)
    return must_find(tx, drive, str(name))


def must_find(tx: Tx, drive: str, name: str) -> DriveItem:
    item = store.find_item(tx, drive, name) if name.isprintable() else None
    if item is None:
        raise ItemNotFound(name=name[:_SHOWN_CHARS], drive=drive)
    return item


def change_item(tx: Tx, app: App, before: DriveItem, after: DriveItem, change: str, *, by: str) -> DriveItem:
    """Write what is different now, and record it; nothing for what is as it was."""
    if after == before:
        return before
    after = replace(after, updated_ms=app.clock.now_ms())
    store.set_item(tx, after)
    record_change(tx, app, after, change, by=by)
    return after


def record_change(tx: Tx, app: App, item: DriveItem, change: str, *, by: str) -> None:
    app.events.record(
        tx, DriveChanged(drive=item.drive, name=item.name, version=item.version, change=change, by=by)
    )  # fmt: skip


def _version_to_pin(tx: Tx, caller: Caller, item: DriveItem, name: SkillName, version: str) -> str:
    access.check_visible(tx, caller, name).must_take()
    release = access.get_release(tx, name, version)
    if not release.is_offered and release.version != item.version:
        raise ReleaseNotOffered(name=str(name), version=release.version)
    return release.version
