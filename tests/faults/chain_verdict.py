"""What must be true after selling for TON, with the chain as the witness of what really happened."""

from __future__ import annotations

from collections.abc import Iterator

from skillyard.domain.payments import ledger, rules
from skillyard.domain.payments.chart import Account, Kind, platform
from skillyard.domain.payments.give_back import refundable_of
from skillyard.domain.payments.model import Invoice, PayoutStatus, RefundStatus, Sale
from skillyard.domain.payments.payout_model import OPEN
from skillyard.domain.payments.payouts import list_payouts
from skillyard.domain.payments.store import invoices as store
from skillyard.domain.payments.store import offers, refunds, sales
from skillyard.infra.database import Tx
from skillyard.infra.money import Asset
from tests.faults.chain_run import ChainRun


def faults_of(run: ChainRun) -> list[str]:
    """What is wrong, in sentences."""
    evidence = ChainEvidence(run)
    with run.app.database.reading() as tx:
        return [*ledger.examine(tx), *evidence.faults(tx)]


class ChainEvidence:
    """What the chain and the buyers' and sellers' own pages say."""

    def __init__(self, run: ChainRun) -> None:
        self.chain, self.item, self.invoices = run.chain, run.item, run.invoices()
        self.buyers = [buyer.identity[0] for buyer in run.buyers]
        sellers = (run.seller, run.referrer)
        self.payouts = {who.identity[0]: list_payouts(run.app, who, limit=100).items for who in sellers}

    def faults(self, tx: Tx) -> Iterator[str]:
        ours = ledger.balance(tx, platform(Kind.TON_WALLET, Asset.TON))
        if ours != self.chain.balance:
            yield f"the wallet has {self.chain.balance}, the books say {ours}"
        if ledger.balance(tx, platform(Kind.SUSPENSE, Asset.TON)) and not self._has_failed(tx):
            yield "money without a name was not sent home"
        for invoice in self.invoices:
            yield from self._of_invoice(tx, invoice)
        for buyer in self.buyers:
            yield from self._of_buyer(tx, buyer)
        for seller in self.payouts:
            yield from self._of_payouts(seller)
            yield from self._of_seller(tx, seller)

    def _of_invoice(self, tx: Tx, invoice: Invoice) -> Iterator[str]:
        sale, spare = sales.find_sale(tx, invoice.id), refundable_of(tx, invoice)
        left, made = rules.left_of(sale) if sale else 0, refunds.list_refunds(tx, invoice.id)
        came = sum(receipt.amount for receipt, _ in store.list_receipts(tx, invoice.id))
        named = sum(one.amount for one in self.chain.came if one.memo and one.memo == invoice.memo)
        back = sum(self.chain.total_of(one.id) for one in made)
        name = f"invoice {invoice.id} ({invoice.status})"
        if invoice.status.is_waiting:
            yield f"{name} still waits"
        if came < named:
            yield f"{name}: {named} was paid in its name, the books say {came}"
        if came - back != left + spare:
            yield f"{name}: {came} came, {back} went back, of the price {left} is left, and {spare} is to be given back"
        if spare and not any(one.status is RefundStatus.FAILED for one in made):
            yield f"{name}: {spare} was paid for nothing and cannot be claimed"
        for one in made:
            if self.chain.total_of(one.id) != (one.amount if one.status is RefundStatus.PAID else 0):
                yield f"{name}: refund {one.id} of {one.amount} is {one.status}; {self.chain.total_of(one.id)} went"
        if bool(left) != invoice.status.gives_access:
            yield f"{name}: {left} of the price is kept"

    def _of_buyer(self, tx: Tx, buyer: str) -> Iterator[str]:
        mine = [one for one in self.invoices if one.buyer_id == buyer]
        paid = [one for one in mine if one.status.gives_access]
        if len(paid) > 1 or bool(paid) != bool(offers.list_entitled(tx, buyer, [self.item])):
            yield f"{buyer} paid {len(paid)} invoices, and may or may not take the item"
        spare = sum(refundable_of(tx, one) for one in mine)
        if ledger.balance(tx, Account(owner=buyer, kind=Kind.BUYER_REFUNDABLE, asset=Asset.TON)) != spare:
            yield f"{buyer} has not {spare} with us, as the invoices say"
        if ledger.balance(tx, Account(owner=buyer, kind=Kind.REFUND_HOLD, asset=Asset.TON)):
            yield f"money of {buyer} is stuck on its way back"

    def _of_payouts(self, seller: str) -> Iterator[str]:
        for payout in self.payouts[seller]:
            arrived = self.chain.total_of(payout.id)
            if payout.status in OPEN:
                yield f"payout {payout.id} is {payout.status}: {payout.why}"
            if arrived != (payout.amount if payout.status is PayoutStatus.PAID else 0):
                yield f"payout {payout.id} of {payout.amount} is {payout.status}, and {arrived} arrived"

    def _of_seller(self, tx: Tx, seller: str) -> Iterator[str]:
        found = [sale for one in self.invoices if (sale := sales.find_sale(tx, one.id))]
        there = {kind: amount for (kind, _), amount in ledger.balances(tx, seller).items()}
        kept = there.get(Kind.SELLER_PENDING, 0) + there.get(Kind.SELLER_AVAILABLE, 0)
        owed, held = there.get(Kind.SELLER_RECEIVABLE, 0), there.get(Kind.PAYOUT_HOLD, 0)
        paid = sum(one.amount for one in self.payouts[seller] if one.status is PayoutStatus.PAID)
        earned = sum(_left_for(seller, sale) for sale in found)
        if held or kept - owed + paid != earned:
            yield f"{seller} earned {earned}: has {kept}, owes {owed}, was paid {paid}; {held} is stuck"

    @staticmethod
    def _has_failed(tx: Tx) -> bool:
        return tx.one("SELECT 1 FROM refunds WHERE invoice_id IS NULL AND status = 'failed'") is not None


def _left_for(user_id: str, sale: Sale) -> int:
    left = rules.take_back(sale, rules.left_of(sale))
    return (left.seller if sale.seller_id == user_id else 0) + (left.referral if sale.referrer_id == user_id else 0)
