"""What STACK's SDK 4.0.0 sends, byte for byte as it was recorded, and what it needs to find in the answers.

A newer SDK that sends something else fails here first: then `recorded.json` is made anew (`python -m
tests.api.stack.test_recorded`), looked at, and whatever is new in it gets tests of its own.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from getstack import Stack

from tests.api.stack.conftest import INPUT, OUTPUT, a_skill
from tests.api.stack.sender import Sender
from tests.makers import make_app, secret_of

RECORDED = Path(__file__).with_name("recorded.json")
KEPT_HEADERS = ("content-type", "idempotency-key", "x-intent-approval-id", "x-stack-authority-request-id")
IDS = re.compile(r"\b(skl|sinv|sreq|agt|clm)_[0-9a-z]{26}\b")
NEEDED: dict[str, tuple[str, ...]] = {
    "skl": (
        "id", "operator_id", "name", "description", "created_at", "updated_at", "version", "tags",
        "trust_level_required", "status", "execution_mode", "price_per_invocation", "invocation_count",
    ),
    "sinv": ("id", "skill_id", "status", "expires_at", "created_at", "input"),
    "sreq": ("id", "operator_id", "description", "created_at", "tags", "status"),
    "agt": ("id", "operator_id", "name", "status", "created_at", "updated_at", "accountability_mode", "key_mode"),
    "clm": ("id", "operator_id", "provider_key", "layer", "claim_type", "claim_ref", "assurance_level", "verified_at"),
}  # fmt: skip


class Tape(httpx.BaseTransport):
    """Hands requests to the server in this process, and keeps them with their answers."""

    def __init__(self, sender: Sender, exchanges: list[tuple[httpx.Request, Any]]) -> None:
        self.sender, self.exchanges = sender, exchanges

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().removeprefix("/stack")
        answer = self.sender.send(None, request.method, path, request.read(), **dict(request.headers))
        self.exchanges.append((request, answer.json()))
        return httpx.Response(answer.status, content=answer.body)


@contextmanager
def an_sdk(sender: Sender, who: str, exchanges: list[tuple[httpx.Request, Any]]) -> Iterator[Stack]:
    with Stack(api_key=secret_of(sender.people[who]), base_url="http://registry.example.org/stack") as client:
        client._client._client = httpx.Client(transport=Tape(sender, exchanges))
        yield client


def play(sender: Sender) -> list[tuple[httpx.Request, Any]]:
    """Every call that the SDK has for skills, requests, agents and identity, once."""
    exchanges: list[tuple[httpx.Request, Any]] = []
    with an_sdk(sender, "sal", exchanges) as seller, an_sdk(sender, "bob", exchanges) as buyer:
        skill = seller.skills.publish(**a_skill("recorded", tags=["pdf"]))
        seller.skills.get(skill.id)
        buyer.skills.browse(query="rec", tags="pdf", trust_level="L0", status="active", limit=5, offset=0)
        seller.skills.list_owned()
        seller.skills.update(skill.id, description="Changed.", price_credits=0)
        seller.skills.suspend(skill.id)
        seller.skills.activate(skill.id)
        buyer.skills.check_trust(skill.id)
        agent = buyer.agents.register("scout", "Looks around.", llm_redact_pii=False)
        handle = "recorded-request-0000001"
        asked = buyer.skills.invoke(
            skill.id, agent_id=agent.id, input=INPUT, passport_id="pp_1", approval_id="ap_1",
            authority_request_id=handle, idempotency_key="recorded-1",
        )  # fmt: skip
        buyer.skills.list_invocations()
        seller.skills.list_pending_invocations(skill.id)
        seller.skills.claim_invocation(asked.id)
        seller.skills.complete_invocation(asked.id, OUTPUT)
        buyer.skills.poll(asked.id)
        other = buyer.skills.invoke(skill.id, input=INPUT)
        seller.skills.claim_invocation(other.id)
        seller.skills.fail_invocation(other.id, code="NO", message="No.")
        request = buyer.skills.post_request(description="Something else.", max_price_credits=5)
        buyer.skills.list_requests(status="open", limit=5, offset=0)
        buyer.skills.get_request(request.id)
        buyer.skills.get_request_matches(request.id)
        buyer.skills.suggest_composition(request.id)
        buyer.agents.get(agent.id)
        buyer.agents.list()
        buyer.agents.suspend(agent.id)
        buyer.agents.activate(agent.id)
        buyer.agents.delete(agent.id)
        claim = buyer.identity.grant_delegation(["invoke"])
        buyer.identity.list_claims()
        buyer.identity.list_providers()
        buyer.identity.get_settings()
        buyer.identity.update_settings(identity_claim_ttl="90d")
        buyer.identity.revoke_claim(claim.id)
    return exchanges


def written(exchanges: list[tuple[httpx.Request, Any]]) -> list[dict[str, Any]]:
    """The requests, with ids numbered as they come."""
    numbers: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        return numbers.setdefault(match[0], f"{match[1]}_{len(numbers) + 1}")

    found = []
    for request, _ in exchanges:
        headers = {name: request.headers[name] for name in KEPT_HEADERS if name in request.headers}
        said = {
            "method": request.method,
            "target": request.url.raw_path.decode(),
            "headers": headers,
            "body": request.read().decode(),
        }
        found.append(json.loads(IDS.sub(number, json.dumps(said))))
    return found


def test_the_sdk_sends_what_was_recorded(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    exchanges = play(Sender(app))
    app.close()
    assert written(exchanges) == json.loads(RECORDED.read_text())
    assert all(request.headers["content-type"] == "application/json" for request, _ in exchanges)
    for request, answer in exchanges:
        for document in answer if isinstance(answer, list) else [answer]:
            kind = str(document.get("id", "")).partition("_")[0]
            if kind in NEEDED and request.method != "DELETE":
                lacking = [field for field in NEEDED[kind] if document.get(field) is None]
                assert not lacking, f"{request.url}: {lacking}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        RECORDED.write_text(json.dumps(written(play(Sender(make_app(Path(folder))))), indent=1) + "\n")
