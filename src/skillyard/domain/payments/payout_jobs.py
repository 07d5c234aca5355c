"""What payouts do in the background."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.payments.advance_payouts import advance, advance_all
from skillyard.infra.jobs import every, job


@every(seconds=15)
def advance_payouts(app: App) -> None:
    """Send what is approved, and find out what became of what was sent."""
    advance_all(app)


@job("payments.advance_payout")
def advance_payout(app: App, payout_id: str) -> None:
    """The same for one payout, at once."""
    advance(app, payout_id)
