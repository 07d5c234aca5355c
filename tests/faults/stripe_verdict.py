"""What must be true after selling by Stripe, with Stripe's own objects as the witness of what really happened."""

from __future__ import annotations

from collections.abc import Iterator

from skillyard.domain.payments import ledger, rules
from skillyard.domain.payments.chart import Account, Kind, platform
from skillyard.domain.payments.give_back import refundable_of
from skillyard.domain.payments.model import Invoice, PayoutStatus, RefundStatus, Sale
from skillyard.domain.payments.payout_model import OPEN
from skillyard.domain.payments.payouts import list_payouts
from skillyard.domain.payments.store import offers, refunds, sales
from skillyard.infra.database import Tx
from skillyard.infra.money import Asset
from tests.faults.stripe_run import StripeRun


def faults_of(run: StripeRun) -> list[str]:
    """What is wrong, in sentences."""
    evidence = Evidence(run)
    with run.town.app.database.reading() as tx:
        return [*ledger.examine(tx), *evidence.faults(tx)]


class Evidence:
    """What Stripe and the buyers' and sellers' own pages say."""

    def __init__(self, run: StripeRun) -> None:
        self.town, self.item = run.town, run.item
        self.buyers = [buyer.identity[0] for buyer in run.buyers]
        self.invoices, self.transfers = run.invoices(), run.transfers()
        self.charges, self.disputes = run.charges(), run.mine("dispute")
        sellers = (run.seller, run.referrer)
        self.payouts = {who.identity[0]: list_payouts(self.town.app, who, limit=100).items for who in sellers}

    def faults(self, tx: Tx) -> Iterator[str]:
        yield from self._of_the_whole(tx)
        for invoice in self.invoices:
            yield from self._of_invoice(tx, invoice)
        for buyer in self.buyers:
            yield from self._of_buyer(tx, buyer)
        for seller in self.payouts:
            yield from self._of_payouts(seller)
            yield from self._of_seller(tx, seller)

    def _of_the_whole(self, tx: Tx) -> Iterator[str]:
        ours = ledger.balance(tx, platform(Kind.STRIPE_CLEARING, Asset.USD))
        theirs = self.town.peer.balance()
        if ours != theirs:
            yield f"clearing is {ours}, Stripe says {theirs}"
        issued = ledger.balance(tx, platform(Kind.CREDITS_ISSUED, Asset.CREDIT))
        if issued != ledger.balance(tx, platform(Kind.DEFERRED_REVENUE, Asset.USD)):
            yield "credits and what they are worth differ"
        if ledger.balance(tx, platform(Kind.SUSPENSE, Asset.USD)):
            yield "money was not matched that names its invoice"

    def _of_invoice(self, tx: Tx, invoice: Invoice) -> Iterator[str]:
        sale, spare = sales.find_sale(tx, invoice.id), refundable_of(tx, invoice)
        left, kept = rules.left_of(sale) if sale else 0, self._kept_of(invoice)
        made = refunds.list_refunds(tx, invoice.id)
        name = f"invoice {invoice.id} ({invoice.status})"
        if invoice.status.is_waiting:
            yield f"{name} still waits"
        if invoice.rail == "stripe" and kept != left + spare:
            yield f"{name}: Stripe kept {kept}, of the price {left} is left, and {spare} is to be given back"
        if spare and not any(one.status is RefundStatus.FAILED for one in made):
            yield f"{name}: {spare} was paid for nothing and not given back"
        if any(one.status not in (RefundStatus.PAID, RefundStatus.FAILED) for one in made):
            yield f"{name}: a refund is not finished"
        if bool(left) != invoice.status.gives_access and not sales.has_open_dispute(tx, invoice.id):
            yield f"{name}: {left} of the price is kept"

    def _kept_of(self, invoice: Invoice) -> int:
        """What the buyer really paid for the invoice, without what really went back."""
        charges = [one for one in self.charges if one["metadata"]["invoice_id"] == invoice.id and one["paid"]]
        ids = {charge["id"] for charge in charges}
        taken = [one for one in self.disputes if one["charge"] in ids and one["status"] in ("needs_response", "lost")]
        return sum(one["amount"] - one["amount_refunded"] for one in charges) - sum(one["amount"] for one in taken)

    def _of_buyer(self, tx: Tx, buyer: str) -> Iterator[str]:
        mine = [one for one in self.invoices if one.buyer_id == buyer]
        paid = [one for one in mine if one.status.gives_access]
        if len(paid) > 1:
            yield f"{buyer} paid {len(paid)} times for one item"
        if bool(paid) != bool(offers.list_entitled(tx, buyer, [self.item])):
            yield f"{buyer} paid {len(paid)} invoices and {'has no' if paid else 'has'} access"
        spare = sum(refundable_of(tx, one) for one in mine if one.asset is Asset.USD)
        held = ledger.balance(tx, Account(owner=buyer, kind=Kind.BUYER_REFUNDABLE, asset=Asset.USD))
        if held != spare:
            yield f"{buyer} has {held} with us, the invoices say {spare}"
        if ledger.balance(tx, Account(owner=buyer, kind=Kind.REFUND_HOLD, asset=Asset.USD)):
            yield f"money of {buyer} is stuck on its way back"

    def _of_payouts(self, seller: str) -> Iterator[str]:
        for payout in self.payouts[seller]:
            sent = [one for one in self.transfers if one["metadata"]["payout_id"] == payout.id]
            arrived = sum(one["amount"] - one["amount_reversed"] for one in sent)
            is_out = payout.status is PayoutStatus.PAID and payout.rail == "stripe"
            if payout.status in OPEN:
                yield f"payout {payout.id} is {payout.status}: {payout.why}"
            if arrived != (payout.amount if is_out else 0):
                yield f"payout {payout.id} of {payout.amount} is {payout.status}, and {arrived} arrived"

    def _of_seller(self, tx: Tx, seller: str) -> Iterator[str]:
        """They have, were paid or owe exactly what is left of their shares."""
        found = [sale for one in self.invoices if (sale := sales.find_sale(tx, one.id))]
        there = ledger.balances(tx, seller)
        kept = sum(there.get((kind, Asset.USD), 0) for kind in (Kind.SELLER_PENDING, Kind.SELLER_AVAILABLE))
        owed = there.get((Kind.SELLER_RECEIVABLE, Asset.USD), 0)
        paid = sum(one.amount for one in self.payouts[seller] if one.status is PayoutStatus.PAID)
        earned = sum(_left_for(seller, sale) for sale in found)
        if kept - owed + paid != earned:
            yield f"{seller} earned {earned}: has {kept}, owes {owed}, was paid {paid}"
        if there.get((Kind.PAYOUT_HOLD, Asset.USD), 0):
            yield f"money of {seller} is stuck in a payout"


def _left_for(user_id: str, sale: Sale) -> int:
    left = rules.take_back(sale, rules.left_of(sale))
    return (left.seller if sale.seller_id == user_id else 0) + (left.referral if sale.referrer_id == user_id else 0)
