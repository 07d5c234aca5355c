"""How Skillett spells a refusal: `{"error": code, "message", "action_url"?}`, and beside them what else we know of it.

Only what this registry itself refuses is told so. What an integration answers, of whatever status, is an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from skillyard.api.native.call_road import Refusal
from skillyard.api.native.refusal import refusal_headers, show_fault
from skillyard.api.skillett.errors import DeviceRefusal
from skillyard.api.surface import app_of, status_of
from skillyard.app import App
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
from skillyard.skill.faults import SkillError

# Ours → the status and the word of the service, where these are not what the kind of refusal says.
_SPELLED: Mapping[str, tuple[int, str]] = {
    "token_not_valid": (401, "api_key_invalid"),
    "token_expired": (401, "api_key_expired"),
    "token_revoked": (401, "api_key_revoked"),
    "reconnect_required": (401, "token_expired"),
    "not_connected": (403, "integration_not_connected"),
    "scope_not_allowed": (403, "scope_not_allowed"),
    "plan_limit_reached": (403, "plan_limit_reached"),
    "too_many_connections": (403, "plan_limit_reached"),
    "daily_limit_reached": (429, "daily_limit_reached"),
    "upstream_timed_out": (504, "upstream_unavailable"),
    "upstream_resting": (502, "upstream_unavailable"),
}
_KINDS: tuple[tuple[type[SkillyardError], str], ...] = (
    (Invalid, "bad_request"),
    (Unauthenticated, "unauthorized"),
    (Forbidden, "forbidden"),
    (NotFound, "not_found"),
    (Conflict, "conflict"),
    (TooMany, "rate_limited"),
    (Upstream, "upstream_unavailable"),
    (Unavailable, "unavailable"),
)
_KEYS_PAGE, _CONNECTIONS_PAGE = "/account#tokens", "/connections"
_PAGES: Mapping[str, str] = {
    "unauthenticated": _KEYS_PAGE,
    "token_not_valid": _KEYS_PAGE,
    "token_expired": _KEYS_PAGE,
    "token_revoked": _KEYS_PAGE,
    "scope_not_allowed": _KEYS_PAGE,
    "plan_limit_reached": _CONNECTIONS_PAGE,
    "too_many_connections": _CONNECTIONS_PAGE,
}
_SEND_A_KEY = "Send a key that is good: `Authorization: Bearer sk_…`."
_MOST_FAULTS = 100


def install(skillett: FastAPI) -> None:
    """Make the sub-application answer every refusal in this dialect."""
    skillett.add_exception_handler(SkillyardError, _refused)
    skillett.add_exception_handler(SkillError, _skill_refused)
    skillett.add_exception_handler(RequestValidationError, _unreadable)
    skillett.add_exception_handler(HTTPException, _http)
    skillett.add_exception_handler(Exception, _bug)


def spell(code: str, message: str, hint: str, request_id: str) -> bytes:
    """What is refused before this surface is reached."""
    word = {"too_many_requests": "rate_limited", "body_too_large": "bad_request"}.get(code, code)
    return _body(word, message, code, request_id, hint=hint)


def refuse(app: App, error: SkillyardError, request_id: str) -> Refusal:
    """What is answered to whoever is refused."""
    status, word = _SPELLED.get(error.code) or (_status(error), _word(error))
    page = _PAGES.get(error.code)
    body = _body(
        word,
        error.message,
        error.code,
        request_id,
        hint=_SEND_A_KEY if error.code == Unauthenticated.code else error.advice,
        action_url=error.facts.get("action_url") or (page and app.settings.address + page),
        faults=error.faults,
        error_description=error.message if isinstance(error, DeviceRefusal) else None,
    )
    return Refusal(status, body, refusal_headers(error))


def _status(error: SkillyardError) -> int:
    return 400 if isinstance(error, Invalid) else status_of(error)


def _word(error: SkillyardError) -> str:
    if isinstance(error, DeviceRefusal):
        return error.word
    return next((word for kind, word in _KINDS if isinstance(error, kind)), error.code)


def _body(word: str, message: str, reason: str, request_id: str, **more: Any) -> bytes:
    said = {key: value for key, value in more.items() if value}
    return orjson.dumps(
        {"error": word, "message": message, **said, "reason_code": reason, "request_id": request_id}, default=str
    )


def _answer(body: bytes, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status_code=status, headers=headers, media_type="application/json")


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, SkillyardError)
    refusal = refuse(app_of(request), error, _request_id(request))
    return _answer(refusal.body, refusal.status, refusal.headers)


def _skill_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, SkillError)
    first, faults = error.faults[0], [show_fault(fault) for fault in error.faults]
    return _answer(
        _body("bad_request", f"{first.message}.", first.code, _request_id(request), hint=first.hint, faults=faults), 400
    )


def _unreadable(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = not_valid(error.errors())
    return _answer(
        _body("bad_request", _summary(faults), "request_not_valid", _request_id(request), faults=faults), 400
    )


def not_valid(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Which fields are not as they should be, and why."""
    return [
        {"field": ".".join(str(part) for part in fault["loc"][1:]) or "body", "message": str(fault["msg"])}
        for fault in errors[:_MOST_FAULTS]
    ]


def _summary(faults: Sequence[Mapping[str, str]]) -> str:
    text = "; ".join(f"{fault['field'][:100]}: {fault['message']}" for fault in faults[:5])
    more = f" ({len(faults) - 5} more)" if len(faults) > 5 else ""
    return f"The request is not valid: {text}{more}."


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    word, reason = {404: ("not_found", "no_such_route"), 405: ("bad_request", "method_not_allowed")}.get(
        error.status_code, ("bad_request", "http_error")
    )
    text = f"There is no {request.scope['path'][:200]!a} here." if error.status_code == 404 else str(error.detail)
    return _answer(_body(word, text, reason, _request_id(request)), error.status_code, dict(error.headers or {}))


def _bug(request: Request, _: Exception) -> Response:
    """The framework raises the exception again after this answer, and the entrance logs it: the id is in both."""
    incident = _request_id(request)
    text = f"Something went wrong on our side (incident {incident})."
    return _answer(_body("internal", text, "internal", incident), 500)


def _request_id(request: Request) -> str:
    return str(request.scope["state"]["request_id"])
