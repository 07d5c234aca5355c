"""How an invocation goes on and ends: delivered and paid, or not, and given back."""

from __future__ import annotations

from typing import Any

import pytest

from skillyard.domain.accounts.members import set_member
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import Role
from skillyard.domain.market.claim import claim, claim_for_server, renew_claim
from skillyard.domain.market.errors import (
    FailureNotValid,
    InvocationExpired,
    InvocationNotFound,
    InvocationNotYours,
    InvocationSettled,
    InvocationTaken,
    NotTheBuyer,
    NotTheProvider,
    OutputNotValid,
    ReceiptNotThere,
    RunsHere,
)
from skillyard.domain.market.invocations import get_invocation, list_pending_invocations
from skillyard.domain.market.model import Failure, Invocation, InvocationStatus, Usage
from skillyard.domain.market.receipts import get_receipt, hash_of
from skillyard.domain.market.settle import cancel, complete, complete_by_server, expire, fail, fail_by_server
from skillyard.skill.receipts import open_receipt
from tests.domain.market.stall import INPUT, OUTPUT, Stall
from tests.makers import a_person, again, an_organization

SEALED: dict[str, Any] = {
    "mode": "sealed",
    "steps": [{"type": "script", "label": "sum", "runtime": "python", "file": "steps/sum.py"}],
    "files": {"steps/sum.py": "output = {'summary': 'It went well.'}\n"},
}


def test_what_is_delivered_is_paid_once(both: Stall) -> None:
    offer = both.offer()
    taken = both.claimed(offer)
    assert (taken.status, taken.claims) == (InvocationStatus.PROCESSING, 1)
    both.clock.move(seconds=2)
    done = complete(both.app, both.sal, invocation_id=taken.id, output=OUTPUT)
    assert (done.status, done.output, done.usage.duration_ms) == (InvocationStatus.COMPLETED, OUTPUT, 2000)
    assert both.credits() == (90, 0)
    assert both.earned() == 9
    assert complete(both.app, both.sal, invocation_id=taken.id, output=OUTPUT) == done
    with pytest.raises(InvocationSettled):
        complete(both.app, both.sal, invocation_id=taken.id, output={"summary": "Or not."})
    with pytest.raises(InvocationSettled):
        fail(both.app, both.sal, invocation_id=taken.id, code="late", message="Too late.")
    with pytest.raises(InvocationSettled):
        claim(both.app, both.sal, invocation_id=taken.id)
    assert get_invocation(both.app, both.bob, invocation_id=taken.id) == done
    assert (both.fresh(offer).completed, both.earned()) == (1, 9)


def test_what_fails_is_given_back(both: Stall) -> None:
    taken = both.claimed(both.offer())
    failed = fail(both.app, both.sal, invocation_id=taken.id, code="unreachable", message="No answer.")
    assert (failed.status, failed.failure) == (
        InvocationStatus.FAILED,
        Failure(code="unreachable", message="No answer."),
    )
    assert both.credits() == (100, 0)
    assert both.earned() == 0


@pytest.mark.parametrize("output", [{}, None, [], {"summary": 7}, {"summary": "x" * 1_100_000}, {"summary": "\udfff"}])
def test_an_output_that_does_not_fit_is_refused_and_can_be_corrected(stall: Stall, output: Any) -> None:
    taken = stall.claimed(stall.offer())
    with pytest.raises(OutputNotValid) as refused:
        complete(stall.app, stall.sal, invocation_id=taken.id, output=output)
    assert refused.value.faults
    assert get_invocation(stall.app, stall.sal, invocation_id=taken.id).status is InvocationStatus.PROCESSING
    assert complete(stall.app, stall.sal, invocation_id=taken.id, output=OUTPUT).output == OUTPUT


def test_the_output_is_held_against_the_version_that_was_asked_for(stall: Stall) -> None:
    taken = stall.claimed(stall.offer())
    stall.offer(version="2.0.0", output_schema={"type": "array"})
    assert complete(stall.app, stall.sal, invocation_id=taken.id, output=OUTPUT).version == "1.0.0"


def test_an_output_may_be_null_where_the_schema_lets_it(stall: Stall) -> None:
    taken = stall.claimed(stall.offer(output_schema={}))
    complete(stall.app, stall.sal, invocation_id=taken.id, output=None)
    found = get_invocation(stall.app, stall.bob, invocation_id=taken.id)
    assert (found.status, found.output) == (InvocationStatus.COMPLETED, None)


def test_what_comes_too_late_is_refused_and_given_back(both: Stall) -> None:
    taken = both.claimed(both.offer())
    both.clock.move(seconds=3600)
    with pytest.raises(InvocationExpired):
        complete(both.app, both.sal, invocation_id=taken.id, output=OUTPUT)
    assert get_invocation(both.app, both.bob, invocation_id=taken.id).status is InvocationStatus.EXPIRED
    assert both.credits() == (100, 0)
    with pytest.raises(InvocationSettled):
        complete(both.app, both.sal, invocation_id=taken.id, output=OUTPUT)


def test_what_nobody_delivers_expires_by_itself(both: Stall) -> None:
    offer = both.offer()
    waiting, taken = both.invoke(offer), both.claimed(offer)
    both.later(minutes=59)
    both.clock.move(seconds=60)
    with pytest.raises(InvocationExpired):
        claim(both.app, both.sal, invocation_id=waiting.id)
    assert list_pending_invocations(both.app, both.sal) == []
    both.work()
    for asked in (waiting, taken):
        found = get_invocation(both.app, both.bob, invocation_id=asked.id)
        assert (found.status, found.failure and found.failure.code) == (InvocationStatus.EXPIRED, "expired")
    assert both.credits() == (100, 0)
    assert expire(both.app, taken.id).status is InvocationStatus.EXPIRED


def test_after_the_lease_others_may_claim_and_until_then_who_had_it_may_deliver(stall: Stall) -> None:
    offer = stall.offer(by=an_organization(stall.app, stall.sal), name="acme/sum")
    stall.sal = again(stall.app, stall.sal)
    max_ = _maintainer(stall, "max")
    first, second = stall.claimed(offer), stall.claimed(offer)
    with pytest.raises(InvocationTaken):
        claim(stall.app, max_, invocation_id=first.id)
    stall.later(minutes=6)
    assert get_invocation(stall.app, stall.bob, invocation_id=first.id).status is InvocationStatus.PENDING
    assert complete(stall.app, stall.sal, invocation_id=first.id, output=OUTPUT).status is InvocationStatus.COMPLETED
    assert claim(stall.app, max_, invocation_id=second.id).claims == 2
    with pytest.raises(InvocationNotYours):
        complete(stall.app, stall.sal, invocation_id=second.id, output=OUTPUT)
    with pytest.raises(InvocationNotYours):
        renew_claim(stall.app, stall.sal, invocation_id=second.id)
    assert complete(stall.app, max_, invocation_id=second.id, output=OUTPUT).claimed_by == max_.identity[0]


def test_a_claim_that_is_renewed_lasts(stall: Stall) -> None:
    taken = stall.claimed(stall.offer())
    for _ in range(4):
        stall.later(minutes=4)
        renewed = renew_claim(stall.app, stall.sal, invocation_id=taken.id)
    stall.later(minutes=4)
    assert get_invocation(stall.app, stall.sal, invocation_id=taken.id).status is InvocationStatus.PROCESSING
    assert renewed.lease_until_ms is not None
    stall.later(minutes=2)
    assert get_invocation(stall.app, stall.sal, invocation_id=taken.id).status is InvocationStatus.PENDING
    again_ = renew_claim(stall.app, stall.sal, invocation_id=taken.id, lease_s=10**9)
    assert again_.lease_until_ms == taken.expires_ms


def test_a_buyer_takes_back_what_nobody_has_begun_with(both: Stall) -> None:
    offer = both.offer()
    waiting, taken = both.invoke(offer), both.claimed(offer)
    with pytest.raises(NotTheBuyer):
        cancel(both.app, both.sal, invocation_id=waiting.id)
    assert cancel(both.app, both.bob, invocation_id=waiting.id).failure == Failure(
        code="cancelled", message="Its buyer took it back."
    )
    with pytest.raises(InvocationTaken):
        cancel(both.app, both.bob, invocation_id=taken.id)
    with pytest.raises(InvocationSettled):
        cancel(both.app, both.bob, invocation_id=waiting.id)
    assert both.credits() == (90, 10)


def test_only_the_provider_delivers(stall: Stall) -> None:
    offer = stall.offer()
    taken = stall.claimed(offer)
    for caller, refusal in ((stall.bob, NotTheProvider), (stall.ada, InvocationNotFound)):
        for attempt in (
            lambda caller=caller: claim(stall.app, caller, invocation_id=taken.id),
            lambda caller=caller: complete(stall.app, caller, invocation_id=taken.id, output=OUTPUT),
            lambda caller=caller: fail(stall.app, caller, invocation_id=taken.id, code="a", message="b"),
        ):
            with pytest.raises(refusal):
                attempt()
    unclaimed = stall.invoke(offer)
    with pytest.raises(InvocationNotYours):
        complete(stall.app, stall.sal, invocation_id=unclaimed.id, output=OUTPUT)


@pytest.mark.parametrize(
    ("code", "message"), [("", "a"), ("a b", "a"), ("x" * 65, "a"), ("a", ""), ("a", "x" * 1001), ("a", "\x00")]
)
def test_a_failure_says_why_in_bounds(stall: Stall, code: str, message: str) -> None:
    taken = stall.claimed(stall.offer())
    with pytest.raises(FailureNotValid):
        fail(stall.app, stall.sal, invocation_id=taken.id, code=code, message=message)


def test_what_the_registry_runs_is_for_no_provider_to_claim(stall: Stall) -> None:
    asked = stall.invoke(stall.offer(**SEALED))
    assert list_pending_invocations(stall.app, stall.sal) == []
    with pytest.raises(RunsHere):
        claim(stall.app, stall.sal, invocation_id=asked.id)


def test_the_server_delivers_with_the_number_of_its_beginning_only(both: Stall) -> None:
    offer = both.offer(**SEALED)
    asked = both.invoke(offer)
    first = _begun(both, asked)
    second = _begun(both, asked)  # the job of the first has died
    used = Usage(llm_tokens_input=7, duration_ms=12)
    late = complete_by_server(both.app, asked.id, claims=first.claims, output=OUTPUT, usage=used)
    assert late.status is InvocationStatus.PROCESSING
    done = complete_by_server(
        both.app, asked.id, claims=second.claims, output=OUTPUT, usage=used, receipts=["run_1"]
    )  # fmt: skip
    assert (done.status, done.usage, done.receipts) == (InvocationStatus.COMPLETED, used, ("run_1",))
    assert claim_for_server(both.app, asked.id) is None
    failure = Failure(code="broken", message="It broke.")
    assert fail_by_server(both.app, asked.id, claims=second.claims, failure=failure, usage=used) == done
    assert (both.credits(), both.earned()) == ((90, 0), 9)


def test_an_output_of_the_server_that_does_not_fit_fails_it(stall: Stall) -> None:
    begun = _begun(stall, stall.invoke(stall.offer(**SEALED)))
    ended = complete_by_server(stall.app, begun.id, claims=1, output={"wrong": 1}, usage=Usage())
    assert (ended.status, ended.failure and ended.failure.code) == (InvocationStatus.FAILED, "output_not_valid")
    assert stall.credits() == (100, 0)


def test_what_the_server_has_begun_with_is_not_freed_for_others(stall: Stall) -> None:
    begun = _begun(stall, stall.invoke(stall.offer(**SEALED)))
    stall.later(minutes=59)
    assert get_invocation(stall.app, stall.bob, invocation_id=begun.id).status is InvocationStatus.PROCESSING
    stall.later(minutes=1)
    assert get_invocation(stall.app, stall.bob, invocation_id=begun.id).status is InvocationStatus.EXPIRED


def test_a_receipt_swears_what_went_in_what_came_out_and_what_was_paid(stall: Stall) -> None:
    offer = stall.offer()
    taken = stall.claimed(offer)
    with pytest.raises(ReceiptNotThere):
        get_receipt(stall.app, stall.bob, invocation_id=taken.id)
    complete(stall.app, stall.sal, invocation_id=taken.id, output=OUTPUT)
    receipt = get_receipt(stall.app, stall.bob, invocation_id=taken.id)
    assert get_receipt(stall.app, stall.sal, invocation_id=taken.id) == receipt
    facts = open_receipt(receipt, stall.app.log_key.verifier)
    assert facts["release"] == {"name": "sal/sum", "version": "1.0.0", "digest": offer.digest}
    assert (facts["input_sha256"], facts["output_sha256"]) == (hash_of(INPUT), hash_of(OUTPUT))
    assert facts["charge"] == {"price_credits": 10, "rail": "credits", "charged_credits": 10}
    failed = stall.claimed(offer)
    fail(stall.app, stall.sal, invocation_id=failed.id, code="broken", message="It broke.")
    facts = open_receipt(
        get_receipt(stall.app, stall.bob, invocation_id=failed.id), stall.app.log_key.verifier
    )  # fmt: skip
    assert facts["outcome"] == {"status": "failed", "error_code": "broken"}
    assert facts["charge"] == {"price_credits": 10, "rail": "credits", "charged_credits": 0}
    with pytest.raises(InvocationNotFound):
        get_receipt(stall.app, stall.ada, invocation_id=failed.id)


def _begun(stall: Stall, asked: Invocation) -> Invocation:
    begun = claim_for_server(stall.app, asked.id)
    assert begun is not None
    return begun


def _maintainer(stall: Stall, username: str) -> Caller:
    person = a_person(stall.app, username)
    set_member(stall.app, stall.sal, namespace="acme", username=username, role=Role.MAINTAINER)
    return again(stall.app, person)
