"""An invocation that is paid elsewhere: looked at first, taken once it is delivered, never otherwise, never twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.domain.market.errors import InputNotValid
from skillyard.domain.market.invocations import list_my_invocations
from skillyard.domain.market.invoke import invoke
from skillyard.domain.market.settle import complete, fail
from skillyard.domain.payments.charge_errors import NotEnoughCredits, PaymentRefused, PaymentUsed
from skillyard.domain.payments.charge_jobs import take_payments_due
from skillyard.infra.clock import FixedClock
from tests.domain.market.stall import INPUT, OUTPUT, Stall, a_stall
from tests.makers import a_person, make_app
from tests.peers.nevermined.peer import API_KEY, HOLDER, NETWORK, PLAN, Nevermined, running_nevermined


@pytest.fixture
def nevermined() -> Iterator[Nevermined]:
    with running_nevermined() as peer:
        peer.balances[HOLDER] = 100
        yield peer


@pytest.fixture
def stall(tmp_path: Path, nevermined: Nevermined) -> Iterator[Stall]:
    clock = FixedClock()
    app = make_app(
        tmp_path, clock=clock, outbound_http_loopback=True, nevermined_api_url=nevermined.url,
        nevermined_api_key=API_KEY, nevermined_plan_id=PLAN, nevermined_network=NETWORK, nevermined_agent_id="7",
        public_url="https://skills.example.org",
    )  # fmt: skip
    stall = a_stall(app, clock)
    yield stall
    stall.check()
    app.close()


def test_a_plan_pays_what_is_delivered_and_credits_are_not_touched(stall: Stall, nevermined: Nevermined) -> None:
    offer = stall.offer()
    asked = invoke(stall.app, stall.bob, offer_id=offer.id, input=INPUT, payment=nevermined.token())
    assert (asked.rail, stall.credits()) == ("nevermined", (100, 0))
    taken = stall.claim(asked)
    assert nevermined.taken[HOLDER] == 0
    complete(stall.app, stall.sal, invocation_id=taken.id, output=OUTPUT)
    take_payments_due(stall.app)
    take_payments_due(stall.app)
    assert (nevermined.taken[HOLDER], stall.earned()) == (10, 9)


def test_what_fails_is_not_taken(stall: Stall, nevermined: Nevermined) -> None:
    asked = invoke(stall.app, stall.bob, offer_id=stall.offer().id, input=INPUT, payment=nevermined.token())
    fail(stall.app, stall.sal, invocation_id=stall.claim(asked).id, code="broken", message="It broke.")
    take_payments_due(stall.app)
    assert (nevermined.taken[HOLDER], stall.earned()) == (0, 0)


def test_one_payment_is_for_one_invocation_and_the_same_key_for_the_same(stall: Stall, nevermined: Nevermined) -> None:
    offer, token = stall.offer(), nevermined.token()
    first = invoke(stall.app, stall.bob, offer_id=offer.id, input=INPUT, payment=token, key="order-1")
    assert invoke(stall.app, stall.bob, offer_id=offer.id, input=INPUT, payment=token, key="order-1") == first
    with pytest.raises(PaymentUsed):
        invoke(stall.app, stall.bob, offer_id=offer.id, input=INPUT, payment=token)
    assert [one.id for one in list_my_invocations(stall.app, stall.bob).items] == [first.id]


def test_a_payment_that_is_none_is_refused_and_what_is_wrong_with_the_input_first(stall: Stall) -> None:
    offer = stall.offer()
    with pytest.raises(PaymentRefused):
        invoke(stall.app, stall.bob, offer_id=offer.id, input=INPUT, payment="nothing")
    with pytest.raises(InputNotValid):
        invoke(stall.app, stall.bob, offer_id=offer.id, input={}, payment="nothing")
    assert list_my_invocations(stall.app, stall.bob).items == ()


def test_who_has_too_few_credits_is_told_how_else_to_pay(stall: Stall) -> None:
    carol = a_person(stall.app, "carol")
    with pytest.raises(NotEnoughCredits) as refused:
        stall.invoke(stall.offer(), by=carol)
    assert [one["rail"] for one in refused.value.facts["offers"]] == ["nevermined"]


def test_what_is_free_takes_no_payment(stall: Stall, nevermined: Nevermined) -> None:
    asked = invoke(stall.app, stall.sal, offer_id=stall.offer().id, input=INPUT, payment=nevermined.token())
    assert (asked.price, asked.rail) == (0, None)
