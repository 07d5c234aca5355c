"""Stripe, played by a peer over real HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.connect import get_connect_account, start_onboarding
from skillyard.domain.payments.model import Invoice
from skillyard.domain.payments.payout_methods import set_stripe_account
from tests.contracts.providers import NOBODY
from tests.peers.stripe.peer import Peer
from tests.peers.stripe.server import serving

_SECRETS = ("sk_test_peer", "whsec_contract")


@dataclass
class Stripe:
    peer: Peer
    secrets = _SECRETS
    buyer_address = None

    def __post_init__(self) -> None:
        key, webhook_secret = _SECRETS
        self.settings = {
            "stripe_secret_key": key,
            "stripe_webhook_secrets": webhook_secret,
            "stripe_api_url": self.peer.url,
            "outbound_http_loopback": True,
        }
        self.away = {**self.settings, "stripe_api_url": NOBODY}

    def welcome(self, app: App, admin: Caller, buyer: Caller) -> None:
        """A card is all they need."""

    def pay(self, invoice: Invoice) -> None:
        self.peer.pay(str(invoice.pay_to.reference))

    def enrol(self, app: App, seller: Caller) -> None:
        account, _ = start_onboarding(app, seller, country="US")
        self.peer.finish_onboarding(account.account_id)
        get_connect_account(app, seller)
        set_stripe_account(app, seller, account_id=account.account_id)
        self.peer.fund(100_00)

    def received(self, app: App, seller: Caller) -> int:
        account = get_connect_account(app, seller)
        return self.peer.balance(account.account_id) if account else 0

    def given_back(self, app: App, buyer: Caller) -> int:
        return sum(int(one["amount"]) for one in self.peer.world.things.values() if one["object"] == "refund")

    def move(self, seconds: int) -> None:
        self.peer.move(seconds)


@contextlib.contextmanager
def a_provider() -> Iterator[Stripe]:
    peer = Peer()
    with serving(peer):
        yield Stripe(peer)
