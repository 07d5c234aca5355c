"""Charges for invocations: one hold, and exactly one of capture and release."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skillyard.domain.payments.balance import list_transactions
from skillyard.domain.payments.charge_errors import ChargeClosed, ChargedOtherwise, ChargeNotFound, NotEnoughCredits
from skillyard.domain.payments.charge_jobs import release_forgotten_charges
from skillyard.domain.payments.charge_model import ChargeStatus
from skillyard.domain.payments.purchases import list_sales
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import SkillyardError
from tests.domain.payments.charging import capture, credits_are_covered, credits_of, place, release, status_of
from tests.domain.payments.shop import Shop, a_shop
from tests.makers import make_app


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    clock = FixedClock()
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    app = make_app(tmp_path, clock=clock, database_url=url)
    shop = a_shop(app, clock)
    yield shop
    shop.check()
    credits_are_covered(shop)
    app.close()


def test_a_charge_is_held_then_captured_and_its_seller_has_the_share_later(shop: Shop) -> None:
    shop.grant("100")
    assert place(shop, amount=30).status is ChargeStatus.HELD
    assert credits_of(shop) == (70, 30, 0)
    assert shop.balance() == (0, 0)
    captured = capture(shop)
    assert (captured.seller_share, captured.fee) == (27, 3)
    assert credits_of(shop) == (70, 0, 0)
    assert shop.balance() == (27, 0)
    shop.later(days=6)
    assert shop.balance() == (27, 0)
    shop.later(days=1)
    assert shop.balance() == (0, 27)
    shop.later(days=1)
    assert shop.balance() == (0, 27)


def test_a_released_charge_gives_all_of_it_back(shop: Shop) -> None:
    shop.grant("100")
    place(shop, amount=30)
    release(shop)
    assert credits_of(shop) == (100, 0, 0)
    shop.later(days=8)
    assert shop.balance() == (0, 0)


def test_everything_may_be_asked_for_again(shop: Shop) -> None:
    shop.grant("100")
    assert place(shop) == place(shop)
    assert capture(shop) == capture(shop)
    assert place(shop).status is ChargeStatus.CAPTURED
    place(shop, "sinv_2")
    assert release(shop, "sinv_2") == release(shop, "sinv_2")
    assert credits_of(shop) == (90, 0, 0)


def test_what_was_closed_one_way_is_not_closed_the_other_way(shop: Shop) -> None:
    shop.grant("100")
    place(shop)
    capture(shop)
    with pytest.raises(ChargeClosed, match="captured already"):
        release(shop)
    place(shop, "sinv_2")
    release(shop, "sinv_2")
    with pytest.raises(ChargeClosed, match="released already"):
        capture(shop, "sinv_2")
    assert credits_of(shop) == (90, 0, 0)


def test_too_few_credits_are_refused_with_what_is_missing_and_where_to_buy(shop: Shop) -> None:
    shop.grant("7")
    with pytest.raises(NotEnoughCredits, match="costs 10 credits, and you have 7") as refusal:
        place(shop)
    facts = refusal.value.facts
    assert (facts["missing"], facts["price"]) == (3, 10)
    assert facts["purchase_url"].endswith("/account/credits")
    assert "`skillyard credits buy 100`" in refusal.value.advice
    assert credits_of(shop) == (7, 0, 0)
    assert status_of(shop) is None


def test_a_ref_stands_for_one_charge(shop: Shop) -> None:
    shop.grant("100")
    place(shop)
    for other in ({"amount": 11}, {"item": "sal/other"}, {"buyer": shop.ada}):
        with pytest.raises(ChargedOtherwise):
            place(shop, **other)
    with pytest.raises(ChargeNotFound):
        capture(shop, "sinv_2")
    with pytest.raises(ChargeNotFound):
        release(shop, "sinv_2")


def test_nobody_is_charged_by_themselves_nor_for_nothing(shop: Shop) -> None:
    shop.grant("100", username="sal")
    with pytest.raises(ValueError, match="nobody is charged"):
        place(shop, buyer=shop.sal)
    with pytest.raises(ValueError, match="nobody is charged"):
        place(shop, amount=0)


def test_one_credit_is_shared_without_losing_a_cent(shop: Shop) -> None:
    shop.grant("1")
    place(shop, amount=1)
    captured = capture(shop)
    assert (captured.seller_share, captured.fee) == (1, 0)


def test_what_nobody_ended_is_given_back_an_hour_after_its_time(shop: Shop) -> None:
    shop.grant("100")
    place(shop)
    shop.clock.move(seconds=2 * 3600 - 1)
    release_forgotten_charges(shop.app)
    assert status_of(shop) is ChargeStatus.HELD
    shop.clock.move(seconds=1)
    release_forgotten_charges(shop.app)
    assert status_of(shop) is ChargeStatus.RELEASED
    assert credits_of(shop) == (100, 0, 0)


def test_earnings_are_on_the_list_of_sales_and_on_the_statement(shop: Shop) -> None:
    shop.grant("3000")
    invoice_id = shop.buy().invoice.id
    for number in range(3):
        shop.clock.move(seconds=1)
        place(shop, f"sinv_{number}")
        capture(shop, f"sinv_{number}")
    place(shop, "sinv_held")
    page, total = list_sales(shop.app, shop.sal, limit=3)
    rest, _ = list_sales(shop.app, shop.sal, limit=3, cursor=page.next_cursor)
    rows = [*page.items, *rest.items]
    assert total == 4
    assert [row.sale.invoice_id for row in rows] == ["sinv_2", "sinv_1", "sinv_0", invoice_id]
    assert [row.sale.seller_share for row in rows] == [9, 9, 9, 2610]
    assert {row.buyer.username for row in rows if row.buyer} == {"bob"}
    assert list_sales(shop.app, shop.sal, item="sal/report", limit=10)[1] == 4
    lines = list_transactions(shop.app, shop.sal).items
    assert [(line.kind, line.amount) for line in lines] == [("sale", 9)] * 3 + [("sale", 2610)]
    spent = list_transactions(shop.app, shop.bob).items
    assert [line.amount for line in spent if line.ref == "sinv_0"] == [-10]


def test_of_fifty_who_end_a_charge_at_once_all_agree(shop: Shop) -> None:
    """Whatever wins, the others are told so, and the money moved once."""
    shop.grant("100")
    place(shop)

    def end(number: int) -> str:
        try:
            return (capture if number % 2 else release)(shop).status.value
        except SkillyardError as refusal:
            return refusal.code

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(end, range(50)))
    assert sorted(set(answers)) in (["captured", "charge_closed"], ["charge_closed", "released"])
    assert answers.count("charge_closed") == 25
    is_captured = "captured" in answers
    assert credits_of(shop) == ((90, 0, 0) if is_captured else (100, 0, 0))
    assert shop.balance() == ((9, 0) if is_captured else (0, 0))


def test_credits_are_not_held_twice_by_those_who_spend_at_once(shop: Shop) -> None:
    shop.grant("55")

    def spend(number: int) -> str:
        try:
            return place(shop, f"sinv_{number}").status.value
        except SkillyardError as refusal:
            return refusal.code

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(spend, range(20)))
    assert (answers.count("held"), answers.count("not_enough_credits")) == (5, 15)
    assert credits_of(shop) == (5, 50, 0)


def test_nobody_waits_for_ever_when_credits_come_and_go_at_once(shop: Shop) -> None:
    """Grants, charges and their ends for the same person, by ten clients."""
    shop.grant("1000")

    def work(number: int) -> str:
        ref = f"sinv_{number}"
        place(shop, ref)
        shop.grant("1")
        return (capture if number % 2 else release)(shop, ref).status.value

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(work, range(40)))
    assert (answers.count("captured"), answers.count("released")) == (20, 20)
    assert credits_of(shop) == (1000 + 40 - 200, 0, 0)
