"""Payouts through a network and an API that fail in every way at random: each is paid once in the end, never twice."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from skillyard.domain.payments.ton.sending import find, prepare, send
from skillyard.domain.payments.ton.set_up import SetUp
from skillyard.infra.errors import SkillyardError
from skillyard.infra.ids import new_id
from tests.domain.payments.ton_wallets import ton_set_up
from tests.peers.ton.driver import TonPeer

TON = 10**9
STEPS = 40


@dataclass
class Payment:
    """What a worker does with one payout, again and again, and may be killed after each step."""

    destination: str
    nano: int
    comment: str
    prepared: str | None = None
    state: str = ""
    fees: int = 0

    def advance(self, here: SetUp) -> None:
        if self.state == "paid":
            return
        if self.prepared is None:
            try:
                self.prepared = prepare(here, destination=self.destination, nano=self.nano, comment=self.comment)
            except SkillyardError:
                return
        outcome = find(here, self.prepared, destination=self.destination, nano=self.nano, comment=self.comment)
        self.state = outcome.state
        if outcome.state == "paid":
            self.fees = outcome.fee
        elif outcome.state == "failed":
            self.prepared = None
        elif outcome.state == "unknown":
            send(here, self.prepared)


class Weather:
    """Makes something go wrong before a step, or lets time go by."""

    def __init__(self, peer: TonPeer, seed: int) -> None:
        self.peer, self.random, self.ahead_s = peer, random.Random(seed), 0

    def change(self) -> None:
        path = self.random.choice(["sendBoc", "transactions", "masterchainInfo", "getAddressInformation"])
        what = self.random.randrange(9)
        if what == 0:
            self.peer.fail(path=path, status=502)
        elif what == 1:
            self.peer.fail(path=path, drop_reply=True)
        elif what == 2:
            self.peer.fail(path=path, answer={"ok": True})
        elif what == 3:
            self.peer.misbehave(**{self.random.choice(["pending", "duplicate", "reverse"]): True})
        elif what == 4:
            self.peer.misbehave(lag_s=self.random.choice([5, 500]))
        elif what == 5:
            self.ahead_s += self.random.choice([30, 290, 370, 5000])
            self.peer.set_time(ahead_s=self.ahead_s)
        elif what == 6:
            self.peer.misbehave()
            self.peer.settle()


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_each_payout_is_paid_exactly_once(ton_peer: TonPeer, seed: int) -> None:
    here, weather = ton_set_up(ton_peer), Weather(ton_peer, seed)
    ton_peer.send(here.wallet, 20 * TON)
    payments = [Payment("0:" + f"{number:064x}", number * TON, new_id("po")) for number in (1, 2, 3)]
    for _ in range(STEPS):
        weather.change()
        weather.random.choice(payments).advance(here)
    ton_peer.misbehave()
    ton_peer.settle()
    for _ in range(12):
        for payment in payments:
            payment.advance(here)
        weather.ahead_s += 400
        ton_peer.set_time(ahead_s=weather.ahead_s)
    assert [payment.state for payment in payments] == ["paid"] * 3
    assert [ton_peer.balance(payment.destination) for payment in payments] == [TON, 2 * TON, 3 * TON]
    assert ton_peer.balance(here.wallet) == 20 * TON - 6 * TON - sum(payment.fees for payment in payments)
