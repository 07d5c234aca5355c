"""Invocations by keys of collections: only in the slice, only seen by the key that asked, counted by its quota."""

from __future__ import annotations

import pytest

from skillyard.domain.accounts.agents import register_agent
from skillyard.domain.accounts.errors import AgentNotFound, KeyForSlice, OutsideSlice
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.authenticate import authenticate
from skillyard.domain.drive.collection_errors import QuotaExceeded
from skillyard.domain.drive.collections import create_collection, delete_collection, remove_skill
from skillyard.domain.drive.items import add_item
from skillyard.domain.market.board import post_request
from skillyard.domain.market.board_model import RequestFields
from skillyard.domain.market.claim import claim
from skillyard.domain.market.compositions import start_composition
from skillyard.domain.market.errors import InvocationNotFound, NotTheProvider
from skillyard.domain.market.favorites import add_favorite, list_favorites
from skillyard.domain.market.invocations import get_invocation, list_my_invocations, list_pending_invocations
from skillyard.domain.market.invoke import invoke
from skillyard.domain.market.ratings import rate
from skillyard.domain.market.receipts import get_receipt
from skillyard.domain.market.settle import cancel
from skillyard.skill.names import SkillName
from tests.domain.market.stall import INPUT, Stall

SUM = SkillName("sal", "sum")


def a_key(stall: Stall, name: str = "one", *, owner: Caller | None = None, monthly_quota: int = 0) -> Caller:
    """For sal/sum."""
    owner = owner or stall.bob
    add_item(stall.app, owner, name=SUM)
    made = create_collection(stall.app, owner, name=name, skills=[SUM], monthly_quota=monthly_quota)
    return authenticate(stall.app, made.secret)


def test_a_key_invokes_what_is_in_its_slice_and_its_owner_pays(both: Stall) -> None:
    offer, other = both.offer(), both.offer("sal/other")
    key = a_key(both)
    asked = both.invoke(offer, by=key)
    assert (asked.buyer_id, asked.key_id, asked.price) == (both.bob.user_id, key.token_id, 10)
    assert both.credits() == (90, 10)
    with pytest.raises(OutsideSlice):
        both.invoke(other, by=key)
    assert both.credits() == (90, 10)
    assert cancel(both.app, key, invocation_id=asked.id).id == asked.id


def test_each_key_sees_its_own_invocations_only(stall: Stall) -> None:
    offer = stall.offer()
    mine, other = a_key(stall, "mine"), a_key(stall, "other")
    asked, of_owner = stall.invoke(offer, by=mine), stall.invoke(offer)
    assert get_invocation(stall.app, mine, invocation_id=asked.id).id == asked.id
    assert {one.id for one in list_my_invocations(stall.app, stall.bob).items} == {asked.id, of_owner.id}
    for caller, hidden in ((other, asked), (mine, of_owner)):
        for look in (get_invocation, get_receipt, cancel):
            with pytest.raises(InvocationNotFound):
                look(stall.app, caller, invocation_id=hidden.id)
    with pytest.raises(KeyForSlice):
        list_my_invocations(stall.app, mine)


def test_a_retry_key_of_one_key_finds_nothing_of_another(stall: Stall) -> None:
    offer = stall.offer(price=0)
    mine, other = a_key(stall, "mine"), a_key(stall, "other")
    asked = [stall.invoke(offer, by=caller, key="k") for caller in (mine, other, stall.bob)]
    assert len({one.id for one in asked}) == 3
    assert stall.invoke(offer, by=mine, key="k").id == asked[0].id
    remove_skill(stall.app, stall.bob, name="mine", skill=SUM)
    emptied = mine.narrowed_to(frozenset())
    with pytest.raises(OutsideSlice):
        stall.invoke(offer, by=emptied, key="k")


def test_the_key_of_a_provider_delivers_nothing(stall: Stall) -> None:
    asked = stall.invoke(stall.offer())
    key = a_key(stall, owner=stall.sal)
    assert list_pending_invocations(stall.app, key) == []
    with pytest.raises((InvocationNotFound, NotTheProvider)):
        claim(stall.app, key, invocation_id=asked.id)


def test_a_key_does_nothing_else_on_the_market_in_the_name_of_its_owner(stall: Stall) -> None:
    offer = stall.offer()
    key = a_key(stall)
    attempts = (
        lambda: start_composition(stall.app, key, offer_ids=[offer.id], input=INPUT),
        lambda: post_request(stall.app, key, RequestFields(description="A skill that does this and that.")),
        lambda: rate(stall.app, key, offer_id=offer.id, stars=5),
        lambda: add_favorite(stall.app, key, offer_id=offer.id),
        lambda: list_favorites(stall.app, key),
    )
    for attempt in attempts:
        with pytest.raises(KeyForSlice):
            attempt()


def test_a_key_cannot_pass_for_an_agent_of_its_owner(stall: Stall) -> None:
    offer, agent = stall.offer(), register_agent(stall.app, stall.bob, name="helper")
    with pytest.raises(AgentNotFound):
        invoke(stall.app, a_key(stall), offer_id=offer.id, input=INPUT, agent_id=agent.id)
    assert stall.credits() == (100, 0)


def test_invocations_count_for_the_quota_and_what_is_refused_costs_nothing(both: Stall) -> None:
    offer, key = both.offer(), a_key(both, monthly_quota=2)
    first = both.invoke(offer, by=key, key="k")
    assert both.invoke(offer, by=key, key="k").id == first.id
    both.invoke(offer, by=key)
    with pytest.raises(QuotaExceeded):
        both.invoke(offer, by=key)
    assert both.credits() == (80, 20)


def test_each_hop_of_a_composition_counts_for_the_quota(stall: Stall) -> None:
    offer = stall.offer()
    made = create_collection(stall.app, stall.bob, name="all", monthly_quota=1)
    key = authenticate(stall.app, made.secret)
    start_composition(stall.app, key, offer_ids=[offer.id], input=INPUT)
    with pytest.raises(QuotaExceeded):
        start_composition(stall.app, key, offer_ids=[offer.id], input=INPUT)
    delete_collection(stall.app, stall.bob, name="all")
