"""What happened becomes messages: each event once for each webhook that it is for, in the transaction that says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.notices import kinds, rules
from skillyard.domain.notices.audience import list_audience, why_not
from skillyard.domain.notices.deliver import deliver
from skillyard.domain.notices.messages import write_body
from skillyard.domain.notices.model import LANE, Delivery, Hook, Notice
from skillyard.domain.notices.store import deliveries
from skillyard.domain.notices.store import hooks as store
from skillyard.domain.registry.access import get_release
from skillyard.domain.registry.errors import ReleaseNotFound
from skillyard.infra.database import Tx
from skillyard.infra.events import StoredEvent, read_after
from skillyard.infra.ids import new_id
from skillyard.infra.jobs import enqueue, job
from skillyard.skill.names import SkillName

_CURSOR = "webhooks"
_BATCH = 200


@job("notices.follow", lane=LANE)
def follow(app: App) -> None:
    """Take in everything that happened."""
    while follow_events(app):
        pass


def wake(app: App, batch: Iterable[StoredEvent]) -> None:
    """Let it be told soon, where there are webhooks; without it, it is told within seconds."""
    if not any(event.kind in kinds.KINDS for event in batch):
        return
    with app.database.reading() as tx:
        is_wanted = store.are_there_any(tx)
    if is_wanted:
        with app.database.transaction(durable=False) as tx:
            enqueue(tx, follow, now_ms=app.clock.now_ms(), key="events")


def follow_events(app: App) -> int:
    """Take in the next events; how many there were."""
    with app.database.transaction() as tx:
        tx.lock("notices")
        batch = read_after(tx, store.followed_to(tx, _CURSOR), limit=_BATCH)
        for event in batch:
            for notice in kinds.notices_of(event):
                _tell(app, tx, event, notice)
        if batch:
            store.set_followed(tx, _CURSOR, batch[-1].position)
    return len(batch)


def _tell(app: App, tx: Tx, event: StoredEvent, notice: Notice) -> None:
    told = [hook for hook in list_audience(tx, notice, position=event.position) if rules.is_told(hook, notice)]
    told = [hook for hook in told if why_not(tx, app, hook, notice.about) is None]
    if told and (whole := _completed(tx, notice)):
        for hook in told:
            add_delivery(app, tx, hook, whole, position=event.position, at_ms=event.at_ms)


def add_delivery(app: App, tx: Tx, hook: Hook, notice: Notice, *, position: int | None, at_ms: int) -> Delivery:
    """A message that waits to be delivered at once. `position`: of the event; None for a test."""
    delivery_id, now_ms = new_id("msg"), app.clock.now_ms()
    body = write_body(delivery_id, hook, notice, at_ms=at_ms)
    new = Delivery(
        id=delivery_id, hook_id=hook.id, position=position, event=notice.event, about=notice.about, body=body,
        status="pending", tries=0, attempts=0, next_ms=now_ms, answer_status=None, answer="", why="",
        created_ms=now_ms, tried_ms=None,
    )  # fmt: skip
    if deliveries.add_delivery(tx, new) and position is not None:
        enqueue(tx, deliver, now_ms=now_ms, key=new.id, delivery_id=new.id)
    return new


def _completed(tx: Tx, notice: Notice) -> Notice | None:
    """With what the scan said, which the event does not. None for a release that is gone."""
    if notice.event != kinds.SCAN_FINISHED:
        return notice
    try:
        release = get_release(tx, SkillName.parse(notice.data["name"]), notice.data["version"])
    except ReleaseNotFound:
        return None
    scanned = {"verdict": release.verdict, "score": release.score, "status": release.status.value}
    return replace(notice, data={**notice.data, **scanned, "reasons": list(release.reasons)})
