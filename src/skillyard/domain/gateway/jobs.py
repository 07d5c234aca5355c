"""What the gateway does in the background."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.gateway import oauth_return, sealed, vault
from skillyard.domain.gateway.store import connections
from skillyard.domain.gateway.store import vault as store
from skillyard.infra.jobs import every

_KEEP_USES_MS = 400 * 24 * 3600 * 1000


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
    """Forget what credentials and connections were used for more than 400 days ago."""
    before_ms = app.clock.now_ms() - _KEEP_USES_MS
    with app.database.transaction() as tx:
        store.forget_uses(tx, before_ms=before_ms)
        connections.forget_uses(tx, before_ms=before_ms)


@every(seconds=300)
def forget_connection_attempts(app: App) -> None:
    """End attempts to connect an account whose time is over; forget those of more than a day ago."""
    oauth_return.forget_attempts(app)
