"""What was delivered to a webhook and what not; and messages that somebody asks for by hand."""

from __future__ import annotations

from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.notices.deliver import deliver, put_off
from skillyard.domain.notices.errors import DeliveryNotFound, HookDisabled
from skillyard.domain.notices.follow import add_delivery
from skillyard.domain.notices.hooks import lock_hook, see_hook
from skillyard.domain.notices.kinds import TEST
from skillyard.domain.notices.model import About, Delivery, Hook, Notice
from skillyard.domain.notices.store import deliveries as store
from skillyard.domain.notices.store import hooks
from skillyard.infra.database import Tx
from skillyard.infra.paging import Page, page_of, read_cursor

_NEWEST = "~"
_SHOWN_CHARS = 40


def list_deliveries(
    app: App, caller: Caller, *, hook_id: str, limit: int = 30, cursor: str | None = None
) -> Page[Delivery]:
    """The newest first; of the last 30 days. Raises HookNotFound, BadCursor."""
    caller.must("identify")
    (before,) = read_cursor(cursor, [_NEWEST])
    with app.database.reading() as tx:
        hook = see_hook(tx, caller, hook_id)
        found = store.list_deliveries(tx, hook.id, before=str(before), limit=limit + 1)
    return page_of(found, limit, lambda delivery: [delivery.id])


def get_delivery(app: App, caller: Caller, *, hook_id: str, delivery_id: str) -> Delivery:
    """Raises HookNotFound, DeliveryNotFound."""
    caller.must("identify")
    with app.database.reading() as tx:
        return _find(tx, see_hook(tx, caller, hook_id), delivery_id)


def send_test(app: App, caller: Caller, *, hook_id: str) -> Delivery:
    """Send a message that says nothing, now and once; what came of it. Raises HookNotFound, HookDisabled."""
    caller.must("identify")
    with app.database.transaction() as tx:
        hook = _ready(tx, caller, hook_id)
        notice = Notice(event=TEST, data={"hook_id": hook.id}, about=_owner(hook))
        new = add_delivery(app, tx, hook, notice, position=None, at_ms=app.clock.now_ms())
    deliver(app, delivery_id=new.id)
    return get_delivery(app, caller, hook_id=hook_id, delivery_id=new.id)


def resend_delivery(app: App, caller: Caller, *, hook_id: str, delivery_id: str) -> Delivery:
    """Send the same message again, under the same id, and with all the tries of a new one.

    Raises HookNotFound, DeliveryNotFound, HookDisabled.
    """
    caller.must("identify")
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        hook = _ready(tx, caller, hook_id)
        again = replace(_find(tx, hook, delivery_id), status="pending", tries=0, why="")
        put_off(tx, again, until_ms=now_ms, now_ms=now_ms)
        return replace(again, next_ms=now_ms)


def _ready(tx: Tx, caller: Caller, hook_id: str) -> Hook:
    """Somebody waits for the answer: it is not left alone any longer."""
    hook = lock_hook(tx, caller, hook_id)
    if not hook.enabled:
        raise HookDisabled(hook_id=hook.id, why=hook.why_disabled or "somebody did so")
    hooks.set_health(tx, replace(hook, quiet_until_ms=0))
    return hook


def _owner(hook: Hook) -> About:
    if hook.namespace is None:
        return About(user_id=hook.owner_id)
    return About(place=hook.namespace, right="manage_hooks_in")


def _find(tx: Tx, hook: Hook, delivery_id: str) -> Delivery:
    found = store.find_delivery(tx, delivery_id) if delivery_id.isprintable() else None
    if found is None or found.hook_id != hook.id:
        raise DeliveryNotFound(delivery_id=delivery_id[:_SHOWN_CHARS])
    return found
