"""Answers that caches may keep: JSON with an ETag for what everybody may read, and never for what only some may.

The hot reads are served with it before the framework is loaded.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from fastapi import Request
    from pydantic import BaseModel
    from starlette.responses import Response

PUBLIC_CACHE = "no-cache"  # keep it, and ask each time whether it is still so
PRIVATE_CACHE = "private, no-store"


def json_answer(request: Request, value: BaseModel | dict[str, Any], *, is_open: bool) -> Response:
    """The value as JSON; 304 without a body when the client has it already."""
    from starlette.responses import Response

    body = json_body(value)
    if not is_open:
        return Response(body, media_type="application/json", headers={"cache-control": PRIVATE_CACHE})
    headers = {"cache-control": PUBLIC_CACHE, "etag": etag_of(body), "vary": "authorization"}
    if is_known(request.headers.get("if-none-match"), headers["etag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def json_body(value: BaseModel | dict[str, Any]) -> bytes:
    return orjson.dumps(value) if isinstance(value, dict) else value.model_dump_json().encode()


def etag_of(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def is_known(if_none_match: str | None, etag: str) -> bool:
    """Whether the client has this content (RFC 9110, section 13.1.2)."""
    if if_none_match is None:
        return False
    known = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in known or "*" in known
