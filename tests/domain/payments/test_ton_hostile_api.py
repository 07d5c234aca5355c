"""An API that answers nonsense is said to fail; nothing else comes of it."""

from __future__ import annotations

import contextlib
import copy
import json
import urllib.request
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillyard.domain.payments.model import Receipt
from skillyard.domain.payments.ton.deposits import sweep
from skillyard.domain.payments.ton.memo import new_memo
from skillyard.domain.payments.ton.sending import TonWalletTooLow, find, prepare
from skillyard.domain.payments.ton.set_up import SetUp
from skillyard.infra.errors import Upstream
from skillyard.infra.outbound import CallFailed
from tests.domain.payments.ton_wallets import pay_out, ton_set_up
from tests.peers.ton.driver import TonPeer

TON = 10**9
SELLER = "0:" + "5e" * 32
PAYMENT = {"destination": SELLER, "nano": TON, "comment": "po_1"}
OFTEN = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
nonsense = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.integers(-(10**40), 10**40).map(str),
    st.just([]),
    st.just({}),
    st.just([{}]),
)


@pytest.fixture
def here(ton_peer: TonPeer) -> SetUp:
    """A wallet that was paid, has paid, and had something sent back."""
    found = ton_set_up(ton_peer)
    ton_peer.send(found.wallet, TON, new_memo(), bounce=True)
    ton_peer.send(found.wallet, 5 * TON, new_memo())
    pay_out(found, ton_peer.a_contract_that_rejects(), TON, "po_2")
    return found


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Everywhere in a JSON value."""
    inner: list[Any] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [at, *(place for key, one in inner for place in places(one, (*at, key)))]


def changed(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    value = copy.deepcopy(value)
    target = value
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = new
    return value


def answer_of(peer: TonPeer, path: str) -> Any:
    with urllib.request.urlopen(f"{peer.url}/api/{path}", timeout=10) as answer:
        return json.load(answer)


@OFTEN
@given(data=st.data())
def test_a_listing_with_nonsense_in_it(ton_peer: TonPeer, here: SetUp, data: st.DataObject) -> None:
    true = answer_of(ton_peer, f"v3/transactions?account={here.wallet}&sort=asc&limit=100")
    place = data.draw(st.sampled_from(places(true)))
    ton_peer.fail(path="transactions", answer=changed(true, place, data.draw(nonsense)))
    with contextlib.suppress(CallFailed):
        facts, _ = sweep(here, "0")
        assert all(0 < fact.amount < 2**63 and fact.fee >= 0 for fact in facts if isinstance(fact, Receipt))
    ton_peer.misbehave()


@OFTEN
@given(data=st.data())
def test_a_state_with_nonsense_in_it(ton_peer: TonPeer, here: SetUp, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([f"v2/getAddressInformation?address={here.wallet}", "v3/masterchainInfo"]))
    true = answer_of(ton_peer, path)
    place = data.draw(st.sampled_from(places(true)))
    ton_peer.fail(path=path.partition("?")[0], answer=changed(true, place, data.draw(nonsense)))
    with contextlib.suppress(Upstream, TonWalletTooLow):
        prepared = prepare(here, **PAYMENT)
        assert find(here, prepared, **PAYMENT).state in ("unknown", "failed")
    ton_peer.misbehave()
