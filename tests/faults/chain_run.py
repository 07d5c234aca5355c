"""Selling for TON: too little, too much, too late or without a name, and payouts by messages that may get lost."""

from __future__ import annotations

from skillyard.domain.payments.buy import buy
from skillyard.domain.payments.deposits import list_deposits, match_deposit
from skillyard.domain.payments.invoices import cancel_invoice
from skillyard.domain.payments.jobs import go_on_with_refunds
from skillyard.domain.payments.model import Invoice
from skillyard.domain.payments.payout_jobs import advance_payouts
from skillyard.domain.payments.payout_methods import set_ton_wallet
from skillyard.domain.payments.refunds import claim_refund, refund, return_deposit
from skillyard.infra.money import Asset, show_amount
from tests.faults.paper_chain import PaperChain
from tests.faults.run import HOUR_S, MINUTE_S, Run, Step
from tests.faults.town import Town

PRICES = (1, 1_000_000_007, 2_750_000_000)
HOME = "0:" + "b0" * 32


class ChainRun(Run):
    def __init__(self, town: Town, chain: PaperChain, seed: int) -> None:
        super().__init__(town.app, town.clock, seed)
        self.town, self.chain, self.rounds_left = town, chain, 200
        chain.accidents = self.accidents
        with self.accidents.suspended():
            self.seller, self.referrer = town.person("sal"), town.person("ref")
            self.buyers = [town.person("bob") for _ in range(self.random.choice((2, 3)))]
            for number, who in enumerate((self.seller, self.referrer)):
                set_ton_wallet(self.app, who, address=f"0:{self.seed * 2 + number + 1:064x}")
            self.item = town.item(self.seller, self.random.choice(PRICES), mode="fixed_ton")

    def steps_and_weights(self) -> list[tuple[Step, float]]:
        return [
            (self.buy, 5), (self.pay, 6), (self.pay_wrongly, 3), (self.pay_without_a_name, 1), (self.cancel, 1),
            (self.wait, 3), (self.work, 3), (self.some_periodic, 5), (self.refund, 2), (self.claim, 2),
            (self.match, 1), (self.return_deposit, 0.7), (self.ask_for_payout, 1), (self.a_day_later, 3),
            (self.cancel_payout, 0.4), (self.chain.mine, 2),
            (self.send_and_look, 6),
        ]  # fmt: skip

    def one_of_others(self) -> None:
        others = (self.pay, self.work, self.some_periodic, self.some_periodic, self.buy, self.cancel, self.chain.mine)
        self.step(self.random.choice(others))

    def buy(self) -> None:
        code = self.random.choice((None, self.referrer.identity[1]))
        buyer = self.random.choice(self.buyers)
        buy(self.frail, buyer, item=self.item, rail="ton", referral_code=code)
        self.perhaps(self.pay)

    def pay(self) -> None:
        if invoice := self.some_to_pay():
            self.chain.pay(max(invoice.missing, 1), invoice.memo)
            self.perhaps(self.look_at_invoices)

    def pay_wrongly(self) -> None:
        if invoice := self.some_to_pay():
            amount = self.random.choice((invoice.amount // 3, invoice.amount // 2, invoice.amount * 2, 1))
            self.chain.pay(max(amount, 1), invoice.memo)

    def some_to_pay(self) -> Invoice | None:
        """Mostly one that waits; people also pay what they should not any more."""
        found = self.invoices()
        waiting = [one for one in found if one.status.is_waiting]
        if waiting and self.random.random() < 0.8:
            return self.random.choice(waiting)
        return self.random.choice(found) if found else None

    def pay_without_a_name(self) -> None:
        self.chain.pay(self.random.choice(PRICES), self.random.choice((None, "thanks", f"memo-{self.seed}")))

    def match(self) -> None:
        _, invoice = self.some_invoice()
        found = list_deposits(self.app, self.town.admin)
        if found and invoice:
            reference = self.random.choice(found).reference
            match_deposit(self.frail, self.town.admin, rail="ton", reference=reference, invoice_id=invoice.id)

    def return_deposit(self) -> None:
        for one in list_deposits(self.app, self.town.admin)[:1]:
            return_deposit(self.frail, self.town.admin, rail="ton", reference=one.reference, address=HOME)
            self.perhaps(self.work)

    def cancel(self) -> None:
        buyer, invoice = self.some_invoice()
        if invoice:
            cancel_invoice(self.frail, buyer, invoice_id=invoice.id)

    def claim(self) -> None:
        buyer, invoice = self.some_invoice()
        if invoice:
            claim_refund(self.frail, buyer, invoice_id=invoice.id, address=HOME)
            self.perhaps(self.work)

    def refund(self) -> None:
        if invoice := self.some_paid_invoice():
            part = self.random.choice((None, None, show_amount(max(invoice.amount // 3, 1), Asset.TON)))
            refund(self.frail, self.seller, invoice_id=invoice.id, reason="asked for", amount=part, address=HOME)
            self.perhaps(self.work)

    def ask_for_payout(self) -> None:
        self.ask_for(self.random.choice((self.seller, self.seller, self.referrer)), Asset.TON, "ton")

    def send_and_look(self) -> None:
        """What is on its way goes a step further."""
        self.clock.move(seconds=40)
        go_on_with_refunds(self.frail)
        advance_payouts(self.frail)

    # The end

    def rush(self) -> None:
        """Everybody wants back what is theirs, and earnings out."""
        self.clock.move(seconds=25 * HOUR_S)
        for step in (self.some_periodic, self.some_periodic, *[self.claim] * 4, self.return_deposit, self.a_day_later):
            self.step(step)
        for _ in range(6):
            self.step(self.send_and_look)
            self.step(self.random.choice((self.chain.mine, self.work, self.wait)))

    def clear_up(self) -> None:
        self.chain.mine()

    def settle(self) -> None:
        """What is left over in the end is claimed, and what matches nothing is sent home."""
        for pause_s in (11 * MINUTE_S, 35 * MINUTE_S, 25 * HOUR_S):
            self.go_on(pause_s)
        for buyer in self.buyers:
            for invoice in self.invoices_of(buyer):
                self.step(lambda who=buyer, id=invoice.id: claim_refund(self.app, who, invoice_id=id, address=HOME))
        while found := list_deposits(self.app, self.town.admin):
            for one in found:
                return_deposit(self.app, self.town.admin, rail="ton", reference=one.reference, address=HOME)
        while self.something_is_under_way():
            self.clock.move(seconds=MINUTE_S)
            go_on_with_refunds(self.app)
            advance_payouts(self.app)
            self.chain.mine()

    def go_on(self, pause_s: int) -> None:
        self.clock.move(seconds=pause_s)
        self.work(self.app)
        self.all_periodic()
        self.chain.mine()
        self.clock.move(seconds=MINUTE_S)
        self.all_periodic()

    def something_is_under_way(self) -> bool:
        """One message at a time takes a while."""
        with self.app.database.reading() as tx:
            refunds = tx.one("SELECT 1 FROM refunds WHERE status NOT IN ('paid', 'failed')")
            payouts = tx.one("SELECT 1 FROM payouts WHERE status IN ('approved', 'submitting', 'submitted', 'unknown')")
        self.rounds_left -= 1
        return bool(refunds or payouts) and self.rounds_left > 0
