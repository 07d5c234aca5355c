"""Invoke skills, wait for what comes of it, and deliver it as their provider."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Header, Query, Response

from skillyard.api.foreign import SignedIn
from skillyard.api.stack.addresses import SKILL
from skillyard.api.stack.errors import RetryHandleNotValid
from skillyard.api.stack.signed import signed_router
from skillyard.api.stack.wire import invocations as wire
from skillyard.api.stack.wire.fields import PaymentToken
from skillyard.api.surface import AppOf
from skillyard.domain.market import claim, invocations, settle
from skillyard.domain.market.invoke import invoke

router = signed_router("invocations")

MOST = 100
_INVOCATIONS = "/v1/skills/invocations"
_INVOCATION = f"{_INVOCATIONS}/{{invocation_id}}"
_HANDLE = re.compile(r"[A-Za-z0-9_-]{22,256}")


@router.get(f"{_INVOCATIONS}/mine", summary="What I invoked")
def list_own_invocations(
    app: AppOf,
    caller: SignedIn,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
    cursor: Annotated[str | None, Query(max_length=500, description="`X-Next-Cursor` of the answer before.")] = None,
) -> list[wire.InvocationOnWire]:
    """The newest first, at most a hundred at once; where there are more, a header says how to go on."""
    page = invocations.list_my_invocations(app, caller, limit=limit, cursor=cursor)
    if page.next_cursor is not None:
        response.headers["x-next-cursor"] = page.next_cursor
    return [wire.show_invocation(one) for one in page.items]


@router.get(f"{_INVOCATIONS}/pending", summary="What waits for me as a provider")
def list_pending_invocations(
    app: AppOf,
    caller: SignedIn,
    skill_id: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
) -> list[wire.InvocationOnWire]:
    """The oldest first; what the registry runs itself is not among it."""
    found = invocations.list_pending_invocations(app, caller, offer_id=skill_id or None, limit=limit)
    return [wire.show_invocation(one) for one in found]


@router.get(_INVOCATION, summary="One invocation")
def get_invocation(app: AppOf, caller: SignedIn, invocation_id: str) -> wire.InvocationOnWire:
    """For who asked for it, and who delivers it."""
    return wire.show_invocation(invocations.get_invocation(app, caller, invocation_id=invocation_id))


@router.post(f"{_INVOCATION}/claim", summary="Begin with an invocation")
def claim_invocation(app: AppOf, caller: SignedIn, invocation_id: str) -> wire.InvocationOnWire:
    """For its provider: pending becomes processing. Of many who try, one does; the others get 409."""
    return wire.show_invocation(claim.claim(app, caller, invocation_id=invocation_id))


@router.post(f"{_INVOCATION}/complete", summary="Deliver an invocation")
def complete_invocation(
    app: AppOf, caller: SignedIn, invocation_id: str, body: wire.CompleteBody
) -> wire.InvocationOnWire:
    """For its provider. An output that does not fit the schema is refused, and can be corrected."""
    return wire.show_invocation(settle.complete(app, caller, invocation_id=invocation_id, output=body.output))


@router.post(f"{_INVOCATION}/fail", summary="Give an invocation up")
def fail_invocation(app: AppOf, caller: SignedIn, invocation_id: str, body: wire.FailBody) -> wire.InvocationOnWire:
    """For its provider. Who asked for it has the price back."""
    said = body.error
    failed = settle.fail(app, caller, invocation_id=invocation_id, code=said.code, message=said.message)
    return wire.show_invocation(failed)


@router.post(f"{SKILL}/invoke", status_code=201, summary="Invoke a skill")
def invoke_skill(
    app: AppOf,
    caller: SignedIn,
    skill_id: str,
    body: wire.InvokeBody,
    idempotency_key: Annotated[str | None, Header(max_length=300, description="Invokes it only once.")] = None,
    x_stack_authority_request_id: Annotated[str | None, Header(max_length=300, description="The same.")] = None,
    x_intent_approval_id: Annotated[str | None, Header(max_length=300, description="For the audit trail.")] = None,
    x_payment_token: Annotated[PaymentToken | None, Header(description="As in the body.")] = None,
) -> wire.InvocationOnWire:
    """Checked against the schema, then charged, then pending: to the caller's credits, or by a payment token where this
    registry takes some. 402 where there is too little."""
    if x_stack_authority_request_id and not _HANDLE.fullmatch(x_stack_authority_request_id):
        raise RetryHandleNotValid
    started = invoke(
        app,
        caller,
        offer_id=skill_id,
        input=body.input,
        key=idempotency_key or x_stack_authority_request_id or None,
        agent_id=body.agent_id,
        passport_id=body.passport_id,
        intent=x_intent_approval_id or None,
        payment=body.payment_token or x_payment_token or None,
    )
    return wire.show_invocation(started)
