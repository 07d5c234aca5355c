"""An account at a glance: everything of it comes from the books, or is counted where it is queued."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.domain.accounts.errors import ScopeMissing
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.payments.account import get_account
from skillyard.domain.payments.errors import MonthIsFull
from skillyard.domain.payments.fees import take_fee
from skillyard.domain.payments.usage import count_calls
from skillyard.infra.clock import FixedClock
from tests.domain.payments.charging import place, release
from tests.domain.payments.shop import Shop, a_shop
from tests.makers import make_app


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    clock = FixedClock()
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    app = make_app(tmp_path, clock=clock, database_url=url, calls_per_month=3)
    shop = a_shop(app, clock)
    yield shop
    shop.check()
    app.close()


def test_the_last_movements_are_those_of_the_books(shop: Shop) -> None:
    shop.grant("5000")
    place(shop, "sinv_1", amount=30)
    release(shop, "sinv_1")
    with shop.app.database.transaction() as tx:
        take_fee(shop.app, tx, user_id=shop.bob.identity[0], credits=5, key="upload:1", why="Upload of bob/notes")
    shop.buy(rail="credits")
    found = get_account(shop.app, shop.bob)
    assert [(one.kind, one.credits) for one in found.last] == [
        ("spent", -2900), ("spent", -5), ("returned", 30), ("charged", -30), ("granted", 5000),
    ]  # fmt: skip
    assert found.last[1].why == "Upload of bob/notes"
    assert found.last[4].why == "a present"
    assert found.credits.available == sum(one.credits for one in found.last) == 2095
    for number in range(12):
        place(shop, f"sinv_x{number}", amount=1)
    assert len(get_account(shop.app, shop.bob).last) == 10


def test_calls_are_counted_by_the_month_up_to_the_limit(shop: Shop) -> None:
    def call(times: int = 1) -> None:
        with shop.app.database.transaction() as tx:
            count_calls(tx, shop.app, shop.bob, times=times)

    call(2)
    with pytest.raises(MonthIsFull) as refusal:
        call(2)
    assert refusal.value.facts["retry_after_s"] > 0
    usage = get_account(shop.app, shop.bob).usage
    assert (usage.calls, usage.limit) == (2, 3)
    call()
    with pytest.raises(MonthIsFull):
        call()
    shop.clock.move(seconds=32 * 24 * 3600)
    call()
    later = get_account(shop.app, shop.bob).usage
    assert (later.calls, later.month > usage.month) == (1, True)


def test_administrators_have_no_limit(shop: Shop) -> None:
    for _ in range(5):
        with shop.app.database.transaction() as tx:
            count_calls(tx, shop.app, shop.ada)
    found = get_account(shop.app, shop.ada)
    assert (found.tier, found.usage.calls, found.usage.limit) == ("administrator", 5, None)
    assert get_account(shop.app, shop.bob).tier == "standard"


def test_it_takes_a_token_that_reads(shop: Shop) -> None:
    with pytest.raises(ScopeMissing):
        get_account(shop.app, replace(shop.bob, scopes=frozenset({Scope.RUN})))
