"""Calls on the wire. The answer is written without a model: it is as large as what the other side says."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.gateway.call_model import CallMeta, CallResult, RateState
from skillyard.infra.clock import iso

_META = {
    "request_id": "req_0a1b2c3d4e5f000001",
    "call_id": "call_01jd0000000000000000000000",
    "duration_ms": 212,
    "version": 3,
    "connection": "conn_01jd0000000000000000000000",
    "upstream_request_id": "E7A1:2F33:91",
    "page": None,
    "failure": None,
    "rate": {"limit": 5000, "remaining": 4999, "resets_at": "2026-11-21T08:00:00.000Z"},
}


class CallBody(BaseModel):
    model_config = example({"params": {"repo": "acme/webapp", "title": "Bug report"}})

    params: dict[str, Any] = Field(default_factory=dict, description="As the schema of the endpoint has them.")
    connection: Text | None = Field(default=None, description="Which of several accounts, by id or name.")


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
    rate: Rate | None = Field(description="The other side's own limit.")


class CallAnswer(BaseModel):
    model_config = example({"status": 201, "data": {"number": 7, "html_url": "https://…"}, "meta": _META})

    status: int = Field(description="The other side's.")
    data: Any = Field(description="What the other side answered, whatever its status.")
    meta: Meta


def write_result(result: CallResult) -> bytes:
    return orjson.dumps({"status": result.status, "data": result.data, "meta": _show_meta(result.meta)})


def _show_meta(meta: CallMeta) -> dict[str, Any]:
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


def _show_rate(rate: RateState) -> dict[str, Any]:
    resets_at = None if rate.resets_ms is None else iso(rate.resets_ms)
    return {"limit": rate.limit, "remaining": rate.remaining, "resets_at": resets_at}
