"""Publish a release: look at everything first, then store it in one transaction. Releases never change again.

The scan is part of the look: its verdict stands in the same transaction, so that nothing is listed unscanned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, BinaryIO

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import access, rules
from skillyard.domain.registry.errors import ContentIsBeingRemoved, ReleaseExists, UploadNotFound
from skillyard.domain.registry.examine import Examined, examine, is_sealed
from skillyard.domain.registry.judgement import judge
from skillyard.domain.registry.model import (
    DEFAULT_CHANNEL,
    Draft,
    Published,
    Release,
    ReleasePublished,
    Standing,
    Verdict,
    Visibility,
    Wish,
)
from skillyard.domain.registry.statements import log_release
from skillyard.domain.registry.store import advisories, releases, removals, scans, skills, uploads
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.skill.faults import Fault
from skillyard.skill.log.leaf import Kind
from skillyard.skill.names import SkillName


def publish(app: App, caller: Caller, wish: Wish, source: BinaryIO, *, sha256: str | None = None) -> Published:
    """Publish the archive in `source`. `sha256`: what it was announced to be.

    Raises NamespaceNotFound, RoleTooLow, SkillRefused with every fault, or ReleaseExists.
    """
    caller.must("publish", on=str(wish.name))
    examined = examine(app, caller, wish, source, sha256=sha256)
    rules.refuse(wish.name, examined.faults)
    if conflict := _find_conflict(app, _draft(wish, examined)):
        raise conflict
    app.blobs.put(examined.archive.sha256, source, examined.archive.size_bytes)
    return store_release(app, caller, wish, examined)


def rehearse(app: App, caller: Caller, wish: Wish, source: BinaryIO, *, sha256: str | None = None) -> Verdict:
    """What `publish` would answer, without storing anything. Raises NamespaceNotFound or RoleTooLow."""
    caller.must("publish", on=str(wish.name))
    examined = examine(app, caller, wish, source, sha256=sha256)
    draft = _draft(wish, examined)
    conflict = _find_conflict(app, draft) if rules.is_skill_name(wish.name) else None
    late = [Fault(code=conflict.code, message=conflict.message, hint=conflict.advice)] if conflict else []
    report = examined.report.show() if examined.report else None
    return Verdict(faults=(*examined.faults, *late), draft=draft, report=report)


def store_release(
    app: App, caller: Caller, wish: Wish, examined: Examined, *, upload_id: str | None = None
) -> Published:
    """Store a release without fault, whose archive is in the blob store; `upload_id`: the ticket that this uses up."""
    new = _release(app, caller, wish, examined)
    assert examined.report is not None, "a release without fault was scanned"
    report = examined.report.show()
    with app.database.transaction() as tx:
        if upload_id is not None and not uploads.use_upload(tx, upload_id, now_ms=new.published_ms):
            raise UploadNotFound(upload_id=upload_id)
        if not removals.may_refer_to(tx, new.archive.sha256):
            raise ContentIsBeingRemoved(retry_after_s=1)
        _add_skill(tx, wish, is_sealed=new.is_sealed, now_ms=new.published_ms)
        _add_release(tx, wish, _judged(tx, new, report), report)
        stored = access.get_release(tx, wish.name, new.version)
        details = {"status": stored.status.value, "verdict": stored.verdict}
        log_release(tx, Kind.PUBLISHED, stored, details, by=new.published_by, now_ms=new.published_ms)
        app.events.record(tx, _event(new))
    return Published(release=stored, warnings=tuple(fault for fault in examined.faults if fault.severity == "warning"))


def _add_skill(tx: Tx, wish: Wish, *, is_sealed: bool, now_ms: int) -> None:
    """The first release makes the skill; a later one finds it, and must not want it otherwise."""
    tx.lock(f"skill {wish.name}")
    if skills.add_skill(tx, wish.name, wish.visibility or Visibility.PUBLIC, is_sealed=is_sealed, now_ms=now_ms):
        return
    rules.refuse(wish.name, rules.check_visibility(wish, skills.find_visibility(tx, wish.name)))
    rules.refuse(wish.name, rules.check_sealed(wish, is_sealed, skills.find_sealed(tx, wish.name)))
    skills.set_updated(tx, wish.name, now_ms=now_ms)


def _judged(tx: Tx, new: Release, report: Mapping[str, Any]) -> Release:
    """The same files may have been cleared or recalled before, under another version or name."""
    overrides = scans.list_overrides(tx, new.digest, now_ms=new.published_ms)
    judgement = judge(report, overrides, advisories.list_in_force(tx, new.digest, new.name))
    return replace(new, status=judgement.status, reasons=judgement.reasons)


def _add_release(tx: Tx, wish: Wish, new: Release, report: Mapping[str, Any]) -> None:
    if not releases.add_release(tx, new, version_order=rules.order_key(new.version), rules=report["rules"]):
        digest = releases.find_digest(tx, wish.name, new.version)
        raise _release_exists(new.name, new.version, digest, new.digest)
    scans.add_scan(tx, new.id, report, now_ms=new.published_ms)
    scans.add_dependencies(tx, new.id, new.dependencies)
    if new.is_offered:
        before = skills.list_channels(tx, [new.name])[new.name]
        standing = Standing(version=new.version, channel=new.channel, is_offered=True)
        skills.set_channels(tx, wish.name, before, rules.channels_with(before, standing))


def _find_conflict(app: App, draft: Draft | None) -> ReleaseExists | None:
    """Found early, it saves the blob; the unique constraint has the last word."""
    if draft is None:
        return None
    with app.database.reading() as tx:
        digest = releases.find_digest(tx, SkillName.parse(draft.name), draft.version)
    return _release_exists(draft.name, draft.version, digest, draft.digest) if digest else None


def _release_exists(name: str, version: str, digest: str | None, ours: str) -> ReleaseExists:
    identical = digest == ours
    content = "the same" if identical else "other"
    return ReleaseExists(name=name, version=version, digest=digest, identical=identical, content=content)


def _draft(wish: Wish, examined: Examined) -> Draft | None:
    manifest = examined.manifest
    version = rules.decide_version(wish, manifest) if manifest else None
    if manifest is None or version is None:
        return None
    return Draft(
        name=str(wish.name),
        version=version,
        digest=examined.digest,
        archive=examined.archive,
        files=examined.files,
        permissions=manifest.permissions.show(),
        dependencies=manifest.dependencies,
    )


def _release(app: App, caller: Caller, wish: Wish, examined: Examined) -> Release:
    draft, manifest, report = _draft(wish, examined), examined.manifest, examined.report
    assert draft is not None, "a release without fault has one"
    assert manifest is not None, "as above"
    assert report is not None, "as above"
    return Release(
        id=new_id("rel"),
        name=draft.name,
        version=draft.version,
        visibility=wish.visibility or Visibility.PUBLIC,
        description=manifest.description,
        license=manifest.license,
        compatibility=manifest.compatibility,
        homepage=manifest.homepage,
        tags=manifest.tags,
        dependencies=draft.dependencies,
        permissions=draft.permissions,
        channel=wish.channel or DEFAULT_CHANNEL,
        channels=(),
        digest=draft.digest,
        archive=draft.archive,
        files_count=len(draft.files),
        unpacked_bytes=sum(file.size_bytes for file in draft.files),
        published_ms=app.clock.now_ms(),
        published_by=caller.identity[1],
        yanked=None,
        deprecated=None,
        verdict=report.verdict.value,
        score=report.score,
        provenance=caller.provenance,
        is_sealed=is_sealed(examined.executable),
        readme=manifest.body,
        files=draft.files,
        credits_per_run=manifest.credits_per_run,
    )


def _event(new: Release) -> ReleasePublished:
    return ReleasePublished(
        name=new.name, version=new.version, digest=new.digest, channel=new.channel, by=new.published_by
    )
