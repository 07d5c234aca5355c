"""Fees in credits, and the event that tells of every way in which credits go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.domain.payments.balance import list_transactions
from skillyard.domain.payments.credit_legs import legs_from
from skillyard.domain.payments.errors import FeeNotCovered, KeyUsedOtherwise
from skillyard.domain.payments.events import CreditsSpent
from skillyard.domain.payments.fees import take_fee
from skillyard.domain.payments.ledger import post
from skillyard.infra.clock import FixedClock
from skillyard.infra.events import read_after
from tests.domain.payments.charging import capture, credits_are_covered, credits_of, place, release
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
    app.close()


def take(shop: Shop, credits: int = 5, key: str = "upload:1") -> bool:
    with shop.app.database.transaction() as tx:
        return take_fee(shop.app, tx, user_id=shop.bob.identity[0], credits=credits, key=key, why="An upload")


def spent(shop: Shop) -> list[tuple[int, int]]:
    """What the events say of bob: before, after."""
    with shop.app.database.reading() as tx:
        found = [event.data for event in read_after(tx, 0, limit=5000) if event.kind == CreditsSpent.kind]
    assert all(data["user_id"] == shop.bob.identity[0] for data in found)
    return [(data["before"], data["after"]) for data in found]


def test_a_fee_is_taken_once_and_stands_on_the_statement(shop: Shop) -> None:
    shop.grant("100")
    assert take(shop) is True
    assert take(shop) is False
    assert credits_of(shop) == (95, 0, 0)
    assert [line.amount for line in list_transactions(shop.app, shop.bob).items] == [-5, 100]
    assert spent(shop) == [(100, 95)]
    credits_are_covered(shop)


def test_a_fee_of_nothing_leaves_no_trace(shop: Shop) -> None:
    assert take(shop, 0) is False
    assert spent(shop) == []


def test_a_fee_that_is_not_covered_takes_nothing_and_says_where_to_buy(shop: Shop) -> None:
    shop.grant("3")
    with pytest.raises(FeeNotCovered, match="An upload costs 5 credits, and you have 3") as refusal:
        take(shop)
    assert refusal.value.facts["missing"] == 2
    assert refusal.value.facts["purchase_url"].endswith("/account/credits")
    assert credits_of(shop) == (3, 0, 0)
    assert spent(shop) == []


def test_a_key_stands_for_one_fee(shop: Shop) -> None:
    shop.grant("100")
    take(shop)
    with pytest.raises(KeyUsedOtherwise):
        take(shop, 6)
    assert credits_of(shop) == (95, 0, 0)


def test_every_way_in_which_credits_go_is_told_once(shop: Shop) -> None:
    shop.grant("5000")
    place(shop, "sinv_1", amount=30)
    capture(shop, "sinv_1")
    place(shop, "sinv_2", amount=70)
    release(shop, "sinv_2")
    shop.buy(rail="credits")
    assert spent(shop) == [(5000, 4970), (4970, 4900), (4970, 2070)]
    _take_back(shop, 2000)
    assert spent(shop)[-1] == (2070, 70)


def test_what_only_passes_through_within_one_transaction_was_not_spent(shop: Shop) -> None:
    shop.grant("10")
    _take_back(shop, 30)
    assert credits_of(shop) == (0, 0, 20)
    seen = spent(shop)
    shop.grant("50")
    assert credits_of(shop) == (30, 0, 0)
    assert spent(shop) == seen == [(10, 0)]


def _take_back(shop: Shop, amount: int) -> None:
    owner = shop.bob.identity[0]
    with shop.app.database.transaction() as tx:
        legs = legs_from(tx, owner, amount)
        now_ms = shop.clock.now_ms()
        post(tx, key=f"back:{amount}", kind="credit_returned", ref="inv_1", legs=legs, now_ms=now_ms)
