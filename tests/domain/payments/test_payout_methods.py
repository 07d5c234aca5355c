"""Where sellers want their money: right wallets, nobody else's accounts, and time to notice a thief."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pytoniq_core import Address

from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.errors import TokenTooNarrow
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.accounts.people import suspend_user
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.domain.payments.advance_payouts import advance_all
from skillyard.domain.payments.model import ConnectAccount, PayoutStatus
from skillyard.domain.payments.payout_errors import ConnectAccountNotYours, LabelNotAcceptable
from skillyard.domain.payments.payout_methods import list_payout_methods, set_stripe_account, set_ton_wallet
from skillyard.domain.payments.payouts import request_payout
from skillyard.domain.payments.store import connect as accounts
from skillyard.domain.payments.ton.address import WalletNotValid
from skillyard.infra.errors import Unauthenticated
from skillyard.infra.events import read_after
from skillyard.infra.money import Asset
from tests.domain.payments.sellers import TON, Market

RAW = "0:" + "5e" * 32
OTHER = "0:" + "6f" * 32


def shown(raw: str = RAW, **form: Any) -> str:
    """The address as TON's own library writes it."""
    return str(Address(raw).to_str(**form))


WRONG_CHECKSUM = shown()[:-1] + ("A" if shown()[-1] != "A" else "B")


FORMS = [
    RAW,
    RAW.upper(),
    f"  {RAW} ",
    shown(is_bounceable=True),
    shown(is_bounceable=False),
    shown(is_bounceable=False, is_url_safe=False),
]
WRONG = [
    "", " ", WRONG_CHECKSUM, shown()[:-1], shown(is_test_only=True), shown("-1:" + "5e" * 32), "0:" + "00" * 32,
    "0:" + "5e" * 31, "acct_1", "EQ" + "é" * 46, "x" * 100_000,
]  # fmt: skip


def test_a_wallet_in_every_form_is_the_same_wallet(market: Market) -> None:
    seller = market.seller()
    made = [set_ton_wallet(market.app, seller, address=address) for address in FORMS]
    assert {(method.id, method.kind, method.status) for method in made} == {(made[0].id, "ton", "active")}
    assert made[0].ton_wallet_address == shown(is_bounceable=False)


def test_a_wrong_wallet_is_refused(market: Market) -> None:
    seller = market.seller()
    for address in WRONG:
        with pytest.raises(WalletNotValid):
            set_ton_wallet(market.app, seller, address=address)
    assert [method.kind for method in list_payout_methods(market.app, seller)] == ["credits"]


def test_another_wallet_replaces_the_one_before(market: Market) -> None:
    seller = market.seller()
    before = set_ton_wallet(market.app, seller, address=RAW)
    market.clock.move(seconds=1)
    after = set_ton_wallet(market.app, seller, address=OTHER)
    assert after.id != before.id
    assert [method.id for method in list_payout_methods(market.app, seller) if method.kind == "ton"] == [after.id]


def test_a_payout_that_was_asked_for_keeps_the_wallet_of_then(market: Market) -> None:
    seller = market.seller(ton=50 * TON)
    set_ton_wallet(market.app, seller, address=RAW)
    payout = request_payout(market.app, seller, amount="25", asset=Asset.TON, kind="ton")
    set_ton_wallet(market.app, seller, address=OTHER)
    advance_all(market.app)
    paid = market.payout(payout)
    assert (paid.status, paid.destination) == (PayoutStatus.PAID, RAW)


def test_every_new_wallet_cools_and_the_same_one_again_does_not_begin_anew(market: Market) -> None:
    settings = market.app.settings.model_copy(update={"payout_cooling_hours": 24})
    app = replace(market.app, settings=settings)
    seller = market.seller()
    assert set_ton_wallet(app, seller, address=RAW).status == "cooling"
    market.clock.move(seconds=24 * 3600)
    assert set_ton_wallet(app, seller, address=RAW).status == "active"
    assert set_ton_wallet(app, seller, address=OTHER).status == "cooling"
    assert set_ton_wallet(app, seller, address=RAW).status == "cooling"


def test_credits_are_always_there(market: Market) -> None:
    [method] = list_payout_methods(market.app, market.seller())
    assert (method.kind, method.status, method.created_ms) == ("credits", "active", market.clock.now_ms())


def test_an_account_with_stripe_must_be_the_callers_own(market: Market) -> None:
    seller, other = market.seller(), market.seller("eve")
    with market.app.database.transaction() as tx:
        account = ConnectAccount(account_id="acct_1", user_id=str(seller.user_id), status="active")
        assert accounts.add(tx, account)
        assert not accounts.add(tx, replace(account, user_id=str(other.user_id))), "an account is one person's"
    for caller, account_id in ((other, "acct_1"), (other, "acct_none"), (seller, "acct_none"), (seller, "")):
        with pytest.raises(ConnectAccountNotYours):
            set_stripe_account(market.app, caller, account_id=account_id)
    method = set_stripe_account(market.app, seller, account_id="acct_1", label="Main account")
    assert (method.kind, method.status, method.stripe_account_id) == ("stripe", "active", "acct_1")
    assert method.stripe_account_label == "Main account"
    renamed = set_stripe_account(market.app, seller, account_id="acct_1")
    assert (renamed.id, renamed.stripe_account_label) == (method.id, "Stripe Express")


def test_a_label_is_one_short_line(market: Market) -> None:
    seller = market.seller()
    for label in ("x" * 101, "a\x00b", "a\nb", "\x1b[31m"):
        with pytest.raises(LabelNotAcceptable):
            set_stripe_account(market.app, seller, account_id="acct_1", label=label)


def test_only_a_token_with_full_access_says_where_money_goes(market: Market) -> None:
    seller = market.seller()
    made = create_token(market.app, seller, name="narrow", scopes=[Scope.READ, Scope.MANAGE], expires_in_days=1)
    with pytest.raises(TokenTooNarrow):
        set_ton_wallet(market.app, authenticate(market.app, made.secret), address=RAW)
    with pytest.raises(Unauthenticated):
        list_payout_methods(market.app, ANONYMOUS)


def test_a_change_is_told_without_the_address(market: Market) -> None:
    seller = market.seller()
    set_ton_wallet(market.app, seller, address=RAW)
    with market.app.database.reading() as tx:
        [told] = [event for event in read_after(tx, 0) if event.kind == "payout_method.changed"]
    assert (told.data["user_id"], told.data["method_kind"]) == (seller.user_id, "ton")
    assert "5e5e" not in str(told.data)


def test_a_suspended_seller_is_paid_nothing_until_restored(market: Market) -> None:
    admin = market.admin()
    seller = market.with_wallet(market.seller(), ton=50 * TON)
    payout = request_payout(market.app, seller, amount="25", asset=Asset.TON, kind="ton")
    suspend_user(market.app, admin, username="sal")
    advance_all(market.app)
    waiting = market.payout(payout)
    assert (waiting.status, waiting.why) == (PayoutStatus.APPROVED, "the seller is suspended")
    assert "send" not in market.bank.calls
