"""How SkillzDrive spells a refusal: `{"error": {"code", "message"}}`; here with `hint` and `details` beside them.

`code` is the service's own word where it has one; `details.reason_code` is ours.
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
from skillyard.infra.errors import Forbidden, Invalid, PaymentRequired, SkillyardError, TooMany, Unauthenticated
from skillyard.skill.faults import SkillError

_CODES = {
    "slug_not_found": "skill_not_found",
    "slug_ambiguous": "skill_not_found",
    "no_script": "script_not_found",
    "not_a_script": "script_not_found",
    "session_ended": "session_not_found",
    "quota_exceeded": "quota_exceeded",
    "too_many_requests": "rate_limited",
}
_KINDS: tuple[tuple[type[SkillyardError], str], ...] = (
    (Unauthenticated, "unauthorized"),
    (PaymentRequired, "insufficient_credits"),
    (Forbidden, "access_denied"),
    (TooMany, "rate_limited"),
)
_SEND_A_KEY = "Send a key that is good: `Authorization: Bearer sk_live_…`."
_MOST_FAULTS = 100


def install(skillzdrive: FastAPI) -> None:
    """Make the sub-application answer every refusal in this dialect."""
    skillzdrive.add_exception_handler(SkillyardError, _refused)
    skillzdrive.add_exception_handler(SkillError, _skill_refused)
    skillzdrive.add_exception_handler(RequestValidationError, _unreadable)
    skillzdrive.add_exception_handler(HTTPException, _http)
    skillzdrive.add_exception_handler(Exception, _bug)


def spell(code: str, message: str, hint: str, request_id: str) -> bytes:
    """What is refused before this surface is reached."""
    return refusal_body(code, message, hint, {"request_id": request_id})


def refusal_body(reason: str, message: str, hint: str, details: Mapping[str, Any], *, code: str = "") -> bytes:
    error = {
        "code": _CODES.get(reason) or code or reason,
        "message": f"{message} {hint}".strip(),
        "hint": hint,
        "details": {**details, "reason_code": reason},
    }
    return orjson.dumps({"error": error}, default=str)


def spell_error(error: SkillyardError, *, buy_at: str) -> bytes:
    """`buy_at`: where people buy credits."""
    details = {**error.facts, **({"faults": list(error.faults)} if error.faults else {})}
    if isinstance(error, PaymentRequired):
        details.setdefault("purchase_url", buy_at)
    code = next((word for kind, word in _KINDS if isinstance(error, kind)), "")
    hint = _SEND_A_KEY if error.code == Unauthenticated.code else error.advice
    return refusal_body(error.code, error.message, hint, details, code=code)


def _answer(body: bytes, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status_code=status, headers=headers, media_type="application/json")


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, SkillyardError)
    status = 400 if isinstance(error, Invalid) else status_of(error)
    return _answer(spell_error(error, buy_at=purchase_url(app_of(request))), status, refusal_headers(error))


def _skill_refused(_: Request, error: Exception) -> Response:
    """A script that is not there is nothing wrong with the request."""
    assert isinstance(error, SkillError)
    first, faults = error.faults[0], [show_fault(fault) for fault in error.faults]
    status = 404 if _CODES.get(first.code) == "script_not_found" else 400
    return _answer(refusal_body(first.code, f"{first.message}.", first.hint, {"faults": faults}), status)


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
    return refusal_body("invalid_request", f"The request is not valid: {text}{more}.", "", {"faults": faults})


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = f"There is no {request.scope['path'][:200]!a} here." if error.status_code == 404 else str(error.detail)
    reason = {404: "no_such_route", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    return _answer(refusal_body(reason, text, "", {}), error.status_code, dict(error.headers or {}))


def _bug(request: Request, _: Exception) -> Response:
    """The framework raises the exception again after this answer, and the entrance logs it: the id is in both."""
    incident = str(request.scope["state"]["request_id"])
    text = f"Something went wrong on our side (incident {incident})."
    return _answer(refusal_body("internal", text, "", {"request_id": incident}), 500)
