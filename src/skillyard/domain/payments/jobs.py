"""What payments does in the background: it looks at what providers did, whether or not they told us."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.payments import charge_jobs, payout_jobs, rates, refunds, webhooks
from skillyard.domain.payments import rail as ports
from skillyard.domain.payments.facts import sweep
from skillyard.domain.payments.invoices import look_at_waiting
from skillyard.domain.payments.maturity import mature
from skillyard.domain.payments.refunds import advance_refunds
from skillyard.domain.payments.store import refunds as store
from skillyard.infra.errors import SkillyardError
from skillyard.infra.jobs import every
from skillyard.infra.log import Logger

DECLARED = (charge_jobs, payout_jobs, rates, refunds, webhooks)  # they declare jobs beside what enqueues them
_log = Logger("skillyard.payments")
_KEPT_MS = 30 * 24 * 3600 * 1000


@every(seconds=10)
def look_at_invoices(app: App) -> None:
    """Ask about invoices that wait for money, and end those whose time is over."""
    look_at_waiting(app)


@every(seconds=60)
def sweep_rails(app: App) -> None:
    """Read what each provider lists since the last time: what no event told us of is found here."""
    for rail in ports.ready_rails(app):
        try:
            sweep(app, rail.name)
        except SkillyardError as error:  # one provider that is away does not keep the others waiting
            _log.warning("rail could not be swept", rail=rail.name, error=error.message)
        except Exception:
            _log.exception("rail could not be swept", rail=rail.name)


@every(seconds=20)
def go_on_with_refunds(app: App) -> None:
    """Find out what became of refunds, and send back by itself what buys nothing."""
    advance_refunds(app)


@every(seconds=300)
def mature_sales(app: App) -> None:
    """Make what sellers earned available."""
    while mature(app):
        pass


@every(seconds=86_400)
def forget_provider_events(app: App) -> None:
    """After a month, in which every provider has stopped to repeat them."""
    with app.database.transaction() as tx:
        store.forget_provider_events(tx, received_before_ms=app.clock.now_ms() - _KEPT_MS)
