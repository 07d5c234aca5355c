"""Sales and charges come of age: what their sellers earned may be paid out."""

from __future__ import annotations

from collections.abc import Callable

from skillyard.app import App
from skillyard.domain.payments import ledger, rules
from skillyard.domain.payments.charges import as_sale, lock_charge
from skillyard.domain.payments.model import Sale, Shares
from skillyard.domain.payments.shares import legs_of_maturity
from skillyard.domain.payments.states import lock_invoice
from skillyard.domain.payments.store import charges, sales
from skillyard.infra.log import Logger

_AT_ONCE = 100
_log = Logger("skillyard.payments")


def mature(app: App) -> int:
    """Let the sales and charges mature whose time has come; how many."""
    now_ms = app.clock.now_ms()
    with app.database.reading() as tx:
        sold = sales.list_mature(tx, now_ms=now_ms, limit=_AT_ONCE)
        charged = charges.list_mature(tx, now_ms=now_ms, limit=_AT_ONCE)
    matured = [_try(app, _mature_sale, sale.invoice_id) for sale in sold]
    return sum(matured) + sum(_try(app, _mature_charge, ref) for ref in charged)


def _try(app: App, mature_one: Callable[[App, str], bool], ref: str) -> bool:
    """One that we fail at does not keep the others from their money."""
    try:
        return mature_one(app, ref)
    except Exception:
        _log.exception("a sale could not mature", ref=ref)
        return False


def _mature_charge(app: App, ref: str) -> bool:
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        charge = lock_charge(tx, ref)
        if not charges.set_matured(tx, ref, now_ms=now_ms):
            return False
        sale = as_sale(charge)
        if legs := legs_of_maturity(tx, sale, _left(sale)):
            ledger.post(tx, key=f"charge:{ref}:maturity", kind="maturity", ref=ref, legs=legs, now_ms=now_ms)
    return True


def _mature_sale(app: App, invoice_id: str) -> bool:
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        lock_invoice(tx, invoice_id)
        sale = sales.find_sale(tx, invoice_id)
        if (
            sale is None
            or sales.has_open_dispute(tx, invoice_id)
            or not sales.set_matured(tx, invoice_id, now_ms=now_ms)
        ):
            return False
        if legs := legs_of_maturity(tx, sale, _left(sale)):
            ledger.post(tx, key=f"inv:{invoice_id}:maturity", kind="maturity", ref=invoice_id, legs=legs, now_ms=now_ms)
    return True


def _left(sale: Sale) -> Shares:
    return rules.take_back(sale, rules.left_of(sale))
