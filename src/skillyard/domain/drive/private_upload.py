"""Publish what somebody hands in as a private skill of a drive, and keep it there. It is scanned like any release."""

from __future__ import annotations

from typing import BinaryIO

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.handing_errors import UploadNameTaken
from skillyard.domain.drive.items import keep_item
from skillyard.domain.drive.model import DriveItem
from skillyard.domain.drive.next_version import next_version
from skillyard.domain.drive.store import items
from skillyard.domain.registry import access
from skillyard.domain.registry.errors import ReleaseExists, ReleaseNotFound, SkillNotFound
from skillyard.domain.registry.look_into import look_into
from skillyard.domain.registry.model import DEFAULT_CHANNEL, Visibility, Wish
from skillyard.domain.registry.publish import publish
from skillyard.infra.database import Tx
from skillyard.skill.faults import SkillError
from skillyard.skill.manifest import Manifest
from skillyard.skill.names import SkillName
from skillyard.skill.opened import Opened

_TRIES = 5  # others may publish the same version of the same skill meanwhile


def publish_privately(app: App, caller: Caller, *, drive: str, source: BinaryIO) -> DriveItem:
    """The item of the drive that the archive in `source` became: a new private skill called as its SKILL.md says, or a
    new version of it; the version that is there when the content is the same.

    Raises RoleTooLow, UploadNameTaken, SkillError and SkillRefused with every fault.
    """
    opened = look_into(source, app.archive_limits)
    manifest = opened.said.manifest
    if manifest is None:
        raise SkillError(list(opened.said.faults))
    name = SkillName(drive, manifest.name)
    caller.must("publish", on=str(name))
    version = _publish_next(app, caller, name, manifest, opened, source)
    with app.database.transaction() as tx:
        return keep_item(tx, app, drive=drive, name=str(name), version=version, via="upload", by=caller.identity[1])


def _publish_next(
    app: App, caller: Caller, name: SkillName, manifest: Manifest, opened: Opened, source: BinaryIO
) -> str:
    for tries_left in reversed(range(_TRIES)):
        with app.database.reading() as tx:
            _check_name_is_free(tx, caller, name)
            version = _find_same(tx, name, opened.digest)
            if version is not None:
                return version
            version = next_version(tx, name, manifest.permissions, manifest.version)
        source.seek(0)
        wish = Wish(name=name, visibility=Visibility.PRIVATE, version=version, overrules=True)
        try:
            return publish(app, caller, wish, source).release.version
        except ReleaseExists:
            if not tries_left:
                raise
    raise AssertionError("the last try answers or raises")


def _check_name_is_free(tx: Tx, caller: Caller, name: SkillName) -> None:
    try:
        sight = access.check_visible(tx, caller, name)
    except SkillNotFound:
        return
    if sight.facts.visibility is not Visibility.PRIVATE or sight.facts.is_for_sale:
        raise UploadNameTaken(name=str(name), why="others can have it, and an upload is for you alone")
    item = items.find_item(tx, name.namespace, str(name))
    if item is not None and item.via in ("git", "fork"):
        raise UploadNameTaken(name=str(name), why=f"it came into the drive as a {item.via}, whose updates it follows")


def _find_same(tx: Tx, name: SkillName, digest: str) -> str | None:
    """The newest version, if it has the same files."""
    try:
        release = access.get_release(tx, name, DEFAULT_CHANNEL)
    except ReleaseNotFound:
        return None
    return release.version if release.digest == digest else None
