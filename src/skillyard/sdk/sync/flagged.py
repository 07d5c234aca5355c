"""What the scan flags comes to a machine only when its person has agreed to that there, as with every install."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from skillyard.sdk.errors import ApiError
from skillyard.sdk.resolving import ask_standings
from skillyard.sdk.sync.answers import MERGES
from skillyard.sdk.sync.decide import Decision
from skillyard.skill.lockfile import Lockfile

if TYPE_CHECKING:
    from skillyard.sdk.client import Client

_BRINGING = MERGES | {"install", "update"}
_UNSAID = ("the scan flagged it",)


def flagged_reasons(client: Client, decisions: Iterable[Decision], lock: Lockfile | None) -> dict[str, tuple[str, ...]]:
    """By slug, why the scan flags what would come here; without what this machine's lock says was agreed to before.

    The registry is asked about flagged releases only: most syncs bring none.
    """
    found: dict[str, tuple[str, ...]] = {}
    for one in decisions:
        target = one.item.target
        if target and target.is_flagged and one.item.action in _BRINGING:
            reasons = _reasons(client, {target.name: target.version})
            if set(reasons) - set(agreed_before(lock, target.digest)):
                found[one.slug] = reasons
    return found


def agreed_before(lock: Lockfile | None, digest: str) -> tuple[str, ...]:
    """What this machine's lock says was agreed to of these files, whatever version they are."""
    return next((skill.accepted for skill in lock.skills.values() if skill.digest == digest), ()) if lock else ()


def _reasons(client: Client, exact: Mapping[str, str]) -> tuple[str, ...]:
    """Those that the registry gives; it gives none of a release whose dependencies it does not have."""
    try:
        standings = ask_standings(client, exact)
    except ApiError:
        return _UNSAID
    return next((tuple(standings[name].reasons) for name in exact if name in standings), ()) or _UNSAID
