"""What nobody delivers: leases that are over, and invocations whose time is."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.market.settle import expire
from skillyard.domain.market.store import invocations as store

_AT_ONCE = 100


def expire_overdue(app: App) -> int:
    """Each in a transaction of its own; how many were over."""
    with app.database.reading() as tx:
        over = store.list_over(tx, now_ms=app.clock.now_ms(), limit=_AT_ONCE)
    for invocation_id in over:
        expire(app, invocation_id)
    return len(over)


def free_leases(app: App) -> int:
    """Let wait again what a provider began with and did not go on with."""
    with app.database.transaction() as tx:
        return store.free_leases(tx, now_ms=app.clock.now_ms())
