"""The words and headers of a refusal, for whoever refuses before or beside the framework."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from skillyard.infra.errors import SkillyardError, TooMany, Unauthenticated, Unavailable
from skillyard.skill.faults import Fault


def show_fault(fault: Fault) -> dict[str, Any]:
    return {
        "code": fault.code,
        "message": fault.message,
        "hint": fault.hint,
        "file": fault.file,
        "line": fault.line,
        "severity": fault.severity,
    }


def error_body(
    code: str,
    message: str,
    hint: str,
    request_id: str,
    *,
    facts: dict[str, Any] | None = None,
    faults: Sequence[Any] = (),
) -> bytes:
    """`{"error": {"code", "message", "hint", "facts", "faults", "request_id"}}`"""
    error = {
        "code": code,
        "message": message,
        "hint": hint,
        "facts": facts or {},
        "faults": list(faults),
        "request_id": request_id,
    }
    return orjson.dumps({"error": error}, default=str)


def refusal_headers(error: SkillyardError) -> dict[str, str]:
    if isinstance(error, Unauthenticated):
        return {"www-authenticate": "Bearer"}
    if isinstance(error, TooMany | Unavailable):
        return {"retry-after": str(error.facts.get("retry_after_s", 1))}
    return {}
