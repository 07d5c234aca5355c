"""Sends a message, notes what came of it, and tries again later: 5 s, 30 s, 2 min, 10 min, 1 h, 6 h, 24 h.

A worker that dies between sending and noting sends it again: receivers know it by its id. A receiver that fails is left
alone for a while, so that messages to it keep none waiting to others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from skillyard.app import App
from skillyard.domain.notices import rules
from skillyard.domain.notices.audience import owner_of, why_not
from skillyard.domain.notices.hooks import open_secret
from skillyard.domain.notices.messages import signed_headers
from skillyard.domain.notices.model import LANE, Delivery, Hook, HookChanged
from skillyard.domain.notices.store import deliveries, hooks
from skillyard.domain.notices.store.hooks import Record
from skillyard.infra.database import Tx
from skillyard.infra.errors import SkillyardError
from skillyard.infra.jobs import enqueue, job
from skillyard.infra.outbound import Bounds

_BOUNDS = Bounds(total_s=5.0, phase_s=5.0, max_bytes=256 * 1024)
_EXCERPT_CHARS = 500
_GONE = 410  # a receiver that says so wants no more (Standard Webhooks)
_REGISTRY = "registry"
_EARLY_MS = 2000  # the clock of the database may be ahead of ours


@job("notices.deliver", lane=LANE, retries=8)
def deliver(app: App, delivery_id: str) -> None:
    """Try to deliver a message, unless it is not to be tried now."""
    record = _take(app, delivery_id)
    if record is None:
        return
    with app.database.reading() as tx:
        delivery = deliveries.find_delivery(tx, delivery_id)
    if delivery is not None:
        _note(app, delivery_id, _send(app, record, delivery))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """`status`: of the answer, None when there was none."""

    status: int | None = None
    answer: str = ""
    why: str = ""

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def _take(app: App, delivery_id: str) -> Record | None:
    """Where it is to be sent now; None when it is not, or not yet."""
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        delivery = deliveries.find_delivery(tx, delivery_id)
        hook = hooks.lock_hook(tx, delivery.hook_id) if delivery else None
        if delivery is None or hook is None or delivery.status != "pending":
            return None
        if delivery.next_ms is not None and delivery.next_ms > now_ms + _EARLY_MS:
            return None
        if not hook.enabled:
            why = f"the webhook is disabled: {hook.why_disabled}" if hook.why_disabled else "the webhook is disabled"
            deliveries.set_delivery(tx, replace(delivery, status="failed", next_ms=None, why=why))
            return None
        if hidden := why_not(tx, app, hook, delivery.about):
            deliveries.set_delivery(tx, replace(delivery, status="dropped", next_ms=None, why=hidden))
            _disable_without_owner(app, tx, hook, hidden)
            return None
        if hook.quiet_until_ms > now_ms:
            put_off(tx, delivery, until_ms=hook.quiet_until_ms, now_ms=now_ms)
            return None
        return hooks.find_record(tx, hook.id)


def put_off(tx: Tx, delivery: Delivery, *, until_ms: int, now_ms: int) -> None:
    """Try it then."""
    deliveries.set_delivery(tx, replace(delivery, next_ms=until_ms))
    enqueue(tx, deliver, now_ms=now_ms, delay_ms=until_ms - now_ms, key=delivery.id, delivery_id=delivery.id)


def _send(app: App, record: Record, delivery: Delivery) -> _Outcome:
    """Redirects are not followed; the address is looked up and checked each time."""
    now_ms = app.clock.now_ms()
    try:
        headers = signed_headers(
            open_secret(app, record), delivery_id=delivery.id, event=delivery.event, body=delivery.body, now_ms=now_ms
        )
        answer = app.outbound.request(
            "POST", record.hook.url, headers=headers, body=delivery.body.encode(), bounds=_BOUNDS
        )
    except SkillyardError as error:
        return _Outcome(why=error.message)
    why = "" if 200 <= answer.status < 300 else f"it answered with status {answer.status}"
    return _Outcome(status=answer.status, answer=_excerpt(answer.body), why=why)


def _note(app: App, delivery_id: str, outcome: _Outcome) -> None:
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        delivery = deliveries.find_delivery(tx, delivery_id)
        hook = hooks.lock_hook(tx, delivery.hook_id) if delivery else None
        if delivery is None or hook is None:
            return
        tried = replace(
            delivery, tries=delivery.tries + 1, attempts=delivery.attempts + 1, answer_status=outcome.status,
            answer=outcome.answer, why=outcome.why, tried_ms=now_ms,
        )  # fmt: skip
        if outcome.is_good:
            deliveries.set_delivery(tx, replace(tried, status="delivered", next_ms=None))
            hooks.set_health(tx, _healthy(hook, now_ms))
        elif delivery.status == "pending":  # another worker may have delivered it meanwhile
            _failed(app, tx, hook, tried, is_gone=outcome.status == _GONE, now_ms=now_ms)


def _failed(app: App, tx: Tx, hook: Hook, tried: Delivery, *, is_gone: bool, now_ms: int) -> None:
    wait_ms = None if is_gone or tried.position is None else rules.wait_ms(tried.tries)
    if wait_ms is None:
        deliveries.set_delivery(tx, replace(tried, status="failed", next_ms=None))
    else:
        put_off(tx, tried, until_ms=now_ms + wait_ms, now_ms=now_ms)
    sick = _sick(hook, now_ms)
    hooks.set_health(tx, sick)
    since_ms = sick.failing_since_ms if sick.failing_since_ms is not None else now_ms
    if is_gone:
        disable(app, tx, sick, "its receiver says that it wants no more")
    elif wait_ms is None and tried.position is not None and now_ms - since_ms >= rules.GIVE_UP_HOOK_MS:
        disable(app, tx, sick, "nothing could be delivered for more than a day")


def disable(app: App, tx: Tx, hook: Hook, why: str) -> None:
    """By ourselves; whoever else manages it is told by the event."""
    hooks.set_health(tx, replace(hook, enabled=False, why_disabled=why))
    event = HookChanged(
        hook_id=hook.id, owner_id=hook.owner_id, namespace=hook.namespace, change="disabled", why=why, by=_REGISTRY
    )
    app.events.record(tx, event)


def _disable_without_owner(app: App, tx: Tx, hook: Hook, why: str) -> None:
    if owner_of(tx, app, hook) is None:
        disable(app, tx, hook, why)


def _healthy(hook: Hook, now_ms: int) -> Hook:
    return replace(
        hook, failures=0, failing_since_ms=None, quiet_until_ms=0, last_status="delivered", last_tried_ms=now_ms
    )


def _sick(hook: Hook, now_ms: int) -> Hook:
    since_ms = now_ms if hook.failing_since_ms is None else hook.failing_since_ms
    return replace(
        hook, failures=hook.failures + 1, failing_since_ms=since_ms,
        quiet_until_ms=now_ms + rules.quiet_ms(hook.failures + 1), last_status="failed", last_tried_ms=now_ms,
    )  # fmt: skip


def _excerpt(body: bytes) -> str:
    text = body[: 4 * _EXCERPT_CHARS].decode("utf-8", "replace")
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text)[:_EXCERPT_CHARS]
