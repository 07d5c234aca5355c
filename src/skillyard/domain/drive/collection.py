"""The noun of collections: keys that see a slice of a drive; and what happens to them as events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from skillyard.domain.accounts.rights import SLICE_SCOPES, Scope
from skillyard.infra.events import Event

ID_PREFIX = "col"


def is_key_id(made_with: str | None) -> bool:
    """Whether something was made with the key of a collection, and not with a personal token."""
    return made_with is not None and made_with.startswith(f"{ID_PREFIX}_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """`skills`: the names that it is limited to; None: it has all that its owner's drives have, and may manage them.
    What its key reaches are those of `skills` that are in the owner's drive, in teams' drives if they are included,
    or were shared with the owner if that is included, and are enabled there.

    `prefix`: as much of the key as may be shown. `is_public`: everybody may read which public skills are in it.
    `monthly_quota` of runs and invocations, and `rate_per_minute` of requests: 0 for no limit. `executions`: those of
    this month (UTC). `made_with`: the id of the personal token, or of the collection with whose key, its key was
    made; it is void with that.
    """

    id: str
    owner_id: str
    name: str
    prefix: str
    scopes: frozenset[Scope]
    skills: frozenset[str] | None
    include_team: bool
    include_shared: bool
    is_public: bool
    enabled: bool
    monthly_quota: int
    rate_per_minute: int
    created_ms: int
    updated_ms: int
    expires_ms: int | None
    last_used_ms: int | None = None
    executions: int = 0
    made_with: str | None = None

    @property
    def key_scopes(self) -> frozenset[Scope]:
        """What its key is good for now; `scopes`, if it is not limited to some skills."""
        return self.scopes if self.skills is None else self.scopes & SLICE_SCOPES

    def is_alive(self, now_ms: int) -> bool:
        """Whether its key is good now."""
        return self.enabled and (self.expires_ms is None or self.expires_ms > now_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A collection and its key, which is not kept: show it now or never."""

    secret: str
    collection: Collection


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionChanged(Event):
    """`change`: created, changed, rotated (it has another key) or deleted (it is gone with its key)."""

    kind: ClassVar[str] = "collection.changed"

    collection_id: str
    owner_id: str
    name: str
    change: str
    by: str
