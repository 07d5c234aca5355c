"""Calls of integrations on the wire. An answer is written without a model: it is as large as the other side's is."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.gateway.calls.audit import CallOf
from skillyard.domain.gateway.calls.call_model import CallMeta, CallRecord, CallResult, CallState, RateState
from skillyard.domain.gateway.calls.plans import Plan
from skillyard.domain.gateway.calls.usage import CallUsage, Used
from skillyard.domain.gateway.catalog.integration import Effect
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page

_NOW = "2026-11-21T07:00:00.000Z"
_ID = "call_01jd0000000000000000000000"
_META: dict[str, Any] = {
    "request_id": "req_0a1b2c3d4e5f000001",
    "call_id": _ID,
    "duration_ms": 212,
    "version": 3,
    "connection": "conn_01jd0000000000000000000000",
    "upstream_request_id": "E7A1:2F33:91",
    "page": None,
    "failure": None,
    "rate": {"limit": 5000, "remaining": 4999, "resets_at": _NOW},
}
_CALL: dict[str, Any] = {
    "id": _ID,
    "integration": "github",
    "version": 3,
    "endpoint": "create_issue",
    "effect": "write",
    "state": "answered",
    "status": 201,
    "error": None,
    "duration_ms": 212,
    "connection": "conn_01jd0000000000000000000000",
    "token_id": "tok_01jd0000000000000000000000",
    "run_id": None,
    "skill": None,
    "skill_version": None,
    "digest": None,
    "grant_id": None,
    "request_id": "req_0a1b2c3d4e5f000001",
    "upstream_request_id": "E7A1:2F33:91",
    "at": _NOW,
}
_PLAN: dict[str, Any] = {
    "name": "free",
    "calls_per_minute": 30,
    "calls_per_day": 10_000,
    "calls_per_minute_and_key": 0,
    "calls_per_minute_and_connection": 0,
    "connections": 3,
}
_USAGE: dict[str, Any] = {
    "plan": _PLAN,
    "minute": {"calls": 2, "limit": 30, "ends_at": _NOW},
    "day": {"calls": 117, "limit": 10_000, "ends_at": _NOW},
    "days": [{"day": "2026-11-21", "integration": "github", "calls": 117, "failures": 3, "duration_ms": 24_804}],
}


class CallBody(BaseModel):
    model_config = example({"params": {"repo": "acme/webapp", "title": "The search finds nothing"}}, closed=True)

    params: dict[str, Any] = Field(default_factory=dict, description="As the schema of the endpoint has them.")
    connection: Text | None = Field(default=None, description="Which of several accounts, by its id, label or name.")


class Rate(BaseModel):
    limit: int | None
    remaining: int | None
    resets_at: Time | None


class Meta(BaseModel):
    request_id: str
    call_id: str
    duration_ms: int
    version: int = Field(description="Of the integration, as it was called.")
    connection: str | None
    upstream_request_id: str | None
    page: dict[str, Any] | None = Field(description="What to change in the parameters for the next page.")
    failure: str | None = Field(description="Why it failed, where the other side says so with a status of success.")
    rate: Rate | None = Field(description="What the other side says of its own limit.")


class CallAnswer(BaseModel):
    model_config = example({"status": 201, "data": {"number": 7, "html_url": "https://…"}, "meta": _META})

    status: int = Field(description="The other side's.")
    data: Any = Field(description="What the other side answered, whatever its status.")
    meta: Meta


class CallOnWire(BaseModel):
    model_config = example(_CALL)

    id: str
    integration: str
    version: int
    endpoint: str
    effect: Effect
    state: CallState = Field(description="`sending` where nobody knows whether it was carried out.")
    status: int | None
    error: str | None
    duration_ms: int | None
    connection: str | None
    token_id: str | None
    run_id: str | None
    skill: str | None = Field(description="That called, in a run; else it was you, or who has your token.")
    skill_version: str | None
    digest: str | None
    grant_id: str | None
    request_id: str
    upstream_request_id: str | None
    at: Time


class CallsPage(BaseModel):
    model_config = example({"items": [_CALL], "next_cursor": None})

    items: list[CallOnWire]
    next_cursor: str | None


class CallOfSomebody(CallOnWire):
    model_config = example({**_CALL, "username": "ada"})

    username: str


class EverybodysCallsPage(BaseModel):
    model_config = example({"items": [{**_CALL, "username": "ada"}], "next_cursor": None})

    items: list[CallOfSomebody]
    next_cursor: str | None


class PlanOnWire(BaseModel):
    model_config = example(_PLAN)

    name: str
    calls_per_minute: int = Field(description="0: no limit; so with the others.")
    calls_per_day: int = Field(description="In UTC.")
    calls_per_minute_and_key: int
    calls_per_minute_and_connection: int
    connections: int


class SetPlanBody(BaseModel):
    model_config = example({"plan": "pro"}, closed=True)

    plan: Text | None = Field(description="null: the one of everybody.")


class UsedOnWire(BaseModel):
    calls: int | None = Field(description="null: not counted, since there is no limit.")
    limit: int | None
    ends_at: Time


class DayOnWire(BaseModel):
    day: str
    integration: str
    calls: int
    failures: int = Field(description="No answer, one of status 400 or above, or one that says that it failed.")
    duration_ms: int


class UsageOnWire(BaseModel):
    model_config = example(_USAGE)

    plan: PlanOnWire
    minute: UsedOnWire
    day: UsedOnWire
    days: list[DayOnWire] = Field(description="The oldest first, in UTC.")


def write_result(result: CallResult) -> bytes:
    """A whole answer, as CallAnswer has it."""
    return orjson.dumps({"status": result.status, "data": result.data, "meta": show_meta(result.meta)})


def show_meta(meta: CallMeta) -> dict[str, Any]:
    return {
        "request_id": meta.request_id,
        "call_id": meta.call_id,
        "duration_ms": meta.duration_ms,
        "version": meta.version,
        "connection": meta.connection,
        "upstream_request_id": meta.upstream_request_id,
        "page": meta.page,
        "failure": meta.failure,
        "rate": meta.rate and _show_rate(meta.rate),
    }


def show_calls(page: Page[CallRecord]) -> CallsPage:
    return CallsPage(items=[CallOnWire(**_call_fields(record)) for record in page.items], next_cursor=page.next_cursor)


def show_everybodys_calls(page: Page[CallOf]) -> EverybodysCallsPage:
    items = [CallOfSomebody(username=one.username, **_call_fields(one.record)) for one in page.items]
    return EverybodysCallsPage(items=items, next_cursor=page.next_cursor)


def show_plan(plan: Plan) -> PlanOnWire:
    return PlanOnWire(name=plan.name, **plan.allows.model_dump())


def show_usage(usage: CallUsage) -> UsageOnWire:
    return UsageOnWire(
        plan=show_plan(usage.plan),
        minute=_show_used(usage.minute),
        day=_show_used(usage.day),
        days=[
            DayOnWire(
                day=one.day,
                integration=one.integration,
                calls=one.calls,
                failures=one.failures,
                duration_ms=one.duration_ms,
            )
            for one in usage.days
        ],
    )


def _call_fields(record: CallRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "integration": record.integration,
        "version": record.version,
        "endpoint": record.endpoint,
        "effect": record.effect,
        "state": record.state,
        "status": record.status,
        "error": record.error,
        "duration_ms": record.duration_ms,
        "connection": record.connection_id,
        "token_id": record.token_id,
        "run_id": record.run_id,
        "skill": record.skill,
        "skill_version": record.skill_version,
        "digest": record.digest,
        "grant_id": record.grant_id,
        "request_id": record.request_id,
        "upstream_request_id": record.upstream_request_id,
        "at": iso(record.at_ms),
    }


def _show_used(used: Used) -> UsedOnWire:
    return UsedOnWire(calls=used.calls, limit=used.limit, ends_at=iso(used.ends_ms))


def _show_rate(rate: RateState) -> dict[str, Any]:
    resets_at = None if rate.resets_ms is None else iso(rate.resets_ms)
    return {"limit": rate.limit, "remaining": rate.remaining, "resets_at": resets_at}
