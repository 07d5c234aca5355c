"""People's consent to what skills call in their name: give it, look at it, renew it for a new version, take it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.catalog.lookup import find_endpoint, find_integration
from skillyard.domain.gateway.connect.connections import choose
from skillyard.domain.gateway.consent import grant_rules
from skillyard.domain.gateway.consent.consent import check_may_call, permissions_of, undeclared
from skillyard.domain.gateway.consent.grant import EVERYTHING, Grant, GrantGiven, GrantRevoked
from skillyard.domain.gateway.consent.grant_errors import GrantForOtherContent, GrantNotFound, TooManyGrants
from skillyard.domain.gateway.consent.grant_rules import Asked
from skillyard.domain.gateway.consent.needs import list_actions
from skillyard.domain.gateway.store import grants as store
from skillyard.domain.registry.model import DEFAULT_CHANNEL, Release
from skillyard.domain.registry.runnable import find_runnable
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.paging import Page, page_of, read_cursor
from skillyard.skill.faults import Fault
from skillyard.skill.names import SkillName

MOST_GRANTS = 2000
_LONGEST_S = 10 * 366 * 24 * 3600
_NEWEST = (2**62, "~")
_SHOWN_CHARS = 40


def give(
    app: App,
    caller: Caller,
    *,
    name: SkillName,
    version: str | None = None,
    action: str,
    limits: Mapping[str, Sequence[str]] | None = None,
    connection: str | None = None,
    lasts_s: int | None = None,
    expected_digest: str | None = None,
) -> Grant:
    """Let a release call something in the caller's name, in place of what they granted the same content for it before.

    `action`: `github.create_issue`, or `github.*` for all that reads or writes; what destroys must be named. `limits`:
    patterns by parameter. `connection`: for this account only; None: for the default one. `lasts_s`: None for ever.
    `expected_digest`: of the content that the caller looked at.

    Raises ActionNotAcceptable, IntegrationNotFound, EndpointNotFound, ActionUndeclared, GrantNotAcceptable,
    IntegrationNotConnected, ConnectionNotFound, GrantForOtherContent, TooManyGrants, and what `find_runnable` raises.
    """
    caller.must("manage_grants")
    owner_id, _ = caller.identity
    slug, endpoint = grant_rules.read_action(action)
    integration = find_integration(app, slug)
    if endpoint != EVERYTHING:
        find_endpoint(integration, endpoint)
    release = _find_release(app, caller, name, version, expected_digest)
    if not grant_rules.is_declared(permissions_of(release).integrations, slug, endpoint):
        raise undeclared(release, f"{slug}.{endpoint}")
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        account = connection and choose(tx, owner_id, slug, connection, address=app.settings.address).id
        new = Grant(
            id=new_id("grant"), owner_id=owner_id, name=release.name, version=release.version, digest=release.digest,
            integration=slug, endpoint=endpoint, connection_id=account or None,
            limits=grant_rules.check_limits(integration, endpoint, limits or {}),
            expires_ms=_end(now_ms, lasts_s), created_ms=now_ms,
        )  # fmt: skip
        _add(app, tx, owner_id, [new])
    return new


def approve(app: App, caller: Caller, *, name: SkillName, version: str, expected_digest: str) -> list[Grant]:
    """Give all that the caller granted to other contents of the skill to this one, too, with the same limits, accounts
    and ends; the older contents keep theirs. What is new in it is granted by `give`.

    Raises GrantForOtherContent, TooManyGrants, and what `find_runnable` raises.
    """
    caller.must("manage_grants")
    owner_id, _ = caller.identity
    release = _find_release(app, caller, name, version, expected_digest)
    now_ms = app.clock.now_ms()
    with app.database.reading() as tx:
        known = store.list_of_skill(tx, owner_id, release.name)
    actions = list_actions(app, release, known)
    asked = [Asked(one.slug, one.name, one.effect) for one in actions if one.effect is not None]
    with app.database.transaction() as tx:
        tx.lock(f"grants of {owner_id}")
        known = store.list_of_skill(tx, owner_id, release.name)
        renewed = [
            replace(
                old,
                id=new_id("grant"),
                endpoint=one.endpoint,
                version=release.version,
                digest=release.digest,
                created_ms=now_ms,
            )
            for one, old in grant_rules.list_renewable(known, asked, digest=release.digest, now_ms=now_ms)
        ]
        _add(app, tx, owner_id, renewed)
    return renewed


def revoke(app: App, caller: Caller, *, grant_id: str) -> Grant:
    """Take it back: from now on no run calls under it. Raises GrantNotFound."""
    caller.must("manage_grants")
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        gone = _own(tx, caller, grant_id)
        if not store.revoke(tx, gone.id, now_ms=now_ms):
            raise GrantNotFound(grant_id=gone.id)
        event = GrantRevoked(
            grant_id=gone.id, owner_id=gone.owner_id, name=gone.name, version=gone.version, action=gone.action
        )
        app.events.record(tx, event)
    return replace(gone, revoked_ms=now_ms)


def list_grants(
    app: App, caller: Caller, *, name: SkillName | None = None, limit: int = 30, cursor: str | None = None
) -> Page[Grant]:
    """The caller's that are not revoked, the newest first; also those whose time is over. Raises BadCursor."""
    caller.must("read_own")
    owner_id, _ = caller.identity
    created_ms, grant_id = read_cursor(cursor, _NEWEST)
    before = (int(created_ms), str(grant_id))
    with app.database.reading() as tx:
        found = store.list_of(tx, owner_id, name=str(name) if name else None, before=before, limit=limit + 1)
    return page_of(found, limit, lambda grant: [grant.created_ms, grant.id])


def _find_release(
    app: App, caller: Caller, name: SkillName, version: str | None, expected_digest: str | None
) -> Release:
    release = find_runnable(app, caller, name=name, version=version or DEFAULT_CHANNEL)
    check_may_call(release)
    if expected_digest is not None and release.digest != expected_digest:
        raise GrantForOtherContent(name=release.name, version=release.version)
    return release


def _add(app: App, tx: Tx, owner_id: str, grants: Sequence[Grant]) -> None:
    tx.lock(f"grants of {owner_id}")
    for grant in grants:
        store.put(tx, grant)
        event = GrantGiven(
            grant_id=grant.id, owner_id=owner_id, name=grant.name, version=grant.version, digest=grant.digest,
            action=grant.action,
        )  # fmt: skip
        app.events.record(tx, event)
    if store.count(tx, owner_id) > MOST_GRANTS:
        raise TooManyGrants(most=MOST_GRANTS)


def _own(tx: Tx, caller: Caller, grant_id: str) -> Grant:
    found = store.find(tx, caller.identity[0], grant_id) if grant_id.isprintable() else None
    if found is None:
        raise GrantNotFound(grant_id=grant_id[:_SHOWN_CHARS] if grant_id.isprintable() else "of this name")
    return found


def _end(now_ms: int, lasts_s: int | None) -> int | None:
    """Raises GrantNotAcceptable."""
    if lasts_s is None:
        return None
    if not 0 < lasts_s <= _LONGEST_S:
        message = f"a grant lasts 1 to {_LONGEST_S} seconds"
        grant_rules.refuse([Fault(code="bad_duration", message=message, hint="leave it out for one without an end")])
    return now_ms + lasts_s * 1000
