"""Agents and their keys on the wire."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.accounts.agent import Agent, AgentKey, AgentStatus, Challenge
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page

_AGENT: dict[str, Any] = {
    "id": "agt_01jd0000000000000000000000",
    "name": "scout",
    "description": "Summarises what is new.",
    "status": "active",
    "blocked_at": None,
    "blocked_reason": None,
    "created_at": "2026-11-21T07:00:00.000Z",
    "updated_at": "2026-11-21T07:00:00.000Z",
}
_KEY: dict[str, Any] = {
    "id": "akey_01jd0000000000000000000000",
    "agent_id": "agt_01jd0000000000000000000000",
    "public_key": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    "enrolled_at": "2026-11-21T07:00:00.000Z",
    "expires_at": None,
}


class AgentOnWire(BaseModel):
    model_config = example(_AGENT)

    id: str
    name: str
    description: str
    status: AgentStatus = Field(description="Its owner's choice: a suspended one cannot act.")
    blocked_at: Time | None = Field(description="Since when an administrator blocks it.")
    blocked_reason: str | None
    created_at: Time
    updated_at: Time


class AgentsPage(BaseModel):
    model_config = example({"items": [_AGENT], "next_cursor": None})

    items: list[AgentOnWire]
    next_cursor: str | None


class RegisterAgentBody(BaseModel):
    model_config = example({"name": "scout", "description": "Summarises what is new."}, closed=True)

    name: Text
    description: str = Field(default="", max_length=1000)


class UpdateAgentBody(BaseModel):
    model_config = example({"status": "suspended"}, closed=True)

    name: Text | None = None
    description: str | None = Field(default=None, max_length=1000)
    status: AgentStatus | None = None


class RemovedAgent(BaseModel):
    model_config = example({"details": _AGENT})

    details: AgentOnWire


class BlockAgentBody(BaseModel):
    model_config = example({"reason": "It floods other people's skills."}, closed=True)

    reason: Text


class ChallengeOnWire(BaseModel):
    model_config = example(
        {
            "id": "ach_01jd0000000000000000000000",
            "challenge": "skillyard:agt_01jd0000000000000000000000:Zm9v…",
            "expires_at": "2026-11-21T07:05:00.000Z",
        }
    )

    id: str
    challenge: str = Field(description="Sign these characters with the key that is to be enrolled.")
    expires_at: Time


class PublicKey(BaseModel):
    """An Ed25519 key as a JWK (RFC 8037, section 2)."""

    model_config = example({"kty": "OKP", "crv": "Ed25519", "x": _KEY["public_key"]})

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    x: str = Field(max_length=100)


class EnrollKeyBody(BaseModel):
    model_config = example(
        {
            "public_key": {"kty": "OKP", "crv": "Ed25519", "x": _KEY["public_key"]},
            "challenge_id": "ach_01jd0000000000000000000000",
            "signed_challenge": "5V7Y…",
        },
        closed=True,
    )

    public_key: PublicKey
    challenge_id: Text
    signed_challenge: str = Field(max_length=200, description="The signature in base64url.")


class AgentKeyOnWire(BaseModel):
    model_config = example(_KEY)

    id: str
    agent_id: str
    public_key: str
    enrolled_at: Time
    expires_at: Time | None = Field(description="The end of the personal token with which it was enrolled, if any.")


class AgentKeys(BaseModel):
    model_config = example({"items": [_KEY], "next_cursor": None})

    items: list[AgentKeyOnWire]
    next_cursor: None = None


class RemovedAgentKey(BaseModel):
    model_config = example({"details": _KEY})

    details: AgentKeyOnWire


def show_agent(agent: Agent) -> AgentOnWire:
    return AgentOnWire(
        id=agent.id,
        name=agent.name,
        description=agent.description,
        status=agent.status,
        blocked_at=None if agent.blocked_ms is None else iso(agent.blocked_ms),
        blocked_reason=agent.blocked_reason,
        created_at=iso(agent.created_ms),
        updated_at=iso(agent.updated_ms),
    )


def show_agents(page: Page[Agent]) -> AgentsPage:
    return AgentsPage(items=[show_agent(agent) for agent in page.items], next_cursor=page.next_cursor)


def show_challenge(challenge: Challenge) -> ChallengeOnWire:
    return ChallengeOnWire(id=challenge.id, challenge=challenge.challenge, expires_at=iso(challenge.expires_ms))


def show_key(key: AgentKey) -> AgentKeyOnWire:
    return AgentKeyOnWire(
        id=key.id,
        agent_id=key.agent_id,
        public_key=key.public_key,
        enrolled_at=iso(key.enrolled_ms),
        expires_at=None if key.expires_ms is None else iso(key.expires_ms),
    )


def show_keys(keys: list[AgentKey]) -> AgentKeys:
    return AgentKeys(items=[show_key(key) for key in keys])
