"""Members, sellers and buyers who want keys, places and money that are not theirs, by way of the market."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.domain.accounts.agents import register_agent
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.members import set_member
from skillyard.domain.accounts.rights import Role, Scope
from skillyard.domain.accounts.tokens import create_token, revoke_token
from skillyard.domain.market.board_errors import PriceRaised
from skillyard.domain.market.claim import claim
from skillyard.domain.market.errors import OfferNotChangeable, OfferNotFound
from skillyard.domain.market.execute import execute
from skillyard.domain.market.invocations import get_invocation
from skillyard.domain.market.invoke import invoke
from skillyard.domain.market.model import InvocationStatus, OfferChanges, OfferStatus
from skillyard.domain.market.publish_offer import update_offer
from skillyard.domain.market.settle import complete
from skillyard.domain.market.states import activate_offer, approve_offer, suspend_offer
from skillyard.infra.agent_bearers import AgentBearerNotValid
from skillyard.infra.clock import FixedClock
from tests.agent_key import Key
from tests.domain.market.sealed import PY, llm, script, store_key
from tests.domain.market.stall import INPUT, OUTPUT, Stall, a_stall
from tests.makers import again, an_organization, make_app

KEY = "sk-bobs-0123456789abcdef"
DECLARED = {"skills.json": json.dumps({"permissions": {"environment": ["OPENAI_API_KEY"]}})}
TAKES_KEY = "import os\noutput = {'summary': os.environ['OPENAI_API_KEY'][::-1]}"


@pytest.fixture
def stall(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stall]:
    clock = FixedClock()
    app = make_app(tmp_path, clock=clock, **getattr(request, "param", {}))
    stall = a_stall(app, clock)
    yield stall
    stall.check()
    app.close()


@pytest.mark.parametrize("step", [script(PY, TAKES_KEY), llm("Say it.")], ids=["script", "llm"])
def test_whoever_was_made_an_owner_by_others_does_not_give_them_a_key(stall: Stall, step: dict[str, str]) -> None:
    """Nobody is asked before they are made an owner: the seller's key is for what they published themselves."""
    store_key(stall, stall.bob, KEY)
    sal = an_organization(stall.app, stall.sal, "trap")
    set_member(stall.app, sal, namespace="trap", username="bob", role=Role.OWNER)
    set_member(stall.app, sal, namespace="trap", username="sal", role=Role.MAINTAINER)
    sal = again(stall.app, sal)
    taking = {"label": "take", **{key: value for key, value in step.items() if key != "text"}}
    if "text" in step:
        taking["file"] = "steps/take.py"
    offer = stall.offer(
        "trap/take", by=sal, files={**DECLARED, "steps/take.py": TAKES_KEY}, mode="sealed", steps=[taking],
        credentials={"mode": "seller_provides", "required": [{"provider": "openai"}]},
    )  # fmt: skip
    assert offer.owner_id == stall.bob.user_id
    asked = stall.invoke(offer, by=sal)
    execute(stall.app, asked.id)
    found = get_invocation(stall.app, sal, invocation_id=asked.id)
    assert found.status is InvocationStatus.FAILED
    assert found.failure is not None
    assert found.failure.code == "credential_not_for_scripts"


@pytest.mark.parametrize("stall", [{"market_review": "all"}], indirect=True)
def test_no_release_gets_past_the_review_while_its_offer_is_suspended(stall: Stall) -> None:
    offer = stall.offer()
    approve_offer(stall.app, stall.ada, offer_id=offer.id)
    suspend_offer(stall.app, stall.sal, offer_id=offer.id)
    assert stall.offer(version="1.0.1").status is OfferStatus.PENDING_REVIEW
    with pytest.raises(OfferNotChangeable):
        activate_offer(stall.app, stall.sal, offer_id=offer.id)
    with pytest.raises(OfferNotFound):
        stall.invoke(offer)


def test_whoever_had_a_token_is_out_when_it_is_revoked(stall: Stall) -> None:
    """Also with the key of an agent that they enrolled with it."""
    leaked = create_token(stall.app, stall.bob, name="ci", scopes=[Scope.READ, Scope.MANAGE])
    thief, mine, theirs = authenticate(stall.app, leaked.secret), Key(), Key()
    agent = register_agent(stall.app, stall.bob, name="helper")
    mine.enroll(stall.app, stall.bob, agent)
    theirs.enroll(stall.app, thief, agent)
    revoke_token(stall.app, stall.bob, token_id=leaked.token.id)
    now_ms = stall.clock.now_ms()
    with pytest.raises(AgentBearerNotValid):
        authenticate(stall.app, theirs.bearer(agent.id, now_ms))
    assert authenticate(stall.app, mine.bearer(agent.id, now_ms)).agent_id == agent.id


def test_a_price_that_was_raised_in_between_is_not_paid_unseen(stall: Stall) -> None:
    offer = stall.offer(price=1)
    update_offer(stall.app, stall.sal, offer_id=offer.id, changes=OfferChanges(price=100))
    with pytest.raises(PriceRaised):
        invoke(stall.app, stall.bob, offer_id=offer.id, input=INPUT, max_price=offer.price)
    assert stall.credits() == (100, 0)
    assert invoke(stall.app, stall.bob, offer_id=offer.id, input=INPUT, max_price=100).price == 100


def test_nobody_gets_to_the_top_by_delivering_to_themselves(stall: Stall) -> None:
    offer = stall.offer()
    asked = stall.invoke(offer, by=stall.sal)
    claim(stall.app, stall.sal, invocation_id=asked.id)
    complete(stall.app, stall.sal, invocation_id=asked.id, output=OUTPUT)
    assert stall.fresh(offer).completed == 0
    complete(stall.app, stall.sal, invocation_id=stall.claimed(offer).id, output=OUTPUT)
    assert stall.fresh(offer).completed == 1
