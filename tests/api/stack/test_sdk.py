"""STACK's published SDK against a real server, call by call."""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from getstack import (
    AsyncStack,
    ForbiddenError,
    NotFoundError,
    Stack,
    StackError,
    UnauthorizedError,
    create_authority_request_id,
)

from tests.api.stack.conftest import INPUT, OUTPUT, Person, a_skill, give_credits


def test_a_skill_is_published_found_changed_and_taken_offline(seller: Stack, buyer: Stack) -> None:
    made = seller.skills.publish(**a_skill("first-skill", tags=["pdf", "summarization"], trust_level_required="L1"))
    assert (made.name, made.version, made.status) == ("first-skill", "1.0.0", "active")
    assert made.id.startswith("skl_")
    assert (made.trust_level_required, made.execution_mode, made.price_per_invocation) == ("L1", "open", 0)
    assert buyer.skills.get(made.id) == made
    assert made in seller.skills.list_owned()
    assert made not in buyer.skills.list_owned()
    assert buyer.skills.browse(query="first", tags="summarization,pdf", trust_level="L1", limit=5, offset=0) == [made]
    assert buyer.skills.browse(query="first", trust_level="L2") == []
    assert buyer.skills.browse(query="first", offset=1) == []
    changed = seller.skills.update(
        made.id, description="Reads more.", version="1.1.0", trust_level_required="L0", tags=["ai"], price_credits=5
    )
    assert (changed.version, changed.trust_level_required, changed.tags) == ("1.1.0", "L0", ["ai"])
    assert changed.price_per_invocation == 5
    assert seller.skills.suspend(made.id).status == "suspended"
    assert seller.skills.suspend(made.id).status == "suspended"
    assert buyer.skills.browse(query="first") == []
    assert [one.id for one in seller.skills.browse(query="first", status="suspended")] == [made.id]
    assert buyer.skills.browse(query="first", status="suspended") == []
    with pytest.raises(StackError, match="suspended") as refused:
        buyer.skills.invoke(made.id, input=INPUT)
    assert (refused.value.status_code, refused.value.code) == (409, "CONFLICT")
    assert seller.skills.activate(made.id).status == "active"


def test_only_the_owner_changes_a_skill(seller: Stack, buyer: Stack) -> None:
    made = seller.skills.publish(**a_skill("guarded"))
    for change in (
        lambda: buyer.skills.update(made.id, description="Mine."),
        lambda: buyer.skills.suspend(made.id),
        lambda: buyer.skills.activate(made.id),
    ):
        with pytest.raises(ForbiddenError):
            change()
    with pytest.raises(NotFoundError) as missing:
        buyer.skills.get("skl_none")
    assert missing.value.code == "NOT_FOUND"
    assert missing.value.details["reason_code"] == "offer_not_found"


def test_an_invocation_goes_from_pending_to_completed(seller: Stack, buyer: Stack) -> None:
    skill = seller.skills.publish(**a_skill("worked-off"))
    asked = buyer.skills.invoke(skill.id, input=INPUT, passport_id="pp_abc123")
    assert (asked.status, asked.skill_id, asked.output, asked.error) == ("pending", skill.id, None, None)
    assert asked.expires_at > asked.created_at
    assert [one.id for one in seller.skills.list_pending_invocations(skill.id)] == [asked.id]
    assert asked.id in [one.id for one in seller.skills.list_pending_invocations()]
    claimed = seller.skills.claim_invocation(asked.id)
    assert (claimed["status"], claimed["input"], claimed["passport_id"]) == ("processing", INPUT, "pp_abc123")
    assert seller.skills.list_pending_invocations(skill.id) == []
    with pytest.raises(StackError, match="summary") as refused:
        seller.skills.complete_invocation(asked.id, {"wrong": 1})
    assert refused.value.status_code == 400
    assert refused.value.details["faults"]
    assert seller.skills.complete_invocation(asked.id, OUTPUT)["status"] == "completed"
    done = buyer.skills.poll(asked.id, interval_seconds=0.05)
    assert (done.status, done.output) == ("completed", OUTPUT)
    assert done.started_at
    assert done.completed_at
    assert done.execution_duration_ms is not None
    assert asked.id in [one.id for one in buyer.skills.list_invocations()]
    assert buyer.skills.get(skill.id).invocation_count == 1


def test_a_provider_gives_up_and_says_why(seller: Stack, buyer: Stack) -> None:
    skill = seller.skills.publish(**a_skill("given-up"))
    asked = buyer.skills.invoke(skill.id, input=INPUT)
    seller.skills.claim_invocation(asked.id)
    failed = seller.skills.fail_invocation(asked.id, code="SOURCE_DOWN", message="The page did not answer.")
    assert failed["status"] == "failed"
    ended = buyer.skills.poll(asked.id, interval_seconds=0.05)
    assert ended.error == {"code": "SOURCE_DOWN", "message": "The page did not answer."}
    with pytest.raises(StackError) as late:
        seller.skills.complete_invocation(asked.id, OUTPUT)
    assert late.value.status_code == 409


def test_nobody_else_sees_or_works_off_an_invocation(seller: Stack, buyer: Stack, admin: Stack) -> None:
    skill = seller.skills.publish(**a_skill("between-two"))
    asked = buyer.skills.invoke(skill.id, input=INPUT)
    with pytest.raises(NotFoundError):
        admin.skills.get_invocation(asked.id)
    for use in (
        lambda: buyer.skills.claim_invocation(asked.id),
        lambda: buyer.skills.complete_invocation(asked.id, OUTPUT),
        lambda: buyer.skills.fail_invocation(asked.id, code="X", message="x"),
    ):
        with pytest.raises(ForbiddenError):
            use()


def test_of_many_who_claim_at_once_one_wins(seller: Stack, buyer: Stack) -> None:
    skill = seller.skills.publish(**a_skill("contested"))
    asked = buyer.skills.invoke(skill.id, input=INPUT)

    def claim(_: int) -> int:
        try:
            return 200 if seller.skills.claim_invocation(asked.id) else 0
        except StackError as error:
            return error.status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(claim, range(16)))
    assert answers == [200] + [409] * 15


def test_a_paid_skill_is_charged_once_and_only_when_there_is_enough(
    seller: Stack, buyer: Stack, bob: Person, native: httpx.Client
) -> None:
    skill = seller.skills.publish(**a_skill("paid", price_per_invocation=10))
    with pytest.raises(StackError, match="costs 10 credits") as refused:
        buyer.skills.invoke(skill.id, input=INPUT)
    assert (refused.value.status_code, refused.value.code) == (402, "PAYMENT_REQUIRED")
    assert refused.value.details["purchase_url"].endswith("/account/credits")
    give_credits(native, bob, 25)
    key = secrets.token_urlsafe(24)
    first, again = (buyer.skills.invoke(skill.id, input=INPUT, idempotency_key=key) for _ in range(2))
    assert first.id == again.id
    handle = create_authority_request_id()
    second, again = (buyer.skills.invoke(skill.id, input=INPUT, authority_request_id=handle) for _ in range(2))
    assert second.id == again.id != first.id
    with pytest.raises(StackError) as mixed_up:
        buyer.skills.invoke(skill.id, input={"url": "another"}, idempotency_key=key)
    assert mixed_up.value.status_code == 409
    with pytest.raises(StackError, match="you have 5"):
        buyer.skills.invoke(skill.id, input=INPUT)
    seller.skills.claim_invocation(first.id)
    seller.skills.fail_invocation(first.id, code="NO", message="It did not work.")
    assert buyer.skills.invoke(skill.id, input=INPUT).status == "pending"


def test_input_is_checked_before_anything_is_charged(seller: Stack, buyer: Stack) -> None:
    skill = seller.skills.publish(**a_skill("strict", price_per_invocation=1_000_000))
    with pytest.raises(StackError) as refused:
        buyer.skills.invoke(skill.id, input={"url": 7})
    assert (refused.value.status_code, refused.value.code) == (400, "VALIDATION_ERROR")
    assert "/url" in str(refused.value.details["faults"])


def test_trust_comes_from_what_is_on_record(seller: Stack, buyer: Stack, bob: Person, native: httpx.Client) -> None:
    skill = seller.skills.publish(**a_skill("for-people", trust_level_required="L1"))
    asked = buyer.skills.check_trust(skill.id)
    assert (asked["allowed"], asked["claims_source"]) == (False, "stored")
    assert asked["missing_claims"]
    with pytest.raises(ForbiddenError) as refused:
        buyer.skills.invoke(skill.id, input=INPUT)
    assert refused.value.details["reason_code"] == "too_little_trust"
    claim = {"claim_type": "verified_human", "assurance": "high"}
    assert native.post(f"/admin/users/{bob.name}/claims", json=claim).status_code == 201
    assert buyer.skills.check_trust(skill.id)["allowed"] is True
    assert buyer.skills.invoke(skill.id, input=INPUT).status == "pending"
    (known,) = buyer.identity.list_claims()
    assert (known.layer, known.claim_type, known.assurance_level) == ("humanity", "verified_human", "high")
    assert known.provider_key == "administrator"
    assert buyer.identity.revoke_claim(known.id)["revoked"] is True
    assert buyer.skills.check_trust(skill.id)["allowed"] is False


def test_identity_settings_providers_and_delegation(buyer: Stack) -> None:
    assert buyer.identity.get_settings().identity_claim_ttl == "1y"
    changed = buyer.identity.update_settings(identity_claim_ttl="90d", identity_auto_revoke=True)
    assert (changed.identity_claim_ttl, changed.identity_auto_revoke) == ("90d", True)
    buyer.identity.update_settings(identity_claim_ttl="1y", identity_auto_revoke=False)
    assert [provider.key for provider in buyer.identity.list_providers()] == ["administrator"]
    with pytest.raises(StackError, match="cannot be asked from here"):
        buyer.identity.initiate_verification("administrator")
    with pytest.raises(NotFoundError):
        buyer.identity.initiate_verification("nobody", return_url="https://example.com")
    claim = buyer.identity.grant_delegation(["invoke", "read"])
    assert (claim.layer, claim.claim_ref) == ("delegation", "invoke read")
    buyer.identity.revoke_claim(claim.id)


def test_a_request_is_posted_matched_and_answered_by_a_composition(seller: Stack, buyer: Stack) -> None:
    def of(name: str) -> dict[str, object]:
        return {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}

    made = [
        seller.skills.publish(**a_skill(name, input_schema=of(takes), output_schema=of(gives), tags=["steps"]))
        for name, takes, gives in (("csv-reader", "csv_url", "rows_text"), ("json-writer", "rows_text", "json_text"))
    ]
    request = buyer.skills.post_request(
        description="Need a skill that converts CSV files to JSON.",
        desired_input_schema=of("csv_url"),
        desired_output_schema=of("json_text"),
        max_price_credits=5,
        tags=["steps"],
    )
    assert (request.status, request.max_price_cents) == ("open", 5)
    assert seller.skills.get_request(request.id) == request
    assert request in seller.skills.list_requests(status="open", limit=10, offset=0)
    assert request not in seller.skills.list_requests(status="fulfilled", limit=100)
    matches = seller.skills.get_request_matches(request.id)["matches"]
    assert {match["skill"]["id"] for match in matches} >= {skill.id for skill in made}
    assert all(match["reasons"] for match in matches)
    suggested = buyer.skills.suggest_composition(request.id)["compositions"]
    assert suggested[0]["skill_ids"] == [skill.id for skill in made]
    with pytest.raises(NotFoundError):
        buyer.skills.get_request("sreq_none")


def test_a_token_that_is_none_is_refused(base: str) -> None:
    for key in ("sk_live_nothing", "", "x.y.z", "sky_pt_nothing"):
        with Stack(api_key=key or "?", base_url=base) as client, pytest.raises(UnauthorizedError):
            client.skills.browse()


def test_the_asynchronous_client_does_the_same(sal: Person, bob: Person) -> None:
    async def both() -> None:
        async with (
            AsyncStack(api_key=sal.key, base_url=sal.base) as provider,
            AsyncStack(api_key=bob.key, base_url=bob.base) as consumer,
        ):
            skill = await provider.skills.publish(**a_skill("asynchronous"))
            found = await consumer.skills.browse(query="asynchronous")
            assert [one.id for one in found] == [skill.id]
            assert (await consumer.skills.check_trust(skill.id))["allowed"] is True
            asked = await consumer.skills.invoke(skill.id, input=INPUT, idempotency_key=secrets.token_urlsafe(24))
            assert [one.id for one in await provider.skills.list_pending_invocations(skill.id)] == [asked.id]
            await provider.skills.claim_invocation(asked.id)
            await provider.skills.complete_invocation(asked.id, OUTPUT)
            done = await consumer.skills.poll(asked.id, interval_seconds=0.05)
            assert done.output == OUTPUT
            other = await consumer.skills.invoke(skill.id, input=INPUT)
            await provider.skills.claim_invocation(other.id)
            await provider.skills.fail_invocation(other.id, code="NO", message="No.")
            assert [one.status for one in (await consumer.skills.list_invocations())[:2]] == ["failed", "completed"]
            await provider.skills.update(skill.id, description="Changed.")
            assert (await provider.skills.suspend(skill.id)).status == "suspended"
            assert (await provider.skills.activate(skill.id)).status == "active"
            assert skill.id in [one.id for one in await provider.skills.list_owned()]
            assert (await consumer.skills.get(skill.id)).description == "Changed."
            assert (await consumer.skills.get_invocation(asked.id)).status == "completed"
            request = await consumer.skills.post_request(description="Anything.", max_price_cents=3)
            assert (await provider.skills.get_request(request.id)).max_price_cents == 3
            assert request.id in [one.id for one in await provider.skills.list_requests()]
            assert "matches" in await provider.skills.get_request_matches(request.id)
            assert "compositions" in await provider.skills.suggest_composition(request.id)
            with pytest.raises(ForbiddenError):
                await consumer.skills.suspend(skill.id)

    asyncio.run(both())
