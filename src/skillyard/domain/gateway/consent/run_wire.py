"""What programs in sandboxes read and write when they call: in the words of the Skillett surface."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from skillyard.domain.gateway.calls.call_model import CallMeta, CallResult, RateState
from skillyard.domain.gateway.catalog.integration import Endpoint, Integration
from skillyard.domain.gateway.consent.grant_errors import RunCallNotReadable
from skillyard.infra.clock import iso
from skillyard.infra.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    SkillyardError,
    TooMany,
    Unauthenticated,
    Unavailable,
    Upstream,
)
from skillyard.sandbox.service import ServiceAnswer

_KINDS: tuple[tuple[type[SkillyardError], int, str], ...] = (
    (Invalid, 400, "bad_request"),
    (Unauthenticated, 401, "unauthorized"),
    (Forbidden, 403, "forbidden"),
    (NotFound, 404, "not_found"),
    (Conflict, 409, "conflict"),
    (TooMany, 429, "rate_limited"),
    (Upstream, 502, "upstream_unavailable"),
    (Unavailable, 503, "upstream_unavailable"),
)
_SPELLED: Mapping[str, tuple[int, str]] = {
    "not_connected": (403, "integration_not_connected"),
    "reconnect_required": (401, "token_expired"),
    "daily_limit_reached": (429, "daily_limit_reached"),
    "upstream_timed_out": (504, "upstream_unavailable"),
}
_FACTS = ("action_url", "difference", "retry_after_s")


def read_params(body: bytes) -> Mapping[str, Any]:
    """The parameters in the body of a call. Raises RunCallNotReadable."""
    try:
        read = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        raise RunCallNotReadable(why="it is not JSON") from None
    if not isinstance(read, dict) or not isinstance(read.get("params", {}), dict):
        raise RunCallNotReadable(why="it is no JSON object with an object `params`")
    if unknown := sorted(read.keys() - {"params"}):
        raise RunCallNotReadable(why=f"it has {unknown[0][:40]!a} beside `params`; consent names the account")
    return dict(read.get("params", {}))


def show_result(result: CallResult) -> ServiceAnswer:
    return _answer(200, {"status": result.status, "data": result.data, "meta": _meta(result.meta)})


def show_refusal(error: SkillyardError, request_id: str) -> ServiceAnswer:
    of_kind = next(((status, word) for kind, status, word in _KINDS if isinstance(error, kind)), (500, "internal"))
    status, word = _SPELLED.get(error.code, of_kind)
    facts = {name: error.facts[name] for name in _FACTS if name in error.facts}
    faults = {"faults": list(error.faults)} if error.faults else {}
    body = {"error": word, "message": error.message, "hint": error.advice, **facts, **faults}
    headers = {"retry-after": str(int(facts["retry_after_s"]))} if "retry_after_s" in facts else {}
    return _answer(status, {**body, "reason_code": error.code, "request_id": request_id}, headers)


def show_bug(request_id: str) -> ServiceAnswer:
    """The log has the rest under this id."""
    message = f"Something went wrong on our side (incident {request_id})."
    return _answer(500, {"error": "internal", "message": message, "request_id": request_id})


def show_integrations(found: Iterable[tuple[Integration, list[Endpoint], bool]]) -> ServiceAnswer:
    """Of each, the endpoints that may be asked for, and whether an account is connected."""
    shown = [_summary(integration, endpoints, is_connected) for integration, endpoints, is_connected in found]
    return _answer(200, {"integrations": shown})


def show_integration(integration: Integration, endpoints: list[Endpoint], is_connected: bool) -> ServiceAnswer:
    groups = [
        {
            "slug": slug,
            "name": title,
            "endpoints": [
                {"name": one.name, "summary": one.summary, "effect": one.effect}
                for one in endpoints
                if one.group == slug
            ],
        }
        for slug, title in integration.groups.items()
    ]
    summary = _summary(integration, endpoints, is_connected)
    return _answer(200, {**summary, "groups": [group for group in groups if group["endpoints"]]})


def show_endpoint(integration: Integration, endpoint: Endpoint) -> ServiceAnswer:
    return _answer(
        200,
        {
            "integration": integration.slug,
            "name": endpoint.name,
            "summary": endpoint.summary,
            "description": endpoint.description,
            "group": endpoint.group,
            "effect": endpoint.effect,
            "writes": endpoint.effect != "read",
            "parameters": dict(endpoint.schema),
            "examples": [{"title": one.title, "params": dict(one.params)} for one in endpoint.examples],
            "version": integration.version,
        },
    )


def _meta(meta: CallMeta) -> dict[str, Any]:
    return {
        "request_id": meta.request_id,
        "call_id": meta.call_id,
        "duration_ms": meta.duration_ms,
        "version": meta.version,
        "connection": meta.connection,
        "upstream_request_id": meta.upstream_request_id,
        "page": meta.page,
        "failure": meta.failure,
        "rate": meta.rate and _rate(meta.rate),
    }


def _rate(rate: RateState) -> dict[str, Any]:
    resets_at = None if rate.resets_ms is None else iso(rate.resets_ms)
    return {"limit": rate.limit, "remaining": rate.remaining, "resets_at": resets_at}


def _summary(integration: Integration, endpoints: list[Endpoint], is_connected: bool) -> dict[str, Any]:
    return {
        "slug": integration.slug,
        "name": integration.title,
        "description": integration.description,
        "connected": is_connected,
        "status": "connected" if is_connected else "not_connected",
        "groups": sorted({one.group for one in endpoints}),
        "endpoint_count": len(endpoints),
        "version": integration.version,
    }


def _answer(status: int, value: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> ServiceAnswer:
    content = orjson.dumps(value, default=_plain)
    return ServiceAnswer(status=status, body=content, headers={"content-type": "application/json", **(headers or {})})


def _plain(value: Any) -> Any:
    """Read-only maps and tuples of ours, as JSON has them."""
    return dict(value) if isinstance(value, Mapping) else list(value)
