"""Sync a machine with the drive: preview, execute, uploads, finalize; and the cheap daily diff."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import File, UploadFile

from skillyard.api.skillzdrive.addresses import API
from skillyard.api.skillzdrive.callers import SignedIn, signed_router
from skillyard.api.skillzdrive.showing import Showing, look_up
from skillyard.api.skillzdrive.states import Machine, digest_of, read_state
from skillyard.api.skillzdrive.wire import sync as wire
from skillyard.api.skillzdrive.wire.envelope import Data
from skillyard.api.surface import AppOf
from skillyard.api.tank.dialect import skill_uuid
from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive import diff as diffs
from skillyard.domain.drive import sync, sync_runs, sync_uploads
from skillyard.domain.drive.chosen import find_version
from skillyard.domain.drive.sync_model import Divergent, ItemStatus, LocalSkill, RunItem, SyncItem
from skillyard.domain.registry.exact import ExactRelease
from skillyard.domain.registry.trust import Status
from skillyard.domain.registry.zip_digests import find_zip_of, list_zipped
from skillyard.infra.errors import SkillyardError
from skillyard.skill.faults import SkillError
from skillyard.skill.names import SkillName

router = signed_router("sync")

_SYNC = f"{API}/drive/sync"
_UPLOAD = f"{_SYNC}/{{run_id}}/uploads/{{slug}}"
_STATUSES: Mapping[ItemStatus, wire.Status] = {ItemStatus.COMMITTED: "committed", ItemStatus.STALE: "stale"}


@router.post(f"{_SYNC}/preview", summary="What a sync would do")
def preview_sync(app: AppOf, caller: SignedIn, body: wire.PreviewBody) -> Data[wire.Preview]:
    """Per skill the action, the reason and the price. Nothing is changed."""
    machine = Machine.previewed(body.local, body.hosted_known)
    found = sync.preview(app, caller, read_state(app, machine), mode=body.mode)
    return Data(
        data=wire.Preview(
            classifications=_show_items(found.items, machine),
            left_out=_show_items(found.left_out, machine),
            summary=wire.show_summary(found.summary),
        )
    )


@router.post(f"{_SYNC}/execute", summary="Begin a sync")
def execute_sync(app: AppOf, caller: SignedIn, body: wire.ExecuteBody) -> Data[wire.RunOpened]:
    """What a preview has classified is classified anew; what is another thing by now is answered as stale, and not
    done. Claims are done at once, together. Uploads and downloads are the client's, then finalize.
    """
    run = sync.begin(
        app,
        caller,
        read_state(app, Machine.classified(body.classifications)),
        install_id=body.install_id,
        kind=body.kind,
        mode=body.mode,
        expected=[wire.read_expected(one) for one in body.classifications],
    )
    showing = look_up(app, {one.item.target.name for one in run.items if one.item.target})
    results = [_show_executed(app, caller, run.id, one, showing) for one in run.items]
    return Data(data=wire.RunOpened(run_id=run.id, results=results))


@router.post(_UPLOAD, summary="Upload a folder in a sync")
def upload_in_sync(
    app: AppOf,
    caller: SignedIn,
    run_id: str,
    slug: str,
    file: Annotated[UploadFile, File(description="A zip or tar.gz of the folder.")],
) -> Data[wire.UploadedInSync]:
    """It becomes a private skill that the drive has. Again: the same answer, and nothing is charged twice."""
    done = sync_uploads.upload(app, caller, run_id=run_id, slug=slug, source=file.file)
    return Data(
        data=wire.UploadedInSync(
            slug=done.slug, status="committed", full_name=done.name, semver=done.version, credits_charged=done.charged
        )
    )


@router.post(f"{_SYNC}/finalize", summary="Close a sync")
def finalize_sync(app: AppOf, caller: SignedIn, body: wire.FinalizeBody) -> Data[wire.RunClosed]:
    """Say what was done with each item. Again: the same answer."""
    closed = sync_runs.finalize(
        app, caller, run_id=body.run_id, results=wire.read_results(body), counters=body.counters
    )  # fmt: skip
    return Data(data=wire.show_closed(closed))


@router.post(f"{API}/drive/diff", summary="What differs between a machine and the drive")
def diff_drive(app: AppOf, caller: SignedIn, body: wire.DiffBody) -> Data[wire.DiffShown]:
    """By content. Nothing is changed, and nothing decided."""
    zipped = list_zipped(app, [one.content_sha for one in body.local])
    sent = {one.slug: one.content_sha for one in body.local}
    local = [LocalSkill(slug=one.slug, digest=digest_of(one.content_sha, zipped)) for one in body.local]
    found = diffs.diff(app, caller, local)
    showing = look_up(app, found.drive_only)
    return Data(
        data=wire.DiffShown(
            local_only=[wire.LocalOnly(slug=slug, content_sha=sent[slug]) for slug in found.local_only],
            drive_only=[wire.DriveOnly(slug=showing.slugs[name], full_name=name) for name in found.drive_only],
            divergent=[_show_divergent(app, caller, one, sent[one.slug]) for one in found.divergent],
        )
    )


def _show_items(items: tuple[SyncItem, ...], machine: Machine) -> list[wire.Classification]:
    local = {one.slug: one for one in machine.local}
    return [wire.show_item(item, local.get(item.slug), machine.bases.get(item.slug)) for item in items]


def _show_executed(app: App, caller: Caller, run_id: str, one: RunItem, showing: Showing) -> wire.Executed:
    item, action = one.item, wire.their_action(one.item.action)
    shown = wire.Executed(
        slug=item.slug,
        action=action,
        status=_STATUSES.get(one.status, "skipped"),
        canonical_skill_id=skill_uuid(item.name) if item.name else None,
        reason=item.reason,
    )
    if one.status is not ItemStatus.PENDING:
        return shown
    if action == "upload_private":
        url = f"{API}/drive/sync/{run_id}/uploads/{item.slug}"
        return shown.model_copy(
            update={"status": "pending_upload", "credits_required": item.credits, "upload_url": url}
        )
    if action in ("download_install", "download_update") and item.target:
        return shown.model_copy(update=_show_download(app, caller, item.target, showing))
    return shown


def _show_download(app: App, caller: Caller, target: ExactRelease, showing: Showing) -> dict[str, object]:
    """Without a key, where everybody may have it."""
    zip = find_zip_of(app, caller, name=SkillName.parse(target.name), version=target.version)
    slug = showing.slugs[target.name]
    is_open = target.is_free and target.status is Status.LISTED
    path = f"public/{slug}/{zip.sha256}.zip" if is_open else f"drive/{slug}/{target.version}.zip"
    return {
        "status": "pending_download",
        "download_url": f"{API}/downloads/{path}",
        "download_content_sha": zip.sha256,
        "download_version": showing.number(target.name, target.version),
        "download_semver": target.version,
    }


def _show_divergent(app: App, caller: Caller, one: Divergent, sent: str) -> wire.DivergentOnWire:
    name = SkillName.parse(one.name)
    try:
        zip = find_zip_of(app, caller, name=name, version=find_version(app, caller, name))
    except (SkillyardError, SkillError):  # what the drive has is not handed out any more
        return wire.DivergentOnWire(slug=one.slug, local_content_sha=sent, drive_content_sha=None)
    return wire.DivergentOnWire(slug=one.slug, local_content_sha=sent, drive_content_sha=zip.sha256)
