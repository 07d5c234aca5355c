"""Invocations paid on a chain by x402: signed before, put on the chain after delivery, and once."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skillyard.domain.payments import ledger
from skillyard.domain.payments.charge_errors import PaymentRefused, PaymentUsed
from skillyard.domain.payments.charge_jobs import take_payments_due
from skillyard.domain.payments.charge_model import ChargeStatus
from skillyard.domain.payments.charge_rail import charge_rails
from skillyard.domain.payments.charge_rails import x402
from skillyard.domain.payments.charges_in_doubt import decide_charge
from skillyard.domain.payments.chart import Kind, platform
from skillyard.domain.payments.pay_elsewhere import bill_for, payment_offers, verify_payment
from skillyard.domain.payments.settle_charges import settle_charge
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import Upstream
from skillyard.infra.money import Asset
from tests.domain.payments.charging import capture, find, place, release, status_of
from tests.domain.payments.dying import dying
from tests.domain.payments.paper_bank import Killed
from tests.domain.payments.shop import Shop, a_shop
from tests.makers import make_app
from tests.peers.chain.driver import BUYER, NETWORK, SHOP, Chain, running_chain

UNITS = 10**4  # of the token, in a credit
RAIL = charge_rails()["x402"]


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with running_chain() as running:
        yield running


@pytest.fixture
def shop(tmp_path: Path, chain: Chain) -> Iterator[Shop]:
    """The buyer has 100 credits' worth of the token. What came to the shop's address is in the books, and no more."""
    chain.loses, chain.away = 0, False
    chain.mint(BUYER, 100 * UNITS - chain.balance(BUYER) % (100 * UNITS))
    before = chain.balance(SHOP)
    clock = FixedClock(int(time.time() * 1000))
    app = make_app(
        tmp_path, clock=clock, outbound_http_loopback=True, x402_facilitator_url=chain.facilitator_url,
        x402_rpc_url=chain.rpc_url, x402_network=NETWORK, x402_pay_to=SHOP, x402_token=chain.token,
        x402_token_name="Test Dollar", x402_token_version="2",
    )  # fmt: skip
    shop = a_shop(app, clock)
    yield shop
    shop.check()
    with app.database.reading() as tx:
        in_books = ledger.balance(tx, platform(Kind.X402_WALLET, Asset.USD))
    assert in_books * UNITS == chain.balance(SHOP) - before
    app.close()


def signed(shop: Shop, chain: Chain, amount: int = 10) -> str:
    (offer,) = payment_offers(shop.app, bill_for(shop.app, item="sal/report", amount=amount))
    return chain.sign(offer["payment_required"])


def pay(shop: Shop, token: str, ref: str = "sinv_1", amount: int = 10) -> None:
    proof = verify_payment(shop.app, bill_for(shop.app, item="sal/report", amount=amount), token)
    assert proof is not None
    place(shop, ref, amount, proof=proof)


def settle(shop: Shop, *, minutes: float = 0) -> None:
    shop.clock.move(seconds=minutes * 60)
    take_payments_due(shop.app)


def changed(token: str, **changes: Any) -> str:
    """The token with another authorization than the one that was signed."""
    content = json.loads(base64.b64decode(token))
    content["payload"]["authorization"] |= changes
    return base64.b64encode(json.dumps(content).encode()).decode()


def test_a_signed_payment_is_put_on_the_chain_after_delivery(shop: Shop, chain: Chain) -> None:
    before = chain.balance(SHOP)
    pay(shop, signed(shop, chain))
    settle(shop)
    assert chain.balance(SHOP) == before
    capture(shop)
    settle(shop)
    assert status_of(shop) is ChargeStatus.CAPTURED
    assert chain.balance(SHOP) == before + 10 * UNITS
    assert shop.balance() == (9, 0)
    receipt = chain.rpc("eth_getTransactionReceipt", find(shop).reference)
    assert receipt["status"] == "0x1"
    settle(shop, minutes=30)
    assert chain.balance(SHOP) == before + 10 * UNITS


def test_what_is_not_delivered_never_reaches_the_chain(shop: Shop, chain: Chain) -> None:
    before = chain.balance(SHOP)
    pay(shop, signed(shop, chain))
    release(shop)
    settle(shop, minutes=30)
    assert (chain.balance(SHOP), find(shop).proof) == (before, None)


def test_one_signature_pays_for_one_invocation(shop: Shop, chain: Chain) -> None:
    token = signed(shop, chain)
    pay(shop, token)
    capture(shop)
    settle(shop)
    with pytest.raises(PaymentRefused):  # the chain knows the nonce
        pay(shop, token, "sinv_2")
    other = signed(shop, chain)
    pay(shop, other, "sinv_3")
    release(shop, "sinv_3")
    with pytest.raises(PaymentUsed):  # the chain does not, and we do
        pay(shop, other, "sinv_4")


def test_a_payer_has_one_payment_open_at_a_time(shop: Shop, chain: Chain) -> None:
    """So that what one has is not promised twice."""
    pay(shop, signed(shop, chain, 100), amount=100)
    with pytest.raises(PaymentUsed):
        pay(shop, signed(shop, chain, 100), "sinv_2", amount=100)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"to": "0x" + "66" * 20}, "somebody else"),
        ({"value": "1"}, "another amount"),
        ({"validBefore": "1700000000"}, "ends before"),
        ({"nonce": "0x" + "11" * 32}, "signature"),
        ({"from": "0x" + "77" * 20}, "signature|insufficient|invalid"),
        ({"nonce": "1"}, "EIP-3009"),
        ({"value": 100000}, "EIP-3009"),
    ],
)
def test_what_was_not_signed_like_that_is_refused(shop: Shop, chain: Chain, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(PaymentRefused, match=why):
        pay(shop, changed(signed(shop, chain), **changes))
    assert status_of(shop) is None


def test_a_cheaper_payment_does_not_pay_a_dearer_skill_nor_an_empty_purse(shop: Shop, chain: Chain) -> None:
    with pytest.raises(PaymentRefused, match="another amount"):
        pay(shop, signed(shop, chain, 1), amount=10)
    with pytest.raises(PaymentRefused, match="simulation_failed"):
        pay(shop, signed(shop, chain, 90_000), amount=90_000)


def test_a_lost_answer_is_found_on_the_chain_and_not_paid_twice(shop: Shop, chain: Chain) -> None:
    before = chain.balance(SHOP)
    pay(shop, signed(shop, chain))
    capture(shop)
    chain.loses = 1
    settle(shop)
    assert (status_of(shop), shop.balance()) == (ChargeStatus.UNKNOWN, (0, 0))
    settle(shop, minutes=2)
    assert status_of(shop) is ChargeStatus.CAPTURED
    assert chain.balance(SHOP) == before + 10 * UNITS
    assert (find(shop).reference or "").startswith("0x")


def test_what_was_used_so_long_ago_that_no_node_shows_it_is_left_to_an_administrator(
    shop: Shop, chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay(shop, signed(shop, chain))
    capture(shop)
    chain.loses = 1
    settle(shop)
    chain.rpc("anvil_mine", "0x5")
    monkeypatch.setattr(x402, "_MOST_BLOCKS", 1)
    settle(shop, minutes=24 * 60)
    assert (status_of(shop), "look at the chain" in find(shop).why) == (ChargeStatus.UNKNOWN, True)
    decide_charge(shop.app, shop.ada, ref="sinv_1", is_taken=True, reference="0xab")
    assert status_of(shop) is ChargeStatus.CAPTURED


def test_a_facilitator_that_is_away_is_asked_again(shop: Shop, chain: Chain) -> None:
    token = signed(shop, chain)
    chain.away = True
    with pytest.raises(Upstream):
        pay(shop, token)
    chain.away = False
    pay(shop, token)
    capture(shop)
    chain.away = True
    settle(shop)
    assert status_of(shop) is ChargeStatus.UNKNOWN
    chain.away = False
    settle(shop, minutes=6)
    settle(shop)
    assert status_of(shop) is ChargeStatus.CAPTURED


def test_a_purse_that_was_emptied_after_the_look_fails_when_its_time_is_over(shop: Shop, chain: Chain) -> None:
    everything = chain.balance(BUYER) // UNITS
    first = signed(shop, chain, everything)
    pay(shop, first, amount=everything)
    capture(shop)
    chain.rpc("anvil_setStorageAt", chain.token, _slot_of_balance(BUYER), "0x" + "00" * 32)
    settle(shop)
    assert status_of(shop) is ChargeStatus.UNKNOWN
    settle(shop, minutes=24 * 60)
    assert (status_of(shop), shop.balance()) == (ChargeStatus.FAILED, (0, 0))
    assert find(shop).proof is None


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("dies_at", [1, 2])
def test_a_worker_that_dies_anywhere_takes_the_payment_once(
    shop: Shop, chain: Chain, dies_at: int, *, after: bool
) -> None:
    before = chain.balance(SHOP)
    pay(shop, signed(shop, chain))
    capture(shop)
    with pytest.raises(Killed):
        settle_charge(dying(shop.app, dies_at=dies_at, after=after), "sinv_1")
    for _ in range(4):
        settle(shop, minutes=6)
    assert (status_of(shop), chain.balance(SHOP)) == (ChargeStatus.CAPTURED, before + 10 * UNITS)


def test_doctor_sees_whether_the_chain_is_the_one_that_is_meant(shop: Shop, tmp_path: Path, chain: Chain) -> None:
    assert RAIL.check(shop.app)[0].ok
    settings = shop.app.settings.model_copy(update={"x402_network": "eip155:1"})
    (found,) = RAIL.check(replace(shop.app, settings=settings))
    assert not found.ok


def _slot_of_balance(owner: str) -> str:
    """Where the token keeps it: its third variable is the mapping (Solidity, layout of state variables in storage)."""
    from eth_hash.auto import keccak

    return "0x" + keccak(bytes.fromhex(f"{owner[2:].lower():0>64}{3:064x}")).hex()
