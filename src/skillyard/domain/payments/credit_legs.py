"""The legs by which credits come to somebody and are taken from them again, and what stands behind them in money.

What is to be taken and not there any more is owed (SELLER_RECEIVABLE, in credits): what comes next pays it first.
"""

from __future__ import annotations

from skillyard.domain.payments import ledger
from skillyard.domain.payments.chart import Account, Kind, platform
from skillyard.domain.payments.ledger import Leg, credit, debit
from skillyard.infra.database import Tx
from skillyard.infra.money import CENTS_PER_CREDIT, Asset


def credits_of(owner: str) -> Account:
    return Account(owner=owner, kind=Kind.CREDITS, asset=Asset.CREDIT)


def credits_owed_by(owner: str) -> Account:
    return Account(owner=owner, kind=Kind.SELLER_RECEIVABLE, asset=Asset.CREDIT)


def lock_credits(tx: Tx, owner: str) -> None:
    """Nobody else gives or takes back credits of theirs until the commit. Before any of their accounts is locked."""
    tx.lock(f"credits {owner}")


def legs_to(tx: Tx, owner: str, amount: int) -> list[Leg]:
    """So many new credits for somebody; `repay` has to follow."""
    lock_credits(tx, owner)
    return [debit(platform(Kind.CREDITS_ISSUED, Asset.CREDIT), amount), credit(credits_of(owner), amount)]


def legs_from(tx: Tx, owner: str, amount: int) -> list[Leg]:
    """Take so many back, as far as they are there; the rest is owed."""
    lock_credits(tx, owner)
    there = min(amount, ledger.balance(tx, credits_of(owner)))
    return [
        debit(credits_of(owner), there),
        debit(credits_owed_by(owner), amount - there),
        credit(platform(Kind.CREDITS_ISSUED, Asset.CREDIT), amount),
    ]


def legs_of_worth(asset: Asset, amount: int, credits: int) -> list[Leg]:
    """An amount of an asset, which somebody else debits, becomes the worth of so many credits: what we owe in dollars.
    What was paid in another asset is ours, and so is its change in value.
    """
    cents = credits * CENTS_PER_CREDIT
    owed = credit(platform(Kind.DEFERRED_REVENUE, Asset.USD), cents)
    if asset is Asset.USD:
        return [owed]
    ours, theirs = platform(Kind.FX_POSITION, asset), platform(Kind.FX_POSITION, Asset.USD)
    return [credit(ours, amount), debit(theirs, cents), owed]


def opposite(legs: list[Leg]) -> list[Leg]:
    return [Leg(account=leg.account, side="C" if leg.side == "D" else "D", amount=leg.amount) for leg in legs]


def repay(tx: Tx, owner: str, *, key: str, ref: str, now_ms: int) -> None:
    """Pay what somebody owes from credits that have come to them; `key`: of the journal by which they came. They are
    locked already.
    """
    amount = min(ledger.balance(tx, credits_owed_by(owner)), ledger.balance(tx, credits_of(owner)))
    if amount:
        legs = [debit(credits_of(owner), amount), credit(credits_owed_by(owner), amount)]
        ledger.post(tx, key=f"{key}:repayment", kind="repayment", ref=ref, legs=legs, now_ms=now_ms)
