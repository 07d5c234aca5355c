"""Payments elsewhere are taken once what they are for was delivered: asked for outside of any transaction, written down
before and after, so that nobody pays twice and nothing is forgotten.
"""

from __future__ import annotations

from dataclasses import replace

from skillyard.app import App
from skillyard.domain.payments.charge_model import Charge, ChargeStatus
from skillyard.domain.payments.charge_rail import ChargeRail, charge_rails
from skillyard.domain.payments.charges import book_taken, change_charge, lock_charge
from skillyard.domain.payments.events import ChargeSettled
from skillyard.domain.payments.rail import Outcome
from skillyard.domain.payments.store import charges as store
from skillyard.infra.errors import SkillyardError
from skillyard.infra.log import Logger

_AT_ONCE = 100
_ASK_AGAIN_MS = 60_000  # longer than any request takes
_log = Logger("skillyard.charges")


def settle_charges(app: App) -> None:
    """Take what is due, and find out what became of what nobody knows."""
    with app.database.reading() as tx:
        due = store.list_unsettled(tx, updated_before_ms=app.clock.now_ms(), limit=_AT_ONCE)
    for ref in due:
        try:
            settle_charge(app, ref)
        except SkillyardError as error:  # one provider that is away does not keep the others waiting
            _log.warning("a charge could not be settled", ref=ref, error=error.message)
        except Exception:
            _log.exception("a charge could not be settled", ref=ref)


def settle_charge(app: App, ref: str) -> None:
    """One step: take a payment that is due, or look for one that was asked for before. Raises Upstream."""
    with app.database.reading() as tx:
        charge = store.find_charge(tx, ref)
    if charge is None or charge.rail not in charge_rails():
        return
    rail = charge_rails()[charge.rail]
    if charge.status is ChargeStatus.UNKNOWN:
        if outcome := _find(app, rail, charge):
            _record(app, rail, charge, outcome)
    elif charge.status is ChargeStatus.DUE:
        asked = _begin(app, charge, rail.prepare(app, charge))
        if asked is not None:
            _record(app, rail, asked, rail.settle(app, asked))


def _begin(app: App, charge: Charge, proof: str) -> Charge | None:
    """Write down that it is asked for now; None when somebody else does."""
    after = replace(charge, status=ChargeStatus.UNKNOWN, proof=proof, why="asked for")
    with app.database.transaction() as tx:
        return after if store.set_charge(tx, charge, after, now_ms=app.clock.now_ms()) else None


def _find(app: App, rail: ChargeRail, charge: Charge) -> Outcome | None:
    """None where it was looked for a moment ago, or whoever asked may not be done."""
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        is_mine = store.touch(tx, charge.ref, updated_before_ms=now_ms - _ASK_AGAIN_MS, now_ms=now_ms)
    return rail.find(app, charge) if is_mine else None


def _record(app: App, rail: ChargeRail, asked: Charge, outcome: Outcome) -> None:
    with app.database.transaction() as tx:
        now_ms = app.clock.now_ms()
        charge = lock_charge(tx, asked.ref)
        if charge.status is not ChargeStatus.UNKNOWN or charge.proof != asked.proof:
            return
        if outcome.state == "paid":
            after = book_taken(tx, charge, clearing=rail.clearing, reference=outcome.reference, now_ms=now_ms)
        else:
            after = change_charge(tx, charge, _not_taken(charge, outcome), now_ms=now_ms)
        if after.status in (ChargeStatus.CAPTURED, ChargeStatus.FAILED):
            settled = ChargeSettled(ref=after.ref, item=after.item, rail=after.rail, status=after.status.value)
            app.events.record(tx, settled)


def _not_taken(charge: Charge, outcome: Outcome) -> Charge:
    if outcome.state == "submitted":
        return replace(charge, status=ChargeStatus.DUE, why=outcome.why)
    if outcome.state == "failed":
        return replace(charge, status=ChargeStatus.FAILED, proof=None, why=outcome.why)
    return replace(charge, why=outcome.why)
