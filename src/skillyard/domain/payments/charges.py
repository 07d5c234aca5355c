"""Charges for invocations: held when one is asked for; captured when it is delivered, else released: one of the two.

All within the transaction of the caller, so that an invocation and its charge come and go together.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.payments import holds, ledger, rules
from skillyard.domain.payments.charge_errors import (
    ChargeClosed,
    ChargedOtherwise,
    ChargeNotFound,
    NotEnoughCredits,
    PaymentUsed,
)
from skillyard.domain.payments.charge_model import Charge, ChargeStatus, ChargeTerms
from skillyard.domain.payments.charge_rail import Proof
from skillyard.domain.payments.chart import Account, Kind, platform
from skillyard.domain.payments.credit_legs import credits_of, lock_credits, repay
from skillyard.domain.payments.credits import purchase_url
from skillyard.domain.payments.facts import maturity_ms
from skillyard.domain.payments.ledger import Leg, credit, debit
from skillyard.domain.payments.ledger_errors import InsufficientFunds
from skillyard.domain.payments.model import Sale, Shares
from skillyard.domain.payments.store import charges as store
from skillyard.infra.database import Tx
from skillyard.infra.money import CENTS_PER_CREDIT, Asset

CREDITS = "credits"
"""The rail of charges that hold credits of ours."""


def charge_terms(app: App) -> ChargeTerms:
    """What charges are placed under today."""
    return ChargeTerms(
        fee_bps=app.settings.platform_fee_bps, maturity_ms=maturity_ms(app), purchase_url=purchase_url(app),
        credits_least=app.settings.credits_least,
    )  # fmt: skip


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
    proof: Proof | None = None,
) -> Charge:
    """Set the buyer's credits aside for one invocation (`ref`): asked for again, the charge as it is by now.

    `amount`: whole credits above zero. `proof`: of a payment elsewhere (`pay_elsewhere.verify_payment`), which is then
    kept for later in place of credits. Nobody is charged for what is their own: those who ask see to that. Raises
    NotEnoughCredits, which says where to buy some; PaymentUsed, ChargedOtherwise.
    """
    if amount <= 0 or buyer_id == seller_id:
        raise ValueError(f"nobody is charged {amount} credits by {seller_id} for {ref}")
    tx.lock(f"charge {ref}")
    found = store.find_charge(tx, ref)
    if found is None:
        found = Charge(
            ref=ref, item=item, buyer_id=buyer_id, seller_id=seller_id, rail=CREDITS, amount=amount,
            status=ChargeStatus.HELD, fee_bps=terms.fee_bps, maturity_ms=terms.maturity_ms, placed_ms=now_ms,
            expires_ms=expires_ms,
        )  # fmt: skip
        found = _hold(tx, found, terms) if proof is None else _kept(found, proof)
        if not store.add_charge(tx, found):
            raise PaymentUsed
    if (found.buyer_id, found.seller_id, found.item, found.amount) != (buyer_id, seller_id, item, amount):
        raise ChargedOtherwise(ref=ref)
    return found


def check_credits(tx: Tx, buyer_id: str, *, item: str, amount: int, terms: ChargeTerms) -> None:
    """Refuse beforehand what could not be paid by now; nothing is set aside. Raises NotEnoughCredits."""
    there = ledger.balance(tx, credits_of(buyer_id))
    if there < amount:
        raise _too_few(item, amount, there, terms)


def capture_charge(tx: Tx, ref: str, *, now_ms: int) -> Charge:
    """It was delivered: the seller earned it. A payment elsewhere is now due, and taken soon. The same again changes
    nothing. Raises ChargeNotFound, ChargeClosed.
    """
    charge = lock_charge(tx, ref)
    if charge.status.is_delivered:
        return charge
    if charge.status is not ChargeStatus.HELD:
        raise ChargeClosed(ref=ref, status=charge.status.value)
    if charge.hold_id is None:
        return change_charge(tx, charge, replace(charge, status=ChargeStatus.DUE), now_ms=now_ms)
    shares = _shares(charge)
    legs = [
        credit(platform(Kind.CREDITS_ISSUED, Asset.CREDIT), charge.amount),
        debit(platform(Kind.DEFERRED_REVENUE, Asset.USD), _cents(charge)),
        *_earnings(charge, shares),
    ]
    holds.capture(tx, charge.hold_id, amount=charge.amount, to=legs, now_ms=now_ms)
    return _captured(tx, charge, shares, now_ms=now_ms)


def book_taken(tx: Tx, charge: Charge, *, clearing: Kind, reference: str | None, now_ms: int) -> Charge:
    """A payment elsewhere that was due was taken: into the account `clearing`, for the seller."""
    shares = _shares(charge)
    ledger.post(
        tx,
        key=f"charge:{charge.ref}",
        kind="sale",
        ref=charge.ref,
        legs=[debit(platform(clearing, Asset.USD), _cents(charge)), *_earnings(charge, shares)],
        now_ms=now_ms,
        facts={"item": charge.item, "reference": reference},
    )
    return _captured(tx, replace(charge, reference=reference), shares, now_ms=now_ms)


def release_charge(tx: Tx, ref: str, *, now_ms: int) -> Charge:
    """It was not delivered: the buyer has it back. The same again changes nothing. Raises as `capture_charge`."""
    charge = lock_charge(tx, ref)
    if charge.status is ChargeStatus.RELEASED:
        return charge
    if charge.status is not ChargeStatus.HELD:
        raise ChargeClosed(ref=ref, status=charge.status.value)
    if charge.hold_id is not None:
        lock_credits(tx, charge.buyer_id)
        holds.release(tx, charge.hold_id, now_ms=now_ms)
        repay(tx, charge.buyer_id, key=f"charge:{ref}", ref=ref, now_ms=now_ms)
    return change_charge(tx, charge, replace(charge, status=ChargeStatus.RELEASED, proof=None), now_ms=now_ms)


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


def change_charge(tx: Tx, before: Charge, after: Charge, *, now_ms: int) -> Charge:
    """`before`: as it was locked."""
    assert store.set_charge(tx, before, after, now_ms=now_ms), "it is locked"
    return after


def as_sale(charge: Charge) -> Sale:
    """A captured charge as what it is for its seller: a sale like others."""
    assert charge.captured_ms is not None, "it is captured"
    assert charge.matures_ms is not None, "it is captured"
    return Sale(
        invoice_id=charge.ref, item=charge.item, seller_id=charge.seller_id, buyer_id=charge.buyer_id,
        rail=charge.rail, asset=Asset.USD, price=_cents(charge), seller_share=charge.seller_share,
        fee=charge.fee, referral_share=0, referrer_id=None, paid_ms=charge.captured_ms, matures_ms=charge.matures_ms,
        matured_ms=charge.matured_ms, refunded=0,
    )  # fmt: skip


def _hold(tx: Tx, new: Charge, terms: ChargeTerms) -> Charge:
    try:
        placed = holds.place(
            tx, key=f"charge:{new.ref}", source=credits_of(new.buyer_id), target_kind=Kind.CREDITS_HOLD,
            amount=new.amount, ref=new.ref, now_ms=new.placed_ms, expires_ms=new.expires_ms,
        )  # fmt: skip
    except InsufficientFunds as error:
        raise _too_few(new.item, new.amount, int(error.facts["there"]), terms) from None
    return replace(new, hold_id=placed.id)


def _too_few(item: str, price: int, there: int, terms: ChargeTerms) -> NotEnoughCredits:
    missing = price - there
    return NotEnoughCredits(
        item=item, price=price, there=there, missing=missing, enough=max(missing, terms.credits_least),
        purchase_url=terms.purchase_url,
    )  # fmt: skip


def _kept(new: Charge, proof: Proof) -> Charge:
    return replace(new, rail=proof.rail, payer=proof.payer, payment=proof.payment, proof=proof.document)


def _cents(charge: Charge) -> int:
    return charge.amount * CENTS_PER_CREDIT


def _shares(charge: Charge) -> Shares:
    return rules.share_out(_cents(charge), fee_bps=charge.fee_bps, referral_bps=0, is_referred=False)


def _earnings(charge: Charge, shares: Shares) -> list[Leg]:
    seller = Account(owner=charge.seller_id, kind=Kind.SELLER_PENDING, asset=Asset.USD)
    return [credit(seller, shares.seller), credit(platform(Kind.PLATFORM_FEE, Asset.USD), shares.fee)]


def _captured(tx: Tx, charge: Charge, shares: Shares, *, now_ms: int) -> Charge:
    after = replace(
        charge, status=ChargeStatus.CAPTURED, proof=None, seller_share=shares.seller, fee=shares.fee,
        captured_ms=now_ms, matures_ms=now_ms + charge.maturity_ms,
    )  # fmt: skip
    return change_charge(tx, charge, after, now_ms=now_ms)
