"""Offers and invocations, on the wire. Prices are whole credits; inputs and outputs are any JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.market.model import Invocation, InvocationStatus, Offer, OfferChanges, OfferPage, OfferStatus
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page, cursor_after
from skillyard.skill.executable import CredentialMode, Executable, Mode, ScriptStep, Step, TrustLevel

_INPUT_SCHEMA = {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]}
_OUTPUT_SCHEMA = {"type": "object", "properties": {"summary": {"type": "string"}}, "required": ["summary"]}
_OFFER = {
    "id": "skl_01k0000000000000000000000a",
    "name": "acme/pdf-summarizer",
    "version": "1.2.0",
    "digest": "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "description": "Summarizes PDF documents.",
    "tags": ["pdf", "summary"],
    "status": "active",
    "reason": None,
    "is_offered": True,
    "mode": "sealed",
    "trust_level": "L0",
    "price": 10,
    "timeout_s": 300,
    "accepts_requests": True,
    "input_schema": _INPUT_SCHEMA,
    "output_schema": _OUTPUT_SCHEMA,
    "credentials": {"mode": "buyer_provides", "required": [{"provider": "openai", "scopes": ["chat"]}]},
    "steps": [],
    "agent_id": None,
    "invocations": 120,
    "completed": 118,
    "average_rating": 4.75,
    "ratings": 12,
    "created_at": "2026-11-21T07:00:00.000Z",
    "updated_at": "2026-11-21T07:00:00.000Z",
}
_INVOCATION: dict[str, Any] = {
    "id": "sinv_01k0000000000000000000000a",
    "offer_id": "skl_01k0000000000000000000000a",
    "name": "acme/pdf-summarizer",
    "version": "1.2.0",
    "digest": "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "status": "completed",
    "input": {"url": "https://example.com/report.pdf"},
    "output": {"summary": "It went well."},
    "error": None,
    "price": 10,
    "rail": "credits",
    "agent_id": None,
    "passport_id": None,
    "claims": 1,
    "lease_until": None,
    "usage": {"llm_tokens_input": 812, "llm_tokens_output": 96, "duration_ms": 2140},
    "step_receipts": [],
    "created_at": "2026-11-21T07:00:00.000Z",
    "started_at": "2026-11-21T07:00:00.100Z",
    "settled_at": "2026-11-21T07:00:02.240Z",
    "expires_at": "2026-11-21T08:00:00.000Z",
}


class RequiredCredentialOnWire(BaseModel):
    provider: str
    scopes: list[str]


class CredentialsOnWire(BaseModel):
    mode: CredentialMode = Field(description="Whose keys it works with.")
    required: list[RequiredCredentialOnWire]


class StepOnWire(BaseModel):
    label: str
    type: str = Field(description="`script` or `llm`.")
    runs: str = Field(description="The file of a script, or provider and model.")


class OfferOnWire(BaseModel):
    model_config = example(_OFFER)

    id: str
    name: str
    version: str
    digest: str = Field(description="Of the release that is invoked.")
    description: str
    tags: list[str]
    status: OfferStatus
    reason: str | None = Field(description="Why it is rejected.")
    is_offered: bool = Field(description="Whether its release is: neither yanked nor recalled.")
    mode: Mode = Field(description="`open`: worked off by its provider; `sealed`, `source`: run by this server.")
    trust_level: TrustLevel
    price: int = Field(description="Credits for each invocation that is delivered.")
    timeout_s: int
    accepts_requests: bool
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    credentials: CredentialsOnWire
    steps: list[StepOnWire] = Field(description="Of a sealed skill, for its members only.")
    agent_id: str | None
    invocations: int
    completed: int
    average_rating: float | None = Field(description="Stars, 1 to 5.")
    ratings: int
    created_at: Time
    updated_at: Time


class OffersPage(BaseModel):
    model_config = example({"items": [_OFFER], "next_cursor": None, "total": 1})

    items: list[OfferOnWire]
    next_cursor: str | None
    total: int


class UpdateOfferBody(BaseModel):
    model_config = example({"price": 5, "tags": ["pdf", "ai"]}, closed=True)

    description: str | None = Field(default=None, max_length=10_000, description="Absent: as it is.")
    tags: list[Text] | None = Field(default=None, max_length=100)
    trust_level: TrustLevel | None = None
    price: int | None = None
    version: Text | None = Field(default=None, description="Of the new release; the next patch when left out.")
    input_schema: dict[str, Any] | None = Field(default=None, description="Makes a new release.")
    output_schema: dict[str, Any] | None = Field(default=None, description="Makes a new release.")

    def changes(self) -> OfferChanges:
        tags = None if self.tags is None else tuple(self.tags)
        return OfferChanges(
            description=self.description, tags=tags, trust_level=self.trust_level, price=self.price,
            version=self.version, input_schema=self.input_schema, output_schema=self.output_schema,
        )  # fmt: skip


class RejectOfferBody(BaseModel):
    model_config = example({"reason": "The description does not say what it does."}, closed=True)

    reason: Annotated[str, StringConstraints(max_length=2000)] = ""


class InvokeBody(BaseModel):
    model_config = example({"input": {"url": "https://example.com/report.pdf"}}, closed=True)

    input: Any = Field(description="As the input schema asks.")
    agent_id: str | None = Field(default=None, description="Which of your agents asks.", max_length=300)
    passport_id: str | None = Field(default=None, description="For the audit trail.", max_length=300)
    max_price: int | None = Field(default=None, ge=0, le=2**53, description="Refuse it when it costs more credits.")


class ClaimBody(BaseModel):
    model_config = example({"lease_s": 300}, closed=True)

    lease_s: int = Field(default=300, ge=1, le=3600, description="After so long it waits for others again.")


class CompleteBody(BaseModel):
    model_config = example({"output": {"summary": "It went well."}}, closed=True)

    output: Any = Field(description="As the output schema asks.")


class FailBody(BaseModel):
    model_config = example({"code": "source_unreachable", "message": "The page did not answer."}, closed=True)

    code: Text
    message: Annotated[str, StringConstraints(max_length=2000)]


class FailureOnWire(BaseModel):
    code: str
    message: str


class UsageOnWire(BaseModel):
    llm_tokens_input: int
    llm_tokens_output: int
    duration_ms: int | None


class InvocationOnWire(BaseModel):
    model_config = example(_INVOCATION)

    id: str
    offer_id: str
    name: str
    version: str
    digest: str
    status: InvocationStatus
    input: Any
    output: Any
    error: FailureOnWire | None
    price: int = Field(description="Credits; 0 where it is free for you.")
    rail: str | None
    agent_id: str | None
    passport_id: str | None
    claims: int = Field(description="How often somebody began with it.")
    lease_until: Time | None
    usage: UsageOnWire
    step_receipts: list[str]
    created_at: Time
    started_at: Time | None
    settled_at: Time | None
    expires_at: Time = Field(description="What is not delivered by then is not paid.")


class InvocationsPage(BaseModel):
    model_config = example({"items": [_INVOCATION], "next_cursor": None})

    items: list[InvocationOnWire]
    next_cursor: str | None


class ReceiptOnWire(BaseModel):
    model_config = example({"receipt": 'skillyard receipt v1\n{"kind":"invocation"}\n\n— registry.example …\n'})

    receipt: str = Field(description="A signed note; `skillyard receipt verify` checks it.")


def show_offer(offer: Offer) -> OfferOnWire:
    executable = offer.executable
    return OfferOnWire(
        id=offer.id,
        name=offer.name,
        version=offer.version,
        digest=offer.digest,
        description=offer.description,
        tags=list(offer.tags),
        status=offer.status,
        reason=offer.reason or None,
        is_offered=offer.is_offered,
        mode=executable.mode,
        trust_level=offer.trust_level,
        price=offer.price,
        timeout_s=executable.timeout_s,
        accepts_requests=executable.accepts_requests,
        input_schema=dict(executable.input_schema.document),
        output_schema=dict(executable.output_schema.document),
        credentials=_show_credentials(executable),
        steps=[_show_step(step) for step in executable.steps],
        agent_id=offer.agent_id,
        invocations=offer.invocations,
        completed=offer.completed,
        average_rating=None if offer.average_rating is None else offer.average_rating / 100,
        ratings=offer.ratings,
        created_at=iso(offer.created_ms),
        updated_at=iso(offer.updated_ms),
    )


def show_offers(page: OfferPage, *, offset: int) -> OffersPage:
    seen = offset + len(page.offers)
    following = cursor_after(seen) if page.offers and seen < page.total else None
    return OffersPage(items=[show_offer(one) for one in page.offers], next_cursor=following, total=page.total)


def show_all_offers(offers: Sequence[Offer]) -> OffersPage:
    return OffersPage(items=[show_offer(one) for one in offers], next_cursor=None, total=len(offers))


def show_invocation(found: Invocation) -> InvocationOnWire:
    failure, usage = found.failure, found.usage
    return InvocationOnWire(
        id=found.id,
        offer_id=found.offer_id,
        name=found.name,
        version=found.version,
        digest=found.digest,
        status=found.status,
        input=found.input,
        output=found.output,
        error=FailureOnWire(code=failure.code, message=failure.message) if failure else None,
        price=found.price,
        rail=found.rail,
        agent_id=found.agent_id,
        passport_id=found.passport_id,
        claims=found.claims,
        lease_until=_time(found.lease_until_ms),
        usage=UsageOnWire(
            llm_tokens_input=usage.llm_tokens_input,
            llm_tokens_output=usage.llm_tokens_output,
            duration_ms=usage.duration_ms,
        ),
        step_receipts=list(found.receipts),
        created_at=iso(found.created_ms),
        started_at=_time(found.started_ms),
        settled_at=_time(found.settled_ms),
        expires_at=iso(found.expires_ms),
    )


def show_invocations(page: Page[Invocation]) -> InvocationsPage:
    return InvocationsPage(items=[show_invocation(one) for one in page.items], next_cursor=page.next_cursor)


def show_pending(found: Sequence[Invocation]) -> InvocationsPage:
    return InvocationsPage(items=[show_invocation(one) for one in found], next_cursor=None)


def _show_credentials(executable: Executable) -> CredentialsOnWire:
    required = [
        RequiredCredentialOnWire(provider=one.provider, scopes=list(one.scopes))
        for one in executable.credentials.required
    ]
    return CredentialsOnWire(mode=executable.credentials.mode, required=required)


def _show_step(step: Step) -> StepOnWire:
    if isinstance(step, ScriptStep):
        return StepOnWire(label=step.label, type="script", runs=step.file)
    return StepOnWire(label=step.label, type="llm", runs=f"{step.provider} {step.model}")


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso(at_ms)
