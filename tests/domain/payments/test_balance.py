"""What sellers have, and how it came to be: through sales, referrals, refunds, debts and payouts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.payments.balance import (
    AssetBalance,
    Transaction,
    get_balance,
    get_balance_in_usd,
    list_transactions,
)
from skillyard.domain.payments.chart import Kind
from skillyard.domain.payments.ledger import balances
from skillyard.domain.payments.payouts import cancel_payout, request_payout
from skillyard.domain.payments.rates import set_rate
from skillyard.domain.payments.refunds import refund
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import Unauthenticated
from skillyard.infra.money import Asset
from skillyard.infra.paging import BadCursor
from tests.domain.payments.sellers import TON, Market
from tests.domain.payments.shop import Shop, a_shop
from tests.makers import a_person, make_app


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    clock = FixedClock()
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    app = make_app(tmp_path, clock=clock, database_url=url, payout_cooling_hours=0)
    shop = a_shop(app, clock)
    yield shop
    for person in (shop.sal, shop.bob, shop.ada):
        check_statement(app, person)
    shop.check()
    app.close()


def statement(app: App, person: Caller) -> list[Transaction]:
    return list(list_transactions(app, person, limit=100).items)


def check_statement(app: App, person: Caller) -> None:
    """The lines add up to the balance, and the parts of the balance to what was earned."""
    sums = Counter[tuple[Asset, bool]]()
    for line in statement(app, person):
        sums[line.asset, line.status == "pending"] += line.amount
    for one in get_balance(app, person).assets:
        assert sums[one.asset, True] == one.pending
        assert sums[one.asset, False] == one.available - one.receivable
        parts = one.lifetime_paid_out + one.held + one.available + one.pending - one.receivable
        assert parts == one.lifetime_earned
    with app.database.reading() as tx:
        there = balances(tx, person.identity[0])
    assert sums[Asset.CREDIT, False] == there.get((Kind.CREDITS, Asset.CREDIT), 0)


def usd(shop: Shop, person: Caller | None = None) -> AssetBalance:
    return get_balance(shop.app, person or shop.sal).assets[0]


def sold(shop: Shop, *, referral_code: str | None = None) -> str:
    """A sale for credits; its invoice."""
    shop.grant("2900")
    return shop.buy(rail="credits", referral_code=referral_code).invoice.id


def test_nothing_earned_is_zero_in_every_asset(shop: Shop) -> None:
    found = get_balance(shop.app, shop.sal)
    assert [(one.asset, one.pending, one.available, one.lifetime_earned) for one in found.assets] == [
        (Asset.USD, 0, 0, 0),
        (Asset.TON, 0, 0, 0),
    ]
    assert statement(shop.app, shop.sal) == []


def test_a_sale_is_pending_for_a_week(shop: Shop) -> None:
    invoice_id = sold(shop)
    assert (usd(shop).pending, usd(shop).available, usd(shop).lifetime_earned) == (2610, 0, 2610)
    [line] = statement(shop.app, shop.sal)
    assert (line.kind, line.status, line.amount, line.ref) == ("sale", "pending", 2610, invoice_id)
    assert get_balance(shop.app, shop.sal).updated_ms == shop.clock.now_ms()
    shop.later(days=7)
    assert (usd(shop).pending, usd(shop).available) == (0, 2610)
    assert {(one.kind, one.status, one.amount) for one in statement(shop.app, shop.sal)} == {
        ("maturity", "available", 2610),
        ("maturity", "pending", -2610),
        ("sale", "pending", 2610),
    }


def test_who_recommends_sees_a_referral(shop: Shop) -> None:
    friend = a_person(shop.app, "fred")
    sold(shop, referral_code="fred")
    [line] = statement(shop.app, friend)
    assert (line.kind, line.amount) == ("referral", 145)
    check_statement(shop.app, friend)


def test_buyers_see_their_credits(shop: Shop) -> None:
    sold(shop)
    assert [(one.kind, one.asset, one.amount) for one in statement(shop.app, shop.bob)] == [
        ("credit", Asset.CREDIT, -2900),
        ("credit", Asset.CREDIT, 2900),
    ]


def test_a_refund_takes_the_share_back(shop: Shop) -> None:
    invoice_id = sold(shop)
    refund(shop.app, shop.sal, invoice_id=invoice_id, reason="It does not work.")
    shop.work()
    assert (usd(shop).pending, usd(shop).lifetime_earned) == (0, 0)
    assert [(one.kind, one.amount) for one in statement(shop.app, shop.sal)] == [("refund", -2610), ("sale", 2610)]


def test_a_refund_after_the_payout_is_owed_and_later_sales_pay_it_back(shop: Shop) -> None:
    invoice_id = sold(shop)
    shop.later(days=7)
    request_payout(shop.app, shop.sal, amount="26.10", asset=Asset.USD, kind="credits")
    assert (usd(shop).available, usd(shop).lifetime_paid_out) == (0, 2610)
    refund(shop.app, shop.ada, invoice_id=invoice_id, reason="It does not work.")
    shop.work()
    assert (usd(shop).available, usd(shop).receivable, usd(shop).lifetime_earned) == (0, 2610, 0)
    sold(shop)
    shop.later(days=7)
    assert (usd(shop).available, usd(shop).receivable, usd(shop).lifetime_earned) == (0, 0, 2610)


def test_a_payout_is_held_then_paid_and_its_line_says_so(shop: Shop) -> None:
    sold(shop)
    shop.later(days=7)
    payout = request_payout(shop.app, shop.sal, amount="20.00", asset=Asset.USD, kind="credits")
    line = next(one for one in statement(shop.app, shop.sal) if one.kind == "payout")
    assert (line.status, line.amount, line.ref) == ("paid", -2000, payout.id)
    assert [one.amount for one in statement(shop.app, shop.sal) if one.kind == "credit"] == [2000]


def test_a_payout_that_is_stopped_shows_both_ways(market: Market) -> None:
    seller = market.with_wallet(market.seller(), ton=50 * TON)
    payout = request_payout(market.app, seller, amount="20", asset=Asset.TON, kind="ton")
    assert [(one.kind, one.status, one.amount) for one in statement(market.app, seller)][:1] == [
        ("payout", "held", -20 * TON)
    ]
    cancel_payout(market.app, seller, payout_id=payout.id)
    assert [(one.kind, one.status, one.amount) for one in statement(market.app, seller)][:2] == [
        ("payout_returned", "available", 20 * TON),
        ("payout", "available", -20 * TON),
    ]
    check_statement(market.app, seller)


def test_in_dollars_other_assets_count_at_the_current_rate(market: Market) -> None:
    admin = market.admin()
    seller = market.seller(ton=10 * TON, usd=1_050)
    assert get_balance_in_usd(market.app, seller)[0].available == 1_050
    set_rate(market.app, admin, asset=Asset.TON, usd="5.30")
    found, updated_ms = get_balance_in_usd(market.app, seller)
    assert (found.available, found.lifetime_earned, updated_ms) == (6_350, 6_350, market.clock.now_ms())


def test_the_statement_comes_in_pages(market: Market) -> None:
    seller = market.seller()
    for number in range(1, 6):
        market.earn(seller, number * TON, Asset.TON, is_mature=False)
    first = list_transactions(market.app, seller, limit=2)
    second = list_transactions(market.app, seller, limit=2, cursor=first.next_cursor)
    third = list_transactions(market.app, seller, limit=2, offset=4)
    amounts = [one.amount // TON for one in (*first.items, *second.items, *third.items)]
    assert amounts == [5, 4, 3, 2, 1]
    assert third.next_cursor is None
    with pytest.raises(BadCursor):
        list_transactions(market.app, seller, cursor="nonsense")


def test_nobody_sees_what_others_have(market: Market) -> None:
    market.seller(ton=TON)
    eve = market.seller("eve")
    assert statement(market.app, eve) == []
    for read in (get_balance, get_balance_in_usd, list_transactions):
        with pytest.raises(Unauthenticated):
            read(market.app, ANONYMOUS)  # type: ignore[operator]
