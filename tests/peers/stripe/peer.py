"""The whole of one Stripe: its API, its webhooks, and what buyers, banks and sellers do."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from skillyard.infra.outbound import Answer, Bounds, CallFailed, Outbound
from tests.peers.stripe import books, charges, checkout, connect
from tests.peers.stripe.api import Api, Reply
from tests.peers.stripe.faults import ConnectionCut
from tests.peers.stripe.webhooks import Webhooks
from tests.peers.stripe.world import DAY_S, PLATFORM, Thing, World


class Peer:
    """`clock`: seconds since 1970, for instance those of the application's clock; `move` lets more time pass."""

    def __init__(
        self, *, clock: Callable[[], float] = time.time, secret_key: str = "sk_test_peer", country: str = "US",
        settle_s: int = 2 * DAY_S,
    ) -> None:  # fmt: skip
        self.world = World(secret_key=secret_key, country=country, settle_s=settle_s, clock=clock)
        self.api = Api(self.world)
        self.webhooks = Webhooks(self.world, send_over_http)
        self.accidents = self.api.accidents
        self._one_at_a_time = threading.RLock()

    @property
    def url(self) -> str:
        return self.api.base

    def call(self, method: str, path: str, query: str, body: str, headers: Mapping[str, str]) -> Reply:
        with self._one_at_a_time:
            return self.api.call(method, path, query, body, headers)

    def move(self, seconds: int) -> None:
        self.world.move(seconds)
        checkout.expire_due(self.world)

    def add_endpoint(self, url: str, *secrets: str, events: Sequence[str] = ("*",), connect: bool = False) -> Thing:
        """Send events there. `connect`: those of connected accounts, instead of the platform's own."""
        return books.add_endpoint(self.world, url, *secrets, list(events), connect=connect)

    # What people and banks do

    def pay(self, session_id: str) -> Thing:
        return checkout.pay(self.world, session_id)

    def decline(self, session_id: str) -> Thing:
        return checkout.decline(self.world, session_id)

    def pay_later(self, session_id: str) -> Thing:
        return checkout.pay_later(self.world, session_id)

    def settle(self, session_id: str, *, ok: bool = True) -> Thing:
        return checkout.settle(self.world, session_id, ok=ok)

    def refund(self, charge_id: str, amount: int | None = None) -> Thing:
        """As if made on Stripe's dashboard."""
        wish = {"charge": charge_id} | ({"amount": str(amount)} if amount else {})
        return charges.create_refund(self.world, wish, PLATFORM)

    def settle_refund(self, refund_id: str, *, ok: bool = True) -> Thing:
        return charges.settle_refund(self.world, refund_id, ok=ok)

    def dispute(self, charge_id: str, *, amount: int | None = None, inquiry: bool = False) -> Thing:
        return charges.dispute(self.world, charge_id, amount=amount, inquiry=inquiry)

    def close_dispute(self, dispute_id: str, *, won: bool) -> Thing:
        return charges.close_dispute(self.world, dispute_id, won=won)

    def new_account(self, *, country: str = "US", finished: bool = True) -> Thing:
        """A seller's account, as if it had been made through the API."""
        wish = {"type": "express", "country": country, "capabilities": {"transfers": {"requested": "true"}}}
        account = connect.create_account(self.world, wish, PLATFORM)
        return connect.finish_onboarding(self.world, account["id"]) if finished else account

    def finish_onboarding(self, account_id: str) -> Thing:
        return connect.finish_onboarding(self.world, account_id)

    def restrict(self, account_id: str) -> Thing:
        return connect.restrict(self.world, account_id)

    def disconnect(self, account_id: str) -> None:
        connect.disconnect(self.world, account_id)

    def reverse(self, transfer_id: str, amount: int | None = None) -> Thing:
        wish = {"amount": str(amount)} if amount else {}
        return connect.create_reversal(self.world, wish, PLATFORM, transfer_id)

    def settle_payout(self, payout_id: str, *, ok: bool = True) -> Thing:
        return connect.settle_payout(self.world, payout_id, ok=ok)

    def fund(self, amount: int) -> None:
        """Put money into the platform's available balance."""
        self.world.book("topup", amount, self.world.new_id("tu"))

    def balance(self, account: str = PLATFORM) -> int:
        """All the money of the account, available and pending."""
        return sum(self.world.balance(account))


class DirectOutbound(Outbound):
    """The guarded door, leading straight into a peer in this process: for runs of thousands of steps, in which
    `stripe.HTTPClient.INITIAL_DELAY` should be 0.
    """

    def __init__(self, peer: Peer) -> None:
        super().__init__(http_loopback=True)
        self._peer = peer

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"",
        bounds: Bounds | None = None,
    ) -> Answer:  # fmt: skip
        parts = urlsplit(url)
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        try:
            reply = self._peer.call(method, parts.path, parts.query, body.decode(), sent)
        except ConnectionCut:
            raise CallFailed(host=str(parts.hostname), why="it broke off, or does not speak HTTP") from None
        return Answer(status=reply.status, headers=reply.headers, body=reply.body, url=url)


def send_over_http(url: str, headers: Mapping[str, str], body: bytes) -> int:
    """A `Send` that really sends."""
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
