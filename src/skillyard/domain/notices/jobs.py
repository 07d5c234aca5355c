"""What notices do in the background."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.notices import deliver, follow
from skillyard.domain.notices.hooks import lock_with_current_key
from skillyard.domain.notices.store import deliveries as store
from skillyard.infra.jobs import enqueue, every

DECLARED = (deliver, follow)  # they declare the jobs that the operations enqueue
_KEEP_MS = 30 * 24 * 3600 * 1000
_PATIENCE_MS = 60_000
_AT_ONCE = 100


@every(seconds=5)
def tell_webhooks(app: App) -> None:
    """Make messages of what happened that nobody was woken for."""
    follow.follow(app)


@every(seconds=60)
def remember_deliveries(app: App) -> None:
    """Enqueue messages anew that wait while their job is gone: after a restore, or when the server failed too often."""
    now_ms = app.clock.now_ms()
    with app.database.reading() as tx:
        waiting = store.list_forgotten(tx, before_ms=now_ms - _PATIENCE_MS, limit=_AT_ONCE)
    for delivery_id in waiting:
        with app.database.transaction() as tx:
            enqueue(tx, deliver.deliver, now_ms=now_ms, key=delivery_id, delivery_id=delivery_id)


@every(seconds=600)
def rotate_webhook_keys(app: App) -> None:
    """Lock every secret with the newest vault key, so that older ones can be taken out of the settings."""
    last: str | None = ""
    while last is not None:
        last = lock_with_current_key(app, after=last)


@every(seconds=24 * 3600)
def forget_deliveries(app: App) -> None:
    """Forget messages of more than 30 days ago."""
    with app.database.transaction() as tx:
        store.forget_deliveries(tx, before_ms=app.clock.now_ms() - _KEEP_MS)
