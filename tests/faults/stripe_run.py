"""Selling by Stripe: people buy, pay, change their minds, complain and are paid out, while everything goes wrong."""

from __future__ import annotations

from collections.abc import Mapping

from skillyard.domain.payments import jobs as periodic
from skillyard.domain.payments.buy import buy
from skillyard.domain.payments.credits import grant_credits
from skillyard.domain.payments.invoices import cancel_invoice
from skillyard.domain.payments.payouts import list_payouts
from skillyard.domain.payments.refunds import claim_refund, refund
from skillyard.domain.payments.store import refunds
from skillyard.domain.payments.webhooks import receive_event
from skillyard.infra.errors import SkillyardError
from skillyard.infra.money import Asset, show_amount
from tests.domain.payments.paper_bank import Killed
from tests.faults.run import DAY_S, HOUR_S, MINUTE_S, Run, Step
from tests.faults.town import Town
from tests.peers.stripe.faults import Accident
from tests.peers.stripe.webhooks import Weather
from tests.peers.stripe.world import Thing

PRICES = (100, 333, 2900, 10_007)
AT_STRIPE: tuple[Accident, ...] = ("rate_limit", "fail_before", "fail_saved", "fail_after", "cut_before", "cut_after")


class StripeRun(Run):
    def __init__(self, town: Town, seed: int) -> None:
        super().__init__(town.app, town.clock, seed)
        self.town = town
        self.seller, self.referrer = town.seller(), town.person("ref")
        self.buyers = [town.person("bob") for _ in range(self.random.choice((2, 3)))]
        self.item = town.item(self.seller, self.random.choice(PRICES))
        self.make_weather()

    def make_weather(self) -> None:
        chance, random = self.accidents.chance, self.random
        self.town.peer.world.refunds_wait = random.random() < 0.2
        self.town.peer.accidents.by_chance(dict.fromkeys(AT_STRIPE, chance / 2), random)
        self.town.peer.webhooks.weather = Weather(
            duplicates=0.3, loss=random.choice((0.0, 0.3, 1.0)), delay_s=(0, random.choice((0, 900))), reorder=True,
            random=random,
        )  # fmt: skip

    def steps_and_weights(self) -> list[tuple[Step, float]]:
        return [
            (self.buy, 5), (self.pay, 6), (self.pay_later, 0.7), (self.decline, 0.5), (self.settle_payment, 1),
            (self.cancel, 1), (self.reprice, 0.5), (self.give_credits, 0.7), (self.wait, 3), (self.deliver, 3),
            (self.work, 3), (self.some_periodic, 5), (self.refund, 2), (self.claim, 1), (self.dispute, 0.8),
            (self.decide_dispute, 0.8), (self.refund_at_stripe, 0.6), (self.finish_refund_at_stripe, 0.5),
            (self.ask_for_payout, 1), (self.a_day_later, 3), (self.cancel_payout, 0.4), (self.take_transfer_back, 0.4),
        ]  # fmt: skip

    def one_of_others(self) -> None:
        others = (self.pay, self.deliver, self.work, self.some_periodic, self.some_periodic, self.buy, self.cancel)
        self.step(self.random.choice(others))

    # What buyers do

    def buy(self) -> None:
        rail = self.random.choice(("stripe", "stripe", "stripe", "credits"))
        code = self.random.choice((None, self.referrer.identity[1]))
        buy(self.frail, self.random.choice(self.buyers), item=self.item, rail=rail, referral_code=code)
        self.perhaps(self.pay)

    def give_credits(self) -> None:
        username = self.random.choice(self.buyers).identity[1]
        grant_credits(self.frail, self.town.admin, username=username, amount=str(self.random.choice(PRICES)))

    def pay(self) -> None:
        if session := self.open_session():
            self.town.peer.pay(session["id"])
            self.perhaps(self.look_at_invoices, self.deliver_and_work)

    def pay_later(self) -> None:
        if session := self.open_session():
            self.town.peer.pay_later(session["id"])

    def decline(self) -> None:
        if session := self.open_session():
            self.town.peer.decline(session["id"])

    def settle_payment(self) -> None:
        for session in self.pending_sessions():
            self.town.peer.settle(session["id"], ok=self.random.random() < 0.7)

    def cancel(self) -> None:
        buyer, invoice = self.some_invoice()
        if invoice:
            cancel_invoice(self.frail, buyer, invoice_id=invoice.id)

    def claim(self) -> None:
        buyer, invoice = self.some_invoice()
        if invoice:
            claim_refund(self.frail, buyer, invoice_id=invoice.id)
            self.perhaps(self.work)

    # What the seller does

    def reprice(self) -> None:
        self.town.price(self.item, self.seller, self.random.choice(PRICES))

    def refund(self) -> None:
        invoice = self.some_paid_invoice()
        if invoice:
            part = self.random.choice((None, None, show_amount(max(invoice.amount // 3, 1), Asset.USD)))
            refund(self.frail, self.seller, invoice_id=invoice.id, reason="asked for", amount=part)
            self.perhaps(self.work)

    def ask_for_payout(self) -> None:
        who = self.random.choice((self.seller, self.seller, self.referrer))
        self.ask_for(who, Asset.USD, self.random.choice(("stripe", "stripe", "credits")))

    # What banks and Stripe do

    def dispute(self) -> None:
        charge = self.some_charge()
        if charge and charge["amount_refunded"] < charge["amount"]:
            self.town.peer.dispute(charge["id"])

    def decide_dispute(self) -> None:
        for dispute in self.mine("dispute"):
            if dispute["status"] == "needs_response":
                self.town.peer.close_dispute(dispute["id"], won=self.random.random() < 0.5)

    def refund_at_stripe(self) -> None:
        charge = self.some_charge()
        if charge and charge["amount_refunded"] < charge["amount"]:
            left = charge["amount"] - charge["amount_refunded"]
            self.town.peer.refund(charge["id"], self.random.choice((left, max(left // 2, 1))))

    def finish_refund_at_stripe(self) -> None:
        for made in self.mine("refund"):
            if made["status"] == "pending" or (made["status"] == "succeeded" and self.random.random() < 0.3):
                self.town.peer.settle_refund(made["id"], ok=made["status"] == "pending" and self.random.random() < 0.7)

    def take_transfer_back(self) -> None:
        for transfer in self.transfers():
            if not transfer["amount_reversed"]:
                self.town.peer.reverse(transfer["id"])

    def deliver(self) -> None:
        with self.accidents.in_peace():
            self.town.peer.webhooks.deliver(self.receive)

    def deliver_and_work(self) -> None:
        self.deliver()
        self.work()

    def receive(self, _url: str, headers: Mapping[str, str], body: bytes) -> int:
        try:
            receive_event(self.frail, "stripe", headers, body)
        except Killed:
            return 0
        except SkillyardError:
            return 503
        return 200

    # The end

    def rush(self) -> None:
        """Everybody wants back what is theirs, and earnings out."""
        for step in (self.refund, self.claim, self.work, self.a_day_later, self.work, self.some_periodic):
            self.step(step)

    def clear_up(self) -> None:
        peer = self.town.peer
        peer.accidents.stop()
        peer.world.refunds_wait = False
        peer.webhooks.weather = Weather(random=self.random)
        self.settle_payment()
        for made in self.mine("refund"):
            if made["status"] == "pending":
                peer.settle_refund(made["id"])

    def settle(self) -> None:
        """The last pause lets what was earned become mature, or not."""
        last_s = self.random.choice((11 * MINUTE_S, 25 * HOUR_S))
        for pause_s in (11 * MINUTE_S, 35 * MINUTE_S, 2 * MINUTE_S, last_s):
            self.clock.move(seconds=pause_s)
            self.town.peer.move(0)
            self.town.peer.webhooks.deliver(self.receive)
            self.sweep_days()
            self.work(self.app)
            self.all_periodic()
            self.work(self.app)

    def sweep_days(self) -> None:
        """A server that was away for days reads a day at a time."""
        for _ in range((self.clock.now_ms() // 1000 - self.cursor_s()) // DAY_S):
            periodic.sweep_rails(self.app)

    def cursor_s(self) -> int:
        with self.app.database.reading() as tx:
            return int(refunds.find_cursor(tx, "stripe") or 0)

    # What there is at Stripe

    def mine(self, kind: str) -> list[Thing]:
        """Objects at Stripe that belong to charges of this schedule."""
        charges = {charge["id"] for charge in self.charges()}
        return [thing for thing in self.town.peer.world.newest(kind) if thing["charge"] in charges]

    def charges(self) -> list[Thing]:
        ids = {invoice.id for invoice in self.invoices()}
        return [one for one in self.town.peer.world.newest("charge") if one["metadata"].get("invoice_id") in ids]

    def some_charge(self) -> Thing | None:
        found = [charge for charge in self.charges() if charge["status"] == "succeeded" and not charge["disputed"]]
        return self.random.choice(found) if found else None

    def sessions(self) -> list[Thing]:
        ids = {invoice.id for invoice in self.invoices()}
        newest = self.town.peer.world.newest("checkout.session")
        return [session for session in newest if session["client_reference_id"] in ids]

    def open_session(self) -> Thing | None:
        found = [session for session in self.sessions() if session["status"] == "open"]
        return self.random.choice(found) if found else None

    def pending_sessions(self) -> list[Thing]:
        found = [one for one in self.sessions() if (one["status"], one["payment_status"]) == ("complete", "unpaid")]
        things = self.town.peer.world.things
        return [one for one in found if things[one["payment_intent"]]["status"] == "processing"]

    def transfers(self) -> list[Thing]:
        ids = {one.id for who in (self.seller, self.referrer) for one in list_payouts(self.town.app, who).items}
        return [one for one in self.town.peer.world.newest("transfer") if one["metadata"].get("payout_id") in ids]
