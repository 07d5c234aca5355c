"""Short ways to charge somebody in a shop, and what must be true of credits at any time."""

from __future__ import annotations

from typing import Any

from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments import ledger
from skillyard.domain.payments.charge_model import Charge, ChargeStatus
from skillyard.domain.payments.charges import capture_charge, charge_terms, find_charge, place_charge, release_charge
from skillyard.domain.payments.chart import Kind, platform
from skillyard.domain.payments.credits import get_credits
from skillyard.infra.money import Asset
from tests.domain.payments.shop import Shop

HOUR_MS = 3600 * 1000


def place(shop: Shop, ref: str = "sinv_1", amount: int = 10, *, buyer: Caller | None = None, **more: Any) -> Charge:
    now_ms = shop.clock.now_ms()
    facts = {"item": "sal/report", "expires_ms": now_ms + HOUR_MS, **more}
    with shop.app.database.transaction() as tx:
        return place_charge(
            tx, ref=ref, buyer_id=(buyer or shop.bob).identity[0], seller_id=shop.sal.identity[0], amount=amount,
            terms=charge_terms(shop.app), now_ms=now_ms, **facts,
        )  # fmt: skip


def capture(shop: Shop, ref: str = "sinv_1") -> Charge:
    with shop.app.database.transaction() as tx:
        return capture_charge(tx, ref, now_ms=shop.clock.now_ms())


def release(shop: Shop, ref: str = "sinv_1") -> Charge:
    with shop.app.database.transaction() as tx:
        return release_charge(tx, ref, now_ms=shop.clock.now_ms())


def status_of(shop: Shop, ref: str = "sinv_1") -> ChargeStatus | None:
    with shop.app.database.reading() as tx:
        found = find_charge(tx, ref)
    return found.status if found else None


def find(shop: Shop, ref: str = "sinv_1") -> Charge:
    with shop.app.database.reading() as tx:
        found = find_charge(tx, ref)
    assert found is not None
    return found


def credits_of(shop: Shop) -> tuple[int, int, int]:
    """Bob's: available, held, owed."""
    found = get_credits(shop.app, shop.bob)
    return found.available, found.held, found.owed


def credits_are_covered(shop: Shop) -> None:
    """What we owe in dollars for credits is the worth of all that there are."""
    with shop.app.database.reading() as tx:
        issued = ledger.balance(tx, platform(Kind.CREDITS_ISSUED, Asset.CREDIT))
        assert ledger.balance(tx, platform(Kind.DEFERRED_REVENUE, Asset.USD)) == issued
