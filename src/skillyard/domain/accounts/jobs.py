"""What accounts do in the background."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts import store
from skillyard.domain.accounts.store import agents, identities, invitations, publishers, sessions
from skillyard.infra.jobs import every

_DAY_MS = 24 * 3600 * 1000
_KEEP_PERSONAL_TOKENS_MS = 90 * _DAY_MS


@every(seconds=3600)
def forget_expired_sign_ins(app: App) -> None:
    """Remove links, waiting command lines and access tokens a day after their end, personal tokens after 90 days; and
    what agents cannot use any more."""
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        store.remove_expired(
            tx,
            sign_ins_before_ms=now_ms - _DAY_MS,
            personal_tokens_before_ms=now_ms - _KEEP_PERSONAL_TOKENS_MS,
        )
        sessions.remove_expired(tx, before_ms=now_ms - _DAY_MS)
        identities.remove_expired(tx, before_ms=now_ms - _DAY_MS)
        invitations.remove_expired(tx, now_ms=now_ms)
        agents.remove_expired(tx, now_ms=now_ms)
        publishers.remove_expired(tx, tokens_before_ms=now_ms - _DAY_MS, now_ms=now_ms)
