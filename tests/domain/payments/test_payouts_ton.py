"""Payouts in TON on the real virtual machine: at the end our books hold what the wallet on the chain holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.advance_payouts import advance, advance_all
from skillyard.domain.payments.balance import get_balance
from skillyard.domain.payments.chart import Kind, platform
from skillyard.domain.payments.facts import sweep
from skillyard.domain.payments.ledger import balance
from skillyard.domain.payments.model import Payout, PayoutStatus
from skillyard.domain.payments.payout_methods import set_ton_wallet
from skillyard.domain.payments.payouts import get_payout, request_payout
from skillyard.domain.payments.ton.sending import MARGIN_S, VALID_S
from skillyard.domain.payments.ton.wallet import wallet_address
from skillyard.infra.clock import FixedClock
from skillyard.infra.money import Asset
from tests.domain.payments.dying import dying
from tests.domain.payments.paper_bank import Killed
from tests.domain.payments.sellers import TON, Market
from tests.makers import make_app
from tests.peers.ton.driver import WALLET_WORDS, TonPeer

OURS = wallet_address(WALLET_WORDS, "mainnet")
LEASE_S = 121
OVER_S = VALID_S + MARGIN_S + 1


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, ton_peer: TonPeer) -> Iterator[Market]:
    clock = FixedClock()
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    app = make_app(
        tmp_path, clock=clock, database_url=url, payout_cooling_hours=0, ton_api_url=ton_peer.url,
        ton_wallet_words=WALLET_WORDS, outbound_http_loopback=True,
    )  # fmt: skip
    market = Market(app, clock, has_bank=False)
    yield market
    check_chain(market, ton_peer)
    app.close()


def check_chain(market: Market, peer: TonPeer) -> None:
    market.check()
    with market.app.database.reading() as tx:
        assert balance(tx, platform(Kind.TON_WALLET, Asset.TON)) == peer.balance(OURS)


def a_seller(shop: Market, peer: TonPeer, number: int = 1, *, ton: int = 10 * TON) -> tuple[Caller, str]:
    """With a wallet, and so much earned that is in ours."""
    wallet = "0:" + f"{number:02x}" * 32
    seller = shop.seller(f"seller{number}")
    earn(shop, peer, seller, ton)
    set_ton_wallet(shop.app, seller, address=wallet)
    return seller, wallet


def earn(shop: Market, peer: TonPeer, seller: Caller, nano: int) -> None:
    """Somebody pays it in, and it becomes the seller's."""
    peer.send(OURS, nano)
    sweep(shop.app, "ton")
    shop.earn(seller, nano, Asset.TON, source=Kind.SUSPENSE)


def ask(shop: Market, seller: Caller, amount: str = "2.5") -> Payout:
    return request_payout(shop.app, seller, amount=amount, asset=Asset.TON, kind="ton")


def work(shop: Market, *, rounds: int = 1) -> None:
    for _ in range(rounds):
        shop.clock.move(seconds=LEASE_S)
        advance_all(shop.app)


def test_a_payout_arrives_with_its_name_as_comment(shop: Market, ton_peer: TonPeer) -> None:
    seller, wallet = a_seller(shop, ton_peer)
    payout = ask(shop, seller)
    work(shop, rounds=2)
    paid = shop.payout(payout)
    assert paid.status is PayoutStatus.PAID
    assert paid.fee > 0
    assert ton_peer.balance(wallet) == 2_500_000_000
    ton = get_balance(shop.app, seller).assets[1]
    assert (ton.available, ton.held, ton.lifetime_paid_out) == (7_500_000_000, 0, 2_500_000_000)


@pytest.mark.parametrize("fault", [{"drop_reply": True}, {"status": 502}])
def test_a_call_that_fails_is_not_a_payout_that_failed(
    shop: Market, ton_peer: TonPeer, fault: dict[str, int | bool]
) -> None:
    seller, wallet = a_seller(shop, ton_peer)
    payout = ask(shop, seller)
    ton_peer.fail(path="sendBoc", **fault)
    work(shop)
    assert shop.payout(payout).status is PayoutStatus.UNKNOWN
    work(shop, rounds=2)
    assert shop.payout(payout).status is PayoutStatus.PAID
    assert ton_peer.balance(wallet) == 2_500_000_000


def test_a_message_whose_time_is_over_is_followed_by_another(shop: Market, ton_peer: TonPeer) -> None:
    seller, wallet = a_seller(shop, ton_peer)
    payout = ask(shop, seller)
    ton_peer.fail(path="sendBoc", status=502, times=2)
    work(shop, rounds=2)
    assert shop.payout(payout).attempt == 1
    ton_peer.set_time(ahead_s=OVER_S)
    work(shop, rounds=3)
    paid = shop.payout(payout)
    assert (paid.status, paid.attempt) == (PayoutStatus.PAID, 2)
    assert ton_peer.balance(wallet) == 2_500_000_000


@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after the commit"])
def test_a_worker_that_dies_at_any_step_pays_once(shop: Market, ton_peer: TonPeer, after: bool) -> None:
    for dies_at in (1, 2, 3):
        seller, wallet = a_seller(shop, ton_peer, dies_at)
        payout = ask(shop, seller)
        with pytest.raises(Killed):
            advance(dying(shop.app, dies_at=dies_at, after=after), payout.id)
        work(shop, rounds=3)
        assert shop.payout(payout).status is PayoutStatus.PAID
        assert ton_peer.balance(wallet) == 2_500_000_000


def test_several_sellers_are_paid_one_after_another(shop: Market, ton_peer: TonPeer) -> None:
    made = [a_seller(shop, ton_peer, number) for number in (1, 2, 3)]
    payouts = [ask(shop, seller) for seller, _ in made]
    work(shop, rounds=6)
    assert {shop.payout(one).status for one in payouts} == {PayoutStatus.PAID}
    assert {shop.payout(one).attempt for one in payouts} == {1}
    assert [ton_peer.balance(wallet) for _, wallet in made] == [2_500_000_000] * 3


def test_a_wallet_without_enough_keeps_the_payout_waiting(shop: Market, ton_peer: TonPeer) -> None:
    seller, wallet = a_seller(shop, ton_peer, ton=10 * TON)
    payout = ask(shop, seller, "10")
    work(shop)
    waiting = shop.payout(payout)
    assert waiting.status is PayoutStatus.APPROVED
    assert "are needed" in waiting.why
    earn(shop, ton_peer, seller, TON)
    work(shop, rounds=4)
    assert shop.payout(payout).status is PayoutStatus.PAID
    assert ton_peer.balance(wallet) == 10 * TON


@pytest.mark.parametrize("swept_first", [False, True])
def test_what_the_receiver_sends_back_is_available_again(shop: Market, ton_peer: TonPeer, swept_first: bool) -> None:
    """Also when its return is seen before it was known that it was paid."""
    seller = shop.seller()
    earn(shop, ton_peer, seller, 10 * TON)
    set_ton_wallet(shop.app, seller, address=ton_peer.a_contract_that_rejects())
    payout = ask(shop, seller)
    work(shop)
    if swept_first:
        sweep(shop.app, "ton")
        assert shop.payout(payout).status is PayoutStatus.SUBMITTED
    work(shop, rounds=2)
    sweep(shop.app, "ton")
    assert shop.payout(payout).status is PayoutStatus.RETURNED
    assert get_balance(shop.app, seller).assets[1].available == 10 * TON
    _, steps = get_payout(shop.app, seller, payout_id=payout.id)
    assert [step.to_status.value for step in steps][-3:] == ["submitted", "paid", "returned"]
