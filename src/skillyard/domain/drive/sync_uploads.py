"""Uploads of a sync: a folder becomes a private release, which the drive has from then on, and is paid for, at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive import items
from skillyard.domain.drive.model import DriveItem, Via
from skillyard.domain.drive.next_version import next_version
from skillyard.domain.drive.store import items as item_store
from skillyard.domain.drive.store import sync as store
from skillyard.domain.drive.store.sync import StoredItem
from skillyard.domain.drive.sync_errors import (
    SyncMoved,
    SyncNothingToUpload,
    SyncOtherSkill,
    SyncPriceMoved,
    SyncRunOver,
)
from skillyard.domain.drive.sync_model import Action, ItemStatus
from skillyard.domain.drive.sync_modes import price_now
from skillyard.domain.drive.sync_runs import find_own
from skillyard.domain.drive.sync_view import find_tariff
from skillyard.domain.payments.fees import take_fee
from skillyard.domain.registry.errors import ReleaseExists
from skillyard.domain.registry.exact import ExactRelease, list_exact
from skillyard.domain.registry.history import read_heads
from skillyard.domain.registry.look_into import look_into
from skillyard.domain.registry.model import Visibility, Wish
from skillyard.domain.registry.publish import publish
from skillyard.infra.database import Tx
from skillyard.skill.faults import SkillError
from skillyard.skill.manifest import Manifest
from skillyard.skill.names import SkillName
from skillyard.skill.opened import Opened

_SHOWN_CHARS = 80
_NEW = (Action.UPLOAD_PRIVATE, Action.FORK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """What a folder became."""

    slug: str
    name: str
    version: str
    digest: str
    charged: int


def upload(
    app: App, caller: Caller, *, run_id: str, slug: str, source: BinaryIO, sha256: str | None = None
) -> Uploaded:
    """Publish the archive in `source` as the private release that an item of the run waits for, and let the drive have
    it. It is scanned like any release. Uploading again, also after a crash, answers the same and costs nothing.
    `sha256`: what the archive was announced to be.

    Raises SyncRunNotFound, SyncRunOver, SyncNothingToUpload, SyncOtherSkill, SyncMoved when the drive changed since the
    run was begun, SyncPriceMoved when others filled it, SkillError and SkillRefused with every fault, or FeeNotCovered.
    """
    caller.must("read_drive")
    with app.database.reading() as tx:
        waiting = _find_waiting(tx, caller, run_id, slug)
        if waiting.published is not None:
            return _uploaded(tx, waiting)
    caller.must("manage_drive", on=waiting.item.drive)
    opened, name = look_into(source, app.archive_limits), _name(waiting)
    manifest = _read_manifest(opened, slug)
    with app.database.reading() as tx:
        newest = _check_unmoved(tx, waiting, opened.digest)
        _check_price(app, tx, caller, run_id, waiting)
        is_there = newest is not None and newest.digest == opened.digest
        version = newest.version if newest and is_there else _next_version(tx, name, manifest)
    if not is_there:
        _publish(app, caller, name, version, source, sha256)
    with app.database.transaction() as tx:
        items.lock_drive(tx, str(waiting.item.drive))
        waiting = _find_waiting(tx, caller, run_id, slug)
        if waiting.published is None:
            _check_unmoved(tx, waiting, opened.digest)
            _check_price(app, tx, caller, run_id, waiting)
            _take_in(app, tx, caller, run_id, waiting, version)
        return _uploaded(tx, _find_waiting(tx, caller, run_id, slug))


def _read_manifest(opened: Opened, slug: str) -> Manifest:
    manifest = opened.said.manifest
    if manifest is None:
        raise SkillError(list(opened.said.faults))
    if manifest.name != slug:
        raise SyncOtherSkill(said=manifest.name[:_SHOWN_CHARS], slug=slug[:_SHOWN_CHARS])
    return manifest


def _find_waiting(tx: Tx, caller: Caller, run_id: str, slug: str) -> StoredItem:
    """What the run waits for, or has got already."""
    run = find_own(tx, caller, run_id)
    found = store.find_item(tx, run_id, slug) if slug.isprintable() else None
    if found is not None and found.published is not None:
        return found
    if run["status"] != "open":
        raise SyncRunOver(run_id=run_id, status=run["status"])
    if found is None or found.item.publish_as is None or found.status is not ItemStatus.PENDING:
        status = found.status.value if found else "not part of it"
        raise SyncNothingToUpload(run_id=run_id, slug=slug[:_SHOWN_CHARS], status=status)
    return found


def _name(waiting: StoredItem) -> SkillName:
    return SkillName.parse(str(waiting.item.publish_as))


def _check_unmoved(tx: Tx, waiting: StoredItem, digest: str) -> ExactRelease | None:
    """The highest release of what is published, if there is one. Raises SyncMoved when the drive is not as it was."""
    name = _name(waiting)
    held = item_store.find_item(tx, str(waiting.item.drive), str(name))
    if waiting.item.held_version != (held.version if held else None):
        raise SyncMoved(name=str(name))
    accepted = waiting.target[1] if waiting.target and waiting.item.action is Action.MERGE_UPSTREAM else None
    if held and accepted and held.upstream_accepted != accepted:
        raise SyncMoved(name=str(name))
    highest = read_heads(tx, name).highest
    newest = list_exact(tx, [(str(name), highest)]).get((str(name), highest)) if highest else None
    is_foreign = newest is not None and (newest.digest != digest or newest.visibility is not Visibility.PRIVATE)
    if is_foreign and waiting.item.action in _NEW:
        raise SyncMoved(name=str(name))
    return newest


def _check_price(app: App, tx: Tx, caller: Caller, run_id: str, waiting: StoredItem) -> None:
    """Other syncs may have used up what the drive holds for free. Raises SyncPriceMoved."""
    if not app.settings.drive_upload_credits:
        return
    brought = [one for one in store.list_items(tx, run_id) if one.charged or _is_claimed(one)]
    tariff = find_tariff(app, tx, caller, str(waiting.item.drive))
    price = price_now(waiting.item.action, tariff, of_run=len(brought))
    if price > waiting.item.credits:
        raise SyncPriceMoved(name=str(_name(waiting)), told=waiting.item.credits, price=price)


def _is_claimed(one: StoredItem) -> bool:
    return one.item.action is Action.CLAIM_PUBLIC and one.status is ItemStatus.COMMITTED


def _next_version(tx: Tx, name: SkillName, manifest: Manifest) -> str:
    return next_version(tx, name, manifest.permissions, manifest.version)


def _publish(app: App, caller: Caller, name: SkillName, version: str, source: BinaryIO, sha256: str | None) -> None:
    """Raises SyncMoved when somebody else was first."""
    wish = Wish(name=name, visibility=Visibility.PRIVATE, version=version, overrules=True)
    source.seek(0)
    try:
        publish(app, caller, wish, source, sha256=sha256)
    except ReleaseExists as error:
        if not error.facts["identical"]:
            raise SyncMoved(name=str(name)) from error


def _take_in(app: App, tx: Tx, caller: Caller, run_id: str, waiting: StoredItem, version: str) -> None:
    user_id, username = caller.identity
    item, name = waiting.item, str(_name(waiting))
    drive = str(item.drive)
    held = item_store.find_item(tx, drive, name)
    kept = items.keep_item(
        tx, app, drive=drive, name=name, version=version, via=_via(waiting, held), by=username,
        upstream=_upstream(waiting, held),
    )  # fmt: skip
    if kept.upstream_name and item.action is Action.FORK and item_store.find_item(tx, drive, kept.upstream_name):
        items.drop_item(tx, app, drive=drive, name=kept.upstream_name, by=username)
    key, why = f"sync:{run_id}:{item.slug}", f"Upload of {name} {version}"
    is_charged = take_fee(app, tx, user_id=user_id, credits=item.credits, key=key, why=why)
    store.set_published(tx, run_id, item.slug, version, charged=item.credits if is_charged else 0)


def _via(waiting: StoredItem, held: DriveItem | None) -> Via:
    """Edits leave a skill what it was."""
    return held.via if held else "fork" if waiting.item.action is Action.FORK else "upload"


def _upstream(waiting: StoredItem, held: DriveItem | None) -> tuple[str, str] | None:
    """What it comes from, in the version that it was last merged with."""
    if waiting.item.action is Action.FORK:
        return waiting.base
    if waiting.item.action is Action.MERGE_UPSTREAM:
        return waiting.target
    return (
        (held.upstream_name, held.upstream_version) if held and held.upstream_name and held.upstream_version else None
    )


def _uploaded(tx: Tx, waiting: StoredItem) -> Uploaded:
    name, version = str(_name(waiting)), str(waiting.published)
    release = list_exact(tx, [(name, version)])[name, version]
    return Uploaded(
        slug=waiting.item.slug, name=name, version=version, digest=release.digest, charged=waiting.charged
    )  # fmt: skip
