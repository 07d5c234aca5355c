"""Calls, the long way: for what the short one in front of this surface does not take, which says what is wrong."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from skillyard.api.call_threads import in_call_thread
from skillyard.api.native.wire import calls as wire
from skillyard.api.skillett.addresses import API
from skillyard.api.skillett.bodies import read_bytes, read_object
from skillyard.api.skillett.callers import signed_router
from skillyard.api.skillett.errors import BodyUnreadable
from skillyard.api.surface import address_of, app_of, caller_of
from skillyard.domain.gateway.calls.call import CallRequest, call

router: APIRouter = signed_router("calls")

_MOST_BYTES = 16 * 1024 * 1024
_BODY = {"requestBody": {"content": {"application/json": {"schema": wire.CallBody.model_json_schema()}}}}


@router.post(
    f"{API}/{{integration}}/{{endpoint}}",
    summary="Call an endpoint",
    response_class=Response,
    responses={200: {"model": wire.CallAnswer, "description": "What the other side answered, of whatever status."}},
    openapi_extra=_BODY,
)
async def call_endpoint(request: Request, integration: str, endpoint: str) -> Response:
    """200 whenever the other side answered: look at `status`. What this registry refuses has an `error`."""
    raw = await read_bytes(request, _MOST_BYTES)
    answer = await in_call_thread(app_of(request), partial(_call, request, integration, endpoint, raw))
    return Response(answer, media_type="application/json")


def _call(request: Request, integration: str, endpoint: str, raw: bytes) -> bytes:
    caller = caller_of(request)
    caller.must("call_integrations")
    body = read_object(raw)
    wanted = CallRequest(
        integration=integration,
        endpoint=endpoint,
        params=body.get("params", {}),
        connection=_text_or_none(body, "connection"),
        request_id=str(request.scope["state"]["request_id"]),
        address=address_of(request),
    )
    return wire.write_result(call(app_of(request), caller, wanted))


def _text_or_none(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise BodyUnreadable(wanted="as documented", why=f"{name} is not a text")
    return value
