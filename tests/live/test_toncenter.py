"""What we rely on of toncenter is still so, on the test network. `SKILLYARD_TON_API_KEY` makes it faster.

With `SKILLYARD_TON_WALLET_WORDS` of a test wallet that has a few coins, one small payment is made as well.
"""

from __future__ import annotations

import os
import time

import pytest

from skillyard.domain.payments.ton.address import read_address
from skillyard.domain.payments.ton.sending import find, prepare, send
from skillyard.domain.payments.ton.set_up import SetUp
from skillyard.domain.payments.ton.toncenter import PAGE_SIZE, Toncenter
from skillyard.domain.payments.ton.transactions import pays
from skillyard.domain.payments.ton.wallet import wallet_address
from skillyard.infra.ids import new_id
from skillyard.infra.outbound import Outbound

FAUCET = "kQCSES0TZYqcVkgoguhIb8iMEo4cvaEwmIrU5qbQgnN8fmvP"  # gives test coins away, and so is always busy
WORDS = os.environ.get("SKILLYARD_TON_WALLET_WORDS", "")


@pytest.fixture
def api() -> Toncenter:
    return Toncenter(
        outbound=Outbound(), url="https://testnet.toncenter.com", key=os.environ.get("SKILLYARD_TON_API_KEY", "")
    )


def test_its_clock_is_right_and_it_says_which_network_it_is(api: Toncenter) -> None:
    now = api.time()
    assert abs(now.at_s - time.time()) < 60
    assert now.global_id == -3


def test_transactions_of_the_last_days_are_final_ordered_and_complete(api: Toncenter) -> None:
    address = read_address(FAUCET, "testnet")
    newest = api.transactions(address, {}, oldest_first=False).transactions
    assert newest
    assert all(one.is_final and one.account == address for one in newest)
    again = api.transactions(address, {"start_lt": newest[0].lt, "end_lt": newest[-1].lt})
    assert again.transactions[: len(newest)] == newest[:PAGE_SIZE]
    assert any(pays(one, address) for one in newest) or any(one.outgoing for one in newest)


def test_accounts_have_a_balance_and_a_last_transaction(api: Toncenter) -> None:
    found = api.account(read_address(FAUCET, "testnet"))
    assert found.is_active
    assert found.balance > 0
    assert found.last_lt > 0
    assert api.account("0:" + "5e" * 32).is_active is False


def test_a_message_that_is_none_is_refused_with_a_reason(api: Toncenter) -> None:
    assert api.send("te6cckEBAQEAAgAAAEysuc0=")


if WORDS:

    def test_a_payment_is_sent_once_and_found(api: Toncenter) -> None:
        here = SetUp(network="testnet", wallet=wallet_address(WORDS, "testnet"), words=WORDS, api=api)
        payment = {"destination": FAUCET, "nano": 1_000_000, "comment": new_id("po")}
        prepared = prepare(here, **payment)
        send(here, prepared)
        deadline = time.monotonic() + 90
        while (outcome := find(here, prepared, **payment)).state != "paid" and time.monotonic() < deadline:
            send(here, prepared)
            time.sleep(3)
        assert outcome.state == "paid"
        assert outcome.fee > 0
