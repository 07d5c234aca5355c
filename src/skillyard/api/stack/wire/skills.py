"""Skills as STACK's clients see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field

from skillyard.api.stack.wire.fields import Body
from skillyard.domain.accounts.claim import Assertion, Level, TrustCheck
from skillyard.domain.market.model import Offer
from skillyard.infra.clock import iso
from skillyard.skill.executable import Executable, ScriptStep, Step


class SkillOnWire(BaseModel):
    """`name` is the slug, as it was published; `namespace` and `full_name` are ours."""

    id: str
    operator_id: str
    agent_id: str | None
    name: str
    namespace: str
    full_name: str
    description: str
    version: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    trust_level_required: Literal["L0", "L1", "L2"]
    tags: list[str]
    price_credits: int
    price_per_invocation: int
    execution_mode: Literal["open", "sealed", "source"]
    credential_mode: str
    required_credentials: list[dict[str, Any]]
    seller_credential_limit: dict[str, int]
    accepts_requests: bool
    status: str
    rejection_reason: str | None
    invocation_count: int
    average_rating: float | None
    rating_count: int
    nvm_plan_id: str | None = None
    execution_steps: list[dict[str, Any]] = Field(description="Those that the caller may see; with their scripts.")
    created_at: str
    updated_at: str


class ClaimSaid(Body):
    claim_type: str = Field(max_length=100)
    assurance_level: str = Field(max_length=100)


class CheckTrustBody(Body):
    passport_claims: list[ClaimSaid] | None = Field(default=None, max_length=100)

    def assertions(self) -> list[Assertion] | None:
        """What was sent; None: what is stored counts."""
        if self.passport_claims is None:
            return None
        return [Assertion(claim_type=said.claim_type, assurance=said.assurance_level) for said in self.passport_claims]


class TrustOnWire(BaseModel):
    allowed: bool
    reason: str
    missing_claims: list[str]
    trust_level_required: Level
    trust_level: Level
    claims_source: Literal["stored", "request"]


class RejectBody(Body):
    reason: str | None = Field(default=None, max_length=2000)


def show_skill(
    offer: Offer, scripts: Mapping[str, str] | None = None, *, nvm_plan_id: str | None = None
) -> SkillOnWire:
    """`scripts`: the text of step files, where they are to be shown; `nvm_plan_id`: what also pays for it."""
    executable = offer.executable
    return SkillOnWire(
        id=offer.id,
        operator_id=offer.owner_id,
        agent_id=offer.agent_id,
        name=offer.slug,
        namespace=offer.namespace,
        full_name=offer.name,
        description=offer.description,
        version=offer.version,
        trust_level_required=offer.trust_level,
        tags=list(offer.tags),
        price_credits=offer.price,
        price_per_invocation=offer.price,
        status=offer.status.value,
        rejection_reason=offer.reason or None,
        invocation_count=offer.invocations,
        average_rating=None if offer.average_rating is None else offer.average_rating / 100,
        rating_count=offer.ratings,
        nvm_plan_id=nvm_plan_id,
        created_at=iso(offer.created_ms),
        updated_at=iso(offer.updated_ms),
        **_show_executable(executable, scripts or {}),
    )


def show_trust(check: TrustCheck, *, is_stored: bool) -> TrustOnWire:
    return TrustOnWire(
        allowed=check.allowed,
        reason=check.reason,
        missing_claims=list(check.missing),
        trust_level_required=check.wanted,
        trust_level=check.level,
        claims_source="stored" if is_stored else "request",
    )


def _show_executable(executable: Executable, scripts: Mapping[str, str]) -> dict[str, Any]:
    credentials = executable.credentials
    limit = {"max_calls": credentials.max_calls, "max_cost_credits": credentials.max_cost_credits}
    return {
        "input_schema": dict(executable.input_schema.document),
        "output_schema": dict(executable.output_schema.document),
        "execution_mode": executable.mode.value,
        "credential_mode": credentials.mode.value,
        "required_credentials": [
            {"provider": one.provider, "scopes": list(one.scopes)} for one in credentials.required
        ],
        "seller_credential_limit": {key: value for key, value in limit.items() if value is not None},
        "accepts_requests": executable.accepts_requests,
        "execution_steps": [_show_step(step, scripts) for step in executable.steps],
    }


def _show_step(step: Step, scripts: Mapping[str, str]) -> dict[str, Any]:
    if isinstance(step, ScriptStep):
        text = {"script": scripts[step.file]} if step.file in scripts else {}
        return {"type": "script", "label": step.label, "runtime": step.runtime, **text}
    config = {"temperature": step.temperature, "max_tokens": step.max_tokens, "system_prompt": step.system_prompt}
    model = {"llm_provider": step.provider, "llm_model": step.model}
    return {
        "type": "llm",
        "label": step.label,
        **model,
        "llm_config": {k: v for k, v in config.items() if v is not None},
    }
