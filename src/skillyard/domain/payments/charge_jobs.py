"""What becomes of charges by itself."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.payments.charge_model import ChargeStatus
from skillyard.domain.payments.charges import lock_charge, release_charge
from skillyard.domain.payments.settle_charges import settle_charges
from skillyard.domain.payments.store import charges as store
from skillyard.infra.jobs import every

_AT_ONCE = 100
_GRACE_MS = 3600 * 1000


@every(seconds=5)
def take_payments_due(app: App) -> None:
    """Take payments elsewhere for what was delivered, and find out about those that nobody knows of."""
    settle_charges(app)


@every(seconds=300)
def release_forgotten_charges(app: App) -> None:
    """Give back what is held an hour longer than it was to be: whoever placed it would have ended it by then."""
    with app.database.reading() as tx:
        over = store.list_over(tx, expired_before_ms=app.clock.now_ms() - _GRACE_MS, limit=_AT_ONCE)
    for ref in over:
        _release_if_held(app, ref)


def _release_if_held(app: App, ref: str) -> None:
    with app.database.transaction() as tx:
        if lock_charge(tx, ref).status is ChargeStatus.HELD:
            release_charge(tx, ref, now_ms=app.clock.now_ms())
