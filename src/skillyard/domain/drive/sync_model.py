"""The nouns of a sync: what a machine says that it has, what becomes of each skill, and the run that is opened for it.

Three states of a skill meet: *here* (the folder), *base* (what the last sync put there) and *drive* (the version that
the drive has). What moved is decided in sync_rules.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Literal

from skillyard.domain.registry.exact import ExactRelease
from skillyard.infra.events import Event

RunKind = Literal["first_run", "daily", "manual"]
RunStatus = Literal["open", "finished", "superseded"]
Outcome = Literal["committed", "failed", "skipped"]
Direction = Literal["push", "pull", "both", "none"]


class Mode(StrEnum):
    """What a sync may do. `PUBLIC_ONLY`: nothing private leaves the machine. `PULLS_ONLY`: nothing does, and the drive
    stays as it is. `AS_MANY_AS_CREDITS_ALLOW`: uploads in the given order as long as credits last.
    """

    ALL = "all"
    PUBLIC_ONLY = "public_only"
    PULLS_ONLY = "pulls_only"
    AS_MANY_AS_CREDITS_ALLOW = "as_many_as_credits_allow"


class Action(StrEnum):
    """What becomes of one skill.

    Nothing to do: `IN_SYNC` (here = drive), `KEEP` (only the folder was edited, and it stays so: nothing is sent),
    `CONFLICT` (two different contents without a common base, or a name that is taken: the person decides),
    `UNAVAILABLE` (the drive has it, but this caller or this folder cannot get it).
    Pull: `INSTALL` (no folder here), `UPDATE` (the folder is as the last sync left it, the drive has another version),
    `REMOVE` (the drive no longer has it, the folder is as the last sync left it).
    Push: `CLAIM_PUBLIC` (the registry has exactly this content; the drive takes it up when the run is opened, nothing
    is sent), `UPLOAD_PRIVATE` (nobody has it: becomes a new private skill), `PUSH` (edits of an own private skill
    become its next release), `FORK` (edits of a skill of others become a private skill in its place in the drive).
    Both: `MERGE` (edited here and changed in the drive: merge base, here and drive; then push where `publish_as` is
    set), `MERGE_UPSTREAM` (the same for a fork, with the update of its upstream that was accepted).
    """

    IN_SYNC = "in_sync"
    KEEP = "keep"
    CONFLICT = "conflict"
    UNAVAILABLE = "unavailable"
    INSTALL = "install"
    UPDATE = "update"
    REMOVE = "remove"
    CLAIM_PUBLIC = "claim_public"
    UPLOAD_PRIVATE = "upload_private"
    PUSH = "push"
    FORK = "fork"
    MERGE = "merge"
    MERGE_UPSTREAM = "merge_upstream"

    @property
    def direction(self) -> Direction:
        return _DIRECTIONS.get(self, "none")


_DIRECTIONS: Mapping[Action, Direction] = {
    Action.INSTALL: "pull",
    Action.UPDATE: "pull",
    Action.REMOVE: "pull",
    Action.CLAIM_PUBLIC: "push",
    Action.UPLOAD_PRIVATE: "push",
    Action.PUSH: "push",
    Action.FORK: "push",
    Action.MERGE: "both",
    Action.MERGE_UPSTREAM: "both",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSkill:
    """One folder. `digest`: of its tree as it is now. `name`: the skill that was installed there, None for a folder
    that nobody installed. `base_digest` and `base_version`: what the last sync or install put there.
    """

    slug: str
    digest: str
    name: str | None = None
    base_digest: str | None = None
    base_version: str | None = None
    size_bytes: int = 0

    @property
    def is_edited(self) -> bool:
        return self.base_digest is not None and self.digest != self.base_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalState:
    """All skill folders of a machine, in the order in which they are sent, and the names that its last finished sync
    found in the drive, or put there: without them a skill that was removed elsewhere looks like a new one.
    """

    skills: tuple[LocalSkill, ...]
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a preview answered for one folder: done only if it is still the same, at no higher price."""

    slug: str
    action: Action
    version: str | None = None
    credits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncItem:
    """What becomes of the skill with this slug. `reason`: why, in one sentence. `credits`: what pushing it costs.

    `drive`: the one that has it or gets it. `target`: the release that is to be in the folder, or to be merged into it;
    None where the drive has none. `base`: the release that a merge starts from or that was forked, where it is known.
    `publish_as`: the skill that the content of the folder is uploaded as in this run; None: nothing is uploaded.
    `held_version`: which version of that the drive has now.
    """

    slug: str
    action: Action
    reason: str
    name: str | None = None
    drive: str | None = None
    credits: int = 0
    target: ExactRelease | None = None
    base: ExactRelease | None = None
    publish_as: str | None = None
    held_version: str | None = None

    @property
    def version(self) -> str | None:
        return self.target.version if self.target else None

    @property
    def is_upload(self) -> bool:
        return self.publish_as is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeTier:
    """How many skills the drive may hold before private uploads cost: `current_max`, 0 where there is no limit."""

    current_max: int
    after_sync: int
    would_grandfather: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """`balance`: the caller's credits; `total_credits`: what all uploads of this sync cost together."""

    counts: Mapping[Action, int]
    paid_uploads: int
    total_credits: int
    balance: int
    free_tier: FreeTier

    @property
    def balance_after(self) -> int:
        return self.balance - self.total_credits

    @property
    def is_sufficient(self) -> bool:
        return self.balance_after >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPreview:
    """`left_out`: what the mode, the token or the balance does not allow, each with the reason in place of its own."""

    items: tuple[SyncItem, ...]
    left_out: tuple[SyncItem, ...]
    summary: Summary


class ItemStatus(StrEnum):
    """`DONE`: nothing is left to do. `PENDING`: the client fetches, merges, removes or uploads. `COMMITTED`: done in
    the drive, or reported by the client. `STALE`: it is no longer what the caller expected; nothing was done, and the
    item says what it is now. `FAILED`, `SKIPPED`: reported by the client.
    """

    DONE = "done"
    PENDING = "pending"
    COMMITTED = "committed"
    STALE = "stale"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunItem:
    """`published`: the version that an upload of this run became. `charged`: the credits that it cost."""

    item: SyncItem
    status: ItemStatus
    published: str | None = None
    charged: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRun:
    """A sync that is under way. Opening another one from the same installation supersedes it. Items that need nothing
    are part of the answer that opens the run, and not kept.
    """

    id: str
    drive: str
    user_id: str
    install_id: str
    kind: RunKind
    mode: Mode
    status: RunStatus
    opened_ms: int
    closed_ms: int | None
    items: tuple[RunItem, ...]
    left_out: tuple[SyncItem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """What a client reports of one item when it closes the run; for an upload the registry knows better itself."""

    slug: str
    status: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncClosed:
    """`drive_count`: skills that the drive has now. `high_water`: how many it may always hold for free, since its first
    sync; 0 before that. `counts`: items of the run by status.
    """

    run_id: str
    drive_count: int
    high_water: int
    counts: Mapping[ItemStatus, int]
    credits_charged: int
    closed_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergent:
    slug: str
    name: str
    local_digest: str
    drive_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """Slugs that only the machine has, names that only the drive has, and what both have with other content."""

    local_only: tuple[str, ...]
    drive_only: tuple[str, ...]
    divergent: tuple[Divergent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveSynced(Event):
    """A sync of a drive was brought to its end."""

    kind: ClassVar[str] = "drive.synced"

    run_id: str
    drive: str
    by: str
    counts: Mapping[str, int] = field(default_factory=dict)
