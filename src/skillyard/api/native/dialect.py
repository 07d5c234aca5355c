"""How the native surface spells a refusal."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from skillyard.api.native.refusal import error_body, refusal_headers, show_fault
from skillyard.api.surface import status_of
from skillyard.infra.errors import SkillyardError
from skillyard.skill.faults import Fault, SkillError

_HINTS = {404: "Look the path up in /api/v1/openapi.json.", 405: "Look the method up in /api/v1/openapi.json."}


def install(native: FastAPI) -> None:
    """Make the sub-application answer every refusal in this dialect."""
    native.add_exception_handler(SkillyardError, _refused)
    native.add_exception_handler(SkillError, _skill_refused)
    native.add_exception_handler(RequestValidationError, _unreadable)
    native.add_exception_handler(HTTPException, _http)
    native.add_exception_handler(Exception, _bug)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, SkillyardError)
    body = error_body(
        error.code, error.message, error.advice, _request_id(request), facts=error.facts, faults=error.faults
    )
    return _answer(body, status_of(error), refusal_headers(error))


def _skill_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, SkillError)
    first = error.faults[0]
    more = f" ({len(error.faults) - 1} more)" if len(error.faults) > 1 else ""
    faults = [show_fault(fault) for fault in error.faults]
    body = error_body(first.code, f"{first.message}{more}", first.hint, _request_id(request), faults=faults)
    return _answer(body, 422)


def _unreadable(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        show_fault(
            Fault(
                code=str(fault["type"]),
                message=f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}",
                hint="Compare with /api/v1/openapi.json.",
            )
        )
        for fault in error.errors()
    ]
    message = faults[0]["message"] if faults else "The request could not be read."
    hint = "Correct the faults listed and send it again."
    return _answer(error_body("invalid_request", message, hint, _request_id(request), faults=faults), 422)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "no_such_route", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    hint = _HINTS.get(error.status_code, "Correct the request and send it again.")
    status = 422 if error.status_code == 400 else error.status_code
    body = error_body(code, str(error.detail), hint, _request_id(request))
    return _answer(body, status, dict(error.headers or {}))


def _bug(request: Request, _: Exception) -> Response:
    """The framework raises the exception again after this answer, and the entrance logs it: the id is in both."""
    incident = _request_id(request)
    message = f"Something went wrong on our side (incident {incident})."
    hint = "Try again; if it stays, tell the operator the incident id."
    return _answer(error_body("internal", message, hint, incident), 500)


def _request_id(request: Request) -> str:
    return str(request.scope["state"]["request_id"])


def _answer(body: bytes, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status_code=status, headers=headers, media_type="application/json")
