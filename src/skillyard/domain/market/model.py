"""The nouns of the market: an offer is a skill that can be invoked, an invocation is one use of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from skillyard.skill.executable import Executable, Mode, TrustLevel
from skillyard.skill.names import SkillName
from skillyard.skill.permissions import NO_PERMISSIONS, Permissions

OfferOrder = Literal["newest", "name", "price", "rating", "invocations"]
Side = Literal["buyer", "provider"]


class OfferStatus(StrEnum):
    """Unlisted: as its skill is not public, it is not found by browsing. Pending review: an administrator has to look
    at it, until then only members of its namespace invoke it.
    """

    ACTIVE = "active"
    SUSPENDED = "suspended"
    UNLISTED = "unlisted"
    PENDING_REVIEW = "pending_review"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A skill that can be invoked, in the version that is now. Its terms (description, tags, trust level, price) begin
    as its release says and may change without one.

    `owner_id`: who is paid. `agent_id`: their agent that provides it. `is_offered`: whether its release is: neither
    yanked nor recalled. `reason`: why it is rejected. `average_rating`: hundredths of a star, None without a rating.
    """

    id: str
    name: str
    owner_id: str
    version: str
    digest: str
    description: str
    tags: tuple[str, ...]
    trust_level: TrustLevel
    price: int
    executable: Executable
    status: OfferStatus
    is_offered: bool
    created_ms: int
    updated_ms: int
    reason: str = ""
    agent_id: str | None = None
    invocations: int = 0
    completed: int = 0
    average_rating: int | None = None
    ratings: int = 0

    @property
    def namespace(self) -> str:
        return self.name.partition("/")[0]

    @property
    def slug(self) -> str:
        return self.name.partition("/")[2]

    @property
    def mode(self) -> Mode:
        return self.executable.mode

    @property
    def is_found(self) -> bool:
        """Whether everybody finds it by browsing."""
        return self.status is OfferStatus.ACTIVE and self.is_offered


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferSpec:
    """A skill to publish that has no folder yet: its archive is made from this. `files`: the step files by their paths,
    and what they need beside them, such as `requirements.txt`.
    """

    name: SkillName
    version: str
    description: str
    executable: Executable
    tags: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    permissions: Permissions = NO_PERMISSIONS
    agent_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferChanges:
    """What of an offer is to change; None: as it is. Schemas are part of a release: with them, or with a version, a new
    one is published, with the next patch version unless one is named.
    """

    description: str | None = None
    tags: tuple[str, ...] | None = None
    trust_level: TrustLevel | None = None
    price: int | None = None
    version: str | None = None
    input_schema: Mapping[str, Any] | None = None
    output_schema: Mapping[str, Any] | None = None

    @property
    def needs_release(self) -> bool:
        return not (self.version is None and self.input_schema is None and self.output_schema is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferPage:
    """`total`: how many there are in all."""

    offers: tuple[Offer, ...]
    total: int


class InvocationStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"

    @property
    def is_settled(self) -> bool:
        """Whether it never changes again."""
        return self not in (InvocationStatus.PENDING, InvocationStatus.PROCESSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an invocation failed: a code for programs, a message for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an invocation took: tokens of language models, and time of its steps."""

    llm_tokens_input: int = 0
    llm_tokens_output: int = 0
    duration_ms: int | None = None
    steps: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One use of an offer, fixed when it was asked for: version, input and price.

    `runs_here`: whether the registry works it off. `claims` counts how often somebody began with it, and tells the
    latest worker from those before; `claimed_by` is who that is, `SERVER` for the registry itself. It goes back to
    pending at `lease_until_ms`. `expires_ms`: what is not delivered by then is not paid. `receipts`: ids of the
    receipts of its steps. `key_id`: the key for some skills of its buyer's with which it was asked for.
    """

    id: str
    offer_id: str
    name: str
    version: str
    digest: str
    buyer_id: str
    owner_id: str
    input: Any
    status: InvocationStatus
    price: int
    created_ms: int
    updated_ms: int
    expires_ms: int
    runs_here: bool = False
    agent_id: str | None = None
    passport_id: str | None = None
    intent: str | None = None
    rail: str | None = None
    output: Any = None
    failure: Failure | None = None
    claims: int = 0
    claimed_by: str | None = None
    lease_until_ms: int | None = None
    started_ms: int | None = None
    settled_ms: int | None = None
    usage: Usage = Usage()
    receipts: tuple[str, ...] = ()
    key_id: str | None = None

    @property
    def namespace(self) -> str:
        return self.name.partition("/")[0]

    @property
    def is_charged(self) -> bool:
        """Whether money was set aside for it."""
        return self.price > 0 and self.rail is not None


SERVER = "server"
