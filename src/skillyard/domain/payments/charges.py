"""Charges for invocations: held when one is asked for; captured when it is delivered, else released: one of the two.

All within the transaction of the caller, so that an invocation and its charge come and go together.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.payments import holds, rules
from skillyard.domain.payments.charge_errors import ChargeClosed, ChargedOtherwise, ChargeNotFound, NotEnoughCredits
from skillyard.domain.payments.charge_model import Charge, ChargeStatus, ChargeTerms
from skillyard.domain.payments.chart import Account, Kind, platform
from skillyard.domain.payments.credit_legs import credits_of, repay
from skillyard.domain.payments.credits import purchase_url
from skillyard.domain.payments.facts import maturity_ms
from skillyard.domain.payments.ledger import Leg, credit, debit
from skillyard.domain.payments.ledger_errors import InsufficientFunds
from skillyard.domain.payments.model import Sale, Shares
from skillyard.domain.payments.store import charges as store
from skillyard.infra.database import Tx
from skillyard.infra.money import CENTS_PER_CREDIT, Asset


def charge_terms(app: App) -> ChargeTerms:
    """What charges are placed under today."""
    return ChargeTerms(
        fee_bps=app.settings.platform_fee_bps, maturity_ms=maturity_ms(app), purchase_url=purchase_url(app)
    )


def place_charge(
    tx: Tx,
    *,
    ref: str,
    buyer_id: str,
    seller_id: str,
    item: str,
    amount: int,
    terms: ChargeTerms,
    now_ms: int,
    expires_ms: int,
) -> Charge:
    """Set the buyer's credits aside for one invocation (`ref`): asked for again, the charge as it is by now.

    `amount`: whole credits above zero. Nobody is charged for what is their own: those who ask see to that. Raises
    NotEnoughCredits, which says where to buy some; ChargedOtherwise.
    """
    if amount <= 0 or buyer_id == seller_id:
        raise ValueError(f"nobody is charged {amount} credits by {seller_id} for {ref}")
    tx.lock(f"charge {ref}")
    found = store.find_charge(tx, ref)
    if found is None:
        hold_id = _hold(tx, ref, buyer_id, item, amount, terms, now_ms=now_ms, expires_ms=expires_ms)
        found = Charge(
            ref=ref, item=item, buyer_id=buyer_id, seller_id=seller_id, rail="credits", amount=amount,
            status=ChargeStatus.HELD, fee_bps=terms.fee_bps, maturity_ms=terms.maturity_ms, hold_id=hold_id,
            placed_ms=now_ms, expires_ms=expires_ms,
        )  # fmt: skip
        assert store.add_charge(tx, found), "it was looked for under the lock"
    if (found.buyer_id, found.seller_id, found.item, found.amount) != (buyer_id, seller_id, item, amount):
        raise ChargedOtherwise(ref=ref)
    return found


def capture_charge(tx: Tx, ref: str, *, now_ms: int) -> Charge:
    """It was delivered: the seller earned it. The same again changes nothing. Raises ChargeNotFound, ChargeClosed."""
    charge = lock_charge(tx, ref)
    if charge.status.is_delivered:
        return charge
    if charge.status is not ChargeStatus.HELD:
        raise ChargeClosed(ref=ref, status=charge.status.value)
    cents = charge.amount * CENTS_PER_CREDIT
    shares = rules.share_out(cents, fee_bps=charge.fee_bps, referral_bps=0, is_referred=False)
    legs = [
        credit(platform(Kind.CREDITS_ISSUED, Asset.CREDIT), charge.amount),
        debit(platform(Kind.DEFERRED_REVENUE, Asset.USD), cents),
        *_earnings(charge, shares),
    ]
    assert charge.hold_id is not None, "credits are held"
    holds.capture(tx, charge.hold_id, amount=charge.amount, to=legs, now_ms=now_ms)
    return _captured(tx, charge, shares, now_ms=now_ms)


def release_charge(tx: Tx, ref: str, *, now_ms: int) -> Charge:
    """It was not delivered: the buyer has it back. The same again changes nothing. Raises as `capture_charge`."""
    charge = lock_charge(tx, ref)
    if charge.status is ChargeStatus.RELEASED:
        return charge
    if charge.status is not ChargeStatus.HELD:
        raise ChargeClosed(ref=ref, status=charge.status.value)
    assert charge.hold_id is not None, "credits are held"
    holds.release(tx, charge.hold_id, now_ms=now_ms)
    repay(tx, charge.buyer_id, key=f"charge:{ref}", ref=ref, now_ms=now_ms)
    return _change(tx, charge, replace(charge, status=ChargeStatus.RELEASED, proof=None), now_ms=now_ms)


def find_charge(tx: Tx, ref: str) -> Charge | None:
    return store.find_charge(tx, ref)


def list_charges(tx: Tx, refs: Collection[str]) -> dict[str, Charge]:
    """Those that there are, by their refs."""
    return store.list_charges(tx, refs)


def lock_charge(tx: Tx, ref: str) -> Charge:
    """As it is now; nobody else changes it until the commit. Raises ChargeNotFound."""
    tx.lock(f"charge {ref}")
    charge = store.find_charge(tx, ref)
    if charge is None:
        raise ChargeNotFound(ref=ref[:64])
    return charge


def as_sale(charge: Charge) -> Sale:
    """A captured charge as what it is for its seller: a sale like others."""
    assert charge.captured_ms is not None, "it is captured"
    assert charge.matures_ms is not None, "it is captured"
    return Sale(
        invoice_id=charge.ref, item=charge.item, seller_id=charge.seller_id, buyer_id=charge.buyer_id,
        rail=charge.rail, asset=Asset.USD, price=charge.amount * CENTS_PER_CREDIT, seller_share=charge.seller_share,
        fee=charge.fee, referral_share=0, referrer_id=None, paid_ms=charge.captured_ms, matures_ms=charge.matures_ms,
        matured_ms=charge.matured_ms, refunded=0,
    )  # fmt: skip


def _hold(
    tx: Tx, ref: str, buyer_id: str, item: str, amount: int, terms: ChargeTerms, *, now_ms: int, expires_ms: int
) -> str:
    try:
        placed = holds.place(
            tx, key=f"charge:{ref}", source=credits_of(buyer_id), target_kind=Kind.CREDITS_HOLD, amount=amount, ref=ref,
            now_ms=now_ms, expires_ms=expires_ms,
        )  # fmt: skip
    except InsufficientFunds as error:
        there = int(error.facts["there"])
        raise NotEnoughCredits(
            item=item, price=amount, there=there, missing=amount - there, purchase_url=terms.purchase_url
        ) from None
    return placed.id


def _earnings(charge: Charge, shares: Shares) -> list[Leg]:
    seller = Account(owner=charge.seller_id, kind=Kind.SELLER_PENDING, asset=Asset.USD)
    return [credit(seller, shares.seller), credit(platform(Kind.PLATFORM_FEE, Asset.USD), shares.fee)]


def _captured(tx: Tx, charge: Charge, shares: Shares, *, now_ms: int) -> Charge:
    after = replace(
        charge, status=ChargeStatus.CAPTURED, proof=None, seller_share=shares.seller, fee=shares.fee,
        captured_ms=now_ms, matures_ms=now_ms + charge.maturity_ms,
    )  # fmt: skip
    return _change(tx, charge, after, now_ms=now_ms)


def _change(tx: Tx, before: Charge, after: Charge, *, now_ms: int) -> Charge:
    assert store.set_charge(tx, before, after, now_ms=now_ms), "it is locked"
    return after
