"""Agents as STACK's clients see them. What this registry does not do is refused or said: it has no approvals of
intents, so that no agent is `enforced`, and never hands out credentials, so that all are `proxy_only`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, StrictBool

from skillyard.api.stack.errors import BodyNotValid
from skillyard.api.stack.wire.fields import Body, Id, Name, time_of
from skillyard.domain.accounts.agent import Agent, AgentKey, Challenge, Option
from skillyard.infra.clock import iso

_OPTIONS = ("profile", "on_warning", "on_critical", "key_mode", "llm_inject_system_prompt", "llm_redact_pii")


class AgentOptions(Body):
    description: str | None = Field(default=None, max_length=1000)
    accountability_mode: Name | None = None
    credential_access: Name | None = None
    profile: Name | None = None
    on_warning: Name | None = None
    on_critical: Name | None = None
    key_mode: Name | None = None
    llm_inject_system_prompt: StrictBool | None = None
    llm_redact_pii: StrictBool | None = None

    def options(self) -> dict[str, Option]:
        """What is kept. Raises BodyNotValid for a promise that would not be held."""
        for name, kept, reason in (
            ("accountability_mode", ("logged", "standard"), "this registry has no approvals of intents"),
            ("credential_access", ("proxy_only",), "this registry hands out no credentials"),
        ):
            wanted = getattr(self, name)
            if wanted is not None and wanted not in kept:
                message = f"{name} cannot be {wanted!r}: {reason}"
                fault = {"code": "not_offered", "message": message, "hint": f"leave it out, or send {kept[0]}"}
                raise BodyNotValid(faults=[fault], first=message)
        return {name: value for name in _OPTIONS if (value := getattr(self, name)) is not None}


class RegisterBody(AgentOptions):
    name: Name


class UpdateAgentBody(AgentOptions):
    name: Name | None = None
    status: Literal["active", "suspended"] | None = None


class AgentOnWire(BaseModel):
    id: str
    operator_id: str
    name: str
    description: str
    status: str
    accountability_mode: str
    on_warning: str
    on_critical: str
    passport_blocked: bool
    passport_blocked_reason: str | None
    passport_blocked_at: str | None
    credential_access: str
    key_mode: str
    llm_inject_system_prompt: bool
    llm_redact_pii: bool
    created_at: str
    updated_at: str


class DeletedAgent(BaseModel):
    id: str
    deleted: Literal[True] = True


class ChallengeOnWire(BaseModel):
    challenge_id: str
    challenge: str
    expires_at: str


class PublicKey(Body):
    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str = Field(max_length=100)


class EnrollBody(Body):
    public_key: PublicKey
    challenge_id: Id
    signed_challenge: str = Field(max_length=200)


class EnrolledKey(BaseModel):
    agent_id: str
    key_id: str
    enrolled_at: str
    expires_at: str | None


def show_agent(agent: Agent) -> AgentOnWire:
    kept = agent.options
    return AgentOnWire(
        id=agent.id,
        operator_id=agent.user_id,
        name=agent.name,
        description=agent.description,
        status=agent.status,
        accountability_mode="logged",
        on_warning=str(kept.get("on_warning", "notify")),
        on_critical=str(kept.get("on_critical", "notify")),
        passport_blocked=agent.blocked_ms is not None,
        passport_blocked_reason=agent.blocked_reason,
        passport_blocked_at=time_of(agent.blocked_ms),
        credential_access="proxy_only",
        key_mode=str(kept.get("key_mode", "stack_managed")),
        llm_inject_system_prompt=bool(kept.get("llm_inject_system_prompt", False)),
        llm_redact_pii=bool(kept.get("llm_redact_pii", False)),
        created_at=iso(agent.created_ms),
        updated_at=iso(agent.updated_ms),
    )


def show_challenge(challenge: Challenge) -> ChallengeOnWire:
    return ChallengeOnWire(
        challenge_id=challenge.id, challenge=challenge.challenge, expires_at=iso(challenge.expires_ms)
    )


def show_key(key: AgentKey) -> EnrolledKey:
    return EnrolledKey(
        agent_id=key.agent_id, key_id=key.id, enrolled_at=iso(key.enrolled_ms), expires_at=time_of(key.expires_ms)
    )
