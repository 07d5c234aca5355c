"""Payments elsewhere that nobody is certain of, or that failed after delivery: an administrator has the last word."""

from __future__ import annotations

from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.charge_errors import ChargeClosed
from skillyard.domain.payments.charge_model import Charge, ChargeStatus
from skillyard.domain.payments.charge_rail import charge_rails
from skillyard.domain.payments.charges import book_taken, change_charge, lock_charge
from skillyard.domain.payments.errors import NoSuchRail
from skillyard.domain.payments.events import ChargeSettled
from skillyard.domain.payments.rail import Check
from skillyard.domain.payments.store import charges as store
from skillyard.infra.database import Tx

_MOST = 200
_TOO_LONG_MS = 3600 * 1000
_IN_DOUBT = (ChargeStatus.UNKNOWN, ChargeStatus.FAILED)


def list_charges_in_doubt(app: App, caller: Caller) -> list[Charge]:
    """The oldest first; for administrators."""
    caller.must("administer")
    with app.database.reading() as tx:
        return store.list_in_doubt(tx, limit=_MOST)


def decide_charge(app: App, caller: Caller, *, ref: str, is_taken: bool, reference: str | None = None) -> Charge:
    """Say that a payment was taken (`reference`: the provider's id of it), so that its seller earns it; or that it was
    not and never will be. For administrators. Raises ChargeNotFound, ChargeClosed.
    """
    caller.must("administer")
    _, by = caller.identity
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        charge = lock_charge(tx, ref)
        if charge.status not in _IN_DOUBT:
            raise ChargeClosed(ref=charge.ref, status=charge.status.value)
        if charge.rail not in charge_rails():
            raise NoSuchRail(rail=charge.rail, known=", ".join(charge_rails()))
        if is_taken:
            said = replace(charge, why=f"{by} says that it was taken")
            clearing = charge_rails()[charge.rail].clearing
            after = book_taken(tx, said, clearing=clearing, reference=reference, now_ms=now_ms)
        else:
            failed = replace(charge, status=ChargeStatus.FAILED, proof=None, why=f"{by} says that it was not taken")
            after = change_charge(tx, charge, failed, now_ms=now_ms)
        settled = ChargeSettled(ref=after.ref, item=after.item, rail=after.rail, status=after.status.value)
        app.events.record(tx, settled)
    return after


def check_charges(tx: Tx, now_ms: int) -> list[Check]:
    """For `doctor`: whether a payment elsewhere has been in doubt for an hour."""
    late = [one for one in store.list_in_doubt(tx, limit=_MOST) if one.status is ChargeStatus.UNKNOWN]
    late = [one for one in late if one.placed_ms <= now_ms - _TOO_LONG_MS]
    if not late:
        return [Check(name="charges", ok=True, detail="none is in doubt")]
    hint = "Look it up at the provider, then say what is so: `skillyard charges decide`."
    return [Check(name="charges", ok=False, detail=f"in doubt: {len(late)}, the oldest is {late[0].ref}", hint=hint)]
