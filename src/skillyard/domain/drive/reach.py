"""Which skills come to somebody: those of their own drive, of their teams' and those shared with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.model import DriveItem, Reached, ReachedBy
from skillyard.domain.drive.store import items, shares
from skillyard.infra.database import Tx


def read_reach(app: App, caller: Caller, *, teams: bool = True, shared: bool = True) -> list[Reached]:
    """What comes to the caller, in the order of names; to a key that is limited to some skills only these.

    Raises Unauthenticated, or a Forbidden for a token that is not good for drives.
    """
    caller.must("read_drive")
    with app.database.reading() as tx:
        found = list_reach(tx, caller, teams=teams, shared=shared)
    return [found[name] for name in sorted(found) if caller.reaches(name)]


def list_reach(
    tx: Tx, caller: Caller, *, teams: bool = True, shared: bool = True, names: Collection[str] | None = None
) -> dict[str, Reached]:
    """By name, of these `names` only if they are given; disabled ones too. What comes in several ways comes from the
    nearest: one's own drive, then a team's in the order of their names, then what was shared.
    """
    user_id, username = caller.identity
    drives = [drive for drive in caller.roles if teams or drive == username]
    held = items.list_all(tx, drives, names)
    found: dict[str, Reached] = {}
    _add(found, (item for item in held if item.drive == username), "personal")
    _add(found, (item for item in held if item.drive != username), "team")
    if shared and caller.token_namespaces is None:
        given = shares.list_shared_with(tx, user_id)
        _add(found, (item for item in given if names is None or item.name in names), "shared")
    return found


def _add(found: dict[str, Reached], items: Iterable[DriveItem], via: ReachedBy) -> None:
    for item in items:
        found.setdefault(item.name, Reached(name=item.name, item=item, via=via))
