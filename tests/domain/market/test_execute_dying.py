"""The worker dies somewhere in a sealed skill: whoever goes on with it delivers and is paid once, or gives the price
back; no program runs twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from skillyard.app import App
from skillyard.domain.market.execute import execute
from skillyard.domain.market.invocations import get_invocation
from skillyard.domain.market.model import Invocation, InvocationStatus, Offer
from skillyard.domain.market.store import step_answers as answers
from skillyard.domain.runs.errors import StepUnderWay
from skillyard.infra.clock import FixedClock
from tests.domain.market.sealed import JS, PY, a_rich_stall, llm, script, sealed
from tests.domain.market.stall import Stall
from tests.domain.payments.dying import dying
from tests.domain.payments.paper_bank import Killed
from tests.makers import make_app
from tests.peers.llm.server import LlmPeer, Says

DEATHS = [(dies_at, after) for dies_at in range(1, 15) for after in (False, True)]


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory, llm_service: LlmPeer) -> Iterator[Stall]:
    clock = FixedClock()
    app = make_app(tmp_path_factory.mktemp("dying"), clock=clock, **llm_service.settings)
    made = a_rich_stall(app, clock)
    yield made
    made.check()
    app.close()


@pytest.fixture(scope="module")
def offer(stall: Stall) -> Offer:
    return sealed(
        stall,
        script(PY, "output = [input['url']]"),
        llm("Go on.", provider="own"),
        script(JS, "return {summary: steps.s1 + steps.s0.length}"),
    )


def work_until_killed(app: App, invocation_id: str) -> None:
    with suppress(Killed, StepUnderWay):
        execute(app, invocation_id)


def go_on(stall: Stall, invocation_id: str) -> Invocation:
    """As the job is run again, some time later."""
    for _ in range(5):
        stall.clock.move(seconds=40)
        with suppress(StepUnderWay):
            execute(stall.app, invocation_id)
            break
    return get_invocation(stall.app, stall.bob, invocation_id=invocation_id)


@pytest.mark.parametrize(("dies_at", "after"), DEATHS)
def test_a_death_at_any_transaction_costs_nothing_that_was_not_delivered(
    stall: Stall, offer: Offer, llm_peer: LlmPeer, dies_at: int, after: bool
) -> None:
    llm_peer.behave = lambda _: Says(text="in between")
    (before, _), asked = stall.credits(), stall.invoke(offer)
    work_until_killed(dying(stall.app, dies_at=dies_at, after=after), asked.id)
    with stall.app.database.reading() as tx:
        is_answered = answers.find(tx, asked.id, 1) is not None
    ended = go_on(stall, asked.id)
    assert len(llm_peer.asked) <= (1 if is_answered else 2)
    if ended.status is InvocationStatus.COMPLETED:
        assert ended.output == {"summary": "in between1"}
        assert stall.credits() == (before - 10, 0)
    else:
        assert (ended.status, ended.failure and ended.failure.code) == (InvocationStatus.FAILED, "step_lost")
        assert stall.credits() == (before, 0)
    with stall.app.database.reading() as tx:
        assert answers.find(tx, asked.id, 1) is None, "it is not kept for longer"
        rows = tx.all("SELECT ref, count(*) AS runs FROM runs GROUP BY ref")
    assert [row for row in rows if row["runs"] != 1] == []


def test_some_deaths_leave_a_program_of_which_nobody_knows_what_it_did(
    stall: Stall, offer: Offer, llm_peer: LlmPeer
) -> None:
    llm_peer.behave = lambda _: Says(text="in between")
    ends = set()
    for dies_at in range(3, 9):
        asked = stall.invoke(offer)
        work_until_killed(dying(stall.app, dies_at=dies_at, after=False), asked.id)
        ended = go_on(stall, asked.id)
        ends.add(ended.failure.code if ended.failure else ended.status.value)
    assert ends == {"completed", "step_lost"}
