"""What the gateway does in the background."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.gateway.store import vault as store
from skillyard.domain.gateway.vault import lock_with_current_key
from skillyard.infra.jobs import every

_KEEP_USES_MS = 400 * 24 * 3600 * 1000


@every(seconds=600)
def rotate_vault_keys(app: App) -> None:
    """Lock every credential with the newest vault key, so that older ones can be taken out of the settings."""
    last: str | None = ""
    while last is not None:
        last = lock_with_current_key(app, after=last)


@every(seconds=24 * 3600)
def forget_old_uses(app: App) -> None:
    """Forget what credentials were used for more than 400 days ago."""
    with app.database.transaction() as tx:
        store.forget_uses(tx, before_ms=app.clock.now_ms() - _KEEP_USES_MS)
