"""Invocations as STACK's clients see them: also with the `input`, without which a provider could not work."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from skillyard.api.stack.wire.fields import Body, Id, PaymentToken, time_of
from skillyard.api.stack.wire.skills import ClaimSaid
from skillyard.domain.market.model import Invocation
from skillyard.infra.clock import iso


class InvokeBody(Body):
    """Claims that are sent along are no proof and change nothing: what is stored counts."""

    input: dict[str, Any]
    agent_id: Id | None = None
    passport_claims: list[ClaimSaid] | None = Field(default=None, max_length=100)
    passport_id: Id | None = None
    payment_token: PaymentToken | None = None


class CompleteBody(Body):
    output: Any


class FailureBody(Body):
    code: str = Field(max_length=200)
    message: str = Field(max_length=2000)


class FailBody(Body):
    error: FailureBody


class FailureOnWire(BaseModel):
    code: str
    message: str


class InvocationOnWire(BaseModel):
    """`operator_id` asked for it, `provider_operator_id` delivers it."""

    id: str
    skill_id: str
    skill_name: str
    skill_version: str
    operator_id: str
    provider_operator_id: str
    agent_id: str | None
    passport_id: str | None
    status: str
    input: Any
    output: Any
    error: FailureOnWire | None
    price_credits: int
    expires_at: str
    created_at: str
    started_at: str | None
    completed_at: str | None
    llm_tokens_input: int
    llm_tokens_output: int
    execution_duration_ms: int | None


def show_invocation(found: Invocation) -> InvocationOnWire:
    failure = found.failure
    return InvocationOnWire(
        id=found.id,
        skill_id=found.offer_id,
        skill_name=found.name.partition("/")[2],
        skill_version=found.version,
        operator_id=found.buyer_id,
        provider_operator_id=found.owner_id,
        agent_id=found.agent_id,
        passport_id=found.passport_id,
        status=found.status.value,
        input=found.input,
        output=found.output,
        error=FailureOnWire(code=failure.code, message=failure.message) if failure else None,
        price_credits=found.price,
        expires_at=iso(found.expires_ms),
        created_at=iso(found.created_ms),
        started_at=time_of(found.started_ms),
        completed_at=time_of(found.settled_ms),
        llm_tokens_input=found.usage.llm_tokens_input,
        llm_tokens_output=found.usage.llm_tokens_output,
        execution_duration_ms=found.usage.duration_ms,
    )
