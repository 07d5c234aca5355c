"""How STACK spells a refusal: `{"error": {"code", "message", "details"}}`, wrong input is 400, and what must be paid
says where, also at the top level.

`code` is one of few, by which programs decide; `details.reason_code` is the exact one of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from skillyard.api.native.refusal import refusal_headers, show_fault
from skillyard.api.surface import app_of, status_of
from skillyard.domain.payments.credits import purchase_url
from skillyard.infra.errors import Invalid, PaymentRequired, SkillyardError
from skillyard.skill.faults import SkillError

_CODES: Mapping[int, str] = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHORIZED",
    402: "PAYMENT_REQUIRED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    429: "RATE_LIMITED",
    500: "INTERNAL_ERROR",
    502: "UPSTREAM_ERROR",
    503: "SERVICE_UNAVAILABLE",
}
_STATUSES: Mapping[str, int] = {"too_many_requests": 429, "body_too_large": 413}  # of the entrance
_MOST_FAULTS = 100
PURCHASE_URL = "purchase_url"
_EMPTY: tuple[object, ...] = (None, "", [], {})


def install(stack: FastAPI) -> None:
    """Make the sub-application answer every refusal in this dialect."""
    stack.add_exception_handler(SkillyardError, _refused)
    stack.add_exception_handler(SkillError, _skill_refused)
    stack.add_exception_handler(RequestValidationError, _unreadable)
    stack.add_exception_handler(HTTPException, _http)
    stack.add_exception_handler(Exception, _bug)


def spell(code: str, message: str, hint: str, request_id: str) -> bytes:
    """What is refused before this surface is reached."""
    return _body(_STATUSES.get(code, 500), code, message, {"hint": hint, "request_id": request_id})


def _body(status: int, reason: str, message: str, details: Mapping[str, Any]) -> bytes:
    """The client hands on nothing but `error`; the document has `purchase_url` at the top."""
    error = {
        "code": _CODES.get(status, "ERROR"),
        "message": message,
        "details": {**{key: value for key, value in details.items() if value not in _EMPTY}, "reason_code": reason},
    }
    above = {PURCHASE_URL: details[PURCHASE_URL]} if details.get(PURCHASE_URL) else {}
    return orjson.dumps({"error": error, **above}, default=str)


def _answer(body: bytes, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status_code=status, headers=headers, media_type="application/json")


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, SkillyardError)
    status = 400 if isinstance(error, Invalid) else status_of(error)
    details = {**error.facts, "hint": error.advice, "faults": list(error.faults)}
    if isinstance(error, PaymentRequired):
        details.setdefault(PURCHASE_URL, purchase_url(app_of(request)))
    return _answer(_body(status, error.code, error.message, details), status, refusal_headers(error))


def _skill_refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, SkillError)
    faults = [show_fault(fault) for fault in error.faults]
    return _answer(_body(400, error.faults[0].code, error.faults[0].message, {"faults": faults}), 400)


def _unreadable(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _answer(not_valid(error.errors()), 400)


def not_valid(errors: Sequence[Mapping[str, Any]]) -> bytes:
    faults = [
        {"path": ".".join(str(part) for part in fault["loc"][1:]) or "body", "message": str(fault["msg"])}
        for fault in errors[:_MOST_FAULTS]
    ]
    text = "; ".join(f"{fault['path']}: {fault['message']}" for fault in faults[:5])
    more = f" ({len(errors) - 5} more)" if len(errors) > 5 else ""
    return _body(400, "validation_error", f"The request is not valid: {text}{more}.", {"faults": faults})


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = f"There is no {request.scope['path'][:200]!a} here." if error.status_code == 404 else str(error.detail)
    reason = {404: "no_such_route", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    return _answer(_body(error.status_code, reason, text, {}), error.status_code, dict(error.headers or {}))


def _bug(request: Request, _: Exception) -> Response:
    """The framework raises the exception again after this answer, and the entrance logs it: the id is in both."""
    incident = str(request.scope["state"]["request_id"])
    text = f"Something went wrong on our side (incident {incident})."
    return _answer(_body(500, "internal", text, {"request_id": incident}), 500)
