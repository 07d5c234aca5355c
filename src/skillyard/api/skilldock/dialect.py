"""How SkillDock spells a refusal: `message` is all that its client shows, so it says what to do too; and a `code`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from skillyard.api.native.refusal import refusal_headers, show_fault
from skillyard.api.skilldock.errors import ArchiveTooLarge
from skillyard.api.surface import status_of
from skillyard.domain.accounts.errors import NamespaceNotFound
from skillyard.domain.payments.errors import NoSuchRail, NotWithThisRail, PurchaseRequired, RailNotReady
from skillyard.domain.registry.errors import ReleaseNotFound, SkillNotFound, SkillRefused
from skillyard.infra.errors import SkillyardError
from skillyard.skill.faults import SkillError

_COMMANDS = (
    ("login", "auth login"),
    ("info ", "skills get "),
    ("search", "skills search"),
    ("tokens", "tokens"),
    ("buy ", "skills buy "),
    ("bought", "skills bought"),
    ("invoice ", "skills invoice "),
    ("balance", "skills balance"),
    ("payouts connect", "skills stripe-connect-start"),
    ("payouts set-wallet", "skills set-ton-wallet"),
    ("payouts set-stripe", "skills set-stripe-payout"),
    ("payouts`", "skills payout-requests`"),
)


def install(skilldock: FastAPI) -> None:
    """Make the sub-application answer every refusal in this dialect."""
    skilldock.add_exception_handler(SkillyardError, _refused)
    skilldock.add_exception_handler(SkillError, _skill_refused)
    skilldock.add_exception_handler(RequestValidationError, _unreadable)
    skilldock.add_exception_handler(HTTPException, _http)
    skilldock.add_exception_handler(Exception, _bug)


def spell(code: str, message: str, hint: str, request_id: str) -> bytes:  # noqa: ARG001 (as the entrance asks)
    """What is refused before this surface is reached."""
    return _body(code, f"{message} {hint}")


def _body(code: str, message: str, detail: str = "", errors: Sequence[Any] = ()) -> bytes:
    body: dict[str, Any] = {"message": message.strip(), "code": code, "detail": detail or message.strip()}
    return orjson.dumps(body | ({"errors": list(errors)} if errors else {}), default=str)


def _answer(body: bytes, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status_code=status, headers=headers, media_type="application/json")


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, SkillyardError)
    is_unsupported = isinstance(error, NoSuchRail | RailNotReady)
    code = NotWithThisRail.code if is_unsupported else error.code
    status = 413 if isinstance(error, ArchiveTooLarge) else 409 if is_unsupported else status_of(error)
    body = _body(code, _message(error), _in_their_words(error.advice), error.faults)
    return _answer(body, status, refusal_headers(error))


def _message(error: SkillyardError) -> str:
    """`Namespace not found` are the words by which the client knows that it may create it."""
    facts = error.facts
    if isinstance(error, NamespaceNotFound):
        return f"Namespace not found: {facts['namespace']} does not exist, or you do not belong to it."
    if isinstance(error, SkillNotFound):
        return f"Skill not found: {facts['name']} does not exist, or you may not see it."
    if isinstance(error, ReleaseNotFound):
        return f"Release not found: {facts['name']} has no version {facts['version']}."
    if isinstance(error, SkillRefused):
        return f"{facts['name']} is refused. {_sentences(error.faults)}"
    beginning = "A purchase is required. " if isinstance(error, PurchaseRequired) else ""
    return f"{beginning}{error.message} {_in_their_words(error.advice)}"


def _in_their_words(advice: str) -> str:
    """With the commands that SkillDock's client has."""
    for ours, theirs in _COMMANDS:
        advice = advice.replace(f"`skillyard {ours}", f"`skilldock {theirs}")
    return advice


def _sentences(faults: Sequence[Mapping[str, Any]]) -> str:
    """All that is wrong."""
    return " ".join(_sentence(fault) for fault in faults if fault["severity"] == "error")


def _sentence(fault: Mapping[str, Any]) -> str:
    where = f"{fault['file']}: " if fault["file"] else ""
    hint = f" ({fault['hint'].rstrip('.')})" if fault["hint"] else ""
    return f"{where}{fault['message'].rstrip('.')}{hint}."


def _skill_refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, SkillError)
    faults = [show_fault(fault) for fault in error.faults]
    return _answer(_body(error.faults[0].code, _sentences(faults), error.faults[0].hint, faults), 422)


def _unreadable(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        {"field": ".".join(str(part) for part in fault["loc"][1:]) or "body", "message": str(fault["msg"])}
        for fault in error.errors()
    ]
    text = "; ".join(f"{fault['field']}: {fault['message']}" for fault in faults)
    return _answer(_body("invalid_request", f"The request cannot be read: {text}", errors=faults), 422)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "no_such_route", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    text = f"There is no {request.scope['path'][:200]!a} here." if error.status_code == 404 else str(error.detail)
    return _answer(_body(code, text), error.status_code, dict(error.headers or {}))


def _bug(request: Request, _: Exception) -> Response:
    """The framework raises the exception again after this answer, and the entrance logs it: the id is in both."""
    incident = str(request.scope["state"]["request_id"])
    return _answer(_body("internal", f"Something went wrong on our side (incident {incident})."), 500)
