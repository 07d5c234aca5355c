"""The nouns of drives, and what happens in them as events. A drive is named by the namespace that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from skillyard.domain.payments.model import Price
from skillyard.infra.events import Event

Via = Literal["registry", "git", "upload", "fork"]
ReachedBy = Literal["personal", "team", "shared"]
RequestStatus = Literal["pending", "accepted", "declined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveItem:
    """A skill in a drive, in the version that the drive has; a disabled one is kept and reaches nobody.

    Of one that is `pinned` no updates are offered, and none up to `dismissed_version`. A fork of another skill has an
    `upstream_name`, and was last merged with its `upstream_version`; `upstream_accepted` is the version of it that
    the next sync merges in, and none is offered up to `upstream_dismissed`.
    """

    drive: str
    name: str
    version: str
    enabled: bool
    pinned: bool
    dismissed_version: str | None
    via: Via
    upstream_name: str | None
    upstream_version: str | None
    upstream_accepted: str | None
    upstream_dismissed: str | None
    added_ms: int
    added_by: str
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A skill that comes to somebody, and from where: their own drive, a team's, or one that was shared with them.

    `item` is the one in that drive.
    """

    name: str
    item: DriveItem
    via: ReachedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A version that a drive may move to. `name`: the skill that it is a version of: the item, or the upstream of a
    fork. `is_withdrawn`: what the drive has is yanked, quarantined or recalled, so that this may also be a lower one.
    `is_flagged`: the scan has something to say about it. `may_newly`: what it may do that the version before may not,
    in plain words. `needs_purchase`: it must be bought first, for one of `prices`; else it costs nothing.
    """

    item: DriveItem
    name: str
    held: str
    version: str
    is_withdrawn: bool
    is_dismissed: bool
    is_flagged: bool
    may_newly: tuple[str, ...]
    needs_purchase: bool
    prices: tuple[Price, ...]

    @property
    def is_upstream(self) -> bool:
        return self.name != self.item.name


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveChanged(Event):
    """Something happened to a skill in a drive; `change`: added, removed, enabled, disabled, pinned, unpinned,
    dismissed, accepted (a version of its upstream, to be merged in) or version.
    """

    kind: ClassVar[str] = "drive.changed"

    drive: str
    name: str
    version: str
    change: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRequest:
    """What a member would like a team's drive to have, for its maintainers to decide.

    `source`: a skill's name, or a git address, which would be imported as `slug`. `reason`: why it was declined.
    """

    id: str
    drive: str
    source: str
    slug: str | None
    note: str
    status: RequestStatus
    requester_id: str
    requester: str
    decided_by: str | None
    reason: str
    created_ms: int
    decided_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A link by which a skill of a drive is given to whoever follows it. Nobody new can take it once it has expired;
    once it is revoked, nobody has it any more. `takers`: usernames of those who took it, for those who may know.
    """

    id: str
    drive: str
    name: str
    created_by: str
    created_ms: int
    expires_ms: int
    revoked_ms: int | None
    takers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewShare:
    """A share with its secret, which is shown this once."""

    share: Share
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMade(Event):
    """A member would like a team's drive to have something."""

    kind: ClassVar[str] = "drive.requested"

    request_id: str
    drive: str
    source: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDecided(Event):
    """What a member asked for was accepted or declined."""

    kind: ClassVar[str] = "drive.request_decided"

    request_id: str
    drive: str
    source: str
    status: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareChanged(Event):
    """A link to a skill of a drive was made, accepted, left or revoked: `change`."""

    kind: ClassVar[str] = "drive.share_changed"

    share_id: str
    drive: str
    name: str
    change: str
    by: str
