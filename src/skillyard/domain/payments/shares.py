"""The legs by which a sale's price goes to seller, platform and referrer, and comes back from them.

Who has no money left owes it (SELLER_RECEIVABLE), and pays it from what comes in next.
"""

from __future__ import annotations

from skillyard.domain.payments import credit_sales, ledger
from skillyard.domain.payments.chart import Account, Kind, platform
from skillyard.domain.payments.credit_sales import CREDITS_ITEM
from skillyard.domain.payments.ledger import Leg, credit, debit
from skillyard.domain.payments.model import Sale, Shares
from skillyard.infra.database import Tx


def legs_back(tx: Tx, sale: Sale, shares: Shares) -> list[Leg]:
    """Take the shares from those who had them: from what is not matured, else from what is there, else as a debt."""
    if sale.item == CREDITS_ITEM:
        return credit_sales.legs_back(tx, sale, shares.seller)
    legs = [debit(platform(Kind.PLATFORM_FEE, sale.asset), shares.fee), *_take(tx, sale, sale.seller_id, shares.seller)]
    return [*legs, *(_take(tx, sale, sale.referrer_id, shares.referral) if sale.referrer_id else [])]


def leaves_debt(tx: Tx, sale: Sale, shares: Shares) -> bool:
    """Whether somebody has not enough left to give back what they had of the sale."""
    legs = legs_back(tx, sale, shares)
    return any(leg.amount and leg.account.kind is Kind.SELLER_RECEIVABLE for leg in legs)


def legs_again(tx: Tx, sale: Sale, shares: Shares) -> list[Leg]:
    """Give the shares to those who had them before."""
    if sale.item == CREDITS_ITEM:
        return credit_sales.legs_again(tx, sale, shares.seller)
    legs = [
        credit(platform(Kind.PLATFORM_FEE, sale.asset), shares.fee),
        *_give(tx, sale, sale.seller_id, shares.seller),
    ]
    return [*legs, *(_give(tx, sale, sale.referrer_id, shares.referral) if sale.referrer_id else [])]


def legs_of_maturity(tx: Tx, sale: Sale, shares: Shares) -> list[Leg]:
    """Move what is left of the shares from pending to available, where it first pays debts."""
    legs = []
    for owner, amount in ((sale.seller_id, shares.seller), (sale.referrer_id, shares.referral)):
        if owner and amount:
            legs += [debit(_account(sale, owner, Kind.SELLER_PENDING), amount), *_earn(tx, sale, owner, amount)]
    return legs


def _take(tx: Tx, sale: Sale, owner: str, amount: int) -> list[Leg]:
    if sale.matured_ms is None:
        return [debit(_account(sale, owner, Kind.SELLER_PENDING), amount)]
    available = _account(sale, owner, Kind.SELLER_AVAILABLE)
    there = min(amount, ledger.balance(tx, available))
    return [debit(available, there), debit(_account(sale, owner, Kind.SELLER_RECEIVABLE), amount - there)]


def _give(tx: Tx, sale: Sale, owner: str, amount: int) -> list[Leg]:
    if sale.matured_ms is None:
        return [credit(_account(sale, owner, Kind.SELLER_PENDING), amount)]
    return _earn(tx, sale, owner, amount)


def _earn(tx: Tx, sale: Sale, owner: str, amount: int) -> list[Leg]:
    receivable = _account(sale, owner, Kind.SELLER_RECEIVABLE)
    owed = min(amount, ledger.balance(tx, receivable))
    return [credit(receivable, owed), credit(_account(sale, owner, Kind.SELLER_AVAILABLE), amount - owed)]


def _account(sale: Sale, owner: str, kind: Kind) -> Account:
    return Account(owner=owner, kind=kind, asset=sale.asset)
