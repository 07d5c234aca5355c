"""Import a skill from a public git address into a drive: as a private release, whose origin is followed."""

from __future__ import annotations

from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive import rules
from skillyard.domain.drive.git_address import Spot, is_same_repository, read_address
from skillyard.domain.drive.git_fetch import fetch_skill, find_spot, reading
from skillyard.domain.drive.git_model import GitSkill, Origin
from skillyard.domain.drive.git_publish import keep_origin, publish_folder, read_manifest_of
from skillyard.domain.drive.items import keep_item
from skillyard.domain.drive.model import DriveItem
from skillyard.domain.drive.store import origins
from skillyard.domain.registry.model import Visibility
from skillyard.skill.names import SkillName


def import_git(
    app: App, caller: Caller, *, address: str, drive: str | None = None, slug: str | None = None
) -> DriveItem:
    """Put the skill at a git address into a drive, as what is there now. `slug`: to call it otherwise than it calls
    itself. The same commit again is the same item.

    Raises NamespaceNotFound, RoleTooLow, SkillError for a slug that is none, BadGitAddress; AddressNotAllowed,
    CallFailed, RepositoryNotFound, GitFailed, RepositoryTooLarge, RepositoryUnreadable, GitBusy; RefNotFound,
    FolderNotFound, NoSkillThere; GitSkillRefused, SkillRefused, ReleaseQuarantined; NameTaken or DriveFull.
    """
    place = rules.manageable_drive(caller, drive)
    caller.must("publish", on=str(SkillName.parse(f"{place}/{slug}")) if slug is not None else place)
    where = read_address(address)
    with reading(app, where.repository, who=caller.identity[0]) as remote:
        spot = find_spot(remote, where)
        known = _find_known(app, place, spot.repository, spot.path, slug)
        if known is None or known.commit != spot.commit:
            skill = fetch_skill(app, remote, spot)
            known = known or _find_known(app, place, spot.repository, skill.path, slug)
            manifest = read_manifest_of(spot.repository, skill)
            name = known.name if known else f"{place}/{slug or manifest.name}"
            wanted = _origin(app, caller, name, address, spot, skill)
            known = publish_folder(app, caller, wanted, spot.commit, skill, Visibility.PRIVATE)
    return _keep(app, caller, place, replace(known, ref=spot.ref, address=address.strip()))


def _find_known(app: App, place: str, repository: str, path: str, slug: str | None) -> Origin | None:
    """What was imported from a folder before, under the slug that is wanted now."""
    with app.database.reading() as tx:
        found = origins.list_in_namespace(tx, place, path=path)
    for origin in found:
        is_wanted = slug in (None, origin.name.partition("/")[2]) and origin.source_id is None
        if is_wanted and origin.version is not None and is_same_repository(origin.repository, repository):
            return origin
    return None


def _origin(app: App, caller: Caller, name: str, address: str, spot: Spot, skill: GitSkill) -> Origin:
    now_ms = app.clock.now_ms()
    return Origin(
        name=name, address=address.strip(), repository=spot.repository, ref=spot.ref, path=skill.path, commit=None,
        version=None, user_id=caller.identity[0], source_id=None, at_ms=now_ms, checked_ms=now_ms,
    )  # fmt: skip


def _keep(app: App, caller: Caller, place: str, origin: Origin) -> DriveItem:
    user_id, username = caller.identity
    with app.database.transaction() as tx:
        keep_origin(tx, app, replace(origin, user_id=user_id))
        return keep_item(
            tx, app, drive=place, name=origin.name, version=origin.version or "", via="git", by=username
        )  # fmt: skip
