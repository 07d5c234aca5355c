"""Payouts under chance: whatever the order of requests, deaths, losses, repetitions and returns, the money is right."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Literal

import pytest

from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.advance_payouts import advance, advance_all
from skillyard.domain.payments.model import Payout, PayoutMoved, PayoutStatus
from skillyard.domain.payments.payout_model import OPEN
from skillyard.domain.payments.payout_states import apply_payout
from skillyard.domain.payments.payouts import cancel_payout, list_payouts, request_payout
from skillyard.infra.errors import SkillyardError
from skillyard.infra.money import Asset
from tests.domain.payments.dying import dying
from tests.domain.payments.paper_bank import Killed
from tests.domain.payments.sellers import TON, Market

SCHEDULES = 40
STEPS = 20
SENDINGS = ["done", "accepted", "lost", "cut", "refused", "killed_before", "killed_after"]


class Chance:
    """What may happen to the payouts of one seller."""

    def __init__(self, market: Market, random: Random, number: int) -> None:
        self.market, self.random = market, random
        self.returned: set[str] = set()
        self.seller: Caller = market.with_wallet(market.seller(f"seller{number}"), ton=100 * TON)

    def payouts(self) -> list[Payout]:
        return list(list_payouts(self.market.app, self.seller, limit=100).items)

    def ask(self) -> None:
        amount = str(self.random.randint(1, 120))
        with suppress(SkillyardError):
            request_payout(self.market.app, self.seller, amount=amount, asset=Asset.TON, kind="ton")

    def cancel(self) -> None:
        for payout in self.payouts()[:1]:
            with suppress(SkillyardError):
                cancel_payout(self.market.app, self.seller, payout_id=payout.id)

    def work(self) -> None:
        for payout in self.payouts()[:1]:
            self.market.bank.script = self.random.choices(SENDINGS, k=2)
            app = self.market.app
            if self.random.random() < 0.4:
                app = dying(app, dies_at=self.random.randint(1, 4), after=self.random.random() < 0.5)
            with suppress(Killed):
                advance(app, payout.id)

    def hear(self) -> None:
        """Webhooks, true, and perhaps late and again: what the bank has paid, and what came back to it."""
        bank = self.market.bank
        for key in self.random.sample(list(bank.paid), min(3, len(bank.paid))):
            self.tell(key, "paid", fee=3)
            if key in self.returned:
                self.tell(key, "returned")

    def send_back(self) -> None:
        """The bank of the seller refuses what was paid; we hear of it now, and perhaps again."""
        if keys := [key for key, (payout_id, _) in self.market.bank.paid.items() if payout_id in self.ids()]:
            key = self.random.choice(keys)
            self.returned.add(key)
            self.tell(key, "returned")

    def tell(self, key: str, state: Literal["paid", "returned"], *, fee: int = 0) -> None:
        bank = self.market.bank
        payout_id = bank.paid[key][0]
        moved = PayoutMoved(rail=bank.name, payout_id=payout_id, reference=f"ref-{key}", state=state, fee=fee)
        with self.market.app.database.transaction() as tx:
            apply_payout(tx, moved, self.market.clock.now_ms())

    def ids(self) -> set[str]:
        return {payout.id for payout in self.payouts()}

    def void(self) -> None:
        """The time of an attempt is over at the bank."""
        for payout in self.payouts()[:1]:
            key = f"{payout.id}:{payout.attempt}"
            if payout.prepared and key not in bank_knows(self.market):
                self.market.bank.expire(payout)

    def settle(self) -> None:
        self.market.bank.settle()

    def blind(self) -> None:
        self.market.bank.is_blind = not self.market.bank.is_blind

    def wait(self) -> None:
        self.market.clock.move(seconds=self.random.choice([1, 10, 121, 700]))


def bank_knows(market: Market) -> set[str]:
    return {*market.bank.paid, *market.bank.accepted}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_by_chance_nothing_is_lost_or_paid_twice(market: Market, seed: int) -> None:
    random = Random(seed)
    reached: set[PayoutStatus] = set()
    for number in range(SCHEDULES):
        chance = Chance(market, random, number)
        happenings = [
            chance.ask,
            chance.work,
            chance.work,
            chance.hear,
            chance.void,
            chance.settle,
            chance.blind,
            chance.send_back,
        ]
        for _ in range(STEPS):
            random.choice([*happenings, chance.wait, chance.cancel])()
            reached |= {payout.status for payout in chance.payouts()}
        finish(market)
        assert not [payout for payout in chance.payouts() if payout.status in OPEN]
        returned = {payout.id for payout in chance.payouts() if payout.status is PayoutStatus.RETURNED}
        assert returned == {key.partition(":")[0] for key in chance.returned}
    market.check()
    assert reached == set(PayoutStatus) - {PayoutStatus.REJECTED, PayoutStatus.REQUESTED}


def finish(market: Market) -> None:
    """From now on everything works."""
    market.bank.is_blind, market.bank.script = False, []
    market.bank.settle()
    for _ in range(8):
        market.clock.move(seconds=700)
        advance_all(market.app)
