"""Versions that a drive may move to: computed from what is on offer now, and decided on one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive import rules
from skillyard.domain.drive.errors import NoUpdate, UpdateChanged
from skillyard.domain.drive.follow_git import refresh
from skillyard.domain.drive.items import begin_change, change_item, get_item, must_find
from skillyard.domain.drive.model import DriveItem, Update
from skillyard.domain.drive.store import items as store
from skillyard.domain.registry.current import Current, get_current, list_current, list_gains, list_withdrawn
from skillyard.domain.registry.trust import Status
from skillyard.infra.database import Tx
from skillyard.skill.names import SkillName


def list_updates(app: App, caller: Caller, *, drive: str | None = None, with_dismissed: bool = False) -> list[Update]:
    """What is on offer for the skills of a drive, the caller's own unless one is named, in the order of their names.

    Raises NamespaceNotFound.
    """
    place = rules.readable_drive(caller, drive)
    with app.database.reading() as tx:
        held = [item for item in store.list_all(tx, [place]) if caller.reaches(item.name)]
        found = find_updates(tx, caller, held)
    return [update for update in found if with_dismissed or not update.is_dismissed]


def refresh_update(app: App, caller: Caller, *, name: SkillName, drive: str | None = None) -> Update | None:
    """Look now whether there is something new where a skill was imported from; what is offered for it then, also if it
    was dismissed. Raises NamespaceNotFound, RoleTooLow, ItemNotFound, and what `follow_git.refresh` raises.
    """
    place = rules.manageable_drive(caller, drive)
    if get_item(app, caller, name=name, drive=place).via == "git":
        refresh(app, caller, name=name)
    with app.database.reading() as tx:
        return _find_update(tx, caller, must_find(tx, place, str(name)))


def find_updates(tx: Tx, caller: Caller, held: Sequence[DriveItem]) -> list[Update]:
    """At most one for each item, dismissed ones too; none for what is pinned."""
    free = [item for item in held if not item.pinned]
    own = {item.name: item.version for item in free}
    on_offer = _OnOffer(
        current=list_current(tx, caller, sorted({*own, *(item.upstream_name for item in free if item.upstream_name)})),
        withdrawn=list_withdrawn(tx, own),
    )
    updates = [_own_update(item, on_offer) or _upstream_update(item, on_offer) for item in free]
    found = [update for update in updates if update is not None]
    gains = list_gains(tx, {_move(update) for update in found})
    return [replace(update, may_newly=gains.get(_move(update), ())) for update in found]


def _move(update: Update) -> tuple[str, str, str]:
    return update.name, update.held, update.version


def accept_update(
    app: App, caller: Caller, *, name: SkillName, drive: str | None = None, version: str | None = None
) -> DriveItem:
    """Let the drive have the version that is offered now, also one that was dismissed; `version`: that it is this one.

    Of a fork's upstream it is what the next sync merges in. Accepting again changes nothing. Raises NamespaceNotFound,
    RoleTooLow, ItemNotFound, NoUpdate, UpdateChanged, or PurchaseRequired with the price.
    """
    place = rules.manageable_drive(caller, drive)
    with app.database.transaction() as tx:
        item = begin_change(tx, place, name)
        update = _find_update(tx, caller, item)
        is_done = version is not None and version in (item.version, item.upstream_accepted)
        if is_done and (update is None or version != update.version):
            return item
        update = _must_be(update, item, version)
        get_current(tx, caller, SkillName.parse(update.name)).sight.must_take()
        after = (
            replace(item, upstream_accepted=update.version, upstream_dismissed=None)
            if update.is_upstream
            else replace(item, version=update.version, dismissed_version=None)
        )
        change = "accepted" if update.is_upstream else "version"
        return change_item(tx, app, item, after, change, by=caller.identity[1])


def dismiss_update(
    app: App, caller: Caller, *, name: SkillName, drive: str | None = None, version: str | None = None
) -> DriveItem:
    """Offer this version, and lower ones, no more; the next one will be. Dismissing again changes nothing.

    Raises NamespaceNotFound, RoleTooLow, ItemNotFound, NoUpdate or UpdateChanged.
    """
    place = rules.manageable_drive(caller, drive)
    with app.database.transaction() as tx:
        item = begin_change(tx, place, name)
        update = _must_be(_find_update(tx, caller, item), item, version)
        after = (
            replace(item, upstream_dismissed=update.version)
            if update.is_upstream
            else replace(item, dismissed_version=update.version)
        )
        return change_item(tx, app, item, after, "dismissed", by=caller.identity[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class _OnOffer:
    current: Mapping[str, Current]
    withdrawn: frozenset[str]


def _find_update(tx: Tx, caller: Caller, item: DriveItem) -> Update | None:
    return next(iter(find_updates(tx, caller, [item])), None)


def _must_be(update: Update | None, item: DriveItem, version: str | None) -> Update:
    if update is None:
        raise NoUpdate(name=item.name, drive=item.drive, version=item.version)
    if version not in (None, update.version):
        raise UpdateChanged(name=update.name, version=str(version)[:60], now=update.version)
    return update


def _own_update(item: DriveItem, on_offer: _OnOffer) -> Update | None:
    is_withdrawn = item.name in on_offer.withdrawn
    return _update(item, on_offer, item.name, item.version, item.dismissed_version, is_withdrawn=is_withdrawn)


def _upstream_update(item: DriveItem, on_offer: _OnOffer) -> Update | None:
    held = item.upstream_accepted or item.upstream_version
    if item.upstream_name is None or held is None:
        return None
    return _update(item, on_offer, item.upstream_name, held, item.upstream_dismissed, is_withdrawn=False)


def _update(
    item: DriveItem, on_offer: _OnOffer, name: str, held: str, dismissed: str | None, *, is_withdrawn: bool
) -> Update | None:
    current = on_offer.current.get(name)
    if current is None or (current.sight.facts.is_sealed and not current.sight.may_take):
        return None
    offered = current.skill.latest_version
    if offered is None or not rules.is_offered(offered, held=held, is_withdrawn=is_withdrawn):
        return None
    offer = current.sight.offer
    return Update(
        item=item,
        name=name,
        held=held,
        version=offered,
        is_withdrawn=is_withdrawn,
        is_dismissed=rules.is_dismissed(offered, dismissed),
        is_flagged=current.skill.status is Status.FLAGGED,
        may_newly=(),
        needs_purchase=not current.sight.may_take,
        prices=tuple(offer.prices.values()) if offer else (),
    )
