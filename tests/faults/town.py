"""A town for many schedules: one application, one Stripe, one clock for both; each schedule brings its own people."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments import offers
from skillyard.domain.payments.connect import start_onboarding
from skillyard.domain.payments.jobs import sweep_rails
from skillyard.domain.payments.model import PRICE_ASSETS, PriceMode
from skillyard.domain.payments.payout_methods import set_stripe_account
from skillyard.infra.clock import FixedClock
from skillyard.infra.database import Database, Tx
from skillyard.infra.money import show_amount
from tests.domain.payments.stripe_makers import SECRET, an_app
from tests.makers import a_person, make_app
from tests.peers.stripe.peer import DirectOutbound, Peer

_numbers = count(1)


class Quick(Database):
    """Waits for no disk: a process dies in these runs, never the machine."""

    def __init__(self, database: Database) -> None:
        self._database, self.dialect, self.url = database, database.dialect, database.url

    def transaction(self, *, durable: bool = True) -> AbstractContextManager[Tx]:
        return self._database.transaction(durable=False)

    def reading(self) -> AbstractContextManager[Tx]:
        return self._database.reading()

    def close(self) -> None:
        self._database.close()


@dataclass
class Town:
    """`funded`: cents that the operator put into the balance at Stripe."""

    app: App
    clock: FixedClock
    peer: Peer
    admin: Caller
    funded: int

    def person(self, role: str) -> Caller:
        return a_person(self.app, f"{role}{next(_numbers)}")

    def seller(self) -> Caller:
        """Somebody whose account at Stripe is complete."""
        seller = self.person("sal")
        account, _ = start_onboarding(self.app, seller, country="US")
        self.peer.finish_onboarding(account.account_id)
        set_stripe_account(self.app, seller, account_id=account.account_id)
        return seller

    def item(self, seller: Caller, price: int, *, mode: PriceMode = "fixed_usd") -> str:
        """Something new at this price, in cents or nanoTON."""
        seller_id, username = seller.identity
        item, now_ms = f"{username}/report", self.clock.now_ms()
        with self.app.database.transaction() as tx:
            offers.set_offer(tx, item=item, seller_id=seller_id, is_for_sale=True, selling_text="", now_ms=now_ms)
        self.price(item, seller, price, mode=mode)
        return item

    def price(self, item: str, seller: Caller, price: int, *, mode: PriceMode = "fixed_usd") -> None:
        amount = show_amount(price, PRICE_ASSETS[mode])
        with self.app.database.transaction() as tx:
            offers.set_price(
                tx, item=item, seller_id=seller.identity[0], mode=mode, amount=amount, now_ms=self.clock.now_ms()
            )


def a_chain_town(folder: Path) -> Town:
    """For a test that brings a chain. Its Stripe is there and nobody uses it."""
    clock = FixedClock()
    app = make_app(folder, clock=clock, payout_cooling_hours=0, payout_minimum_nanoton=1, maturity_days=1)
    app = replace(app, database=Quick(app.database))
    return Town(app=app, clock=clock, peer=Peer(), admin=a_person(app, "ada"), funded=0)


def a_town(folder: Path, *, peer: Peer | None = None, funded: int = 0, **settings: Any) -> Town:
    """`peer`: one that serves on loopback; without it, calls go straight into one in this process."""
    is_direct, peer = peer is None, peer or Peer(settle_s=0)
    app = an_app(folder, peer, payout_cooling_hours=0, payout_minimum_usd_cents=100, maturity_days=1, **settings)
    app = replace(app, database=Quick(app.database))
    if is_direct:
        app = replace(app, outbound=DirectOutbound(peer))
    peer.fund(funded)
    for is_connect in (False, True):
        peer.add_endpoint("https://skills.example.org/hook", SECRET, connect=is_connect)
    sweep_rails(app)  # as in the first minute of every server: later sweeps go on from there
    assert isinstance(app.clock, FixedClock)
    return Town(app=app, clock=app.clock, peer=peer, admin=a_person(app, "ada"), funded=funded)
