"""How Tank spells names, identifiers and refusals: `@scope/name`, UUIDs, `{"error": text}` with perhaps `details`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from skillyard.api.native.refusal import refusal_headers
from skillyard.api.surface import status_of
from skillyard.domain.accounts.errors import AccountSuspended, CliSessionDecidedBefore
from skillyard.domain.registry.errors import ReleaseExists, ReleaseNotFound, SkillNotFound, SkillRefused
from skillyard.infra.errors import Conflict, Invalid, SkillyardError
from skillyard.skill.faults import SkillError

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_SKILLS = uuid.UUID("6f0c8a52-5f0e-5d55-9a9e-0b8e2c1d7a41")


def install(tank: FastAPI) -> None:
    """Make the sub-application answer every refusal in this dialect."""
    tank.add_exception_handler(SkillyardError, _refused)
    tank.add_exception_handler(SkillError, _skill_refused)
    tank.add_exception_handler(RequestValidationError, _unreadable)
    tank.add_exception_handler(HTTPException, _http)
    tank.add_exception_handler(Exception, _bug)


def show_name(name: str) -> str:
    """`acme/pdf` → `@acme/pdf`."""
    return f"@{name}"


def show_uuid(identifier: str) -> str:
    """Our identifiers are 128 bits in Crockford's base 32 behind a prefix; Tank's clients expect UUIDs."""
    value = 0
    for char in identifier.rpartition("_")[2]:
        value = value * 32 + _CROCKFORD.index(char)
    return str(uuid.UUID(int=value & ((1 << 128) - 1)))


def read_uuid(text: str, prefix: str) -> str:
    """The identifier that `show_uuid` has shown; what is no UUID becomes one that nothing has."""
    try:
        value = uuid.UUID(text).int
    except ValueError:
        value = 0
    digits = [_CROCKFORD[(value >> (5 * place)) & 31] for place in range(25, -1, -1)]
    return f"{prefix}_{''.join(digits)}"


def skill_uuid(name: str) -> str:
    """Skills have names and no numbers here: a UUID (version 5) of the name."""
    return str(uuid.uuid5(_SKILLS, name))


def spell(code: str, message: str, hint: str, request_id: str) -> bytes:  # noqa: ARG001 (as the entrance asks)
    """What is refused before this surface is reached."""
    return _body(f"{message} {hint}")


def _body(text: str, **more: Any) -> bytes:
    return orjson.dumps({"error": text.strip()} | more, default=str)


def _answer(body: bytes, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status_code=status, headers=headers, media_type="application/json")


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, SkillyardError)
    return _answer(_spelled(error), _status(error), refusal_headers(error))


def _status(error: SkillyardError) -> int:
    """Tank has no 422, and its client takes every 409 for a version that exists."""
    if isinstance(error, AccountSuspended):
        return 403
    if isinstance(error, CliSessionDecidedBefore) and error.facts.get("status") == "expired":
        return 404
    is_plain = isinstance(error, Invalid | Conflict) and not isinstance(error, ReleaseExists)
    return 400 if is_plain else status_of(error)


def _spelled(error: SkillyardError) -> bytes:
    facts = error.facts
    if isinstance(error, SkillNotFound):
        return _body("Package not found")
    if isinstance(error, ReleaseNotFound):
        return _body(f"Version {facts['version']} not found for {show_name(facts['name'])}")
    if isinstance(error, ReleaseExists):
        return _body(f"Version {facts['version']} of {show_name(facts['name'])} already exists. {error.advice}")
    if isinstance(error, SkillRefused):
        return _refused_skill(error)
    more = {"details": [_sentence(fault) for fault in error.faults]} if error.faults else {}
    return _body(f"{error.message} {error.advice}", **more)


def _refused_skill(error: SkillRefused) -> bytes:
    """All that is wrong stands in the text too, since the client shows nothing else."""
    wrong = [fault for fault in error.faults if fault["severity"] == "error"]
    text = " ".join(_sentence(fault) for fault in wrong)
    escalations = [fault for fault in wrong if fault["code"] == "permission_escalation"]
    if escalations:
        details = [{"field": "permissions", "reason": fault["message"]} for fault in escalations]
        return _body(f"Permission escalation detected: {text}", details=details)
    by_field: dict[str, list[str]] = {}
    for fault in wrong:
        by_field.setdefault(fault.get("field") or fault["file"] or "archive", []).append(fault["message"])
    return _body(f"Invalid manifest: {text}" if "field" in wrong[0] else text, details=by_field)


def _sentence(fault: Mapping[str, Any]) -> str:
    where = f"{fault['file']}: " if fault["file"] else ""
    hint = f" ({fault['hint'].rstrip('.')})" if fault["hint"] else ""
    return f"{where}{fault['message'].rstrip('.')}{hint}."


def _skill_refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, SkillError)
    return _answer(_body(" ".join(f"{fault}." for fault in error.faults)), 400)


def _unreadable(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    by_field: dict[str, list[str]] = {}
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"][1:]) or "body"
        by_field.setdefault(place, []).append(str(fault["msg"]))
    text = "; ".join(f"{field}: {messages[0]}" for field, messages in by_field.items())
    return _answer(_body(f"The request cannot be read: {text}", details=by_field), 400)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return _answer(_body("Not found", path=request.scope["path"]), 404)
    return _answer(_body(str(error.detail)), error.status_code, dict(error.headers or {}))


def _bug(request: Request, _: Exception) -> Response:
    """The framework raises the exception again after this answer, and the entrance logs it: the id is in both."""
    incident = str(request.scope["state"]["request_id"])
    return _answer(_body(f"Something went wrong on our side (incident {incident})."), 500)
