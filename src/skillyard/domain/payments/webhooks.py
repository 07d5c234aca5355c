"""Events that providers send: checked, written down once, answered at once; what they are about is fetched later."""

from __future__ import annotations

from collections.abc import Mapping

from skillyard.app import App
from skillyard.domain.payments import rail as ports
from skillyard.domain.payments.facts import apply_facts
from skillyard.domain.payments.rail import ProviderEvent
from skillyard.domain.payments.store import refunds as store
from skillyard.infra.jobs import enqueue, job


def receive_event(app: App, rail_name: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Take in a signed event, from its raw bytes; whoever sends it needs no account. False: we have no use for it.

    Raises NoSuchRail, RailNotReady, NotWithThisRail or WebhookNotValid.
    """
    event = ports.get_ready_rail(app, rail_name).read_event(app, headers, body)
    if event is None:
        return False
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        is_new = store.add_provider_event(
            tx, rail=rail_name, event_id=event.id, kind=event.kind, object_id=event.object_id, account=event.account,
            now_ms=now_ms,
        )  # fmt: skip
        if is_new:
            enqueue(tx, follow_up, now_ms=now_ms, key=f"{rail_name} {event.id}", rail=rail_name, event_id=event.id)
    return True


@job("payments.follow_up", retries=12)
def follow_up(app: App, rail: str, event_id: str) -> None:
    """Fetch what an event is about and draw the consequences of what is so now."""
    with app.database.reading() as tx:
        row = store.find_unhandled(tx, rail, event_id)
    if row is None:
        return
    event = ProviderEvent(id=event_id, kind=row["kind"], object_id=row["object_id"], account=row["account"])
    apply_facts(app, ports.get_rail(rail).follow_up(app, event))
    with app.database.transaction() as tx:
        store.set_handled(tx, rail, event_id, now_ms=app.clock.now_ms())
