"""People's consent to what skills call in their name, and what happens to it. A grant is for one content of a skill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from skillyard.domain.gateway.catalog.integration import Effect
from skillyard.infra.events import Event

EVERYTHING = "*"
"""In place of an endpoint: all that read or write, none that destroy."""

NeedState = Literal["granted", "stale", "ended", "missing", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Whoever runs the release with this `digest` in the name of `owner_id` may have it call the endpoint.

    `connection_id`: for which account; None: whichever is the owner's default one at that moment. `limits`: patterns by
    parameter, or by a path into one, see `grant_rules.first_outside`. `version`: of the release, for people.
    """

    id: str
    owner_id: str
    name: str
    version: str
    digest: str
    integration: str
    endpoint: str
    connection_id: str | None
    limits: Mapping[str, tuple[str, ...]]
    expires_ms: int | None
    created_ms: int
    revoked_ms: int | None = None

    @property
    def action(self) -> str:
        """`github.create_issue`, or `github.*`"""
        return f"{self.integration}.{self.endpoint}"

    def is_over(self, now_ms: int) -> bool:
        return self.revoked_ms is not None or (self.expires_ms is not None and self.expires_ms <= now_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What another content of a skill is, compared with what was granted. `since`: the version that was; `may_newly`:
    what it declares beyond that, in words to be read after "it may"; the rest are paths.
    """

    since: str
    may_newly: tuple[str, ...]
    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that a release declares it calls. Stale: it was granted to another content of the skill, and `grant` is
    that one. Ended: the time of the grant is over. Unknown: there is no such endpoint here; then it has no `effect`.
    `params`: what one endpoint is called with.
    """

    action: str
    summary: str
    effect: Effect | None
    state: NeedState
    params: tuple[str, ...] = ()
    grant: Grant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """All that a release needs, with what it is compared with what was granted before, if something is stale.
    `unconnected`: the integrations among them at which its caller has no account yet.
    """

    name: str
    version: str
    digest: str
    needs: tuple[Need, ...]
    difference: Difference | None
    unconnected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantGiven(Event):
    """Somebody consented to what a skill calls in their name, with exactly this content."""

    kind: ClassVar[str] = "grant.given"

    grant_id: str
    owner_id: str
    name: str
    version: str
    digest: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRevoked(Event):
    """Somebody took their consent back."""

    kind: ClassVar[str] = "grant.revoked"

    grant_id: str
    owner_id: str
    name: str
    version: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseMisused(Event):
    """With the lease of a run somebody else tried to call, or elsewhere than in its sandbox; it was refused. `where`:
    the id of the other run, or `http`. Told once of a run.
    """

    kind: ClassVar[str] = "lease.misused"

    run_id: str
    owner_id: str
    where: str
