"""Many at the same moment: one claims, one settles, one key is one invocation, and credits are not spent twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from skillyard.domain.market.claim import claim
from skillyard.domain.market.invocations import get_invocation
from skillyard.domain.market.model import Invocation, InvocationStatus
from skillyard.domain.market.settle import cancel, complete, expire, fail
from skillyard.infra.errors import SkillyardError
from tests.domain.market.stall import OUTPUT, Stall


def at_once(*calls: Callable[[], object]) -> list[object]:
    """What each returned, or the code of what it was refused with."""

    def one(call: Callable[[], object]) -> object:
        try:
            return call()
        except SkillyardError as error:
            return error.code

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def test_of_fifty_who_claim_an_invocation_exactly_one_wins(both: Stall) -> None:
    asked = both.invoke(both.offer())
    results = at_once(*[lambda: claim(both.app, both.sal, invocation_id=asked.id)] * 50)
    won = [one for one in results if isinstance(one, Invocation)]
    assert [one.status for one in won] == [InvocationStatus.PROCESSING]
    assert Counter(one for one in results if isinstance(one, str)) == {"invocation_taken": 49}
    assert get_invocation(both.app, both.sal, invocation_id=asked.id).claims == 1


def test_fifty_who_claim_ten_invocations_get_each_once(both: Stall) -> None:
    offer = both.offer(price=1)
    asked = sorted(both.invoke(offer).id for _ in range(10))
    results = at_once(*[lambda one=one: claim(both.app, both.sal, invocation_id=one) for one in asked * 5])
    assert sorted(one.id for one in results if isinstance(one, Invocation)) == asked


def test_one_key_sent_sixteen_times_is_one_invocation(both: Stall) -> None:
    offer = both.offer()
    results = at_once(*[lambda: both.invoke(offer, key="order-1")] * 16)
    assert len({one.id for one in results if isinstance(one, Invocation)}) == 1
    assert all(isinstance(one, Invocation) for one in results)
    assert both.credits() == (90, 10)


def test_credits_for_ten_invocations_do_not_pay_sixteen(both: Stall) -> None:
    offer = both.offer()
    results = at_once(*[lambda: both.invoke(offer)] * 16)
    assert results.count("not_enough_credits") == 6
    assert both.credits() == (0, 100)


def test_of_those_who_end_an_invocation_one_does_and_the_money_follows(both: Stall) -> None:
    offer = both.offer()
    for _ in range(4):
        taken = both.claimed(offer)
        done = at_once(
            *[partial(complete, both.app, both.sal, invocation_id=taken.id, output=OUTPUT)] * 3,
            *[partial(fail, both.app, both.sal, invocation_id=taken.id, code="broken", message="It broke.")] * 3,
            partial(expire, both.app, taken.id),
        )
        ended = get_invocation(both.app, both.bob, invocation_id=taken.id)
        assert ended.status.is_settled
        assert {one.status for one in done if isinstance(one, Invocation)} <= {
            ended.status,
            InvocationStatus.PROCESSING,
        }
    assert both.earned() == both.fresh(offer).completed * 9


def test_a_buyer_who_takes_it_back_and_a_provider_who_claims_do_not_both_win(both: Stall) -> None:
    offer = both.offer(price=1)
    for _ in range(5):
        asked = both.invoke(offer)
        results = at_once(
            partial(cancel, both.app, both.bob, invocation_id=asked.id),
            partial(claim, both.app, both.sal, invocation_id=asked.id),
        )
        assert sum(isinstance(one, Invocation) for one in results) == 1
