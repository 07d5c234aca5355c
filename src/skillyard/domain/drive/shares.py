"""Links by which a skill of a drive is given to others. Who follows one reaches the skill as that drive has it."""

from __future__ import annotations

from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.directory import find_person, has_role_for, list_people
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive import rules
from skillyard.domain.drive.errors import (
    SealedNotShared,
    ShareNotFound,
    ShareNotValid,
    ShareNotYours,
    TooManyShares,
)
from skillyard.domain.drive.items import lock_drive, must_find
from skillyard.domain.drive.model import NewShare, Reached, Share, ShareChanged
from skillyard.domain.drive.store import items
from skillyard.domain.drive.store import shares as store
from skillyard.domain.payments.entitlements import give, take_back
from skillyard.domain.registry.current import get_current, list_current
from skillyard.domain.registry.sight import Sight
from skillyard.infra.database import Tx
from skillyard.infra.ids import is_well_formed_secret, new_id, new_secret
from skillyard.infra.paging import Page, page_of, read_cursor
from skillyard.infra.secrets import hash_secret
from skillyard.skill.names import SkillName

LIFE_HOURS = 24
MOST_OPEN_SHARES = 200
_PREFIX = "sky_share"
_LIFE_MS = LIFE_HOURS * 3600 * 1000
_SHOWN_CHARS = 64
_LAST = "~"


def create_share(app: App, caller: Caller, *, name: SkillName, drive: str | None = None) -> NewShare:
    """A link to a skill of a drive, good for 24 hours. What is not open to everybody only those give away who could
    sell it. Raises NamespaceNotFound, RoleTooLow, ItemNotFound, SkillNotFound, ShareNotYours, SealedNotShared or
    TooManyShares.
    """
    place = rules.manageable_drive(caller, drive)
    _, by = caller.identity
    now_ms = app.clock.now_ms()
    new = Share(
        id=new_id("shr"), drive=place, name=str(name), created_by=by, created_ms=now_ms, expires_ms=now_ms + _LIFE_MS,
        revoked_ms=None,
    )  # fmt: skip
    secret = new_secret(_PREFIX)
    with app.database.transaction() as tx:
        lock_drive(tx, place)
        must_find(tx, place, str(name))
        _check_may_share(caller, get_current(tx, caller, name).sight)
        if store.count_open(tx, place, now_ms=now_ms) >= MOST_OPEN_SHARES:
            raise TooManyShares(drive=place, most=MOST_OPEN_SHARES)
        store.add_share(tx, new, hash_secret(secret))
        _record(tx, app, new, "created", by=by)
    return NewShare(share=new, secret=secret)


def look_at_share(app: App, caller: Caller, *, secret: str) -> Share:
    """What a link leads to, without taking it. Raises Unauthenticated or ShareNotValid."""
    caller.must("identify")
    with app.database.reading() as tx:
        return _open_share(tx, secret, now_ms=app.clock.now_ms())


def accept_share(app: App, caller: Caller, *, secret: str) -> Reached:
    """Take what a link leads to; once more changes nothing.

    Raises ShareNotValid, or a Forbidden for a token that may not change its owner's drive.
    """
    rules.manageable_drive(caller, None)
    user_id, username = caller.identity
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        lock_drive(tx, _open_share(tx, secret, now_ms=now_ms).drive)
        share = _open_share(tx, secret, now_ms=now_ms)
        item = items.find_item(tx, share.drive, share.name)
        if item is None:
            raise ShareNotValid(hours=LIFE_HOURS)
        current = list_current(tx, caller, [share.name]).get(share.name)
        has_it = current is not None and current.sight.may_take
        if not has_it and not _may_still_share(tx, share):
            raise ShareNotValid(hours=LIFE_HOURS)
        if store.add_taker(tx, share.id, user_id, is_granted=False, now_ms=now_ms):
            if not has_it and give(tx, app, item=share.name, user_id=user_id):
                store.set_granted(tx, share.id, user_id)
            _record(tx, app, share, "accepted", by=username)
    return Reached(name=item.name, item=item, via="shared")


def revoke_share(app: App, caller: Caller, *, share_id: str) -> Share:
    """End a link, and take back from everybody what it gave them; for those who may change the drive. Once more
    changes nothing. Raises ShareNotFound or RoleTooLow.
    """
    caller.must("identify")
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        share = _see_share(tx, caller, share_id)
        rules.manageable_drive(caller, share.drive)
        lock_drive(tx, share.drive)
        if store.set_revoked(tx, share.id, now_ms=now_ms):
            for _, user_id in store.list_takers(tx, [share.id]):
                _take_back(tx, app, share, user_id)
            _record(tx, app, share, "revoked", by=caller.identity[1])
        return _see_share(tx, caller, share_id)


def leave_share(app: App, caller: Caller, *, share_id: str) -> None:
    """Give up what one took. Raises ShareNotFound, or a Forbidden for a token that may not change its owner's drive."""
    rules.manageable_drive(caller, None)
    user_id, username = caller.identity
    with app.database.transaction() as tx:
        share = _find_share(tx, share_id)
        lock_drive(tx, share.drive)
        if not _take_back(tx, app, share, user_id):
            raise ShareNotFound(share_id=share_id)
        _record(tx, app, share, "left", by=username)


def list_shares(
    app: App, caller: Caller, *, drive: str | None = None, limit: int = 30, cursor: str | None = None
) -> Page[Share]:
    """The links to skills of a drive with those who took them, the newest first, for those who may change the drive.

    Raises NamespaceNotFound, RoleTooLow or BadCursor.
    """
    place = rules.manageable_drive(caller, drive)
    (before,) = read_cursor(cursor, [_LAST])
    with app.database.reading() as tx:
        page = page_of(
            store.list_shares(tx, place, before=str(before), limit=limit + 1), limit, lambda share: [share.id]
        )  # fmt: skip
        taken = store.list_takers(tx, [share.id for share in page.items])
        people = list_people(tx, [user_id for _, user_id in taken])
    takers: dict[str, list[str]] = {}
    for share_id, user_id in taken:
        if user_id in people:
            takers.setdefault(share_id, []).append(people[user_id].username)
    return replace(page, items=tuple(replace(share, takers=tuple(takers.get(share.id, ()))) for share in page.items))


def list_taken_shares(app: App, caller: Caller) -> list[Share]:
    """What the caller took and still has, the newest first."""
    rules.readable_drive(caller, None)
    with app.database.reading() as tx:
        taken = store.list_taken(tx, caller.identity[0])
    return [share for share in taken if caller.reaches(share.name)]


def _check_may_share(caller: Caller, sight: Sight) -> None:
    if sight.facts.is_sealed:
        raise SealedNotShared(name=sight.facts.name)
    is_open = sight.facts.visibility.is_open and not sight.facts.is_for_sale
    if not is_open and not caller.may("sell", on=sight.facts.name):
        raise ShareNotYours(name=sight.facts.name, namespace=sight.facts.name.partition("/")[0])


def _may_still_share(tx: Tx, share: Share) -> bool:
    """Whether who made the link could give the skill away today."""
    person = find_person(tx, share.created_by)
    return person is not None and has_role_for(tx, person, "sell", namespace=share.name.partition("/")[0])


def _open_share(tx: Tx, secret: str, *, now_ms: int) -> Share:
    share = store.find_by_secret(tx, hash_secret(secret)) if is_well_formed_secret(secret, _PREFIX) else None
    if share is None or share.revoked_ms is not None or share.expires_ms <= now_ms:
        raise ShareNotValid(hours=LIFE_HOURS)
    return share


def _find_share(tx: Tx, share_id: str) -> Share:
    is_text = share_id.isprintable() and len(share_id) <= _SHOWN_CHARS
    share = store.find_share(tx, share_id) if is_text else None
    if share is None:
        raise ShareNotFound(share_id=share_id[:_SHOWN_CHARS])
    return share


def _see_share(tx: Tx, caller: Caller, share_id: str) -> Share:
    share = _find_share(tx, share_id)
    if share.drive not in caller.roles:
        raise ShareNotFound(share_id=share_id)
    return share


def _take_back(tx: Tx, app: App, share: Share, user_id: str) -> bool:
    """End what somebody has by the share, unless another one gives it to them as well; False when they had not."""
    was_granted = store.remove_taker(tx, share.id, user_id)
    if was_granted and not store.hand_on_grant(tx, share.name, user_id):
        take_back(tx, app, item=share.name, user_id=user_id)
    return was_granted is not None


def _record(tx: Tx, app: App, share: Share, change: str, *, by: str) -> None:
    app.events.record(
        tx, ShareChanged(share_id=share.id, drive=share.drive, name=share.name, change=change, by=by)
    )  # fmt: skip
