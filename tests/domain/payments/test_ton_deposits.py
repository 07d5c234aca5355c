"""What arrives in the wallet, on the real virtual machine behind an API that also misbehaves."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace

import pytest
from pytoniq_core import begin_cell
from ton_core import EncryptedTextCommentBody

from skillyard.domain.payments.model import Fact, Receipt
from skillyard.domain.payments.ton.deposits import WINDOW, look_for, sweep
from skillyard.domain.payments.ton.memo import new_memo
from skillyard.domain.payments.ton.set_up import SetUp
from skillyard.domain.payments.ton.toncenter import Toncenter
from skillyard.domain.payments.ton.transactions import pays, read_transaction
from skillyard.infra.outbound import CallFailed, Outbound
from tests.domain.payments.ton_wallets import pay_out, ton_set_up
from tests.peers.ton.driver import TonPeer

TON = 10**9


@pytest.fixture
def here(ton_peer: TonPeer) -> SetUp:
    return ton_set_up(ton_peer)


def receipts(facts: Sequence[Fact]) -> list[Receipt]:
    return [fact for fact in facts if isinstance(fact, Receipt)]


def memos_and_amounts(here: SetUp, cursor: str | None = None) -> list[tuple[str | None, int]]:
    return [(receipt.memo, receipt.amount) for receipt in receipts(sweep(here, cursor)[0])]


def test_a_payment_to_a_wallet_that_was_never_used_counts_although_it_is_aborted(
    ton_peer: TonPeer, here: SetUp
) -> None:
    memo = new_memo()
    [arrived] = ton_peer.send(here.wallet, 2_750_000_000, memo.lower())
    assert arrived["description"]["aborted"] is True
    [receipt] = receipts(sweep(here, None)[0])
    assert (receipt.memo, receipt.amount, receipt.rail) == (memo, 2_750_000_000, "ton")
    assert receipt.reference == f"{here.wallet}:{arrived['lt']}:{base64.b64decode(arrived['hash']).hex()}"
    assert receipt.received_ms == arrived["now"] * 1000
    assert receipt.payer is not None
    assert receipt.payer.startswith("UQ")


def test_with_a_wallet_in_use_receipts_and_what_they_cost_are_the_balance(ton_peer: TonPeer, here: SetUp) -> None:
    ton_peer.send(here.wallet, 5 * TON)
    paid = pay_out(here, "0:" + "ab" * 32, TON, "po_1")
    memo = new_memo()
    [arrived] = ton_peer.send(here.wallet, 3 * TON, memo)
    assert arrived["description"]["aborted"] is False
    found = receipts(sweep(here, None)[0])
    assert [(one.memo, one.amount) for one in found] == [(None, 5 * TON), (memo, 3 * TON)]
    assert sum(one.amount - one.fee for one in found) - TON - paid.fee == ton_peer.balance(here.wallet)


def test_too_little_too_much_and_twice_are_all_facts(ton_peer: TonPeer, here: SetUp) -> None:
    memo = new_memo()
    for nano in (1, TON, 10 * TON):
        ton_peer.send(here.wallet, nano, memo)
    assert memos_and_amounts(here) == [(memo, 1), (memo, TON), (memo, 10 * TON)]


def test_money_without_a_memo_that_can_be_read_is_money_all_the_same(ton_peer: TonPeer, here: SetUp) -> None:
    encrypted = EncryptedTextCommentBody(bytes(32), bytes(16), bytes(32)).serialize().to_boc()
    jetton = begin_cell().store_uint(0x7362D09C, 32).store_uint(0, 64).store_coins(5).end_cell().to_boc()
    ton_peer.send(here.wallet, 1)
    ton_peer.send(here.wallet, 2, "for the skill\u202e\n")
    ton_peer.send(here.wallet, 3, new_memo()[:-1] + "U")
    ton_peer.send(here.wallet, 4, body=base64.b64encode(encrypted).decode())
    ton_peer.send(here.wallet, 5, body=base64.b64encode(jetton).decode())
    assert memos_and_amounts(here) == [(None, 1), (None, 2), (None, 3), (None, 4), (None, 5)]
    assert receipts(sweep(here, None)[0])[1].details["comment"] == "for the skill  "


def test_what_the_network_sent_back_was_not_paid(ton_peer: TonPeer, here: SetUp) -> None:
    [arrived] = ton_peer.send(here.wallet, TON, new_memo(), bounce=True)
    assert arrived["out_msgs"][0]["bounced"] is True
    assert memos_and_amounts(here) == []
    assert ton_peer.balance(here.wallet) == 0


def test_what_is_not_final_waits_and_is_not_skipped(ton_peer: TonPeer, here: SetUp) -> None:
    first, second = new_memo(), new_memo()
    ton_peer.send(here.wallet, 1, first)
    ton_peer.misbehave(pending=True)
    ton_peer.send(here.wallet, 2, second)
    facts, cursor = sweep(here, None)
    assert [one.memo for one in receipts(facts)] == [first]
    ton_peer.settle()
    assert memos_and_amounts(here, cursor) == [(first, 1), (second, 2)]


def test_emulated_and_foreign_transactions_do_not_pay(ton_peer: TonPeer, here: SetUp) -> None:
    [good] = ton_peer.send(here.wallet, TON, new_memo())
    assert pays(read_transaction(good), here.wallet)
    for changed in ({"emulated": True}, {"mc_block_seqno": None}, {"finality": "confirmed"}, {"finality": "pending"}):
        assert not pays(read_transaction(good | changed), here.wallet)
    for changed in ({"value": "0"}, {"source": None}, {"bounced": True}, {"destination": "0:" + "0" * 64}):
        assert not pays(read_transaction(good | {"in_msg": good["in_msg"] | changed}), here.wallet)
    assert not pays(read_transaction(good), "0:" + "1" * 64)


def test_hundreds_of_payments_are_read_page_by_page_and_late_ones_are_found(ton_peer: TonPeer, here: SetUp) -> None:
    lts = [ton_peer.send(here.wallet, nano)[0]["lt"] for nano in range(1, 231)]
    ton_peer.misbehave(hidden_lts=[lts[180]])
    facts, cursor = sweep(here, None)
    assert [one.amount for one in receipts(facts)] == [nano for nano in range(1, 231) if nano != 181]
    ton_peer.misbehave()
    ton_peer.send(here.wallet, 1000)
    assert cursor is not None
    again, next_cursor = sweep(here, cursor)
    assert next_cursor is not None
    assert {one.amount for one in receipts(again)} == {*range(130, 231), 1000}
    assert int(next_cursor) > int(cursor)
    assert len(receipts(sweep(here, next_cursor)[0])) == WINDOW


def test_duplicates_and_another_order_change_nothing(ton_peer: TonPeer, here: SetUp) -> None:
    for nano in (1, 2, 3):
        ton_peer.send(here.wallet, nano, new_memo())
    good = sweep(here, None)
    for faults in ({"duplicate": True}, {"reverse": True}, {"duplicate": True, "reverse": True}):
        ton_peer.misbehave(**faults)
        assert sweep(here, None) == good


def test_the_first_reading_goes_back_a_day(ton_peer: TonPeer, here: SetUp) -> None:
    [old] = ton_peer.send(here.wallet, 1)
    ton_peer.set_time(ahead_s=2 * 24 * 3600)
    facts, cursor = sweep(here, None)
    assert (facts, cursor) == ([], old["lt"])
    ton_peer.send(here.wallet, 2)
    assert memos_and_amounts(here) == [(None, 2)]
    assert (None, 2) in memos_and_amounts(here, cursor)


def test_one_invoice_can_be_looked_for(ton_peer: TonPeer, here: SetUp) -> None:
    memo, other = new_memo(), new_memo()
    now_s = ton_peer.set_time()
    for written in (other, memo, "nothing", memo):
        ton_peer.send(here.wallet, TON, written)
    assert [one.memo for one in receipts(look_for(here, memo, now_s * 1000))] == [memo, memo]
    assert look_for(here, memo, (now_s + 1000) * 1000) == []
    assert look_for(here, new_memo(), now_s * 1000) == []


def test_when_the_api_is_busy_it_is_asked_again(ton_peer: TonPeer, here: SetUp) -> None:
    ton_peer.send(here.wallet, TON)
    ton_peer.fail(path="transactions", status=429)
    assert memos_and_amounts(here, "0") == [(None, TON)]


@pytest.mark.parametrize(
    "how",
    [
        {"status": 500},
        {"drop_reply": True},
        {"answer": {}},
        {"answer": []},
        {"answer": {"transactions": [{"lt": "x"}]}},
        {"answer": {"transactions": None}},
    ],
    ids=str,
)
def test_an_api_that_fails_is_said_to_fail(ton_peer: TonPeer, here: SetUp, how: dict[str, object]) -> None:
    ton_peer.fail(path="transactions", **how)
    with pytest.raises(CallFailed):
        sweep(here, "0")


def test_an_api_that_is_not_there_is_said_to_fail(here: SetUp) -> None:
    nowhere = Toncenter(outbound=Outbound(http_loopback=True), url="http://127.0.0.1:9", key="")
    with pytest.raises(CallFailed):
        sweep(replace(here, api=nowhere), None)
