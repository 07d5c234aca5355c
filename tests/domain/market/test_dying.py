"""The process dies at every transaction on the way of an invocation: nothing is charged that was not delivered, nothing
delivered twice, and what remains goes on or is given back.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.market.claim import claim, claim_for_server
from skillyard.domain.market.expire import expire_overdue
from skillyard.domain.market.follow import follow_registry, look_at_skill
from skillyard.domain.market.invocations import list_my_invocations
from skillyard.domain.market.invoke import invoke
from skillyard.domain.market.model import Failure, Invocation, InvocationStatus, OfferChanges, Usage
from skillyard.domain.market.publish_offer import update_offer
from skillyard.domain.market.settle import complete, complete_by_server, fail_by_server
from skillyard.domain.registry.errors import ReleaseExists
from skillyard.skill.names import SkillName
from tests.domain.market.stall import INPUT, OUTPUT, Stall
from tests.domain.market.test_settle import SEALED
from tests.domain.payments.dying import DyingDatabase, dying
from tests.domain.payments.paper_bank import Killed

PAIRS = [(dies_at, after) for dies_at in range(1, 7) for after in (False, True)]


def until_killed(stall: Stall, act: Callable[[App], object], *, dies_at: int, after: bool) -> bool:
    """Whether it got that far."""
    app = dying(stall.app, dies_at=dies_at, after=after)
    assert isinstance(app.database, DyingDatabase)
    try:
        act(app)
    except Killed:
        return True
    return app.database.is_dead


@pytest.mark.parametrize(("dies_at", "after"), PAIRS)
def test_an_open_invocation_survives_a_death_at_each_transaction(both: Stall, dies_at: int, after: bool) -> None:
    offer = both.offer()

    def whole_way(app: App) -> None:
        asked = invoke(app, both.bob, offer_id=offer.id, input=INPUT, key="order-1")
        claim(app, both.sal, invocation_id=asked.id)
        complete(app, both.sal, invocation_id=asked.id, output=OUTPUT)

    until_killed(both, whole_way, dies_at=dies_at, after=after)
    both.check()
    whole_way_again(both, offer.id)
    assert (both.credits(), both.earned()) == ((90, 0), 9)
    assert len(list_my_invocations(both.app, both.bob).items) == 1


def whole_way_again(stall: Stall, offer_id: str) -> None:
    """What buyer and provider do who got no answer: the same again."""
    asked = invoke(stall.app, stall.bob, offer_id=offer_id, input=INPUT, key="order-1")
    if asked.status is InvocationStatus.PENDING:
        claim(stall.app, stall.sal, invocation_id=asked.id)
    done = complete(stall.app, stall.sal, invocation_id=asked.id, output=OUTPUT)
    assert done.status is InvocationStatus.COMPLETED


@pytest.mark.parametrize("ends_well", [True, False])
@pytest.mark.parametrize(("dies_at", "after"), PAIRS[:4])
def test_one_that_the_server_runs_survives_a_death_at_each_transaction(
    both: Stall, dies_at: int, after: bool, ends_well: bool
) -> None:
    asked = both.invoke(both.offer(**SEALED))
    begun = count(1)

    def job(app: App) -> Invocation | None:
        taken = claim_for_server(app, asked.id)
        if taken is None:
            return None
        next(begun)
        return end(app, taken)

    def end(app: App, taken: Invocation) -> Invocation:
        if ends_well:
            return complete_by_server(app, taken.id, claims=taken.claims, output=OUTPUT, usage=Usage())
        failure = Failure(code="broken", message="It broke.")
        return fail_by_server(app, taken.id, claims=taken.claims, failure=failure, usage=Usage())

    until_killed(both, job, dies_at=dies_at, after=after)
    both.check()
    job(both.app)
    job(both.app)  # a settled one is not begun with again
    assert next(begun) - 1 <= 2
    assert (both.credits(), both.earned()) == (((90, 0), 9) if ends_well else ((100, 0), 0))


@pytest.mark.parametrize(("dies_at", "after"), PAIRS[:6])
def test_one_that_nobody_goes_on_with_is_given_back(both: Stall, dies_at: int, after: bool) -> None:
    offer = both.offer()
    both.invoke(offer)
    both.claimed(offer)
    both.clock.move(seconds=3700)
    until_killed(both, expire_overdue, dies_at=dies_at, after=after)
    both.check()
    both.work()
    assert (both.credits(), both.earned()) == ((100, 0), 0)


@pytest.mark.parametrize(("dies_at", "after"), PAIRS)
def test_what_was_published_is_on_offer_in_the_end(stall: Stall, dies_at: int, after: bool) -> None:
    offer = stall.offer()

    def change(app: App) -> Any:
        return update_offer(
            app, stall.sal, offer_id=offer.id, changes=OfferChanges(version="1.1.0", output_schema={}, price=20)
        )

    until_killed(stall, change, dies_at=dies_at, after=after)
    with suppress(ReleaseExists):  # it was published before the death
        change(stall.app)
    while follow_registry(stall.app):
        pass
    found = look_at_skill(stall.app, SkillName.parse("sal/sum"))
    assert found is not None
    assert (found.version, found.price, found.executable.output_schema.text) == ("1.1.0", 20, "{}")
