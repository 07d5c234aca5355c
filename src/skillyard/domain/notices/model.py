"""The nouns of notices: webhooks, what is delivered to them, and what happens to them as events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from skillyard.domain.drive.asking import Asker
from skillyard.infra.events import Event

DeliveryStatus = Literal["pending", "delivered", "failed", "dropped"]
LANE = "notices"
"""Of the jobs that wait for receivers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """An address that is told what happens: to its owner, or in a namespace, of which the owner is a maintainer.

    `events`: kinds of `kinds.EVENTS`, or families of them (`payout.*`). `threshold`: the credits at which
    `credits.threshold_hit` is told. `failing_since_ms`: since when nothing was delivered; until `quiet_until_ms`
    nothing new is tried. `last_status`: of the delivery that was tried last. `asker`: the owner, with the token or key
    that it was set up with; it is void with that. Its secret is in none of these.
    """

    id: str
    asker: Asker
    namespace: str | None
    url: str
    events: tuple[str, ...]
    threshold: int | None
    enabled: bool
    why_disabled: str
    since_position: int
    failures: int
    failing_since_ms: int | None
    quiet_until_ms: int
    last_status: DeliveryStatus | None
    last_tried_ms: int | None
    created_ms: int
    updated_ms: int

    @property
    def owner_id(self) -> str:
        return self.asker.user_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHook:
    """With the secret that it is signed with: shown this once."""

    hook: Hook
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Whom something concerns: a person; those who may see a skill; or who have a right in `place`, which is a skill or
    a namespace. One of them, or a person beside a place: either is enough.
    """

    user_id: str | None = None
    skill: str | None = None
    place: str | None = None
    right: Literal["read", "provide", "sell", "manage_hooks_in"] = "read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something to tell: of an event, by the name that it has outside, with what may be known of it."""

    event: str
    data: Mapping[str, Any]
    about: About


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message to a webhook. `tries`: since it was last asked for, `attempts`: in all; `next_ms`: when it is tried
    again. `answer`: the beginning of what the receiver said last, with its status; `why`: what went wrong, in words.

    Pending, until it was delivered, or failed too often, or was dropped because its owner may not see it any more.
    """

    id: str
    hook_id: str
    position: int | None
    event: str
    about: About
    body: str
    status: DeliveryStatus
    tries: int
    attempts: int
    next_ms: int | None
    answer_status: int | None
    answer: str
    why: str
    created_ms: int
    tried_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HookChanged(Event):
    """A webhook was added, changed, enabled, disabled or removed: `change`. `by`: `registry` where it was disabled
    because nothing could be delivered for long, or because its owner may not have it any more; `why` says so.
    """

    kind: ClassVar[str] = "webhook.changed"

    hook_id: str
    owner_id: str
    namespace: str | None
    change: str
    why: str
    by: str
