"""Refunds are not a way to anybody else's money."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.domain.payments.facts import apply_fact
from skillyard.domain.payments.model import InvoiceStatus, Receipt
from skillyard.domain.payments.payouts import request_payout
from skillyard.domain.payments.refunds import claim_refund, list_refunds, refund
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import SkillyardError
from skillyard.infra.money import Asset
from tests.domain.payments.shop import Shop, a_shop
from tests.makers import a_person, again, make_app

WALLET, BUYERS, THIEFS = ("0:" + pair * 32 for pair in ("cd", "ab", "ef"))


@pytest.fixture
def ton_shop(tmp_path: Path) -> Iterator[Shop]:
    clock = FixedClock(1_800_000_000_000)
    app = make_app(tmp_path, clock=clock, ton_wallet_address=WALLET)
    shop = a_shop(app, clock, usd=None, ton="10.000000000")
    yield shop
    shop.check()
    app.close()


def narrowed(shop: Shop, caller: Caller, scopes: Iterable[Scope]) -> Caller:
    made = create_token(shop.app, again(shop.app, caller), name="narrow", scopes=set(scopes))
    return authenticate(shop.app, made.secret)


def paid_in_ton(shop: Shop) -> str:
    invoice = shop.buy().invoice
    apply_fact(
        shop.app,
        Receipt(
            rail="ton", reference=f"{WALLET}:1:{invoice.id}", asset=Asset.TON, amount=invoice.amount,
            received_ms=shop.clock.now_ms(), memo=invoice.memo, payer=BUYERS,
        ),
    )  # fmt: skip
    return invoice.id


@pytest.mark.parametrize("scopes", [{Scope.READ}, {Scope.PUBLISH}, {Scope.READ, Scope.PUBLISH}])
def test_a_token_that_may_only_read_or_publish_gives_no_money_back(shop: Shop, scopes: set[Scope]) -> None:
    shop.grant("2900")
    invoice = shop.buy(rail="credits").invoice
    with pytest.raises(SkillyardError):
        refund(shop.app, narrowed(shop, shop.sal, scopes), invoice_id=invoice.id, reason="mine")
    assert shop.invoice(invoice.id).status is InvoiceStatus.PAID


def test_a_seller_does_not_say_where_a_buyers_money_goes(ton_shop: Shop) -> None:
    shop, invoice_id = ton_shop, paid_in_ton(ton_shop)
    try:
        made = refund(shop.app, shop.sal, invoice_id=invoice_id, reason="sorry", address=THIEFS)
    except SkillyardError:
        return
    assert THIEFS not in [one.to_address for one in made]


def test_a_seller_who_was_paid_out_cannot_give_back_what_is_not_theirs_any_more(shop: Shop) -> None:
    """Else two accounts of one person take the same money twice: as a payout, and as a refund of ours."""
    shop.grant("2900")
    invoice = shop.buy(rail="credits").invoice
    shop.later(days=8)
    request_payout(shop.app, shop.sal, amount="26.10", asset=Asset.USD, kind="credits")
    with pytest.raises(SkillyardError):
        refund(shop.app, shop.sal, invoice_id=invoice.id, reason="sorry")
    assert shop.invoice(invoice.id).status is InvoiceStatus.PAID
    refund(shop.app, shop.ada, invoice_id=invoice.id, reason="an administrator may")


def test_what_a_referrer_was_paid_out_is_not_lost_by_a_sellers_refund(shop: Shop) -> None:
    rex = a_person(shop.app, "rex")
    shop.grant("2900")
    invoice = shop.buy(rail="credits", referral_code="rex").invoice
    shop.later(days=8)
    request_payout(shop.app, rex, amount="1.45", asset=Asset.USD, kind="credits")
    with pytest.raises(SkillyardError):
        refund(shop.app, shop.sal, invoice_id=invoice.id, reason="sorry")


def test_a_seller_does_not_learn_the_wallet_that_a_buyer_claims_to(ton_shop: Shop) -> None:
    shop, invoice_id = ton_shop, paid_in_ton(ton_shop)
    refund(shop.app, shop.sal, invoice_id=invoice_id, reason="sorry")
    claim_refund(shop.app, shop.bob, invoice_id=invoice_id, address=BUYERS)
    seen = {who: list_refunds(shop.app, caller, invoice_id=invoice_id)[0].to_address for who, caller in (
        ("buyer", shop.bob), ("seller", shop.sal), ("administrator", shop.ada),
    )}  # fmt: skip
    assert seen == {"buyer": BUYERS, "seller": None, "administrator": BUYERS}


def test_the_same_money_cannot_be_claimed_twice(ton_shop: Shop) -> None:
    shop, invoice_id = ton_shop, paid_in_ton(ton_shop)
    refund(shop.app, shop.sal, invoice_id=invoice_id, reason="sorry")
    claim_refund(shop.app, shop.bob, invoice_id=invoice_id, address=BUYERS)
    for caller in (shop.bob, shop.ada):
        with pytest.raises(SkillyardError):
            claim_refund(shop.app, caller, invoice_id=invoice_id, address=THIEFS)
    with pytest.raises(SkillyardError):
        refund(shop.app, shop.ada, invoice_id=invoice_id, reason="again", address=THIEFS)
