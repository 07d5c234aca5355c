"""Publishes a folder of a commit as a release, and keeps where it comes from.

The name is claimed before anything is published: whatever is interrupted in between is found again, and goes on, when
the same folder is published next.
"""

from __future__ import annotations

import io
from dataclasses import asdict, replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.git_address import is_same_repository
from skillyard.domain.drive.git_errors import GitSkillRefused, NameTaken
from skillyard.domain.drive.git_model import GitSkill, Origin
from skillyard.domain.drive.next_version import next_version
from skillyard.domain.drive.store import origins
from skillyard.domain.registry import access
from skillyard.domain.registry.errors import ReleaseExists, ReleaseQuarantined, SkillNotFound
from skillyard.domain.registry.history import read_heads
from skillyard.domain.registry.model import Visibility, Wish
from skillyard.domain.registry.publish import publish
from skillyard.infra.database import Tx
from skillyard.infra.errors import SkillyardError
from skillyard.skill.manifest import Manifest
from skillyard.skill.names import SkillName

_TRIES = 5  # others may publish the same version of the same skill meanwhile
_CLAIM_MS = 15 * 60 * 1000


def publish_folder(
    app: App, caller: Caller, origin: Origin, commit: str, skill: GitSkill, visibility: Visibility
) -> Origin:
    """The origin with this commit and the version that has its content: a new release, or the highest one if it is the
    same. That is not on record yet: `keep_origin` does it.

    Raises NameTaken, GitSkillRefused with every fault, SkillRefused, RoleTooLow, or ReleaseQuarantined.
    """
    manifest = read_manifest_of(origin.repository, skill)
    name = SkillName.parse(origin.name)
    caller.must("publish", on=origin.name)
    _claim(app, caller, origin)
    try:
        version = _publish_next(app, caller, name, manifest, skill, visibility)
    except SkillyardError:
        _give_back(app, caller, origin)
        raise
    return replace(origin, commit=commit, version=version)


def keep_origin(tx: Tx, app: App, origin: Origin) -> Origin:
    """Record that this commit is published, and that all is well."""
    now_ms = app.clock.now_ms()
    before = origins.find_origin(tx, origin.name)
    at_ms = before.at_ms if before is not None and before.commit == origin.commit else now_ms
    kept = replace(origin, at_ms=at_ms, checked_ms=now_ms, problem="")
    origins.set_origin(tx, kept)
    return kept


def read_manifest_of(repository: str, skill: GitSkill) -> Manifest:
    """What the skill says of itself. Raises GitSkillRefused with every fault."""
    faults = skill.faults if skill.said is None else skill.said.faults
    manifest = skill.said.manifest if skill.said else None
    if manifest is None:
        first = next(str(fault) for fault in faults if fault.severity == "error")
        raise GitSkillRefused(
            path=skill.path or "the root", repository=repository, first=first,
            faults=[asdict(fault) for fault in faults],
        )  # fmt: skip
    return manifest


def is_same_folder(one: Origin, other: Origin) -> bool:
    """Whether they are one folder of one repository, perhaps on two branches; and both imports, or both of a source."""
    is_alike = (one.source_id is None) == (other.source_id is None)
    return is_alike and one.path == other.path and is_same_repository(one.repository, other.repository)


def _claim(app: App, caller: Caller, origin: Origin) -> None:
    """Note that the name is for this folder, unless it is taken by something else."""
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        tx.lock(f"origin {origin.name}")
        before = origins.find_origin(tx, origin.name)
        if before is not None and is_same_folder(before, origin):
            return
        is_claimed = before is not None and before.commit is None and now_ms - before.at_ms < _CLAIM_MS
        if is_claimed or _is_there(tx, caller, SkillName.parse(origin.name)):
            raise NameTaken(name=origin.name, slug=origin.name.partition("/")[2])
        origins.set_origin(tx, replace(origin, commit=None, version=None, at_ms=now_ms, checked_ms=now_ms))


def _give_back(app: App, caller: Caller, origin: Origin) -> None:
    """Leave a name to others that nothing was published under."""
    with app.database.transaction() as tx:
        tx.lock(f"origin {origin.name}")
        if not _is_there(tx, caller, SkillName.parse(origin.name)):
            origins.remove_origin(tx, origin.name)


def _is_there(tx: Tx, caller: Caller, name: SkillName) -> bool:
    try:
        access.check_visible(tx, caller, name)
    except SkillNotFound:
        return False
    return True


def _publish_next(
    app: App, caller: Caller, name: SkillName, manifest: Manifest, skill: GitSkill, visibility: Visibility
) -> str:
    for tries_left in reversed(range(_TRIES)):
        with app.database.reading() as tx:
            highest = read_heads(tx, name).highest
            if highest is not None and _has_content(tx, name, highest, skill.digest):
                return highest
            version = next_version(tx, name, manifest.permissions, manifest.version)
        first = visibility if highest is None else None
        wish = Wish(name=name, visibility=first, version=version, overrules=True)
        try:
            release = publish(app, caller, wish, io.BytesIO(skill.archive)).release
        except ReleaseExists:
            if not tries_left:
                raise
            continue
        if not release.is_offered:
            raise _quarantined(release.name, release.version, release.reasons)
        return release.version
    raise AssertionError("the last try answers or raises")


def _has_content(tx: Tx, name: SkillName, version: str, digest: str) -> bool:
    """Raises ReleaseQuarantined when it has, and nobody gets it."""
    release = access.get_release(tx, name, version)
    if release.digest == digest and not release.is_offered:
        raise _quarantined(release.name, release.version, release.reasons)
    return release.digest == digest


def _quarantined(name: str, version: str, reasons: tuple[str, ...]) -> ReleaseQuarantined:
    return ReleaseQuarantined(name=name, version=version, why=reasons[0] if reasons else "it was withdrawn")
