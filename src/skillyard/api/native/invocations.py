"""Invoke what is offered, wait for it, and as its provider deliver it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Header, Query

from skillyard.api.native.wire import market as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.market import claim, invocations, receipts, settle
from skillyard.domain.market.invoke import invoke
from skillyard.domain.market.model import Invocation, InvocationStatus, Side
from skillyard.domain.market.offers import get_offer
from skillyard.skill.names import SkillName

router = APIRouter(tags=["market"])

_LOOK_AGAIN_S = 0.2
Found = TypeVar("Found")
Payment = Annotated[
    str | None,
    Header(alias="X-Payment-Token", max_length=20_000, description="Pays elsewhere, once it is delivered."),
]
RetryKey = Annotated[str | None, Header(alias="Idempotency-Key", max_length=300, description="Invokes it only once.")]
Wait = Annotated[float, Query(ge=0, le=55, description="Seconds to wait for it at most, before the answer.")]


@router.post("/offers/{offer_id}/invocations", status_code=201, summary="Invoke an offer")
def invoke_offer(
    app: AppOf, caller: CallerOf, offer_id: str, body: wire.InvokeBody, key: RetryKey = None, payment: Payment = None
) -> wire.InvocationOnWire:
    """Its price is set aside, and paid when it is delivered in time. Refused with 402 when there is too little."""
    return wire.show_invocation(_invoke(app, caller, offer_id, body, key, payment))


@router.post("/skills/{namespace}/{slug}/invocations", status_code=201, summary="Invoke a skill")
def invoke_skill(
    app: AppOf,
    caller: CallerOf,
    namespace: str,
    slug: str,
    body: wire.InvokeBody,
    key: RetryKey = None,
    payment: Payment = None,
) -> wire.InvocationOnWire:
    """The same, by the name of the skill."""
    name = str(SkillName(namespace, slug))
    caller.must("invoke", on=name)
    offer = get_offer(app, caller, name=name)
    return wire.show_invocation(_invoke(app, caller, offer.id, body, key, payment))


@router.get("/me/invocations", summary="What I invoked, or as a provider was asked for")
def list_my_invocations(
    app: AppOf,
    caller: CallerOf,
    side: Side = "buyer",
    status: InvocationStatus | None = None,
    limit: Limit = 30,
    cursor: Cursor = None,
) -> wire.InvocationsPage:
    """The newest first."""
    page = invocations.list_my_invocations(app, caller, side=side, status=status, limit=limit, cursor=cursor)
    return wire.show_invocations(page)


@router.get("/invocations/pending", summary="What waits for me as a provider")
async def list_pending_invocations(
    app: AppOf,
    caller: CallerOf,
    offer_id: Annotated[str | None, Query(max_length=100, description="Of this offer only.")] = None,
    limit: Limit = 30,
    wait: Wait = 0,
) -> wire.InvocationsPage:
    """The oldest first. With `wait`, answers as soon as there is one."""

    def look() -> list[Invocation]:
        return invocations.list_pending_invocations(app, caller, offer_id=offer_id, limit=limit)

    return wire.show_pending(await wait_for(look, bool, wait))


@router.get("/invocations/{invocation_id}", summary="One invocation")
async def get_invocation(app: AppOf, caller: CallerOf, invocation_id: str, wait: Wait = 0) -> wire.InvocationOnWire:
    """For its buyer and its provider. With `wait`, answers as soon as it has ended."""

    def look() -> Invocation:
        return invocations.get_invocation(app, caller, invocation_id=invocation_id)

    return wire.show_invocation(await wait_for(look, lambda found: found.status.is_settled, wait))


@router.post("/invocations/{invocation_id}/claim", summary="Begin with an invocation")
def claim_invocation(
    app: AppOf, caller: CallerOf, invocation_id: str, body: wire.ClaimBody | None = None
) -> wire.InvocationOnWire:
    """For its provider; of those who try, one wins and the others get 409."""
    lease_s = (body or wire.ClaimBody()).lease_s
    return wire.show_invocation(claim.claim(app, caller, invocation_id=invocation_id, lease_s=lease_s))


@router.post("/invocations/{invocation_id}/renew", summary="Keep an invocation for longer")
def renew_claim(
    app: AppOf, caller: CallerOf, invocation_id: str, body: wire.ClaimBody | None = None
) -> wire.InvocationOnWire:
    """For who has claimed it."""
    lease_s = (body or wire.ClaimBody()).lease_s
    return wire.show_invocation(claim.renew_claim(app, caller, invocation_id=invocation_id, lease_s=lease_s))


@router.post("/invocations/{invocation_id}/complete", summary="Deliver an invocation")
def complete_invocation(
    app: AppOf, caller: CallerOf, invocation_id: str, body: wire.CompleteBody
) -> wire.InvocationOnWire:
    """For who has claimed it. An output that does not fit the schema is refused, and can be sent again."""
    return wire.show_invocation(settle.complete(app, caller, invocation_id=invocation_id, output=body.output))


@router.post("/invocations/{invocation_id}/fail", summary="Give an invocation up")
def fail_invocation(app: AppOf, caller: CallerOf, invocation_id: str, body: wire.FailBody) -> wire.InvocationOnWire:
    """For who has claimed it. Its buyer has the price back."""
    failed = settle.fail(app, caller, invocation_id=invocation_id, code=body.code, message=body.message)
    return wire.show_invocation(failed)


@router.post("/invocations/{invocation_id}/cancel", summary="Take an invocation back")
def cancel_invocation(app: AppOf, caller: CallerOf, invocation_id: str) -> wire.InvocationOnWire:
    """For its buyer, as long as nobody has begun with it."""
    return wire.show_invocation(settle.cancel(app, caller, invocation_id=invocation_id))


@router.get("/invocations/{invocation_id}/receipt", summary="The receipt of an invocation")
def get_invocation_receipt(app: AppOf, caller: CallerOf, invocation_id: str) -> wire.ReceiptOnWire:
    """For its buyer and its provider, once it has ended."""
    return wire.ReceiptOnWire(receipt=receipts.get_receipt(app, caller, invocation_id=invocation_id))


def _invoke(
    app: App, caller: Caller, offer_id: str, body: wire.InvokeBody, key: str | None, payment: str | None
) -> Invocation:
    return invoke(
        app, caller, offer_id=offer_id, input=body.input, key=key, agent_id=body.agent_id,
        passport_id=body.passport_id, payment=payment, max_price=body.max_price,
    )  # fmt: skip


async def wait_for(look: Callable[[], Found], is_there: Callable[[Found], bool], wait_s: float) -> Found:
    """Look until it is there or the time is over; no thread is kept in between."""
    until = time.monotonic() + wait_s
    while True:
        found = await asyncio.to_thread(look)
        if is_there(found) or time.monotonic() >= until:
            return found
        await asyncio.sleep(_LOOK_AGAIN_S)
