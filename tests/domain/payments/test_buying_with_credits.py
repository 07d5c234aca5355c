"""A shop that works with no outside account: credits, which administrators grant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.payments.credits import get_credits, grant_credits
from skillyard.domain.payments.entitlements import grant_access, list_holders, revoke_access
from skillyard.domain.payments.errors import (
    AlreadyBought,
    CreditsMissing,
    InvoiceNotFound,
    KeyUsedOtherwise,
    NotForSale,
    NothingToRefund,
    NotTheSeller,
    OwnItem,
    PriceModeIncompatible,
    PurchaseRequired,
    RailNotReady,
    ReferralCodeUnknown,
    ReferralNotAllowed,
)
from skillyard.domain.payments.invoices import get_invoice
from skillyard.domain.payments.model import InvoiceStatus
from skillyard.domain.payments.purchases import list_bought, list_sales
from skillyard.domain.payments.refunds import refund
from skillyard.domain.registry.download import find_archive, find_open_archive
from skillyard.domain.registry.errors import BlobNotFound, SkillNotFound
from skillyard.domain.registry.files import get_file, list_files
from skillyard.domain.registry.releases import get_release
from skillyard.domain.registry.resolve import resolve_closure
from skillyard.domain.registry.sale import buy, get_sale, set_price, set_sale
from skillyard.domain.registry.search import search
from skillyard.domain.registry.skill import get_skill
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import Forbidden
from skillyard.infra.money import AmountNotValid
from tests.domain.payments.shop import REPORT, Shop, a_shop
from tests.makers import a_person, a_release, again, indexed, make_app


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    clock = FixedClock()
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    app = make_app(tmp_path, clock=clock, database_url=url)
    shop = a_shop(app, clock)
    yield shop
    shop.check()
    app.close()


def test_credits_buy_at_once_and_the_price_is_shared(shop: Shop) -> None:
    shop.grant("3000")
    bought = shop.buy()
    assert (bought.created, bought.invoice.status, bought.invoice.rail) == (True, InvoiceStatus.PAID, "credits")
    assert get_credits(shop.app, shop.bob).available == 100
    assert shop.balance() == (2610, 0)
    shop.later(days=7)
    assert shop.balance() == (0, 2610)
    page, total = list_sales(shop.app, shop.sal)
    assert (total, page.items[0].sale.price, page.items[0].buyer and page.items[0].buyer.username) == (1, 2900, "bob")
    assert [one.item for one in list_bought(shop.app, shop.bob).items] == ["sal/report"]


def test_without_enough_credits_nothing_is_bought_and_no_invoice_is_left(shop: Shop) -> None:
    shop.grant("2899")
    with pytest.raises(CreditsMissing, match="2900 credits, and you have 2899"):
        shop.buy()
    assert get_credits(shop.app, shop.bob).available == 2899
    with shop.app.database.reading() as tx:
        assert tx.one("SELECT count(*) AS n FROM invoices")["n"] == 0  # type: ignore[index]


def test_a_private_skill_for_sale_shows_its_page_and_withholds_its_content(shop: Shop) -> None:
    app, stranger = shop.app, ANONYMOUS
    page = get_skill(app, stranger, name=REPORT)
    assert page.skill.description == "Writes reports."
    assert page.latest is not None
    assert page.latest.readme == ""
    assert get_release(app, stranger, name=REPORT, version="1.0.0").description == ""
    assert get_sale(app, stranger, name=REPORT).selling_text.endswith("In three formats.")
    with pytest.raises(PurchaseRequired, match="sal/report"):
        find_archive(app, stranger, name=REPORT, version="1.0.0")
    with pytest.raises(PurchaseRequired):
        list_files(app, stranger, name=REPORT, version="1.0.0")
    with pytest.raises(PurchaseRequired):
        get_file(app, shop.bob, name=REPORT, version="1.0.0", path="SKILL.md")
    with pytest.raises(PurchaseRequired):
        resolve_closure(app, shop.bob, requirements={"sal/report": "*"}, locked={})
    with pytest.raises(BlobNotFound):
        find_open_archive(app, sha256=page.latest.archive.sha256)
    (found,) = search(indexed(app), stranger, text="reports").items
    assert found.skill.description == "Writes reports."
    assert not search(app, stranger, text="PDF work").items


def test_who_bought_it_has_all_of_it_also_when_it_is_no_longer_sold(shop: Shop) -> None:
    app = shop.app
    shop.grant("2900")
    shop.buy()
    for is_for_sale in (True, False):
        set_sale(app, shop.sal, name=REPORT, is_for_sale=is_for_sale)
        latest = get_skill(app, shop.bob, name=REPORT).latest
        assert latest is not None
        assert "The paid text" in latest.readme
        assert find_archive(app, shop.bob, name=REPORT, version="latest").name == "sal/report"
        assert resolve_closure(app, shop.bob, requirements={"sal/report": "*"}, locked={}).roots
    with pytest.raises(SkillNotFound):
        get_skill(app, ANONYMOUS, name=REPORT)


def test_a_public_skill_for_sale_can_be_read_and_must_be_bought_to_be_taken(shop: Shop) -> None:
    app = shop.app
    release = a_release(app, shop.sal, "sal/open", visibility="public", body="# Free to read")
    assert find_open_archive(app, sha256=release.archive.sha256)
    name = REPORT.parse("sal/open")
    set_price(app, shop.sal, name=name, mode="fixed_usd", amount="1.00")
    set_sale(app, shop.sal, name=name, is_for_sale=True)
    latest = get_skill(app, ANONYMOUS, name=name).latest
    assert latest is not None
    assert "Free to read" in latest.readme
    with pytest.raises(BlobNotFound):
        find_open_archive(app, sha256=release.archive.sha256)
    with pytest.raises(PurchaseRequired):
        find_archive(app, ANONYMOUS, name=name, version="1.0.0")
    set_sale(app, shop.sal, name=name, is_for_sale=False)
    assert find_open_archive(app, sha256=release.archive.sha256)


def test_what_depends_on_a_paid_skill_asks_for_it(shop: Shop) -> None:
    a_release(shop.app, shop.sal, "sal/free", visibility="public", dependencies={"sal/report": "^1.0.0"})
    with pytest.raises(PurchaseRequired, match="sal/report"):
        resolve_closure(shop.app, shop.bob, requirements={"sal/free": "*"}, locked={})
    shop.grant("2900")
    shop.buy()
    assert len(resolve_closure(shop.app, shop.bob, requirements={"sal/free": "*"}, locked={}).packages) == 2


def test_nobody_buys_what_is_theirs_or_was_bought_or_is_not_sold(shop: Shop) -> None:
    shop.grant("9000")
    with pytest.raises(OwnItem):
        shop.buy(shop.sal)
    shop.buy()
    with pytest.raises(AlreadyBought):
        shop.buy()
    a_release(shop.app, shop.sal, "sal/other", visibility="public")
    with pytest.raises(NotForSale):
        buy(shop.app, shop.bob, name=REPORT.parse("sal/other"))


def test_only_owners_sell(shop: Shop) -> None:
    with pytest.raises(Forbidden):
        set_sale(shop.app, a_person(shop.app, "eve"), name=REPORT, is_for_sale=False)
    with pytest.raises(Forbidden):
        set_price(shop.app, shop.bob, name=REPORT, mode="fixed_usd", amount="0.01")


@pytest.mark.parametrize(
    "amount", ["", "0", "0.00", "-1", "1e3", "29.001", "29,00", " 29", "\u0661", "1" * 30, 29, 29.0, None]
)
def test_wrong_prices_are_refused(shop: Shop, amount: object) -> None:
    with pytest.raises(AmountNotValid):
        set_price(shop.app, shop.sal, name=REPORT, mode="fixed_usd", amount=amount)  # type: ignore[arg-type]


def test_ways_to_pay_that_do_not_fit_are_refused(shop: Shop) -> None:
    with pytest.raises(RailNotReady):
        shop.buy(rail="stripe")
    a_release(shop.app, shop.sal, "sal/ton-only", visibility="private")
    name = REPORT.parse("sal/ton-only")
    set_sale(shop.app, shop.sal, name=name, is_for_sale=True)
    set_price(shop.app, shop.sal, name=name, mode="fixed_ton", amount="2.5")
    with pytest.raises(PriceModeIncompatible):
        buy(shop.app, shop.bob, name=name, rail="credits")


def test_who_recommends_a_sale_has_a_share_of_the_fee(shop: Shop) -> None:
    eve = a_person(shop.app, "eve")
    shop.grant("2900")
    for code, refusal in (("nobody", ReferralCodeUnknown), ("bob", ReferralNotAllowed), ("sal", ReferralNotAllowed)):
        with pytest.raises(refusal):
            shop.buy(referral_code=code)
    shop.buy(referral_code="eve")
    assert shop.balance() == (2610, 0)
    assert shop.balance(eve) == (145, 0)
    shop.later(days=8)
    assert shop.balance(eve) == (0, 145)


def test_a_refund_gives_the_credits_back_and_ends_the_access(shop: Shop) -> None:
    shop.grant("2900")
    invoice = shop.buy(referral_code="ada").invoice
    with pytest.raises(NotTheSeller):
        refund(shop.app, shop.bob, invoice_id=invoice.id, reason="mine")
    with pytest.raises(InvoiceNotFound):
        refund(shop.app, a_person(shop.app, "eve"), invoice_id=invoice.id, reason="mine")
    refund(shop.app, shop.sal, invoice_id=invoice.id, reason="a part", amount="9.99")
    assert shop.invoice(invoice.id).status is InvoiceStatus.PARTIALLY_REFUNDED
    assert find_archive(shop.app, shop.bob, name=REPORT, version="latest")
    with pytest.raises(NothingToRefund):
        refund(shop.app, shop.sal, invoice_id=invoice.id, reason="too much", amount="19.02")
    shop.later(days=7)
    refund(shop.app, shop.sal, invoice_id=invoice.id, reason="the rest")
    assert shop.invoice(invoice.id).status is InvoiceStatus.REFUNDED
    assert get_credits(shop.app, shop.bob).available == 2900
    assert shop.balance() == (0, 0)
    with pytest.raises(PurchaseRequired):
        find_archive(shop.app, shop.bob, name=REPORT, version="latest")
    assert shop.buy().invoice.id != invoice.id


def test_an_invoice_is_for_its_buyer_only(shop: Shop) -> None:
    shop.grant("2900")
    invoice = shop.buy().invoice
    assert get_invoice(shop.app, shop.bob, invoice_id=invoice.id) == invoice
    with pytest.raises(InvoiceNotFound):
        get_invoice(shop.app, shop.sal, invoice_id=invoice.id)


def test_access_can_be_granted_and_taken_back_but_not_what_was_bought(shop: Shop) -> None:
    eve = a_person(shop.app, "eve")
    grant_access(shop.app, shop.sal, item="sal/report", username="eve")
    assert find_archive(shop.app, eve, name=REPORT, version="latest")
    assert [one.username for one in list_holders(shop.app, shop.sal, item="sal/report")] == ["eve"]
    assert revoke_access(shop.app, shop.sal, item="sal/report", username="eve")
    with pytest.raises(PurchaseRequired):
        find_archive(shop.app, again(shop.app, eve), name=REPORT, version="latest")
    shop.grant("2900")
    shop.buy()
    assert not revoke_access(shop.app, shop.sal, item="sal/report", username="bob")
    assert find_archive(shop.app, shop.bob, name=REPORT, version="latest")


def test_a_grant_with_the_same_key_gives_once(shop: Shop) -> None:
    for _ in range(2):
        grant_credits(shop.app, shop.ada, username="bob", amount="5", key="monday")
    assert get_credits(shop.app, shop.bob).available == 5
    with pytest.raises(KeyUsedOtherwise):
        grant_credits(shop.app, shop.ada, username="bob", amount="6", key="monday")
    with pytest.raises(Forbidden):
        grant_credits(shop.app, shop.bob, username="bob", amount="6")
