"""What moves compositions on by itself: a hop that ends, and a look at those that were left behind."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.market.store import compositions as store
from skillyard.infra.database import Tx
from skillyard.infra.jobs import enqueue, every, job

_LEFT_AFTER_MS = 60_000
_BATCH = 200


@job("market.advance_composition")
def advance_composition(app: App, *, composition_id: str) -> None:
    """Begin the next hop of a composition, or end it."""
    from skillyard.domain.market.advance import advance  # it uses what enqueues this job

    advance(app, composition_id)


def invocation_ended(tx: Tx, invocation_id: str, *, now_ms: int) -> None:
    """Let the composition go on that an invocation is part of, once this is committed."""
    composition_id = store.find_of_invocation(tx, invocation_id)
    if composition_id is not None:
        enqueue(tx, advance_composition, now_ms=now_ms, composition_id=composition_id)


@every(seconds=60)
def resume_compositions(app: App) -> None:
    """Go on with compositions that nobody has touched for a minute, such as after a crash."""
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        for composition_id in store.list_left(tx, before_ms=now_ms - _LEFT_AFTER_MS, limit=_BATCH):
            store.touch(tx, composition_id, now_ms=now_ms)
            enqueue(tx, advance_composition, now_ms=now_ms, key=composition_id, composition_id=composition_id)
