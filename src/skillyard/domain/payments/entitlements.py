"""Who may take an item that is for sale without being a member of its namespace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.directory import find_person, list_people
from skillyard.domain.accounts.model import Caller, User
from skillyard.domain.payments.errors import PersonNotFound
from skillyard.domain.payments.events import AccessChanged
from skillyard.domain.payments.model import Entitlement
from skillyard.domain.payments.store import offers
from skillyard.infra.database import Tx

_MOST_HOLDERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    username: str
    entitlement: Entitlement


def entitled(tx: Tx, caller: Caller, items: Sequence[str]) -> frozenset[str]:
    """Those of the items that the caller bought or was granted; none by a token for a namespace, or not for reading,
    and by one for some skills only these.
    """
    asked = [item for item in items if caller.may("read_own", on=item)]
    if caller.user_id is None or not asked:
        return frozenset()
    return offers.list_entitled(tx, caller.user_id, asked)


def grant_access(app: App, caller: Caller, *, item: str, username: str) -> Entitlement:
    """Let somebody have an item for nothing; for those who may sell it. Raises PersonNotFound, RoleTooLow."""
    caller.must("sell", on=item)
    with app.database.transaction() as tx:
        person = _get_person(tx, username)
        granted = Entitlement(item=item, user_id=person.id, how="granted", invoice_id=None, since_ms=app.clock.now_ms())
        _add(tx, app, granted)
    return granted


def revoke_access(app: App, caller: Caller, *, item: str, username: str) -> bool:
    """Take back what was granted; what was bought stays bought until it is refunded. False when there was nothing.

    Raises PersonNotFound, RoleTooLow.
    """
    caller.must("sell", on=item)
    with app.database.transaction() as tx:
        return take_back(tx, app, item=item, user_id=_get_person(tx, username).id)


def give(tx: Tx, app: App, *, item: str, user_id: str) -> bool:
    """Let somebody have an item for nothing, as those have decided who may sell it; False when they have it already."""
    now_ms = app.clock.now_ms()
    return _add(tx, app, Entitlement(item=item, user_id=user_id, how="granted", invoice_id=None, since_ms=now_ms))


def take_back(tx: Tx, app: App, *, item: str, user_id: str) -> bool:
    """End what was given, not what was bought; False when there was nothing."""
    ended = offers.remove_entitlement(tx, item, user_id, "granted")
    if ended:
        app.events.record(tx, AccessChanged(item=item, user_id=user_id, has_access=False))
    return ended


def list_holders(app: App, caller: Caller, *, item: str) -> list[Holder]:
    """Who bought the item or was granted it, newest first. Raises RoleTooLow."""
    caller.must("sell", on=item)
    with app.database.reading() as tx:
        found = offers.list_holders(tx, item, limit=_MOST_HOLDERS)
        people = list_people(tx, [one.user_id for one in found])
    return [Holder(username=people[one.user_id].username, entitlement=one) for one in found if one.user_id in people]


def _add(tx: Tx, app: App, new: Entitlement) -> bool:
    added = offers.add_entitlement(tx, new)
    if added:
        app.events.record(tx, AccessChanged(item=new.item, user_id=new.user_id, has_access=True))
    return added


def _get_person(tx: Tx, username: str) -> User:
    person = find_person(tx, username)
    if person is None:
        raise PersonNotFound(username=username[:60])
    return person
