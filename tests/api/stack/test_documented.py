"""Every call of STACK's page about its Skills API, with only host, key and ids changed; by path, host and port."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.stack.conftest import Person, a_skill, give_credits
from tests.journeys.running import Server

PUBLISHED = {
    "name": "pdf-summarizer",
    "description": "Summarizes PDF documents using LLM",
    "version": "1.0.0",
    "input_schema": {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]},
    "output_schema": {"type": "object", "properties": {"summary": {"type": "string"}}},
    "trust_level_required": "L1",
    "tags": ["pdf", "summarization"],
    "price_credits": 0,
    "price_per_invocation": 10,
    "execution_mode": "sealed",
    "credential_mode": "buyer_provides",
    "required_credentials": [{"provider": "openai", "scopes": ["chat"]}],
    "execution_steps": [
        {
            "type": "script",
            "label": "fetch-pdf",
            "runtime": "javascript",
            "script": "const resp = await fetch(input.url); return { text: await resp.text() };",
        },
        {
            "type": "llm",
            "label": "summarize",
            "llm_provider": "openai",
            "llm_model": "gpt-4o",
            "llm_config": {"temperature": 0.3, "max_tokens": 2000, "system_prompt": "Summarize the document."},
        },
    ],
}
CLAIMS = [{"claim_type": "verified_human", "assurance_level": "high"}]
SKILL_FIELDS = {
    "id", "operator_id", "agent_id", "name", "description", "version", "input_schema", "output_schema",
    "trust_level_required", "tags", "price_credits", "price_per_invocation", "execution_mode", "credential_mode",
    "required_credentials", "seller_credential_limit", "accepts_requests", "status", "invocation_count",
    "average_rating", "rating_count", "nvm_plan_id", "execution_steps", "created_at", "updated_at",
}  # fmt: skip


class Caller:
    """Sends what the page shows, as somebody."""

    def __init__(self, base: str, host: str | None, person: Person) -> None:
        headers = {"authorization": f"Bearer {person.key}", **({"host": host} if host else {})}
        self.client = httpx.Client(base_url=base, headers=headers, timeout=30)

    def send(self, method: str, path: str, body: Any = None, *, expect: int = 200, **headers: str) -> Any:
        answer = self.client.request(method, path, json=body, headers=headers)
        assert answer.status_code == expect, answer.text
        return answer.json()


@pytest.fixture(scope="module", params=["path", "host", "port"])
def way(request: pytest.FixtureRequest, server: Server, stack_port: int) -> tuple[str, str | None]:
    """Base and Host header: below a path, or the whole host or port as the page has it."""
    if request.param == "path":
        return f"{server.url}/stack", None
    if request.param == "host":
        return server.url, "api.stack.example.org"
    return f"http://127.0.0.1:{stack_port}", None


@pytest.fixture(scope="module")
def owner(way: tuple[str, str | None], sal: Person) -> Caller:
    return Caller(*way, sal)


@pytest.fixture(scope="module")
def consumer(way: tuple[str, str | None], bob: Person, native: httpx.Client) -> Caller:
    native.post(f"/admin/users/{bob.name}/claims", json={"claim_type": "verified_human", "assurance": "high"})
    return Caller(*way, bob)


@pytest.fixture(scope="module")
def reviewer(way: tuple[str, str | None], ada: Person) -> Caller:
    return Caller(*way, ada)


@pytest.fixture(scope="module")
def skill(owner: Caller, way: tuple[str, str | None]) -> dict[str, Any]:
    """The one of the page, published by each way under a name of its own."""
    name = f"pdf-summarizer-{abs(hash(way)) % 10**6}"
    made: dict[str, Any] = owner.send("POST", "/v1/skills", {**PUBLISHED, "name": name}, expect=201)
    return made


@pytest.fixture(scope="module")
def open_skill(owner: Caller, way: tuple[str, str | None]) -> dict[str, Any]:
    """One that its provider works off, as the page has it under the lifecycle; it costs 5 credits."""
    body = a_skill(f"by-hand-{abs(hash(way)) % 10**6}", price_credits=5, trust_level_required="L1")
    made: dict[str, Any] = owner.send("POST", "/v1/skills", body, expect=201)
    return made


def test_publish_and_read(owner: Caller, consumer: Caller, skill: dict[str, Any]) -> None:
    assert set(skill) >= SKILL_FIELDS
    told = {field: value for field, value in PUBLISHED.items() if field not in ("name", "price_credits")}
    assert {field: skill[field] for field in told} == told
    assert skill["price_credits"] == skill["price_per_invocation"] == 10
    seen = consumer.send("GET", f"/v1/skills/{skill['id']}")
    assert seen == {**skill, "execution_steps": []}, "of a sealed skill strangers see no steps"
    assert skill["id"] in [one["id"] for one in owner.send("GET", "/v1/skills/mine")]


def test_browse(consumer: Caller, skill: dict[str, Any]) -> None:
    query = "search=pdf&trust_level=L1&status=active&tags=summarization&limit=20&offset=0"
    found = consumer.send("GET", f"/v1/skills?{query}")
    assert skill["id"] in [one["id"] for one in found]
    assert consumer.send("GET", "/v1/skills?tags=pdf&tags=nothing-of-the-kind") == []


def test_update_suspend_and_activate(owner: Caller, consumer: Caller, skill: dict[str, Any]) -> None:
    changes = {
        "description": "Updated description with more detail",
        "version": "1.1.0",
        "trust_level_required": "L0",
        "tags": ["pdf", "ai"],
        "price_credits": 5,
    }
    changed = owner.send("PATCH", f"/v1/skills/{skill['id']}", changes)
    assert {field: changed[field] for field in changes} == changes
    consumer.send("PATCH", f"/v1/skills/{skill['id']}", changes, expect=403)
    owner.send("PATCH", f"/v1/skills/{skill['id']}", {"name": "another"}, expect=400)
    assert owner.send("PATCH", f"/v1/skills/{skill['id']}", {"name": skill["name"]})["name"] == skill["name"]
    assert owner.send("POST", f"/v1/skills/{skill['id']}/suspend")["status"] == "suspended"
    assert owner.send("POST", f"/v1/skills/{skill['id']}/activate")["status"] == "active"
    consumer.send("POST", f"/v1/skills/{skill['id']}/suspend", expect=403)


def test_favorites(consumer: Caller, open_skill: dict[str, Any]) -> None:
    favorite = f"/v1/skills/{open_skill['id']}/favorite"
    consumer.send("POST", favorite)
    assert open_skill["id"] in [one["id"] for one in consumer.send("GET", "/v1/skills/favorites")]
    consumer.send("DELETE", favorite)
    consumer.send("DELETE", favorite)
    assert open_skill["id"] not in [one["id"] for one in consumer.send("GET", "/v1/skills/favorites")]


def test_check_trust(consumer: Caller, open_skill: dict[str, Any]) -> None:
    path = f"/v1/skills/{open_skill['id']}/check-trust"
    sent = consumer.send("POST", path, {"passport_claims": CLAIMS})
    assert (sent["allowed"], sent["claims_source"]) == (True, "request")
    weak = [{"claim_type": "verified_human", "assurance_level": "low"}]
    assert consumer.send("POST", path, {"passport_claims": weak})["allowed"] is False
    assert consumer.send("POST", path, {"passport_claims": []})["allowed"] is False
    assert consumer.send("POST", path)["claims_source"] == "stored"


def test_review(reviewer: Caller, owner: Caller, skill: dict[str, Any]) -> None:
    assert isinstance(reviewer.send("GET", "/v1/skills/pending-reviews"), list)
    owner.send("GET", "/v1/skills/pending-reviews", expect=403)
    for decision in ("approve", "reject"):
        owner.send("POST", f"/v1/skills/{skill['id']}/{decision}", expect=403)
        answer = reviewer.send("POST", f"/v1/skills/{skill['id']}/{decision}", expect=409)
        assert answer["error"]["code"] == "CONFLICT"


def test_checkout_and_balance(
    consumer: Caller, owner: Caller, open_skill: dict[str, Any], bob: Person, native: httpx.Client
) -> None:
    balance = f"/v1/skills/{open_skill['id']}/balance"
    offered = consumer.send("GET", balance)
    assert (offered["free"], offered["balance"], offered["price_per_invocation"]) == (False, None, 5)
    assert offered["purchase_url"]
    give_credits(native, bob, 100)
    there = consumer.send("GET", balance, **{"X-Payment-Token": "0xBuyerAddress"})
    assert isinstance(there["balance"], str)
    assert there["invocations_remaining"] == int(there["balance"]) // 5
    assert there["plan_id"] == offered["plan_id"]
    answer = consumer.send("POST", f"/v1/skills/{open_skill['id']}/checkout", expect=503)
    assert answer["error"]["code"] == "SERVICE_UNAVAILABLE"
    free = owner.send("POST", "/v1/skills", a_skill(f"free-{open_skill['name']}"), expect=201)
    assert consumer.send("GET", f"/v1/skills/{free['id']}/balance") == {
        "free": True,
        "balance": None,
        "price_per_invocation": 0,
    }
    consumer.send("POST", f"/v1/skills/{free['id']}/checkout", expect=400)


def test_the_lifecycle_of_an_invocation_and_a_rating(
    consumer: Caller, owner: Caller, open_skill: dict[str, Any], bob: Person, native: httpx.Client
) -> None:
    give_credits(native, bob, 100)
    agent = consumer.send("POST", "/v1/agents/register", {"name": "consumer"}, expect=201)
    body = {
        "agent_id": agent["id"],
        "input": {"url": "https://example.com/doc.pdf"},
        "passport_claims": CLAIMS,
        "passport_id": "pp_abc123",
        "payment_token": "0xBuyerAddress",
    }
    asked = consumer.send("POST", f"/v1/skills/{open_skill['id']}/invoke", body, expect=201)
    assert asked["status"] == "pending"
    assert (asked["agent_id"], asked["passport_id"], asked["input"]) == (agent["id"], "pp_abc123", body["input"])
    assert asked["id"] in [one["id"] for one in consumer.send("GET", "/v1/skills/invocations/mine")]
    (waiting,) = owner.send("GET", f"/v1/skills/invocations/pending?skill_id={open_skill['id']}")
    assert waiting == asked
    path = f"/v1/skills/invocations/{asked['id']}"
    assert owner.send("POST", f"{path}/claim")["status"] == "processing"
    owner.send("POST", f"{path}/claim", expect=409)
    done = owner.send("POST", f"{path}/complete", {"output": {"summary": "The document discusses..."}})
    assert done["status"] == "completed"
    for side in (consumer, owner):
        assert side.send("GET", path)["output"] == {"summary": "The document discusses..."}
    rated = consumer.send("POST", f"/v1/skills/{open_skill['id']}/rate", {"rating": 5, "invocation_id": asked["id"]})
    assert rated["average_rating"] == 5
    summary = consumer.send("GET", f"/v1/skills/{open_skill['id']}/ratings")
    assert (summary["rating_count"], summary["verified_count"], summary["distribution"]["5"]) == (1, 1, 1)
    assert consumer.send("GET", f"/v1/skills/{open_skill['id']}")["rating_count"] == 1
    for wrong in (0, 6, 4.5, "5", True, None):
        consumer.send("POST", f"/v1/skills/{open_skill['id']}/rate", {"rating": wrong}, expect=400)
    owner.send("POST", f"/v1/skills/{open_skill['id']}/rate", {"rating": 5}, expect=403)


def test_the_request_board(consumer: Caller, owner: Caller) -> None:
    body = {
        "description": "Need a skill that converts CSV files to JSON with schema validation",
        "desired_input_schema": {"type": "object", "properties": {"csv_url": {"type": "string"}}},
        "desired_output_schema": {"type": "object", "properties": {"json": {"type": "array"}}},
        "max_price_credits": 5,
        "tags": ["csv", "json", "conversion"],
    }
    posted = consumer.send("POST", "/v1/skill-requests", body, expect=201)
    assert {field: posted[field] for field in body} == body
    assert (posted["status"], posted["max_price_cents"]) == ("open", 5)
    path = f"/v1/skill-requests/{posted['id']}"
    assert posted["id"] in [one["id"] for one in owner.send("GET", "/v1/skill-requests?status=open&limit=20&offset=0")]
    assert owner.send("GET", path) == posted
    changes = {"status": "fulfilled", "description": "Updated description"}
    owner.send("PATCH", path, changes, expect=403)
    changed = consumer.send("PATCH", path, changes)
    assert {field: changed[field] for field in changes} == changes
    assert owner.send("GET", f"{path}/matches")["request_id"] == posted["id"]
    assert isinstance(owner.send("GET", f"{path}/suggest")["compositions"], list)
