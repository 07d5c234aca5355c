"""Sync on the wire: contents by the hash of their zip, and fewer actions than we have; ours stand beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text
from skillyard.api.tank.dialect import skill_uuid
from skillyard.domain.drive.sync_model import (
    Action,
    Expected,
    ItemResult,
    Mode,
    Outcome,
    RunKind,
    Summary,
    SyncClosed,
    SyncItem,
)

MOST_SKILLS = 2000
TheirAction = Literal[
    "claim_public", "upload_private", "download_install", "download_update", "skip_in_sync", "conflict"
]
Direction = Literal["push", "pull"]
Status = Literal["committed", "pending_upload", "pending_download", "skipped", "stale"]
Sha = Annotated[str, Field(max_length=200)]
Folder = Annotated[str, Field(min_length=1, max_length=255)]

_THEIRS: Mapping[Action, TheirAction] = {
    Action.CLAIM_PUBLIC: "claim_public",
    Action.UPLOAD_PRIVATE: "upload_private",
    Action.PUSH: "upload_private",
    Action.FORK: "upload_private",
    Action.INSTALL: "download_install",
    Action.UPDATE: "download_update",
    Action.IN_SYNC: "skip_in_sync",
    Action.KEEP: "skip_in_sync",
}
_OURS: Mapping[TheirAction, Action] = {
    "claim_public": Action.CLAIM_PUBLIC,
    "upload_private": Action.UPLOAD_PRIVATE,
    "download_install": Action.INSTALL,
    "download_update": Action.UPDATE,
    "skip_in_sync": Action.IN_SYNC,
    "conflict": Action.CONFLICT,
}


class LocalBody(BaseModel):
    slug: Folder
    content_sha: Sha
    size_bytes: int = Field(default=0, ge=0, lt=2**53)
    source: str | None = Field(default=None, max_length=2000, description="`skillzdrive:` and a slug: what it was.")


class KnownBody(BaseModel):
    slug: Folder
    content_sha: Sha


class PreviewBody(BaseModel):
    local: list[LocalBody] = Field(max_length=MOST_SKILLS)
    hosted_known: list[KnownBody] = Field(
        default=[], max_length=MOST_SKILLS, description="What the last sync saw of the drive."
    )
    mode: Mode = Mode.ALL


class DiffSkillBody(BaseModel):
    slug: Folder
    content_sha: Sha


class DiffBody(BaseModel):
    local: list[DiffSkillBody] = Field(max_length=MOST_SKILLS)


class Classification(BaseModel):
    """Send it back as it came: what stands below `reason` is how execute knows what it was about."""

    slug: Folder
    direction: Direction | None = None
    action: TheirAction
    credits_required: int = Field(default=0, ge=0, lt=2**53)
    canonical_skill_id: str | None = Field(default=None, max_length=100)
    reason: str = Field(default="", max_length=2000)
    sync_action: Action | None = Field(default=None, description="Ours, of which there are more.")
    semver: str | None = Field(default=None, max_length=200)
    content_sha: Sha | None = None
    base_content_sha: Sha | None = None
    size_bytes: int = Field(default=0, ge=0, lt=2**53)
    source: str | None = Field(default=None, max_length=2000)


class Pushes(BaseModel):
    free_claims: int
    paid_uploads: int
    total_credits: int


class Pulls(BaseModel):
    installs: int
    updates: int


class Overage(BaseModel):
    current_max: int = Field(description="Skills that the drive holds for free; 0: no limit.")
    after_sync: int
    would_grandfather: bool


class SummaryOnWire(BaseModel):
    pushes: Pushes
    pulls: Pulls
    balance: int
    balance_after: int
    balance_sufficient: bool
    free_tier_overage: Overage


class Preview(BaseModel):
    classifications: list[Classification]
    left_out: list[Classification] = Field(description="What mode, key or balance do not allow, and why.")
    summary: SummaryOnWire


class ExecuteBody(BaseModel):
    install_id: Annotated[str, Field(min_length=1, max_length=100)]
    kind: RunKind = "manual"
    mode: Mode = Mode.ALL
    classifications: list[Classification] = Field(max_length=2 * MOST_SKILLS)


class Executed(BaseModel):
    slug: str
    action: TheirAction
    status: Status
    canonical_skill_id: str | None = None
    credits_required: int | None = None
    upload_url: str | None = Field(default=None, description="POST the zip here, as `file` of a form, with the key.")
    download_url: str | None = None
    download_content_sha: str | None = None
    download_version: int | None = None
    download_semver: str | None = None
    reason: str


class RunOpened(BaseModel):
    run_id: str
    results: list[Executed]


class UploadedInSync(BaseModel):
    slug: str
    status: Literal["committed"]
    full_name: str
    semver: str
    credits_charged: int


class ResultBody(BaseModel):
    slug: Folder
    status: Text
    credits_charged: int = Field(default=0, ge=0, lt=2**53)


class FinalizeBody(BaseModel):
    run_id: Text
    item_results: list[ResultBody] = Field(default=[], max_length=2 * MOST_SKILLS)
    counters: dict[Text, Annotated[int, Field(ge=0, lt=2**53)]] = Field(default={}, max_length=30)


class RunClosed(BaseModel):
    run_id: str
    drive_count: int
    drive_grandfather_high_water: int = Field(description="How many skills the drive always holds for free.")
    credits_charged: int
    counts: dict[str, int]


class LocalOnly(BaseModel):
    slug: str
    content_sha: str


class DriveOnly(BaseModel):
    slug: str
    full_name: str


class DivergentOnWire(BaseModel):
    slug: str
    local_content_sha: str
    drive_content_sha: str | None


class DiffShown(BaseModel):
    local_only: list[LocalOnly]
    drive_only: list[DriveOnly]
    divergent: list[DivergentOnWire]


def their_action(action: Action) -> TheirAction:
    """What their clients cannot do by themselves is for the person to decide."""
    return _THEIRS.get(action, "conflict")


def read_expected(one: Classification) -> Expected:
    action = one.sync_action or _OURS[one.action]
    return Expected(slug=one.slug, action=action, version=one.semver, credits=one.credits_required)


def read_results(body: FinalizeBody) -> list[ItemResult]:
    """Whatever went otherwise than well has failed."""
    outcomes: dict[str, Outcome] = {"committed": "committed", "skipped": "skipped"}
    return [ItemResult(slug=one.slug, status=outcomes.get(one.status, "failed")) for one in body.item_results]


def show_item(item: SyncItem, local: LocalBody | None, base: str | None) -> Classification:
    """`base`: what the last sync saw of it in the drive."""
    direction = item.action.direction
    return Classification(
        slug=item.slug,
        direction="push" if direction in ("push", "both") else "pull",
        action=their_action(item.action),
        credits_required=item.credits,
        canonical_skill_id=skill_uuid(item.name) if item.name else None,
        reason=item.reason,
        sync_action=item.action,
        semver=item.version,
        content_sha=local.content_sha if local else None,
        base_content_sha=base,
        size_bytes=local.size_bytes if local else 0,
        source=local.source if local else None,
    )


def show_summary(summary: Summary) -> SummaryOnWire:
    counts, free = summary.counts, summary.free_tier
    return SummaryOnWire(
        pushes=Pushes(
            free_claims=counts.get(Action.CLAIM_PUBLIC, 0),
            paid_uploads=summary.paid_uploads,
            total_credits=summary.total_credits,
        ),
        pulls=Pulls(installs=counts.get(Action.INSTALL, 0), updates=counts.get(Action.UPDATE, 0)),
        balance=summary.balance,
        balance_after=summary.balance_after,
        balance_sufficient=summary.is_sufficient,
        free_tier_overage=Overage(
            current_max=free.current_max, after_sync=free.after_sync, would_grandfather=free.would_grandfather
        ),
    )


def show_closed(closed: SyncClosed) -> RunClosed:
    return RunClosed(
        run_id=closed.run_id,
        drive_count=closed.drive_count,
        drive_grandfather_high_water=closed.high_water,
        credits_charged=closed.credits_charged,
        counts={status.value: number for status, number in closed.counts.items()},
    )
