"""What the registry answers to a sync: what becomes of each skill, the run that carries it out, and how it ended."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from skillyard.api.native.addresses import archive_url
from skillyard.api.native.wire.fields import Time, example
from skillyard.api.native.wire.releases import ArchiveOnWire
from skillyard.domain.drive.sync_model import (
    Action,
    Diff,
    Direction,
    ItemStatus,
    Mode,
    RunItem,
    RunKind,
    RunStatus,
    Summary,
    SyncClosed,
    SyncItem,
    SyncPreview,
    SyncRun,
)
from skillyard.domain.drive.sync_uploads import Uploaded
from skillyard.domain.registry.exact import ExactRelease
from skillyard.domain.registry.trust import Status
from skillyard.infra.clock import iso

_NOW = "2026-11-21T07:00:00.000Z"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_DIGEST, _OTHER = f"sha256:{'5e' * 32}", f"sha256:{'7a' * 32}"
_ARCHIVE = {
    "url": f"https://skills.example.org/api/v1/blobs/{_SHA256}",
    "sha256": _SHA256,
    "sha512": "sha512-7iaw3Ur350mqGo7jwQrpkj9hiYB3Lkc/iBml1JQODbJ6wYX4oOHV+E+IvIh/1nsUNzLDBMxfqa2Ob1f1ACio/w==",
    "size_bytes": 5120,
    "format": "zip",
}
_TARGET = {"name": "acme/pdf", "version": "1.4.0", "digest": _DIGEST, "status": "listed", "archive": _ARCHIVE}
_ITEM: dict[str, Any] = {
    "slug": "pdf",
    "action": "update",
    "direction": "pull",
    "reason": "The drive has version 1.4.0, and the folder is as the last sync left it.",
    "name": "acme/pdf",
    "drive": "ada",
    "credits": 0,
    "target": _TARGET,
    "base": None,
    "publish_as": None,
}
_SUMMARY = {
    "counts": {"update": 1},
    "paid_uploads": 0,
    "total_credits": 0,
    "balance": 25,
    "balance_after": 25,
    "balance_sufficient": True,
    "free_tier": {"current_max": 10, "after_sync": 9, "would_grandfather": False},
}
_RUN_ITEM = {**_ITEM, "status": "pending", "published_version": None, "credits_charged": 0, "detail": ""}
_RUN: dict[str, Any] = {
    "id": "syn_01k0000000000000000000000a",
    "drive": "ada",
    "install_id": "7c1c5b0e-3f0a-4f5e-9d9e-0c1f3c5f8a11",
    "kind": "manual",
    "mode": "all",
    "status": "open",
    "items": [_RUN_ITEM],
    "left_out": [],
    "opened_at": _NOW,
    "closed_at": None,
}


class TargetOnWire(BaseModel):
    """One release, and where its bytes are."""

    model_config = example(_TARGET)

    name: str
    version: str
    digest: str = Field(description="Of the tree of its files.")
    status: Status = Field(description="A flagged one is for people who agree to that.")
    archive: ArchiveOnWire


class SyncItemOnWire(BaseModel):
    """What becomes of one skill.

    `in_sync`: the folder is as the drive has it; note `target` as base. `keep`: only the folder was edited, and
    nothing is sent. `conflict`: contents without a common base, or a name that is taken; touch nothing. `unavailable`:
    it cannot be had now. `install`, `update`: put `target` into the folder. `remove`: take the folder away.
    `claim_public`: is in the drive when the run is open; note `target` as base. `upload_private`, `push`, `fork`:
    upload the folder; the answer says what to note as base. `merge`: merge `base`, the folder and `target`; without
    conflicts put the result into the folder, and note `target` as base; then upload it if `publish_as` is set.
    `merge_upstream`: the same, except that `base` and `target` are releases of the upstream, so that the base noted for
    the folder changes only with the upload.
    """

    model_config = example(_ITEM)

    slug: str
    action: Action
    direction: Direction
    reason: str = Field(description="Why, in one sentence.")
    name: str | None = Field(description="The skill; null where only the folder is known.")
    drive: str | None = Field(description="The drive that has it, or gets it.")
    credits: int = Field(description="What doing it costs.")
    target: TargetOnWire | None = Field(description="What is to be in the folder, or to be merged into it.")
    base: TargetOnWire | None = Field(description="What the merge starts from, where the registry knows it.")
    publish_as: str | None = Field(description="The skill that the folder is uploaded as; null: nothing is sent.")


class FreeTierOnWire(BaseModel):
    current_max: int = Field(description="Skills that the drive holds for free; 0: no limit.")
    after_sync: int
    would_grandfather: bool = Field(description="Whether a first sync would raise that to what the drive then holds.")


class SummaryOnWire(BaseModel):
    model_config = example(_SUMMARY)

    counts: dict[Action, int]
    paid_uploads: int
    total_credits: int
    balance: int = Field(description="Your credits.")
    balance_after: int
    balance_sufficient: bool
    free_tier: FreeTierOnWire


class SyncPreviewOnWire(BaseModel):
    model_config = example({"items": [_ITEM], "left_out": [], "summary": _SUMMARY})

    items: list[SyncItemOnWire]
    left_out: list[SyncItemOnWire] = Field(description="What mode, token or balance do not allow, and why.")
    summary: SummaryOnWire


class RunItemOnWire(SyncItemOnWire):
    """`done`: nothing is left to do. `pending`: yours to do. `committed`: done in the drive. `stale`: no longer what
    you expected, not done, and shown as it is now. `failed`, `skipped`: as you reported.
    """

    model_config = example(_RUN_ITEM)

    status: ItemStatus
    published_version: str | None = Field(description="What an upload of this run became.")
    credits_charged: int
    detail: str


class SyncRunOnWire(BaseModel):
    model_config = example(_RUN)

    id: str
    drive: str
    install_id: str
    kind: RunKind
    mode: Mode
    status: RunStatus
    items: list[RunItemOnWire] = Field(
        description="In the order of `local`, then what is only in the drive. Read later, without those that were done"
        " from the beginning."
    )
    left_out: list[SyncItemOnWire]
    opened_at: Time
    closed_at: Time | None


class UploadedOnWire(BaseModel):
    """What a folder became: note name, version and digest as its base."""

    model_config = example(
        {"slug": "notes", "name": "ada/notes", "version": "0.1.0", "digest": _DIGEST, "credits_charged": 3}
    )

    slug: str
    name: str
    version: str
    digest: str
    credits_charged: int


class SyncClosedOnWire(BaseModel):
    model_config = example(
        {
            "run_id": _RUN["id"],
            "drive_count": 12,
            "high_water": 12,
            "counts": {"committed": 20},
            "credits_charged": 6,
            "closed_at": _NOW,
        }
    )

    run_id: str
    drive_count: int = Field(description="Skills that the drive has now.")
    high_water: int = Field(description="How many it may hold for free since its first sync; 0 before that.")
    counts: dict[ItemStatus, int]
    credits_charged: int
    closed_at: Time


class DivergentOnWire(BaseModel):
    slug: str
    name: str
    local_digest: str
    drive_digest: str


class DiffOnWire(BaseModel):
    model_config = example({"local_only": ["notes"], "drive_only": ["acme/pdf"], "divergent": []})

    local_only: list[str] = Field(description="Folders that the drive knows nothing of.")
    drive_only: list[str] = Field(description="Skills without a folder here.")
    divergent: list[DivergentOnWire]


def show_preview(preview: SyncPreview, address: str) -> dict[str, Any]:
    """Plain values of the shape of SyncPreviewOnWire: there may be thousands of items."""
    return {
        "items": [_show_item(item, address) for item in preview.items],
        "left_out": [_show_item(item, address) for item in preview.left_out],
        "summary": _show_summary(preview.summary),
    }


def show_run(run: SyncRun, address: str) -> dict[str, Any]:
    """Plain values of the shape of SyncRunOnWire."""
    return {
        "id": run.id,
        "drive": run.drive,
        "install_id": run.install_id,
        "kind": run.kind,
        "mode": run.mode,
        "status": run.status,
        "items": [_show_run_item(one, address) for one in run.items],
        "left_out": [_show_item(item, address) for item in run.left_out],
        "opened_at": iso(run.opened_ms),
        "closed_at": None if run.closed_ms is None else iso(run.closed_ms),
    }


def show_closed(closed: SyncClosed) -> dict[str, Any]:
    """Plain values of the shape of SyncClosedOnWire."""
    return {
        "run_id": closed.run_id,
        "drive_count": closed.drive_count,
        "high_water": closed.high_water,
        "counts": {status.value: count for status, count in closed.counts.items()},
        "credits_charged": closed.credits_charged,
        "closed_at": iso(closed.closed_ms),
    }


def show_uploaded(uploaded: Uploaded) -> dict[str, Any]:
    """Plain values of the shape of UploadedOnWire."""
    return {
        "slug": uploaded.slug,
        "name": uploaded.name,
        "version": uploaded.version,
        "digest": uploaded.digest,
        "credits_charged": uploaded.charged,
    }


def show_diff(diff: Diff) -> dict[str, Any]:
    """Plain values of the shape of DiffOnWire."""
    divergent = [
        {"slug": one.slug, "name": one.name, "local_digest": one.local_digest, "drive_digest": one.drive_digest}
        for one in diff.divergent
    ]
    return {"local_only": diff.local_only, "drive_only": diff.drive_only, "divergent": divergent}


def _show_run_item(one: RunItem, address: str) -> dict[str, Any]:
    return {
        **_show_item(one.item, address),
        "status": one.status,
        "published_version": one.published,
        "credits_charged": one.charged,
        "detail": one.detail,
    }


def _show_item(item: SyncItem, address: str) -> dict[str, Any]:
    return {
        "slug": item.slug,
        "action": item.action,
        "direction": item.action.direction,
        "reason": item.reason,
        "name": item.name,
        "drive": item.drive,
        "credits": item.credits,
        "target": _show_target(item.target, address),
        "base": _show_target(item.base, address),
        "publish_as": item.publish_as,
    }


def _show_target(release: ExactRelease | None, address: str) -> dict[str, Any] | None:
    if release is None:
        return None
    archive = release.archive
    return {
        "name": release.name,
        "version": release.version,
        "digest": release.digest,
        "status": release.status,
        "archive": {
            "url": archive_url(address, release),
            "sha256": archive.sha256,
            "sha512": archive.sha512,
            "size_bytes": archive.size_bytes,
            "format": archive.format,
        },
    }


def _show_summary(summary: Summary) -> dict[str, Any]:
    free = summary.free_tier
    return {
        "counts": {action.value: count for action, count in summary.counts.items()},
        "paid_uploads": summary.paid_uploads,
        "total_credits": summary.total_credits,
        "balance": summary.balance,
        "balance_after": summary.balance_after,
        "balance_sufficient": summary.is_sufficient,
        "free_tier": {
            "current_max": free.current_max,
            "after_sync": free.after_sync,
            "would_grandfather": free.would_grandfather,
        },
    }
