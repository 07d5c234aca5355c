"""TON as a way to pay: what a buyer is told, how payouts and refunds are repeated, and what doctor says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from skillyard.app import App
from skillyard.domain.payments.model import (
    Invoice,
    InvoiceStatus,
    Payout,
    PayoutStatus,
    PayTo,
    Price,
    Receipt,
    Refund,
    RefundStatus,
)
from skillyard.domain.payments.rail import Check, get_rail, ready_rails
from skillyard.domain.payments.rails.ton import RAIL
from skillyard.domain.payments.rates import set_rate
from skillyard.domain.payments.ton.address import WalletNotValid, show_address
from skillyard.domain.payments.ton.memo import new_memo, read_memo
from skillyard.domain.payments.ton.set_up import TonNotSetUp, set_up_of
from skillyard.domain.payments.ton.wallet import TonWordsNotValid
from skillyard.infra.errors import SkillyardError
from skillyard.infra.ids import new_id
from skillyard.infra.money import Asset
from tests.makers import a_person, make_app
from tests.peers.ton.driver import WALLET_WORDS, TonPeer

TON = 10**9
BUYER, SELLER = "0:" + "b0" * 32, "0:" + "5e" * 32
OTHER_WALLET = "UQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqEBI"


@pytest.fixture
def app(tmp_path: Path, ton_peer: TonPeer) -> Iterator[App]:
    made = make_app(
        tmp_path, ton_api_url=ton_peer.url + "/", ton_wallet_words=WALLET_WORDS, outbound_http_loopback=True
    )
    yield made
    made.close()


def an_invoice(app: App, *, amount: int = TON, memo: str | None = None) -> Invoice:
    now_ms = app.clock.now_ms()
    price = Price(id=new_id("prc"), item="ada/pdf", mode="fixed_ton", amount=amount, created_ms=now_ms)
    return Invoice(
        id=new_id("inv"), item="ada/pdf", buyer_id="usr_b", seller_id="usr_s", rail="ton", price=price, asset=Asset.TON,
        amount=amount, quote=None, memo=memo or RAIL.new_memo(), attempt=1, pay_to=PayTo(), status=InvoiceStatus.DRAFT,
        referrer_id=None, fee_bps=1000, referral_bps=500, received=0, created_ms=now_ms, expires_ms=now_ms + 1,
        paid_ms=None,
    )  # fmt: skip


def a_refund(*, to_address: str | None = BUYER) -> Refund:
    return Refund(
        id=new_id("ref"), invoice_id="inv_1", buyer_id="usr_b", rail="ton", receipt_reference="x", asset=Asset.TON,
        amount=TON, to_address=to_address, status=RefundStatus.REQUESTED, attempt=1, prepared=None, reference=None,
        reason="", why="", requested_ms=0,
    )  # fmt: skip


def a_payout() -> Payout:
    return Payout(
        id=new_id("po"), user_id="usr_s", rail="ton", method_id="pm_1", destination=SELLER, asset=Asset.TON, amount=TON,
        fee=0, status=PayoutStatus.APPROVED, attempt=1, prepared=None, reference=None, why="", requested_ms=0,
        updated_ms=0,
    )  # fmt: skip


def test_it_is_found_and_ready_when_a_wallet_is_named(app: App, tmp_path: Path) -> None:
    assert get_rail("ton") is RAIL
    assert RAIL in ready_rails(app)
    without = make_app(tmp_path / "without")
    assert RAIL not in ready_rails(without)
    with pytest.raises(TonNotSetUp, match="no wallet is named"):
        RAIL.open_invoice(without, an_invoice(without))
    without.close()


def test_a_buyer_is_told_the_wallet_the_memo_and_a_link_and_what_they_pay_is_found(app: App, ton_peer: TonPeer) -> None:
    invoice = an_invoice(app, amount=2_750_000_000)
    told = RAIL.open_invoice(app, invoice)
    assert told == RAIL.open_invoice(app, invoice)
    assert told.address is not None
    assert told.memo is not None
    assert read_memo(told.memo) == invoice.memo
    link = urlsplit(told.link or "")
    asked = parse_qs(str(link.query))
    ton_peer.send(str(link.path).removeprefix("/"), int(asked["amount"][0]), asked["text"][0])
    ton_peer.send(told.address, TON, new_memo())
    [receipt] = RAIL.look(app, invoice)
    assert isinstance(receipt, Receipt)
    assert (receipt.memo, receipt.amount) == (invoice.memo, invoice.amount)
    swept, cursor = RAIL.sweep(app, None)
    assert receipt in swept
    assert len(swept) == 2
    assert RAIL.sweep(app, cursor) == (swept, cursor)


def test_a_payout_and_then_a_refund_are_signed_stored_sent_and_found(app: App, ton_peer: TonPeer) -> None:
    ton_peer.set_time(fixed_s=ton_peer.set_time())
    ton_peer.send(set_up_of(app).wallet, 5 * TON)
    payout, refund = a_payout(), a_refund(to_address=show_address(BUYER, "mainnet"))
    payout = replace(payout, prepared=RAIL.prepare_payout(app, payout))
    assert RAIL.find_payout(app, payout).state == "unknown"
    assert RAIL.send_payout(app, payout).state == "submitted"
    assert RAIL.find_payout(app, payout).state == "paid"
    refund = replace(refund, prepared=RAIL.prepare_refund(app, refund))
    assert RAIL.refund(app, refund).state == "submitted"
    assert RAIL.refund(app, refund).state == "unknown"
    assert RAIL.find_refund(app, refund).state == "paid"
    assert (ton_peer.balance(SELLER), ton_peer.balance(BUYER)) == (TON, TON)


def test_a_refund_without_an_address_is_not_signed(app: App, ton_peer: TonPeer) -> None:
    with pytest.raises(WalletNotValid):
        RAIL.prepare_refund(app, a_refund(to_address=None))


def test_a_wallet_without_words_takes_payments_and_pays_nothing_out(tmp_path: Path, ton_peer: TonPeer) -> None:
    app = make_app(tmp_path, ton_api_url=ton_peer.url, ton_wallet_address=OTHER_WALLET, outbound_http_loopback=True)
    assert RAIL.open_invoice(app, an_invoice(app)).address == OTHER_WALLET
    with pytest.raises(TonNotSetUp, match="no words"):
        RAIL.prepare_payout(app, a_payout())
    assert all(check.ok for check in RAIL.check(app))
    app.close()


def test_doctor_finds_all_well(app: App, ton_peer: TonPeer) -> None:
    ton_peer.send(set_up_of(app).wallet, 5 * TON)
    found = checks(app)
    assert all(check.ok for check in found.values()), found
    assert set(found) == {"ton rate", "ton wallet", "ton clock", "ton network", "ton balance"}
    assert found["ton balance"].detail == "5.000000000 TON, not used for sending yet"


def test_doctor_sees_an_empty_wallet_a_late_chain_and_the_wrong_network(app: App, ton_peer: TonPeer) -> None:
    ton_peer.misbehave(lag_s=600, global_id=-3)
    bad = {name for name, check in checks(app).items() if not check.ok}
    assert bad == {"ton clock", "ton network", "ton balance"}
    assert all(check.hint for check in checks(app).values() if not check.ok)


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        ({"ton_wallet_words": "abandon " * 24}, TonWordsNotValid),
        ({"ton_wallet_address": OTHER_WALLET, "ton_wallet_words": WALLET_WORDS}, TonNotSetUp),
        ({"ton_wallet_address": "EQnothing"}, WalletNotValid),
        ({"ton_wallet_address": "kQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqPvC"}, WalletNotValid),
    ],
)
def test_what_the_operator_wrote_wrongly_is_refused_and_doctor_says_so(
    tmp_path: Path, settings: Mapping[str, str], refusal: type[SkillyardError]
) -> None:
    app = make_app(tmp_path, **settings)
    with pytest.raises(refusal) as refused:
        RAIL.open_invoice(app, an_invoice(app))
    _, check = RAIL.check(app)
    assert (check.ok, check.detail) == (False, refused.value.message)
    assert "abandon" not in check.detail + check.hint
    app.close()


def test_doctor_says_what_the_rate_is_and_when_one_is_missing(tmp_path: Path, app: App, ton_peer: TonPeer) -> None:
    assert checks(app)["ton rate"].ok
    set_rate(app, a_person(app), asset=Asset.TON, usd="5.2")
    assert checks(app)["ton rate"].detail == "1 TON is 5.2 USD, says administrator"
    reading = make_app(
        tmp_path / "reading", ton_wallet_address=OTHER_WALLET, ton_api_url=ton_peer.url, outbound_http_loopback=True,
        rates_url=f"{ton_peer.url}/rates",
    )  # fmt: skip
    missing = RAIL.check(reading)[0]
    assert (missing.name, missing.ok) == ("ton rate", False)
    assert "SKILLYARD_RATES_URL" in missing.hint
    reading.close()


def test_doctor_says_when_the_api_does_not_answer(app: App, ton_peer: TonPeer) -> None:
    ton_peer.fail(path="masterchainInfo", status=503)
    _, wallet, api = RAIL.check(app)
    assert (wallet.ok, api.ok) == (True, False)
    assert "503" in api.detail


def test_the_key_of_the_api_is_sent_to_it(tmp_path: Path, ton_peer: TonPeer) -> None:
    app = make_app(
        tmp_path, ton_api_url=ton_peer.url, ton_wallet_words=WALLET_WORDS, ton_api_key="of-this-test",
        outbound_http_loopback=True,
    )  # fmt: skip
    RAIL.sweep(app, None)
    assert ton_peer.last_key() == "of-this-test"
    assert "of-this-test" not in repr(set_up_of(app))
    app.close()


def checks(app: App) -> dict[str, Check]:
    return {check.name: check for check in RAIL.check(app)}
