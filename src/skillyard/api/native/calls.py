"""Calls of integrations, the list of those that were made, and how many more there may be."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from skillyard.api.call_threads import in_call_thread
from skillyard.api.native.wire import calls as wire
from skillyard.api.surface import AddressOf, AppOf, CallerOf, Cursor, Limit
from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.calls import audit, plans, usage
from skillyard.domain.gateway.calls.call import CallRequest, call

router = APIRouter(tags=["calls"])


@router.post(
    "/calls/{integration}/{endpoint}",
    summary="Call an integration",
    response_class=Response,
    responses={200: {"model": wire.CallAnswer, "description": "What the other side answered, of whatever status."}},
)
async def call_integration(
    request: Request,
    app: AppOf,
    caller: CallerOf,
    address: AddressOf,
    integration: str,
    endpoint: str,
    body: wire.CallBody,
) -> Response:
    """200 whenever the other side answered: look at `status`. With an Idempotency-Key it is made once."""
    wanted = CallRequest(
        integration=integration,
        endpoint=endpoint,
        params=body.params,
        connection=body.connection,
        request_id=str(request.scope["state"]["request_id"]),
        address=address,
    )
    answer = await in_call_thread(app, partial(_call, app, caller, wanted))
    return Response(answer, media_type="application/json")


@router.get("/calls", summary="My calls")
def list_calls(
    app: AppOf,
    caller: CallerOf,
    integration: Annotated[str | None, Query(max_length=100, description="Only of this one.")] = None,
    run: Annotated[str | None, Query(max_length=100, description="Only of this run.")] = None,
    limit: Limit = 30,
    cursor: Cursor = None,
) -> wire.CallsPage:
    """Who called what, with which skill, the newest first; never with which parameters. Kept for 400 days."""
    return wire.show_calls(
        audit.list_calls(app, caller, integration=integration, run_id=run, limit=limit, cursor=cursor)
    )


@router.get("/admin/calls", summary="Everybody's calls")
def list_all_calls(
    app: AppOf,
    caller: CallerOf,
    username: Annotated[str | None, Query(max_length=100, description="Only of this person.")] = None,
    integration: Annotated[str | None, Query(max_length=100, description="Only of this one.")] = None,
    run: Annotated[str | None, Query(max_length=100, description="Only of this run.")] = None,
    limit: Limit = 30,
    cursor: Cursor = None,
) -> wire.EverybodysCallsPage:
    """For administrators; the newest first."""
    found = audit.list_all_calls(
        app, caller, username=username, integration=integration, run_id=run, limit=limit, cursor=cursor
    )
    return wire.show_everybodys_calls(found)


@router.get("/calls/usage", summary="How much I have called, and may call")
def read_call_usage(
    app: AppOf,
    caller: CallerOf,
    days: Annotated[int, Query(ge=1, le=usage.MOST_DAYS, description="How many, today included.")] = 30,
) -> wire.UsageOnWire:
    """By day and integration, and what is left of the plan."""
    return wire.show_usage(usage.read_usage(app, caller, days=days))


@router.put("/admin/users/{username}/plan", summary="Give somebody a plan for calls")
def set_call_plan(app: AppOf, caller: CallerOf, username: str, body: wire.SetPlanBody) -> wire.PlanOnWire:
    """Counts from the next call on."""
    return wire.show_plan(plans.set_plan(app, caller, username=username, plan=body.plan))


def _call(app: App, caller: Caller, wanted: CallRequest) -> bytes:
    return wire.write_result(call(app, caller, wanted))
