"""Agents of STACK's SDK: registered by their operator, signed in with their own key, narrowed to invoking."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest
from getstack import ForbiddenError, NotFoundError, Stack, StackError, UnauthorizedError

from tests.agent_key import Key
from tests.api.stack.conftest import INPUT, OUTPUT, Person, a_skill, give_credits


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the SDK keeps keys."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("STACK_AUTH_INTERACTIVE", "false")
    return tmp_path


def test_an_agent_is_registered_changed_and_removed(buyer: Stack) -> None:
    agent = buyer.agents.register("scout", description="Looks around.", profile="proxied-llm-bot", on_critical="block")
    assert (agent.name, agent.status, agent.description) == ("scout", "active", "Looks around.")
    assert (agent.accountability_mode, agent.credential_access) == ("logged", "proxy_only")
    assert (agent.on_warning, agent.on_critical, agent.passport_blocked) == ("notify", "block", False)
    assert buyer.agents.get(agent.id) == agent
    assert agent in buyer.agents.list()
    assert buyer.agents.suspend(agent.id).status == "suspended"
    assert buyer.agents.activate(agent.id).status == "active"
    assert buyer.agents.update(agent.id, name="ranger", llm_redact_pii=True).llm_redact_pii is True
    assert buyer.agents.delete(agent.id)["deleted"] is True
    with pytest.raises(NotFoundError):
        buyer.agents.get(agent.id)


def test_what_this_registry_does_not_do_is_not_promised(buyer: Stack) -> None:
    with pytest.raises(StackError, match="no approvals of intents"):
        buyer.agents.register("careful", accountability_mode="enforced")
    with pytest.raises(StackError, match="hands out no credentials"):
        buyer.agents.register("open", credential_access="direct")


def test_an_administrator_blocks_and_unblocks(buyer: Stack, admin: Stack, native: httpx.Client) -> None:
    agent = buyer.agents.register("wild")
    assert native.put(f"/admin/agents/{agent.id}/block", json={"reason": "it floods"}).status_code == 200
    blocked = buyer.agents.get(agent.id)
    assert (blocked.passport_blocked, blocked.passport_blocked_reason) == (True, "it floods")
    with pytest.raises(ForbiddenError):
        buyer.agents.unblock(agent.id, governance_approval_id="ga_1")
    assert admin.agents.unblock(agent.id)["passport_blocked"] is False


def test_the_sdk_enrolls_a_key_and_invokes_with_it(
    buyer: Stack, seller: Stack, bob: Person, home: Path, native: httpx.Client
) -> None:
    skill = seller.skills.publish(**a_skill("for-agents", price_per_invocation=2))
    give_credits(native, bob, 4)
    agent = buyer.agents.register("buyer-bot")
    with Stack(agent_id=agent.id, api_key=bob.key, base_url=bob.base) as bot:
        asked = bot.skills.invoke(skill.id, input=INPUT, idempotency_key="bot-1")
        assert bot.skills.invoke(skill.id, input=INPUT, idempotency_key="bot-1").id == asked.id
        assert bot.skills.get_invocation(asked.id).status == "pending"
        assert bot.skills.check_trust(skill.id)["allowed"] is True
        for forbidden in (
            lambda: bot.skills.publish(**a_skill("by-a-bot")),
            lambda: bot.agents.register("offspring"),
            lambda: bot.agents.suspend(agent.id),
            lambda: bot.identity.update_settings(identity_claim_ttl="30d"),
        ):
            with pytest.raises(ForbiddenError):
                forbidden()
        other = buyer.agents.register("another")
        with pytest.raises(ForbiddenError, match="cannot act as"):
            bot.skills.invoke(skill.id, input=INPUT, agent_id=other.id)
        buyer.agents.suspend(agent.id)
        with pytest.raises(ForbiddenError, match="is suspended"):
            bot.skills.browse()
    with bob.web() as web:
        assert web.get(f"/v1/skills/invocations/{asked.id}").json()["agent_id"] == agent.id


def test_an_agent_delivers_for_its_operator(seller: Stack, buyer: Stack, sal: Person, home: Path) -> None:
    agent = seller.agents.register("worker")
    skill = seller.skills.publish(**a_skill("by-a-worker", agent_id=agent.id))
    asked = buyer.skills.invoke(skill.id, input=INPUT)
    with Stack(agent_id=agent.id, api_key=sal.key, base_url=sal.base) as worker:
        (waiting,) = worker.skills.list_pending_invocations(skill.id)
        assert worker.skills.claim_invocation(waiting.id)["input"] == INPUT
        assert worker.skills.complete_invocation(waiting.id, OUTPUT)["status"] == "completed"
        with pytest.raises(ForbiddenError):
            worker.skills.suspend(skill.id)
    assert buyer.skills.get_invocation(asked.id).output == OUTPUT


def test_an_agent_is_trusted_like_its_operator_unless_that_is_opted_out_of(
    buyer: Stack, seller: Stack, bob: Person, home: Path, native: httpx.Client
) -> None:
    skill = seller.skills.publish(**a_skill("for-the-known", trust_level_required="L1"))
    native.post(f"/admin/users/{bob.name}/claims", json={"claim_type": "verified_human", "assurance": "high"})
    agent = buyer.agents.register("heir")
    with Stack(agent_id=agent.id, api_key=bob.key, base_url=bob.base) as bot:
        assert bot.skills.check_trust(skill.id)["allowed"] is True
        assert bot.skills.invoke(skill.id, input=INPUT).status == "pending"
        buyer.identity.update_settings(identity_claim_inheritance="opt_in")
        assert bot.skills.check_trust(skill.id)["allowed"] is False
        with pytest.raises(ForbiddenError):
            bot.skills.invoke(skill.id, input=INPUT)
        assert buyer.skills.invoke(skill.id, input=INPUT, agent_id=agent.id).status == "pending"
        buyer.identity.update_settings(identity_claim_inheritance="auto")


def test_a_key_that_was_enrolled_is_used_again(buyer: Stack, bob: Person, home: Path) -> None:
    agent = buyer.agents.register("steady")
    for _ in range(2):
        with Stack(agent_id=agent.id, api_key=bob.key, base_url=bob.base) as bot:
            assert isinstance(bot.skills.browse(), list)
    stored = json.loads((home / ".stack/agents" / f"{agent.id}.json").read_text())
    assert stored["enrolled_at"]


def test_a_bearer_is_good_for_one_request(buyer: Stack, bob: Person) -> None:
    agent, key = buyer.agents.register("once"), Key()
    with bob.web() as web:
        asked = web.post(f"/v1/agents/{agent.id}/enrollment-challenge").json()
        body = {
            "public_key": {"kty": "OKP", "crv": "Ed25519", "x": key.public},
            "challenge_id": asked["challenge_id"],
            "signed_challenge": key.sign(asked["challenge"]),
        }
        assert web.post(f"/v1/agents/{agent.id}/enroll", json=body).status_code == 201
        assert web.post(f"/v1/agents/{agent.id}/enroll", json=body).status_code == 400
    bearer = key.bearer(agent.id, time.time_ns() // 1_000_000)
    headers = {"authorization": f"Bearer {bearer}"}
    answers = [httpx.get(f"{bob.base}/v1/skills", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 401]
    assert "used before" in answers[1].json()["error"]["message"]
    stranger = Key().bearer(agent.id, time.time_ns() // 1_000_000)
    with Stack.from_session(stranger, base_url=bob.base) as thief, pytest.raises(UnauthorizedError):
        thief.skills.browse()


def test_an_agent_of_somebody_else_does_not_act(seller: Stack, buyer: Stack) -> None:
    skill = seller.skills.publish(**a_skill("named-agents"))
    foreign, own = seller.agents.register("theirs"), buyer.agents.register("mine")
    for agent_id in (foreign.id, "agt_none"):
        with pytest.raises(NotFoundError, match="You have no agent"):
            buyer.skills.invoke(skill.id, input=INPUT, agent_id=agent_id)
    assert buyer.skills.invoke(skill.id, input=INPUT, agent_id=own.id).status == "pending"
    with pytest.raises(NotFoundError):
        seller.skills.publish(**a_skill("provided", agent_id=own.id))
    assert seller.skills.publish(**a_skill("provided", agent_id=foreign.id)).name == "provided"


def test_a_credentials_file_is_renewed(server_tokens: dict[str, str], base: str, home: Path) -> None:
    folder = home / ".stack"
    folder.mkdir()
    kept = {"client_id": "cli", "refresh_token": server_tokens["refresh_token"], "scope": ""}
    (folder / "credentials.json").write_text(json.dumps(kept))
    with Stack(base_url=base) as client:
        assert isinstance(client.skills.list_owned(), list)
    assert json.loads((folder / "credentials.json").read_text())["refresh_token"] != kept["refresh_token"]
    used = httpx.post(f"{base}/oauth/token", data={"grant_type": "refresh_token", **kept})
    assert (used.status_code, used.json()["error"]) == (400, "invalid_grant")
    other = httpx.post(f"{base}/oauth/token", data={"grant_type": "password", "refresh_token": "x"})
    assert (other.status_code, other.json()["error"]) == (400, "unsupported_grant_type")


@pytest.fixture
def server_tokens(native: httpx.Client) -> dict[str, str]:
    """Of somebody who has just signed in."""
    code = native.post("/admin/sign-in-links", json={}).json()["code"]
    redeemed: dict[str, str] = native.post("/auth/links/redeem", json={"code": code, "username": "cleo"}).json()
    return redeemed
