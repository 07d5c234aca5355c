"""What the gateway does in the background."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.gateway import vault
from skillyard.domain.gateway.calls.usage import MOST_DAYS, day_before
from skillyard.domain.gateway.connect import oauth_return, sealed
from skillyard.domain.gateway.consent import run_service
from skillyard.domain.gateway.store import calls, connections, leases, limits
from skillyard.domain.gateway.store import vault as store
from skillyard.infra.jobs import every

DECLARED = (run_service,)  # it declares what runs are offered
_DAY_MS = 24 * 3600 * 1000
_KEEP_USES_MS = 400 * _DAY_MS
_KEEP_LEASES_MS = 30 * _DAY_MS  # longer than any run
_KEEP_COUNTS_MS = 3600 * 1000


@every(seconds=600)
def rotate_vault_keys(app: App) -> None:
    """Lock every credential and connection with the newest vault key, so that older ones can be taken out of the
    settings."""
    for lock_with_current_key in (vault.lock_with_current_key, sealed.lock_with_current_key):
        last: str | None = ""
        while last is not None:
            last = lock_with_current_key(app, after=last)


@every(seconds=24 * 3600)
def forget_old_uses(app: App) -> None:
    """Forget what credentials and connections were used for more than 400 days ago, and the leases of runs that are
    over for long."""
    now_ms = app.clock.now_ms()
    before_ms = now_ms - _KEEP_USES_MS
    with app.database.transaction() as tx:
        store.forget_uses(tx, before_ms=before_ms)
        connections.forget_uses(tx, before_ms=before_ms)
        leases.forget(tx, before_ms=now_ms - _KEEP_LEASES_MS)


@every(seconds=300)
def forget_connection_attempts(app: App) -> None:
    """End attempts to connect an account whose time is over; forget those of more than a day ago."""
    oauth_return.forget_attempts(app)


@every(seconds=24 * 3600)
def forget_old_calls(app: App) -> None:
    """Forget calls of more than 400 days ago."""
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        calls.forget(tx, before_ms=now_ms - _KEEP_USES_MS, before_day=day_before(now_ms, days=MOST_DAYS))


@every(seconds=3600)
def forget_old_call_counts(app: App) -> None:
    """Forget how much was called in minutes and days that are over."""
    with app.database.transaction(durable=False) as tx:
        limits.forget_counts(tx, before_ms=app.clock.now_ms() - _KEEP_COUNTS_MS)
