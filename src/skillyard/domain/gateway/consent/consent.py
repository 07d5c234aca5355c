"""May a skill call this for somebody? Asked before each call: people consent to contents, and these change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from skillyard.domain.gateway.calls.params import check_params
from skillyard.domain.gateway.catalog.integration import Endpoint, Integration
from skillyard.domain.gateway.consent.grant import Difference, Grant
from skillyard.domain.gateway.consent.grant_errors import (
    ActionUndeclared,
    GrantEnded,
    GrantMissing,
    GrantStale,
    OutsideGrant,
)
from skillyard.domain.gateway.consent.grant_rules import decide, first_outside, is_declared
from skillyard.domain.gateway.store import grants as store
from skillyard.domain.registry import access
from skillyard.domain.registry.errors import ReleaseNotFound, ReleaseQuarantined
from skillyard.domain.registry.files import list_entries
from skillyard.domain.registry.model import Release
from skillyard.infra.database import Tx
from skillyard.skill.names import SkillName
from skillyard.skill.permissions import Permissions, added, read_permissions

_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A release, with the digest of what runs of it."""

    name: str
    version: str
    digest: str


def check(
    tx: Tx,
    *,
    owner_id: str,
    content: Content,
    integration: Integration,
    endpoint: Endpoint,
    params: object,
    now_ms: int,
    address: str,
) -> Grant:
    """The grant under which it may. `address`: of this registry, for the page where people consent.

    Raises ReleaseNotFound, ReleaseQuarantined (also for a recalled one), ActionUndeclared, GrantMissing, GrantStale,
    GrantEnded, ParamsInvalid, OutsideGrant.
    """
    release = find_callable(tx, content)
    declared = permissions_of(release).integrations
    asked = _Asked(release, f"{integration.slug}.{endpoint.name}", approve_url(address, content.name, content.version))
    if not is_declared(declared, integration.slug, endpoint.name):
        raise undeclared(release, asked.action)
    grants = store.list_of_skill(tx, owner_id, content.name, integration.slug)
    state, grant = decide(grants, endpoint=endpoint.name, effect=endpoint.effect, digest=content.digest, now_ms=now_ms)
    if grant is None:
        raise GrantMissing(**asked.facts)
    if state == "stale":
        difference = asdict(difference_since(tx, grant, release))
        raise GrantStale(**asked.facts, granted=grant.version, difference=difference)
    if state == "ended":
        raise GrantEnded(**asked.facts)
    _check_within(grant, check_params(integration, endpoint, params), asked)
    return grant


@dataclass(frozen=True, slots=True)
class _Asked:
    release: Release
    action: str
    action_url: str

    @property
    def facts(self) -> dict[str, Any]:
        return {
            "name": self.release.name,
            "version": self.release.version,
            "action": self.action,
            "action_url": self.action_url,
        }


def _check_within(grant: Grant, params: Mapping[str, Any], asked: _Asked) -> None:
    if (outside := first_outside(grant.limits, params)) is not None:
        raise OutsideGrant(**asked.facts, param=outside, allowed=" or ".join(grant.limits[outside]))


def find_callable(tx: Tx, content: Content) -> Release:
    """What runs, if it may call anything at all: a recalled or quarantined release calls nothing, also while it runs.

    Raises ReleaseNotFound, ReleaseQuarantined.
    """
    release = access.get_release(tx, SkillName.parse(content.name), content.version)
    if release.digest != content.digest:
        raise ReleaseNotFound(name=content.name, version=content.version)
    check_may_call(release)
    return release


def check_may_call(release: Release) -> None:
    """Raises ReleaseQuarantined."""
    if not release.status.is_offered:
        why = release.reasons[0] if release.reasons else "the scan failed it"
        raise ReleaseQuarantined(name=release.name, version=release.version, why=why)


def permissions_of(release: Release) -> Permissions:
    return read_permissions(release.permissions)[0]


def undeclared(release: Release, action: str) -> ActionUndeclared:
    declared = ", ".join(permissions_of(release).integrations) or "none"
    return ActionUndeclared(name=release.name, version=release.version, action=action, declared=declared)


def difference_since(tx: Tx, grant: Grant, release: Release) -> Difference:
    """Where what was granted is gone, everything is new."""
    granted = _find_granted(tx, grant)
    before = {file.path: (file.sha256, file.executable) for file in list_entries(tx, granted)} if granted else {}
    after = {file.path: (file.sha256, file.executable) for file in list_entries(tx, release)}
    declared_before = permissions_of(granted) if granted else Permissions()
    return Difference(
        since=grant.version,
        may_newly=_few(one.text for one in added(declared_before, permissions_of(release))),
        changed=_few(path for path in after if path in before and after[path] != before[path]),
        added=_few(after.keys() - before.keys()),
        removed=_few(before.keys() - after.keys()),
    )


def _find_granted(tx: Tx, grant: Grant) -> Release | None:
    try:
        found = access.get_release(tx, SkillName.parse(grant.name), grant.version)
    except ReleaseNotFound:
        return None
    return found if found.digest == grant.digest else None


def approve_url(address: str, name: str, version: str) -> str:
    """The page where people see what a release calls, and consent to it."""
    return f"{address}/grants/approve?{urlencode({'skill': name, 'version': version}, safe='/')}"


def _few(texts: Iterable[str]) -> tuple[str, ...]:
    """Sorted; the last entry says how many more there are."""
    every = sorted(texts)
    more = len(every) - _MOST_SHOWN
    return (*every[:_MOST_SHOWN], f"and {more} more") if more > 0 else tuple(every)
