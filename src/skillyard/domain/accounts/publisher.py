"""The nouns of trusted publishing: a CI system that may publish without a stored token; and what happens to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from skillyard.infra.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedPublisher:
    """Whoever comes with an ID token of `issuer` that has these `claims` may publish `skill`, or all of `namespace`.

    `lasting`: the ids that the first use had, such as that of the repository's owner, which all others must have too.
    """

    id: str
    namespace: str
    skill: str | None
    issuer: str
    claims: Mapping[str, str]
    lasting: Mapping[str, str]
    added_by: str
    added_ms: int
    last_used_ms: int | None = None

    @property
    def target(self) -> str:
        return self.skill or self.namespace


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherToken:
    """What an ID token was exchanged for: it may publish `target`. `secret` is handed out this once."""

    id: str
    secret: str
    publisher_id: str
    target: str
    identity: str
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedPublisherAdded(Event):
    """An owner let a CI system publish; `target`: the namespace, or one skill in it."""

    kind: ClassVar[str] = "trusted_publisher.added"

    publisher_id: str
    target: str
    issuer: str
    identity: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedPublisherRemoved(Event):
    """An owner took it back; tokens that were handed out are void."""

    kind: ClassVar[str] = "trusted_publisher.removed"

    publisher_id: str
    target: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedPublisherUsed(Event):
    """An ID token was exchanged for a token that may publish."""

    kind: ClassVar[str] = "trusted_publisher.used"

    publisher_id: str
    target: str
    identity: str
    token_id: str
    run_id: str | None
