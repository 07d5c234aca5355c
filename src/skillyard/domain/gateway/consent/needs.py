"""What a release calls, and what somebody granted of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.catalog.catalog_errors import EndpointNotFound, IntegrationNotFound
from skillyard.domain.gateway.catalog.integration import Effect, Integration
from skillyard.domain.gateway.catalog.lookup import find_endpoint, find_integration
from skillyard.domain.gateway.consent import grant_rules
from skillyard.domain.gateway.consent.consent import difference_since, permissions_of
from skillyard.domain.gateway.consent.grant import EVERYTHING, Grant, Need, Needs
from skillyard.domain.gateway.store import connections
from skillyard.domain.gateway.store import grants as store
from skillyard.domain.registry.model import DEFAULT_CHANNEL, Release
from skillyard.domain.registry.runnable import find_runnable
from skillyard.skill.names import SkillName


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a release calls; without an effect when there is no such thing here."""

    slug: str
    name: str
    effect: Effect | None = None
    summary: str = ""
    params: tuple[str, ...] = ()
    needs_account: bool = False


def find_needs(app: App, caller: Caller, *, name: SkillName, version: str | None = None) -> Needs:
    """All that a release declares it calls, and what the caller granted of it. Raises what `find_runnable` raises."""
    caller.must("read_own")
    owner_id, _ = caller.identity
    release = find_runnable(app, caller, name=name, version=version or DEFAULT_CHANNEL)
    with app.database.reading() as tx:
        grants = store.list_of_skill(tx, owner_id, release.name)
    now_ms = app.clock.now_ms()
    actions = list_actions(app, release, grants)
    needs = tuple(_need(one, grants, release, now_ms=now_ms) for one in actions)
    stale = [need.grant for need in needs if need.state == "stale" and need.grant]
    newest = max(stale, key=lambda grant: (grant.created_ms, grant.id), default=None)
    with app.database.reading() as tx:
        difference = difference_since(tx, newest, release) if newest else None
        connected = {one.integration for one in connections.list_of(tx, owner_id)}
    return Needs(
        name=release.name,
        version=release.version,
        digest=release.digest,
        needs=needs,
        difference=difference,
        unconnected=tuple(sorted({one.slug for one in actions if one.needs_account} - connected)),
    )


def list_actions(app: App, release: Release, grants: Sequence[Grant]) -> list[Action]:
    """What is declared, and what of a whole integration was granted by name."""
    declared = permissions_of(release).integrations
    stated = {grant_rules.read_action(text) for text in declared}
    named = {(one.integration, one.endpoint) for one in grants}
    return [
        _find_action(app, *one)
        for one in sorted(stated | {one for one in named if grant_rules.is_declared(declared, *one)})
    ]


def _find_action(app: App, slug: str, name: str) -> Action:
    try:
        integration = find_integration(app, slug)
        if name == EVERYTHING:
            summary = f"Everything at {integration.title} that reads or writes"
            return Action(slug=slug, name=name, effect="write", summary=summary, needs_account=_has_ways(integration))
        found = find_endpoint(integration, name)
    except (IntegrationNotFound, EndpointNotFound):
        return Action(slug=slug, name=name)
    params = tuple(param.name for param in found.params if param.fixed is None)
    return Action(
        slug=slug, name=name, effect=found.effect, summary=found.summary, params=params,
        needs_account=_has_ways(integration),
    )  # fmt: skip


def _has_ways(integration: Integration) -> bool:
    """Whether one signs in there."""
    return any(way.kind != "none" for way in integration.ways)


def _need(action: Action, grants: Sequence[Grant], release: Release, *, now_ms: int) -> Need:
    text, effect = f"{action.slug}.{action.name}", action.effect
    if effect is None:
        return Need(action=text, summary="", effect=None, state="unknown")
    own = [grant for grant in grants if grant.integration == action.slug]
    state, grant = grant_rules.decide(own, endpoint=action.name, effect=effect, digest=release.digest, now_ms=now_ms)
    return Need(action=text, summary=action.summary, effect=effect, state=state, params=action.params, grant=grant)
