"""Reads a body that comes as JSON, or as a form, in which clients of OAuth send theirs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from skillyard.api.skillett.errors import BodyUnreadable

_MOST_BYTES = 64 * 1024
_MOST_FIELDS = 50
_FORM = "application/x-www-form-urlencoded"

Body = TypeVar("Body", bound=BaseModel)


def form_or_json(model: type[Body]) -> Callable[[Request], Awaitable[Body]]:
    """What a route depends on to get the model in either way. Raises BodyUnreadable, RequestValidationError."""

    async def read(request: Request) -> Body:
        is_form = request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM
        raw = await read_bytes(request, _MOST_BYTES)
        fields = _read_form(raw) if is_form else read_object(raw)
        try:
            return model.model_validate(fields)
        except ValidationError as refused:
            raise RequestValidationError(
                [{**fault, "loc": ("body", *fault["loc"])} for fault in refused.errors()]
            ) from None

    return read


def documented(model: type[BaseModel]) -> dict[str, Any]:
    """The same for the document of the surface."""
    schema = {"schema": model.model_json_schema()}
    return {"requestBody": {"required": True, "content": {"application/json": schema, _FORM: schema}}}


async def read_bytes(request: Request, most_bytes: int) -> bytes:
    """Raises BodyUnreadable for what is longer."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise BodyUnreadable(wanted=f"at most {most_bytes} bytes long", why="it is longer")
    return bytes(body)


def read_object(raw: bytes) -> dict[str, Any]:
    """The JSON object; an empty one for no body at all. Raises BodyUnreadable."""
    try:
        content = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError as fault:
        raise BodyUnreadable(wanted="JSON", why=str(fault)) from None
    if not isinstance(content, dict):
        raise BodyUnreadable(wanted="a JSON object", why="it is another value")
    return content


def _read_form(raw: bytes) -> dict[str, Any]:
    try:
        return dict(parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise BodyUnreadable(wanted="a form", why="it is not UTF-8, or has too many fields") from None
