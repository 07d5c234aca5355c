"""Paying out, on the real virtual machine: each payment once, whatever is repeated or lost on the way."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from pytoniq_core import Address

from skillyard.domain.payments.model import Fact, PayoutMoved, RefundMoved
from skillyard.domain.payments.rail import Outcome
from skillyard.domain.payments.ton.address import WalletNotValid, show_address
from skillyard.domain.payments.ton.deposits import sweep
from skillyard.domain.payments.ton.sending import MARGIN_S, VALID_S, TonWalletTooLow, find, prepare, send
from skillyard.domain.payments.ton.set_up import SetUp
from skillyard.domain.payments.ton.wallet import TonWordsNotValid, Transfer, sign_transfer, wallet_address
from skillyard.infra.ids import new_id
from tests.domain.payments.ton_wallets import pay_out, ton_set_up
from tests.peers.ton.driver import WALLET_WORDS, TonPeer

TON = 10**9
SELLER = "0:" + "5e" * 32
OVER_S = VALID_S + MARGIN_S + 1


@pytest.fixture
def here(ton_peer: TonPeer) -> SetUp:
    """A wallet with 5 TON that was never used; time stands still, since keeping coins costs some of them."""
    ton_peer.set_time(fixed_s=ton_peer.set_time())
    found = ton_set_up(ton_peer)
    ton_peer.send(found.wallet, 5 * TON)
    return found


def a_payment(nano: int = TON, *, destination: str = SELLER) -> dict[str, Any]:
    return {"destination": destination, "nano": nano, "comment": new_id("po")}


def look(here: SetUp, prepared: str, payment: Mapping[str, Any]) -> Outcome:
    return find(here, prepared, **payment)


def moved(here: SetUp, cursor: str | None = None) -> list[Fact]:
    return [fact for fact in sweep(here, cursor)[0] if isinstance(fact, PayoutMoved | RefundMoved)]


def test_the_first_payout_also_creates_the_wallet_and_its_cost_is_known(ton_peer: TonPeer, here: SetUp) -> None:
    assert ton_peer.account(here.wallet)["state"] == "uninitialized"
    payment = a_payment(1_250_000_000, destination=show_address(SELLER, "mainnet"))
    paid = pay_out(here, **payment)
    assert paid.state == "paid"
    assert ton_peer.account(here.wallet)["state"] == "active"
    assert ton_peer.balance(SELLER) == 1_250_000_000
    assert ton_peer.balance(here.wallet) == 5 * TON - 1_250_000_000 - paid.fee
    [newest] = ton_peer.transactions(here.wallet)[:1]
    assert paid.reference == f"{here.wallet}:{newest['lt']}:{base64.b64decode(newest['hash']).hex()}"


def test_one_payout_after_another_and_never_at_a_loss(ton_peer: TonPeer, here: SetUp) -> None:
    paid = [pay_out(here, **a_payment(TON)) for _ in range(3)]
    assert {one.state for one in paid} == {"paid"}
    assert ton_peer.balance(SELLER) == 3 * TON
    assert ton_peer.balance(here.wallet) == 2 * TON - sum(one.fee for one in paid)


def test_the_same_message_pays_once_however_often_it_is_sent(ton_peer: TonPeer, here: SetUp) -> None:
    payment = a_payment()
    prepared = prepare(here, **payment)
    assert look(here, prepared, payment).state == "unknown"
    assert [send(here, prepared).state for _ in range(4)] == ["submitted", "unknown", "unknown", "unknown"]
    assert look(here, prepared, payment).state == look(here, prepared, payment).state == "paid"
    assert ton_peer.balance(SELLER) == TON


def test_a_lost_reply_is_not_a_lost_payment(ton_peer: TonPeer, here: SetUp) -> None:
    payment = a_payment()
    prepared = prepare(here, **payment)
    ton_peer.fail(path="sendBoc", drop_reply=True)
    assert send(here, prepared).state == "unknown"
    assert look(here, prepared, payment).state == "paid"


def test_a_request_that_never_arrived_is_sent_again(ton_peer: TonPeer, here: SetUp) -> None:
    payment = a_payment()
    prepared = prepare(here, **payment)
    ton_peer.fail(path="sendBoc", status=502)
    assert send(here, prepared).state == "unknown"
    assert look(here, prepared, payment).state == "unknown"
    assert send(here, prepared).state == "submitted"
    assert look(here, prepared, payment).state == "paid"


def test_a_message_whose_time_is_over_is_refused_by_the_wallet_and_may_be_prepared_anew(
    ton_peer: TonPeer, here: SetUp
) -> None:
    payment = a_payment()
    late = prepare(here, **payment)
    ton_peer.set_time(ahead_s=VALID_S + 1)
    assert send(here, late).state == "unknown"
    assert look(here, late, payment).state == "unknown"
    ton_peer.set_time(ahead_s=OVER_S)
    assert look(here, late, payment).state == "failed"
    anew = prepare(here, **payment)
    assert send(here, anew).state == "submitted"
    assert send(here, late).state == "unknown"
    assert look(here, anew, payment).state == "paid"
    assert ton_peer.balance(SELLER) == TON


def test_when_another_message_took_the_turn_nothing_was_paid(ton_peer: TonPeer, here: SetUp) -> None:
    payment, other = a_payment(), a_payment(2 * TON)
    prepared = prepare(here, **payment)
    assert pay_out(here, **other).state == "paid"
    failed = look(here, prepared, payment)
    assert (failed.state, failed.why) == ("failed", "another message of the wallet took its turn")
    assert send(here, prepared).state == "unknown"
    assert ton_peer.balance(SELLER) == 2 * TON


def test_another_message_may_take_the_turn_long_after(ton_peer: TonPeer, here: SetUp) -> None:
    payment = a_payment()
    prepared = prepare(here, **payment)
    ton_peer.set_time(ahead_s=10 * OVER_S)
    assert look(here, prepared, payment).state == "failed"
    assert pay_out(here, **a_payment()).state == "paid"
    assert look(here, prepared, payment).state == "failed"


def test_a_wallet_that_is_too_low_signs_nothing(here: SetUp) -> None:
    with pytest.raises(TonWalletTooLow, match=r"has 5\.000000000 TON, and 5\.050000000 are needed"):
        prepare(here, **a_payment(5 * TON))


def test_a_wallet_that_became_too_low_uses_its_turn_and_pays_nothing(ton_peer: TonPeer, here: SetUp) -> None:
    payment = a_payment(4 * TON)
    pay_out(here, **a_payment(2 * TON))
    state, now_s = here.api.account(here.wallet), here.api.time().at_s
    transfer = Transfer(destination=SELLER, nano=4 * TON, comment=payment["comment"], bounce=False)
    signed = sign_transfer(here.words, "mainnet", state, transfer, now_s + VALID_S)
    prepared = orjson.dumps(
        {"boc": signed.boc, "body_hash": signed.body_hash, "seqno": signed.seqno,
         "valid_until_s": signed.valid_until_s, "since_lt": state.last_lt}
    ).decode()  # fmt: skip
    assert send(here, prepared).state == "submitted"
    failed = look(here, prepared, payment)
    assert (failed.state, failed.why) == ("failed", "the wallet could not pay it: its balance was too low")
    assert ton_peer.balance(SELLER) == 2 * TON


def test_what_is_not_final_is_not_paid_yet(ton_peer: TonPeer, here: SetUp) -> None:
    payment = a_payment()
    prepared = prepare(here, **payment)
    ton_peer.misbehave(pending=True)
    send(here, prepared)
    assert look(here, prepared, payment).state == "submitted"
    ton_peer.settle()
    assert look(here, prepared, payment).state == "paid"


def test_an_index_that_lags_behind_the_node_does_not_make_a_payment_fail(ton_peer: TonPeer, here: SetUp) -> None:
    payment = a_payment()
    prepared = prepare(here, **payment)
    send(here, prepared)
    hidden = [one["lt"] for one in ton_peer.transactions(here.wallet)[:1]]
    ton_peer.misbehave(hidden_lts=hidden)
    assert look(here, prepared, payment).state == "unknown"
    for ahead_s in (OVER_S, 10 * 24 * 3600):
        ton_peer.set_time(ahead_s=ahead_s)
        assert look(here, prepared, payment).state == "unknown"
    ton_peer.misbehave(hidden_lts=hidden, lag_s=10 * 24 * 3600)
    assert look(here, prepared, payment).state == "unknown"
    ton_peer.misbehave()
    assert look(here, prepared, payment).state == "paid"


def test_an_api_that_fails_says_nothing_about_a_payment(ton_peer: TonPeer, here: SetUp) -> None:
    payment = a_payment()
    prepared = prepare(here, **payment)
    ton_peer.set_time(ahead_s=OVER_S)
    for how in ({"status": 500}, {"drop_reply": True}, {"answer": {}}):
        ton_peer.fail(path="transactions", **how)
        assert look(here, prepared, payment).state == "unknown"


def test_a_payment_that_the_receiver_refuses_comes_back_with_its_id(ton_peer: TonPeer, here: SetUp) -> None:
    before = ton_peer.balance(here.wallet)
    contract = ton_peer.a_contract_that_rejects()
    payment = a_payment(destination=contract)
    paid = pay_out(here, **payment)
    assert paid.state == "paid"
    [back] = moved(here)
    assert isinstance(back, PayoutMoved)
    assert (back.payout_id, back.state, back.reference) == (payment["comment"], "returned", paid.reference)
    assert ton_peer.balance(here.wallet) == before - paid.fee - back.fee


def test_what_comes_back_long_after_it_was_sent_is_known_too(ton_peer: TonPeer, here: SetUp) -> None:
    payment = a_payment(destination=ton_peer.a_contract_that_rejects()) | {"comment": new_id("ref")}
    pay_out(here, **payment)
    [back] = moved(here, ton_peer.transactions(here.wallet)[0]["lt"])
    assert isinstance(back, RefundMoved)
    assert (back.refund_id, back.state) == (payment["comment"], "failed")


def test_to_a_wallet_that_was_never_used_money_is_sent_so_that_it_stays(ton_peer: TonPeer, here: SetUp) -> None:
    pay_out(here, **a_payment())
    [sent] = ton_peer.transactions(here.wallet)[0]["out_msgs"]
    assert sent["bounce"] is False
    assert moved(here) == []


@pytest.mark.parametrize(
    "destination", ["", "ada.ton", "-1:" + "ab" * 32, Address("0:" + "ab" * 32).to_str(is_test_only=True)]
)
def test_to_what_is_no_wallet_nothing_is_signed(here: SetUp, destination: str) -> None:
    with pytest.raises(WalletNotValid):
        prepare(here, **a_payment(destination=destination))


def test_the_server_does_not_pay_itself(here: SetUp) -> None:
    with pytest.raises(WalletNotValid, match="the server's own wallet"):
        prepare(here, **a_payment(destination=here.wallet))


def test_what_is_stored_does_not_hold_the_key(here: SetUp) -> None:
    prepared = orjson.loads(prepare(here, **a_payment()))
    assert set(prepared) == {"boc", "body_hash", "seqno", "valid_until_s", "since_lt"}
    assert not any(word in repr(here).split() for word in WALLET_WORDS.split())


def test_each_network_has_its_own_wallet_and_wrong_words_have_none() -> None:
    assert wallet_address(WALLET_WORDS, "mainnet") != wallet_address(WALLET_WORDS, "testnet")
    words = WALLET_WORDS.split()
    for wrong in ("", "ada", " ".join(words[:23]), " ".join(reversed(words)), WALLET_WORDS.replace(words[0], "adaa")):
        with pytest.raises(TonWordsNotValid):
            wallet_address(wrong, "mainnet")
