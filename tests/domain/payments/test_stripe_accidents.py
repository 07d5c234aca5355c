"""A shop under everything at once: buyers, refunds, disputes and payouts by chance, calls that go wrong in every way,
events lost, doubled and out of order. In the end our books say what Stripe's say. In process, with the real SDK.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from skillyard.domain.payments import ledger, payout_jobs
from skillyard.domain.payments.chart import Kind, platform
from skillyard.domain.payments.connect import start_onboarding
from skillyard.domain.payments.model import PayoutStatus
from skillyard.domain.payments.payout_methods import set_stripe_account
from skillyard.domain.payments.payouts import list_payouts, request_payout
from skillyard.domain.payments.refunds import refund
from skillyard.domain.payments.webhooks import receive_event
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import SkillyardError
from skillyard.infra.money import Asset
from tests.domain.payments.shop import Shop, a_shop
from tests.domain.payments.stripe_makers import SECRET, an_app
from tests.makers import a_person
from tests.peers.stripe.faults import Accident, Refused
from tests.peers.stripe.peer import DirectOutbound, Peer
from tests.peers.stripe.webhooks import Weather
from tests.peers.stripe.world import PLATFORM, Thing

ACCIDENTS: tuple[Accident, ...] = (
    "rate_limit", "fail_before", "fail_saved", "fail_after", "cut_before", "cut_after",
)  # fmt: skip
HOUR_S = 3600


@dataclass
class Bazaar:
    """What can happen, each by a method without parameters; chance decides of what and of whom."""

    shop: Shop
    peer: Peer
    chance: Random
    invoices: list[str] = field(default_factory=list)
    refused: int = 0

    def happen(self) -> None:
        often = (self.someone_buys, self.someone_pays, self.someone_pays, self.time_goes_by, self.time_goes_by)
        seldom = (
            self.bank_settles, self.seller_refunds, self.operator_refunds, self.refund_comes_back, self.buyer_disputes,
            self.dispute_closes, self.seller_is_paid, self.operator_takes_back,
        )  # fmt: skip
        self.attempt(self.chance.choice([*often, *often, *seldom]))

    def attempt(self, act: Callable[[], Any]) -> None:
        """Refusals are part of the game: of Stripe's to the operator, and of ours to buyers and sellers."""
        try:
            act()
        except (SkillyardError, Refused):
            self.refused += 1

    def one_of(self, kind: str, **properties: Any) -> Thing | None:
        found = [
            thing
            for thing in self.peer.world.lists[PLATFORM, kind]
            if all(thing[name] == value for name, value in properties.items())
        ]
        return self.chance.choice(found) if found else None

    def someone_buys(self) -> None:
        buyer = a_person(self.shop.app, f"buyer{len(self.invoices)}x{self.refused}")
        self.invoices.append(self.shop.buy(buyer).invoice.id)

    def someone_pays(self) -> None:
        if page := self.one_of("checkout.session", status="open"):
            way = self.chance.choice([self.peer.pay, self.peer.pay, self.peer.pay_later, self.peer.decline])
            way(page["id"])

    def bank_settles(self) -> None:
        if page := self.one_of("checkout.session", status="complete", payment_status="unpaid"):
            charge = self.peer.world.things[page["payment_intent"]]["latest_charge"]
            if self.peer.world.things[charge]["status"] == "pending":
                self.peer.settle(page["id"], ok=self.chance.random() < 0.7)

    def seller_refunds(self) -> None:
        if self.invoices:
            amount = self.chance.choice([None, "1.00", "14.50"])
            refund(
                self.shop.app, self.shop.sal, invoice_id=self.chance.choice(self.invoices), reason="x", amount=amount
            )

    def operator_refunds(self) -> None:
        if charge := self.one_of("charge", status="succeeded"):
            self.peer.refund(charge["id"], self.chance.choice([None, 100, 1450]))

    def refund_comes_back(self) -> None:
        if sent := self.one_of("refund", status="succeeded"):
            self.peer.settle_refund(sent["id"], ok=False)

    def buyer_disputes(self) -> None:
        if charge := self.one_of("charge", status="succeeded", disputed=False, refunded=False):
            self.peer.dispute(charge["id"])

    def dispute_closes(self) -> None:
        if dispute := self.one_of("dispute", status="needs_response"):
            self.peer.close_dispute(dispute["id"], won=self.chance.random() < 0.5)

    def seller_is_paid(self) -> None:
        amount = self.chance.choice(["10.00", "26.10"])
        request_payout(self.shop.app, self.shop.sal, amount=amount, asset=Asset.USD, kind="stripe")

    def operator_takes_back(self) -> None:
        if transfer := self.one_of("transfer", reversed=False):
            self.peer.reverse(transfer["id"])

    def time_goes_by(self) -> None:
        self.later(self.chance.choice([5, 60, 600, HOUR_S, 6 * HOUR_S]))

    def later(self, seconds: int) -> None:
        """Events arrive, one in five is answered by an error, and the jobs run."""
        self.shop.clock.move(seconds=seconds)
        self.peer.move(0)
        self.peer.webhooks.deliver(self._receive)
        for work in (self.shop.work, self.shop.follow_events, lambda: payout_jobs.advance_payouts(self.shop.app)):
            self.attempt(work)

    def _receive(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        if self.chance.random() < 0.2:
            return 503
        receive_event(self.shop.app, "stripe", headers, body)
        return 200

    def calm_down(self) -> None:
        """Everything goes right again, for days."""
        self.peer.accidents.stop()
        for _ in range(36):
            self.later(2 * HOUR_S)


@pytest.fixture(params=[1, 7, 102])
def bazaar(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bazaar]:
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0)
    chance, peer = Random(request.param), Peer(settle_s=24 * HOUR_S)
    app = replace(an_app(tmp_path, peer, payout_cooling_hours=0, maturity_days=1), outbound=DirectOutbound(peer))
    assert isinstance(app.clock, FixedClock)
    shop = a_shop(app, app.clock)
    account, _ = start_onboarding(app, shop.sal, country="US")
    peer.finish_onboarding(account.account_id)
    set_stripe_account(app, shop.sal, account_id=account.account_id)
    for is_of_sellers in (False, True):
        peer.add_endpoint("https://skills.example.org/hook", SECRET, connect=is_of_sellers)
    peer.webhooks.weather = Weather(duplicates=0.3, loss=0.3, delay_s=(0, HOUR_S), reorder=True, random=chance)
    peer.accidents.by_chance(dict.fromkeys(ACCIDENTS, 0.04), chance)
    yield Bazaar(shop=shop, peer=peer, chance=chance)
    app.close()


def test_whatever_happens_our_books_say_in_the_end_what_stripes_say(bazaar: Bazaar) -> None:
    for _ in range(400):
        bazaar.happen()
    bazaar.calm_down()
    bazaar.shop.check()
    with bazaar.shop.app.database.reading() as tx:
        clearing = ledger.balance(tx, platform(Kind.STRIPE_CLEARING, Asset.USD))
    assert clearing == bazaar.peer.balance()
    transfers = {
        transfer["metadata"]["payout_id"]: "returned" if transfer["reversed"] else "paid"
        for transfer in bazaar.peer.world.lists[PLATFORM, "transfer"]
    }
    payouts = list_payouts(bazaar.shop.app, bazaar.shop.sal, limit=100).items
    done = {PayoutStatus.PAID, PayoutStatus.RETURNED}
    assert transfers == {payout.id: payout.status.value for payout in payouts if payout.status in done}
    assert len(bazaar.peer.world.lists[PLATFORM, "transfer"]) == len(transfers)  # none was paid twice
    assert len(bazaar.peer.world.lists[PLATFORM, "charge"]) > 10
    assert bazaar.refused > 10
