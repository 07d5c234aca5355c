"""What every way to pay must do, whichever files are in `rails/`: each against whoever stands behind it."""

from __future__ import annotations

import importlib
import json
import pkgutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import pytest

from skillyard.app import App, build
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments import jobs, ledger
from skillyard.domain.payments import rails as rails_folder
from skillyard.domain.payments.advance_payouts import advance_all
from skillyard.domain.payments.errors import NotWithThisRail, RailNotReady, WebhookNotValid
from skillyard.domain.payments.invoices import get_invoice
from skillyard.domain.payments.model import (
    Invoice,
    InvoiceStatus,
    Payout,
    PayoutStatus,
    PriceMode,
    Receipt,
    Refund,
    RefundStatus,
)
from skillyard.domain.payments.payout_model import PAID_IN
from skillyard.domain.payments.payouts import get_payout, request_payout
from skillyard.domain.payments.rail import Outcome, Rail, get_ready_rail, rails
from skillyard.domain.payments.refunds import list_refunds, refund
from skillyard.domain.registry.sale import buy, set_price, set_sale
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import Unavailable, Upstream
from skillyard.infra.ids import new_id
from skillyard.infra.money import Asset
from skillyard.settings import Settings
from skillyard.skill.names import SkillName
from tests.contracts.providers import Provider
from tests.makers import a_person, a_release, make_app

RAILS = sorted(rails().values(), key=lambda rail: rail.name)
ITEM = SkillName("sal", "report")
PAYOUTS = {Asset.USD: "20.00", Asset.TON: "4"}


@pytest.fixture(scope="module", params=RAILS, ids=lambda rail: rail.name)
def rail(request: pytest.FixtureRequest) -> Rail:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def provider(rail: Rail) -> Iterator[Provider]:
    """A rail that nobody plays is not tested: write `tests/contracts/providers/NAME.py` for it."""
    with importlib.import_module(f"tests.contracts.providers.{rail.name}").a_provider() as provider:
        yield provider


@dataclass
class Shop:
    """`sal` sells sal/report for 29 dollars or 5 TON; `bob` buys."""

    app: App
    rail: Rail
    provider: Provider
    admin: Caller
    sal: Caller
    bob: Caller

    def buy(self) -> Invoice:
        self.provider.welcome(self.app, self.admin, self.bob)
        return buy(self.app, self.bob, name=ITEM, rail=self.rail.name).invoice

    def bought(self) -> Invoice:
        invoice = self.buy()
        self.provider.pay(invoice)
        self.work()
        return self.now(invoice)

    def now(self, invoice: Invoice) -> Invoice:
        return get_invoice(self.app, self.admin, invoice_id=invoice.id)

    def work(self, rounds: int = 1) -> None:
        """A minute goes by, and what runs by itself runs."""
        for _ in range(rounds):
            assert isinstance(self.app.clock, FixedClock)
            self.app.clock.move(seconds=60)
            self.provider.move(60)
            for run in (jobs.look_at_invoices, jobs.sweep_rails, jobs.go_on_with_refunds, jobs.mature_sales):
                run(self.app)
            advance_all(self.app)

    def with_settings(self, **settings: object) -> App:
        """The same server under other settings."""
        return build(Settings(**{**self.app.settings.model_dump(), **settings}), clock=self.app.clock)


@pytest.fixture
def shop(rail: Rail, provider: Provider, tmp_path: Path) -> Iterator[Shop]:
    provider.move(0)
    clock = FixedClock(int(time.time() * 1000))
    app = make_app(tmp_path, clock=clock, maturity_days=0, payout_cooling_hours=0, **provider.settings)
    admin, sal, bob = (a_person(app, name) for name in ("ada", "sal", "bob"))
    a_release(app, sal, str(ITEM), visibility="private")
    set_sale(app, sal, name=ITEM, is_for_sale=True)
    set_price(app, sal, name=ITEM, mode="fixed_usd", amount="29.00")
    set_price(app, sal, name=ITEM, mode="fixed_ton", amount="5")
    yield Shop(app, rail, provider, admin, sal, bob)
    with app.database.reading() as tx:
        assert ledger.examine(tx) == []
    app.close()


def test_every_file_is_a_rail_of_the_same_name() -> None:
    files = {found.name for found in pkgutil.iter_modules(rails_folder.__path__)}
    assert files == {rail.name for rail in RAILS}


def test_it_is_ready_only_once_it_is_set_up(rail: Rail, provider: Provider, tmp_path: Path) -> None:
    bare = make_app(tmp_path)
    if rail.is_internal:
        assert rail.is_ready(bare)
    else:
        assert not rail.is_ready(bare)
        with pytest.raises(RailNotReady):
            get_ready_rail(bare, rail.name)
    bare.close()


def test_it_takes_a_price_in_an_asset_that_stays_the_same(rail: Rail) -> None:
    assets = {mode: rail.asset_for(mode) for mode in get_args(PriceMode)}
    assert any(assets.values())
    assert assets == {mode: rail.asset_for(mode) for mode in get_args(PriceMode)}


def test_memos_are_never_the_same(rail: Rail) -> None:
    memos = [rail.new_memo() for _ in range(500)]
    assert set(memos) == {None} or len(set(memos)) == 500


def test_an_invoice_is_opened_once_and_owes_until_it_is_paid(shop: Shop) -> None:
    if shop.rail.is_internal:
        return
    invoice = shop.buy()
    assert invoice.status is InvoiceStatus.OPEN
    assert invoice.pay_to.checkout_url or invoice.pay_to.address
    assert shop.rail.open_invoice(shop.app, invoice) == invoice.pay_to
    assert [fact for fact in shop.rail.look(shop.app, invoice) if isinstance(fact, Receipt)] == []
    shop.work()
    assert shop.now(invoice).status is InvoiceStatus.OPEN


def test_what_was_paid_is_found_by_looking_and_by_sweeping_and_counts_once(shop: Shop) -> None:
    invoice = shop.buy()
    shop.provider.pay(invoice)
    if not shop.rail.is_internal:
        looked = receipts(shop.rail.look(shop.app, invoice))
        swept = receipts(shop.rail.sweep(shop.app, None)[0])
        (receipt,) = [one for one in looked if one.invoice_id == invoice.id or one.memo == invoice.memo]
        assert (receipt.asset, receipt.amount, receipt.rail) == (invoice.asset, invoice.amount, shop.rail.name)
        assert receipt.reference in {one.reference for one in swept}
        assert looked == receipts(shop.rail.look(shop.app, invoice))
    shop.work(rounds=2)
    paid = shop.now(invoice)
    assert (paid.status, paid.received) == (InvoiceStatus.PAID, invoice.amount)


def test_a_refund_goes_back_once_however_often_it_is_sent(shop: Shop) -> None:
    invoice = shop.bought()
    before = shop.provider.given_back(shop.app, shop.bob)
    refund(shop.app, shop.admin, invoice_id=invoice.id, reason="a test", address=shop.provider.buyer_address)
    shop.work(rounds=3)
    assert shop.now(invoice).status is InvoiceStatus.REFUNDED
    assert shop.provider.given_back(shop.app, shop.bob) - before == invoice.amount
    for made in list_refunds(shop.app, shop.admin, invoice_id=invoice.id):
        assert made.status is RefundStatus.PAID
        first = shop.rail.find_refund(shop.app, made)
        assert first.state == "paid"
        assert shop.rail.refund(shop.app, made).state != "failed"
        assert shop.rail.find_refund(shop.app, made) == first
    assert shop.provider.given_back(shop.app, shop.bob) - before == invoice.amount


def test_a_payout_arrives_once_however_often_it_is_sent(shop: Shop) -> None:
    shop.bought()
    shop.provider.enrol(shop.app, shop.sal)
    asset = PAID_IN[shop.rail.name]  # type: ignore[index]
    before = shop.provider.received(shop.app, shop.sal)
    asked = request_payout(shop.app, shop.sal, amount=PAYOUTS[asset], asset=asset, kind=shop.rail.name)
    for _ in range(8):
        payout, _ = get_payout(shop.app, shop.sal, payout_id=asked.id)
        if payout.status is PayoutStatus.PAID:
            break
        shop.work()
    assert payout.status is PayoutStatus.PAID, payout
    arrived = shop.provider.received(shop.app, shop.sal) - before
    assert arrived == payout.amount - (payout.fee if payout.asset is Asset.USD else 0)
    if not shop.rail.is_internal:
        shop.rail.send_payout(shop.app, payout)
        assert shop.rail.find_payout(shop.app, payout).state == "paid"
    assert shop.provider.received(shop.app, shop.sal) - before == arrived


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff\xfe", b'{"id": "evt_1"}', b"[" * 10_000])
@pytest.mark.parametrize("headers", [{}, {"stripe-signature": "t=1,v1=0"}, {"x-signature": "é"}])
def test_an_event_without_a_good_signature_is_refused(shop: Shop, headers: dict[str, str], body: bytes) -> None:
    with pytest.raises((WebhookNotValid, NotWithThisRail)):
        shop.rail.read_event(shop.app, headers, body)


def test_a_provider_that_is_away_is_never_taken_for_a_no(shop: Shop) -> None:
    if shop.rail.is_internal:
        return
    invoice = shop.bought()
    away = shop.with_settings(**shop.provider.away)
    _, cursor = shop.rail.sweep(shop.app, None)
    for ask in (lambda: shop.rail.look(away, invoice), lambda: shop.rail.sweep(away, cursor)):
        with pytest.raises((Upstream, Unavailable)) as refused:
            ask()
        assert_silent(shop.provider, str(refused.value) + refused.value.advice + str(refused.value.facts))
    sent = Refund(
        id=new_id("ref"), invoice_id=invoice.id, buyer_id=invoice.buyer_id, rail=shop.rail.name,
        receipt_reference="x", asset=invoice.asset, amount=invoice.amount, to_address=shop.provider.buyer_address,
        status=RefundStatus.SUBMITTING, attempt=1, prepared=None, reference=None, reason="a test", why="",
        requested_ms=0,
    )  # fmt: skip
    sent = replace(sent, prepared=shop.rail.prepare_refund(shop.app, sent))
    paying = Payout(
        id=new_id("po"), user_id="usr_s", rail=shop.rail.name, method_id="pm_1",
        destination=shop.provider.buyer_address or "acct_1", asset=PAID_IN[shop.rail.name],  # type: ignore[index]
        amount=1000, fee=0, status=PayoutStatus.SUBMITTING, attempt=1, prepared=None, reference=None, why="",
        requested_ms=0, updated_ms=0,
    )  # fmt: skip
    paying = replace(paying, prepared=shop.rail.prepare_payout(shop.app, paying))
    for outcome in (
        shop.rail.refund(away, sent), shop.rail.find_refund(away, sent),
        shop.rail.send_payout(away, paying), shop.rail.find_payout(away, paying),
    ):  # fmt: skip
        assert_unknown(outcome)
        assert_silent(shop.provider, outcome.why)
    away.close()


def test_doctor_hears_what_is_wrong_and_no_secret(shop: Shop) -> None:
    good = shop.rail.check(shop.app)
    assert good
    assert all(check.name and check.detail for check in good)
    away = shop.with_settings(**shop.provider.away)
    bad = shop.rail.check(away)
    if not shop.rail.is_internal:
        assert any(not check.ok and check.hint for check in bad)
    for check in [*good, *bad]:
        assert_silent(shop.provider, check.detail + check.hint)
    away.close()


def receipts(facts: object) -> list[Receipt]:
    return [fact for fact in facts if isinstance(fact, Receipt)]  # type: ignore[attr-defined]


def assert_unknown(outcome: Outcome) -> None:
    assert outcome.state == "unknown"


def assert_silent(provider: Provider, said: str) -> None:
    assert not [secret for secret in provider.secrets if secret in json.dumps(said)]
