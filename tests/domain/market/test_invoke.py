"""Asking for an invocation: everything is checked before anything is charged, and a key is used once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.claims import attest
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.domain.market.errors import (
    InputNotValid,
    InvocationNotFound,
    OfferNotActive,
    OfferNotFound,
    RetryKeyNotValid,
    RetryKeyUsed,
    TooLittleTrust,
    TooManyOpenInvocations,
)
from skillyard.domain.market.invocations import get_invocation, list_my_invocations, list_pending_invocations
from skillyard.domain.market.invoke import invoke
from skillyard.domain.market.model import InvocationStatus
from skillyard.domain.market.settle import cancel
from skillyard.domain.market.states import activate_offer, suspend_offer
from skillyard.domain.payments.charge_errors import NotEnoughCredits
from skillyard.domain.registry.model import Visibility
from skillyard.domain.registry.visibility import set_visibility
from skillyard.domain.registry.yank import yank
from skillyard.infra.errors import Forbidden, SkillyardError, Unauthenticated
from skillyard.skill.names import SkillName
from tests.domain.market.stall import INPUT, Stall
from tests.makers import a_person


def test_the_price_is_set_aside_until_it_is_delivered(both: Stall) -> None:
    offer = both.offer()
    asked = both.invoke(offer)
    assert (asked.status, asked.price, asked.rail) == (InvocationStatus.PENDING, 10, "credits")
    assert both.credits() == (90, 10)
    assert both.fresh(offer).invocations == 1
    assert [one.id for one in list_pending_invocations(both.app, both.sal)] == [asked.id]


@pytest.mark.parametrize(
    "value",
    [
        {}, {"url": 7}, [], None, "text", {"url": "x" * 300_000}, {"url": "\ud800"}, {"url": "x", "n": 2**70},
        {"url": "x", "deep": __import__("functools").reduce(lambda inner, _: [inner], range(500), [])},
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
def test_an_input_that_does_not_fit_is_refused_and_nothing_is_charged(stall: Stall, value: Any) -> None:
    offer = stall.offer()
    with pytest.raises(InputNotValid) as refused:
        invoke(stall.app, stall.bob, offer_id=offer.id, input=value)
    assert refused.value.faults
    assert stall.credits() == (100, 0)
    assert list_my_invocations(stall.app, stall.bob).items == ()


def test_who_has_too_little_is_told_what_it_costs_and_where_to_buy_credits(both: Stall) -> None:
    offer = both.offer(price=101)
    with pytest.raises(NotEnoughCredits) as refused:
        both.invoke(offer)
    assert (refused.value.facts["price"], refused.value.facts["there"]) == (101, 100)
    assert refused.value.facts["purchase_url"].endswith("/account/credits")
    assert both.fresh(offer).invocations == 0
    assert list_my_invocations(both.app, both.bob).items == ()


def test_the_same_key_is_the_same_invocation_charged_once(both: Stall) -> None:
    offer = both.offer()
    first = both.invoke(offer, key="order-1")
    suspend_offer(both.app, both.sal, offer_id=offer.id)
    assert both.invoke(offer, key="order-1") == first
    assert both.credits() == (90, 10)
    activate_offer(both.app, both.sal, offer_id=offer.id)
    with pytest.raises(RetryKeyUsed):
        both.invoke(offer, key="order-1", input={"url": "other"})
    carol = a_person(both.app, "carol")
    with pytest.raises(NotEnoughCredits):
        both.invoke(offer, key="order-1", by=carol)


@pytest.mark.parametrize("key", ["", "x" * 257, "with blank", "ключ", "a\x00"])
def test_a_key_that_could_not_be_one_is_refused(stall: Stall, key: str) -> None:
    with pytest.raises(RetryKeyNotValid):
        stall.invoke(stall.offer(), key=key)


def test_what_is_ones_own_costs_nothing(stall: Stall) -> None:
    asked = stall.invoke(stall.offer(), by=stall.sal)
    assert (asked.price, asked.rail) == (0, None)


def test_what_is_free_needs_no_credits(stall: Stall) -> None:
    carol = a_person(stall.app, "carol")
    assert stall.invoke(stall.offer(price=0), by=carol).rail is None


def test_a_suspended_offer_is_not_invoked_until_it_is_activated(stall: Stall) -> None:
    offer = stall.offer()
    suspend_offer(stall.app, stall.sal, offer_id=offer.id)
    for caller in (stall.bob, stall.sal):
        with pytest.raises(OfferNotActive):
            stall.invoke(offer, by=caller)
    activate_offer(stall.app, stall.sal, offer_id=offer.id)
    assert stall.invoke(offer).status is InvocationStatus.PENDING


def test_a_yanked_release_is_not_invoked_from_that_moment_on(stall: Stall) -> None:
    offer = stall.offer()
    yank(stall.app, stall.sal, name=SkillName.parse(offer.name), version="1.0.0", reason="broken")
    with pytest.raises(OfferNotActive) as refused:
        stall.invoke(offer)
    assert refused.value.facts["status"] == "withdrawn"
    stall.work()
    assert not stall.fresh(offer).is_offered


def test_an_unlisted_offer_is_invoked_by_those_who_know_it_and_a_private_one_by_members(stall: Stall) -> None:
    offer = stall.offer(visibility="unlisted")
    assert stall.invoke(offer).price == 10
    set_visibility(stall.app, stall.sal, name=SkillName.parse(offer.name), visibility=Visibility.PRIVATE)
    with pytest.raises(OfferNotFound):
        stall.invoke(offer)
    assert stall.invoke(offer, by=stall.sal).price == 0


def test_stored_claims_decide_who_is_trusted(stall: Stall) -> None:
    offer = stall.offer(trust_level="L1")
    with pytest.raises(TooLittleTrust) as refused:
        stall.invoke(offer)
    assert (refused.value.facts["wanted"], refused.value.facts["level"]) == ("L1", "L0")
    attest(stall.app, stall.ada, username="bob", claim_type="verified_human", assurance="substantial")
    assert stall.invoke(offer).price == 10


def test_a_new_version_is_what_is_invoked_and_the_old_one_stays_what_was_asked_for(stall: Stall) -> None:
    offer = stall.offer()
    before = stall.invoke(offer)
    stall.offer(version="2.0.0", price=25)
    after = stall.invoke(offer)
    assert [(one.version, one.price) for one in (before, after)] == [("1.0.0", 10), ("2.0.0", 25)]
    assert get_invocation(stall.app, stall.bob, invocation_id=before.id).version == "1.0.0"


def test_nobody_else_sees_an_invocation(stall: Stall) -> None:
    asked = stall.invoke(stall.offer())
    carol = a_person(stall.app, "carol")
    for caller in (carol, stall.ada):
        with pytest.raises(InvocationNotFound):
            get_invocation(stall.app, caller, invocation_id=asked.id)
        assert list_my_invocations(stall.app, caller).items == ()
        assert list_my_invocations(stall.app, caller, side="provider").items == ()
    assert [one.id for one in list_my_invocations(stall.app, stall.sal, side="provider").items] == [asked.id]


def test_pages_of_invocations_show_each_once_the_newest_first(stall: Stall) -> None:
    offer = stall.offer(price=0)
    asked = sorted(stall.invoke(offer).id for _ in range(5))
    first = list_my_invocations(stall.app, stall.bob, limit=3)
    rest = list_my_invocations(stall.app, stall.bob, limit=3, cursor=first.next_cursor)
    assert [one.id for one in (*first.items, *rest.items)] == asked[::-1]
    assert rest.next_cursor is None
    assert list_my_invocations(stall.app, stall.bob, status=InvocationStatus.COMPLETED).items == ()


@pytest.mark.parametrize("offer_id", ["", "skl_none", "x" * 5000, "skl_\x00", "skl_' OR 1=1", "☃"])
def test_what_is_no_offer_is_not_found(stall: Stall, offer_id: str) -> None:
    with pytest.raises(OfferNotFound):
        invoke(stall.app, stall.bob, offer_id=offer_id, input=INPUT)


@pytest.mark.parametrize("field", ["agent_id", "passport_id", "intent"])
@pytest.mark.parametrize("value", ["", "x" * 257, "a\x00b", "\ud800"])
def test_names_for_the_audit_trail_are_held_to_bounds(stall: Stall, field: str, value: str) -> None:
    offer = stall.offer()
    with pytest.raises(SkillyardError) as refused:
        invoke(stall.app, stall.bob, offer_id=offer.id, input=INPUT, **{field: value})
    assert refused.value.code == "bad_field"


def test_nobody_invokes_without_signing_in_or_with_a_token_that_may_only_read(stall: Stall) -> None:
    offer = stall.offer()
    with pytest.raises(Unauthenticated):
        stall.invoke(offer, by=ANONYMOUS)
    reader = authenticate(stall.app, create_token(stall.app, stall.bob, name="r", scopes={Scope.READ}).secret)
    with pytest.raises(Forbidden):
        stall.invoke(offer, by=reader)
    runner = authenticate(stall.app, create_token(stall.app, stall.bob, name="x", scopes={Scope.RUN}).secret)
    assert stall.invoke(offer, by=runner).buyer_id == stall.bob.identity[0]


def test_nobody_asks_for_more_than_so_many_at_a_time(both: Stall) -> None:
    offer = both.offer(price=0)
    few = replace(both.app, settings=both.app.settings.model_copy(update={"invocations_open": 2}))
    first, _ = (invoke(few, both.bob, offer_id=offer.id, input=INPUT) for _ in range(2))
    with pytest.raises(TooManyOpenInvocations):
        invoke(few, both.bob, offer_id=offer.id, input=INPUT)
    assert len(list_my_invocations(both.app, both.bob).items) == 2
    cancel(both.app, both.bob, invocation_id=first.id)
    invoke(few, both.bob, offer_id=offer.id, input=INPUT)
