"""Sellers' accounts with Stripe, and payouts to them, against the peer: onboarding, silence, loss, and returns."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments import rail as port
from skillyard.domain.payments.advance_payouts import advance, advance_all
from skillyard.domain.payments.balance import get_balance
from skillyard.domain.payments.connect import get_connect_account, start_onboarding
from skillyard.domain.payments.facts import apply_facts
from skillyard.domain.payments.model import Payout, PayoutStatus
from skillyard.domain.payments.payout_errors import (
    ConnectAccountNotYours,
    CountryIsFixed,
    CountryNotValid,
    NoConnectRail,
    PayoutMethodNotReady,
)
from skillyard.domain.payments.payout_methods import list_payout_methods, set_stripe_account
from skillyard.domain.payments.payouts import request_payout
from skillyard.domain.payments.rail import ProviderEvent
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import Upstream
from skillyard.infra.money import Asset
from tests.domain.payments.dying import dying
from tests.domain.payments.paper_bank import Killed
from tests.domain.payments.sellers import Market
from tests.domain.payments.stripe_makers import an_app
from tests.makers import make_app
from tests.peers.stripe.peer import Peer
from tests.peers.stripe.world import PLATFORM

LEASE_S = 121


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, stripe_peer: Peer) -> Iterator[Market]:
    """Sellers whose Stripe is the peer, with money on the platform's balance there."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    app = an_app(tmp_path, stripe_peer, database_url=url, payout_cooling_hours=0)
    assert isinstance(app.clock, FixedClock)
    stripe_peer.fund(1_000_000)
    market = Market(app, app.clock, has_bank=False)
    yield market
    market.check()
    app.close()


def connected(shop: Market, peer: Peer, *, usd: int = 10_000, name: str = "sal") -> tuple[Caller, str]:
    """A seller with a complete account as payout method."""
    seller = shop.seller(name, usd=usd)
    account, _ = start_onboarding(shop.app, seller, country="US")
    peer.finish_onboarding(account.account_id)
    set_stripe_account(shop.app, seller, account_id=account.account_id)
    return seller, account.account_id


def ask(app: App, seller: Caller, amount: str = "25.00") -> Payout:
    return request_payout(app, seller, amount=amount, asset=Asset.USD, kind="stripe")


def work(shop: Market, *, rounds: int = 1, pause_s: float = LEASE_S) -> None:
    for _ in range(rounds):
        shop.clock.move(seconds=pause_s)
        advance_all(shop.app)


def transfers(peer: Peer) -> list[dict[str, Any]]:
    return peer.world.lists[PLATFORM, "transfer"]


def follow(shop: Market, kind: str, object_id: str, account: str | None = None) -> None:
    """A webhook of this kind, whose signature was right."""
    rail = port.get_rail("stripe")
    event = ProviderEvent(id="evt_1", kind=kind, object_id=object_id, account=account)
    apply_facts(shop.app, rail.follow_up(shop.app, event))


# Onboarding


def test_onboarding_makes_one_account_and_each_time_a_new_link(shop: Market, stripe_peer: Peer) -> None:
    seller = shop.seller()
    assert get_connect_account(shop.app, seller) is None
    account, url = start_onboarding(shop.app, seller, country="us")
    again, other_url = start_onboarding(shop.app, seller)
    assert (account.status, account.country, again.account_id) == ("onboarding", "US", account.account_id)
    assert url != other_url
    with urlopen(url, timeout=10) as page:
        assert page.status == 200
    assert len(stripe_peer.world.lists[PLATFORM, "account"]) == 1


def test_the_status_is_that_of_stripe_and_not_of_the_return_page(shop: Market, stripe_peer: Peer) -> None:
    seller = shop.seller()
    account, _ = start_onboarding(shop.app, seller)
    before = get_connect_account(shop.app, seller)
    assert before is not None
    assert (before.status, before.payouts_enabled) == ("onboarding", False)
    assert "external_account" in before.requirements_due
    stripe_peer.finish_onboarding(account.account_id)
    after = get_connect_account(shop.app, seller)
    assert after is not None
    assert (after.status, after.payouts_enabled, after.requirements_due) == ("active", True, ())


def test_onboarding_twice_at_once_keeps_one_account(shop: Market, stripe_peer: Peer) -> None:
    seller = shop.seller()
    with ThreadPoolExecutor(4) as pool:
        ids = {account.account_id for account, _ in pool.map(lambda _: start_onboarding(shop.app, seller), range(4))}
    assert len(ids) == 1


def test_a_country_has_two_letters(shop: Market) -> None:
    seller = shop.seller()
    for country in ("", "U", "USA", "U1", "ÜS", "ß", "us ", "\x00\x00"):
        with pytest.raises(CountryNotValid):
            start_onboarding(shop.app, seller, country=country)


def test_an_account_does_not_move_to_another_country(shop: Market) -> None:
    seller = shop.seller()
    start_onboarding(shop.app, seller, country="US")
    with pytest.raises(CountryIsFixed):
        start_onboarding(shop.app, seller, country="DE")


def test_while_stripe_is_away_the_last_known_status_is_shown(shop: Market, stripe_peer: Peer) -> None:
    seller = shop.seller()
    account, _ = start_onboarding(shop.app, seller)
    stripe_peer.accidents.order("cut_before", method="GET", times=9)
    known = get_connect_account(shop.app, seller)
    assert known is not None
    assert known.account_id == account.account_id
    stripe_peer.accidents.order("cut_before", times=9)
    with pytest.raises(Upstream):
        start_onboarding(shop.app, seller)


def test_without_stripe_nobody_connects(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    market = Market(app, FixedClock(), has_bank=False)
    with pytest.raises(NoConnectRail):
        start_onboarding(app, market.seller())
    app.close()


# Methods


def test_a_method_is_pending_until_its_account_is_complete(shop: Market, stripe_peer: Peer) -> None:
    seller = shop.seller(usd=5_000)
    account, _ = start_onboarding(shop.app, seller)
    assert set_stripe_account(shop.app, seller, account_id=account.account_id).status == "pending"
    with pytest.raises(PayoutMethodNotReady):
        ask(shop.app, seller)
    stripe_peer.finish_onboarding(account.account_id)
    assert ask(shop.app, seller).status is PayoutStatus.APPROVED


def test_an_account_of_somebody_else_is_refused_though_stripe_knows_it(shop: Market, stripe_peer: Peer) -> None:
    _, account_id = connected(shop, stripe_peer)
    eve = shop.seller("eve")
    for other in (account_id, str(stripe_peer.new_account()["id"])):
        with pytest.raises(ConnectAccountNotYours):
            set_stripe_account(shop.app, eve, account_id=other)


def test_who_takes_our_access_away_is_paid_nothing_any_more(shop: Market, stripe_peer: Peer) -> None:
    seller, account_id = connected(shop, stripe_peer)
    payout = ask(shop.app, seller)
    stripe_peer.disconnect(account_id)
    follow(shop, "account.application.deauthorized", "ca_platform", account_id)
    failed = shop.payout(payout)
    assert (failed.status, failed.why) == (PayoutStatus.FAILED, "its account was disconnected")
    assert get_balance(shop.app, seller).assets[0].available == 10_000
    assert [one.status for one in list_payout_methods(shop.app, seller) if one.kind == "stripe"] == ["disabled"]
    with pytest.raises(PayoutMethodNotReady):
        ask(shop.app, seller)


def test_a_lost_event_of_that_is_noticed_when_it_matters(shop: Market, stripe_peer: Peer) -> None:
    seller, account_id = connected(shop, stripe_peer)
    payout = ask(shop.app, seller)
    stripe_peer.disconnect(account_id)
    work(shop)
    assert shop.payout(payout).status is PayoutStatus.FAILED
    assert not transfers(stripe_peer)


def test_after_that_a_new_account_can_be_connected(shop: Market, stripe_peer: Peer) -> None:
    seller, account_id = connected(shop, stripe_peer)
    stripe_peer.disconnect(account_id)
    gone = get_connect_account(shop.app, seller)
    assert gone is not None
    assert gone.status == "disconnected"
    shop.clock.move(seconds=25 * 3600)  # for a day the same key is answered with the same account
    account, _ = start_onboarding(shop.app, seller, country="US")
    assert (account.account_id != account_id, account.status) == (True, "onboarding")
    stripe_peer.finish_onboarding(account.account_id)
    assert set_stripe_account(shop.app, seller, account_id=account.account_id).status == "active"
    assert ask(shop.app, seller).destination == account.account_id


def test_what_stripe_said_before_does_not_overwrite_what_it_says_now(shop: Market, stripe_peer: Peer) -> None:
    seller, account_id = connected(shop, stripe_peer)
    rail = port.get_rail("stripe")
    event = ProviderEvent(id="evt_1", kind="account.updated", object_id=account_id, account=account_id)
    old = rail.follow_up(shop.app, event)
    shop.clock.move(seconds=5)
    stripe_peer.restrict(account_id)
    follow(shop, "account.updated", account_id, account_id)
    apply_facts(shop.app, old)
    assert [one.status for one in list_payout_methods(shop.app, seller) if one.kind == "stripe"] == ["pending"]


# Payouts


def test_a_payout_is_one_transfer_to_the_sellers_account(shop: Market, stripe_peer: Peer) -> None:
    seller, account_id = connected(shop, stripe_peer)
    payout = ask(shop.app, seller)
    work(shop)
    [transfer] = transfers(stripe_peer)
    assert (transfer["amount"], transfer["destination"], transfer["transfer_group"]) == (2500, account_id, payout.id)
    assert (shop.payout(payout).status, shop.payout(payout).reference) == (PayoutStatus.PAID, transfer["id"])
    assert stripe_peer.balance() == 1_000_000 - 2500
    assert stripe_peer.balance(account_id) == 2500


@pytest.mark.parametrize(
    "accident", ["rate_limit", "fail_before", "fail_saved", "fail_after", "cut_before", "cut_after"]
)
def test_whatever_goes_wrong_at_stripe_it_is_one_transfer(shop: Market, stripe_peer: Peer, accident: Any) -> None:
    seller, _ = connected(shop, stripe_peer)
    payout = ask(shop.app, seller)
    stripe_peer.accidents.order(accident, "/v1/transfers", times=3)
    stripe_peer.accidents.order("cut_before", "/v1/transfers", method="GET", times=3)
    work(shop)
    shop.check()
    assert shop.payout(payout).status in (PayoutStatus.UNKNOWN, PayoutStatus.PAID)
    stripe_peer.accidents.stop()
    work(shop, rounds=4, pause_s=600)
    assert shop.payout(payout).status is PayoutStatus.PAID
    assert len(transfers(stripe_peer)) == 1


@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after the commit"])
def test_a_worker_that_dies_at_any_step_transfers_once(shop: Market, stripe_peer: Peer, after: bool) -> None:
    for dies_at in range(1, 6):
        seller, _ = connected(shop, stripe_peer, name=f"seller{dies_at}")
        payout = ask(shop.app, seller)
        with suppress(Killed):
            advance(dying(shop.app, dies_at=dies_at, after=after), payout.id)
        shop.check()
        work(shop, rounds=3)
        assert shop.payout(payout).status is PayoutStatus.PAID
        assert len(transfers(stripe_peer)) == dies_at


def test_too_little_money_at_stripe_gives_it_back_to_the_seller(shop: Market, stripe_peer: Peer) -> None:
    seller, _ = connected(shop, stripe_peer, usd=5_000_000)
    with_approval = request_payout(shop.app, seller, amount="500.00", asset=Asset.USD, kind="stripe")
    stripe_peer.fund(-990_000)
    work(shop)
    failed = shop.payout(with_approval)
    assert failed.status is PayoutStatus.FAILED
    assert "insufficient" in failed.why.lower()
    assert get_balance(shop.app, seller).assets[0].available == 5_000_000


def test_an_account_that_is_restricted_meanwhile_keeps_the_payout_waiting(shop: Market, stripe_peer: Peer) -> None:
    seller, account_id = connected(shop, stripe_peer)
    payout = ask(shop.app, seller)
    stripe_peer.restrict(account_id)
    work(shop)
    waiting = shop.payout(payout)
    assert (waiting.status, waiting.why) == (PayoutStatus.APPROVED, "its account with the provider is not complete")
    stripe_peer.finish_onboarding(account_id)
    work(shop)
    assert shop.payout(payout).status is PayoutStatus.PAID


def test_a_transfer_that_is_taken_back_is_available_again(shop: Market, stripe_peer: Peer) -> None:
    seller, _ = connected(shop, stripe_peer)
    payout = ask(shop.app, seller)
    work(shop)
    [transfer] = transfers(stripe_peer)
    stripe_peer.reverse(transfer["id"])
    for _ in range(2):
        follow(shop, "transfer.reversed", transfer["id"])
    assert shop.payout(payout).status is PayoutStatus.RETURNED
    assert get_balance(shop.app, seller).assets[0].available == 10_000
    assert stripe_peer.balance() == 1_000_000


def test_events_of_a_transfer_tell_of_it_when_the_answer_was_lost(shop: Market, stripe_peer: Peer) -> None:
    seller, _ = connected(shop, stripe_peer)
    payout = ask(shop.app, seller)
    stripe_peer.accidents.order("cut_after", "/v1/transfers", times=2)
    work(shop)
    assert shop.payout(payout).status is PayoutStatus.UNKNOWN
    [transfer] = transfers(stripe_peer)
    for _ in range(2):
        follow(shop, "transfer.created", transfer["id"])
    assert shop.payout(payout).status is PayoutStatus.PAID
    work(shop, rounds=2)
    assert len(transfers(stripe_peer)) == 1
