"""TON: a network of one's own with the real virtual machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.model import Invoice
from skillyard.domain.payments.payout_methods import set_ton_wallet
from skillyard.domain.payments.ton.set_up import set_up_of
from tests.contracts.providers import NOBODY
from tests.peers.ton.driver import WALLET_WORDS, TonPeer, running_ton_peer

_SELLER, _BUYER = "0:" + "5e" * 32, "0:" + "b0" * 32


@dataclass
class Ton:
    peer: TonPeer
    secrets = (WALLET_WORDS, *WALLET_WORDS.split()[:1])
    buyer_address = _BUYER
    ahead_s = 0

    def __post_init__(self) -> None:
        self.settings = {
            "ton_wallet_words": WALLET_WORDS,
            "ton_api_url": self.peer.url,
            "outbound_http_loopback": True,
        }
        self.away = {**self.settings, "ton_api_url": NOBODY}

    def welcome(self, app: App, admin: Caller, buyer: Caller) -> None:
        """Any wallet will do. The operator keeps something in the server's for the fees of the network."""
        self.peer.send(set_up_of(app).wallet, 10**9)

    def pay(self, invoice: Invoice) -> None:
        self.peer.send(str(invoice.pay_to.address), invoice.amount, invoice.pay_to.memo)

    def enrol(self, app: App, seller: Caller) -> None:
        set_ton_wallet(app, seller, address=_SELLER)

    def received(self, app: App, seller: Caller) -> int:
        return self._arrived(_SELLER)

    def given_back(self, app: App, buyer: Caller) -> int:
        return self._arrived(_BUYER)

    def move(self, seconds: int) -> None:
        self.ahead_s += seconds
        self.peer.set_time(ahead_s=self.ahead_s)

    def _arrived(self, address: str) -> int:
        return sum(int(one["in_msg"]["value"]) for one in self.peer.transactions(address))


@contextlib.contextmanager
def a_provider() -> Iterator[Ton]:
    with running_ton_peer() as peer:
        yield Ton(peer)
