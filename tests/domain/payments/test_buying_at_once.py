"""Many at the same moment: one buyer pays once, credits are not spent twice, and the books balance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skillyard.domain.payments.credits import get_credits
from skillyard.domain.payments.facts import apply_fact
from skillyard.domain.payments.invoices import cancel_invoice
from skillyard.domain.payments.model import Receipt
from skillyard.domain.payments.refunds import refund
from skillyard.domain.registry.sale import buy, set_price, set_sale
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import SkillyardError
from skillyard.infra.money import Asset
from skillyard.skill.names import SkillName
from tests.domain.payments.shop import Shop, a_shop
from tests.domain.payments.stripe_makers import an_app
from tests.makers import a_release
from tests.peers.stripe.peer import Peer


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, stripe_peer: Peer) -> Iterator[Shop]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    app = an_app(tmp_path, stripe_peer, database_url=url)
    assert isinstance(app.clock, FixedClock)
    shop = a_shop(app, app.clock)
    yield shop
    shop.check()
    app.close()


def at_once(*calls: Callable[[], object]) -> list[object]:
    """What each returned, or was refused with."""

    def one(call: Callable[[], object]) -> object:
        try:
            return call()
        except SkillyardError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def refused(results: list[object]) -> list[str]:
    return [result.code for result in results if isinstance(result, SkillyardError)]


def test_eight_clicks_on_buy_pay_once(shop: Shop) -> None:
    shop.grant("29000")
    results = at_once(*[lambda: shop.buy(rail="credits")] * 8)
    assert refused(results) == ["already_bought"] * 7
    assert get_credits(shop.app, shop.bob).available == 29000 - 2900


def test_eight_clicks_on_buy_open_one_invoice(shop: Shop, stripe_peer: Peer) -> None:
    results = at_once(*[lambda: shop.buy(rail="stripe")] * 8)
    assert not refused(results)
    assert len({one.invoice.id for one in results}) == 1  # type: ignore[attr-defined]
    assert sum(one.created for one in results) == 1  # type: ignore[attr-defined]
    assert len(list(stripe_peer.world.newest("checkout.session"))) == 1


def test_credits_for_one_skill_do_not_buy_five(shop: Shop) -> None:
    names = [SkillName("sal", f"other-{number}") for number in range(5)]
    for name in names:
        a_release(shop.app, shop.sal, str(name), visibility="private")
        set_sale(shop.app, shop.sal, name=name, is_for_sale=True)
        set_price(shop.app, shop.sal, name=name, mode="fixed_usd", amount="29.00")
    shop.grant("6000")
    results = at_once(*[lambda name=name: buy(shop.app, shop.bob, name=name, rail="credits") for name in names])
    assert refused(results) == ["credits_missing"] * 3
    assert get_credits(shop.app, shop.bob).available == 200


def test_one_payment_told_eight_times_and_a_cancellation_end_in_one_state(shop: Shop) -> None:
    invoice = shop.buy(rail="stripe").invoice
    receipt = Receipt(
        rail="stripe", reference="ch_1", asset=Asset.USD, amount=2900, fee=114, received_ms=shop.clock.now_ms(),
        invoice_id=invoice.id,
    )  # fmt: skip
    at_once(
        *[lambda: apply_fact(shop.app, receipt)] * 8,
        lambda: cancel_invoice(shop.app, shop.bob, invoice_id=invoice.id),
    )
    after = shop.invoice(invoice.id)
    assert (after.received, after.status.value) in ((2900, "paid"), (2900, "refund_due"))
    assert shop.balance() == ((2610, 0) if after.status.gives_access else (0, 0))


def test_eight_refunds_give_the_price_back_once(shop: Shop) -> None:
    shop.grant("2900")
    invoice = shop.buy(rail="credits").invoice
    results = at_once(*[lambda: refund(shop.app, shop.sal, invoice_id=invoice.id, reason="asked for")] * 8)
    assert len(refused(results)) == 7
    assert get_credits(shop.app, shop.bob).available == 2900
    assert shop.balance() == (0, 0)
