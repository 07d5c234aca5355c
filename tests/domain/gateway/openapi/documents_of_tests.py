"""Documents to read, and what they make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from skillyard.domain.gateway.catalog.integration import Endpoint, Integration
from skillyard.domain.gateway.catalog.openapi.choices import Choices
from skillyard.domain.gateway.catalog.openapi.read import read_openapi

FOLDER = Path(__file__).parent / "documents"
GITHUB = (FOLDER / "github.json").read_bytes()
STRIPE = (FOLDER / "stripe.json").read_bytes()
SERVERS = [{"url": "https://api.example.com/v1"}]


def read(document: dict[str, Any] | bytes, **choices: Any) -> tuple[Integration, tuple[str, ...]]:
    data = document if isinstance(document, bytes) else orjson.dumps(document)
    return read_openapi(data, "acme", Choices(**choices))


def a_document(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    info = {"title": "Acme", "version": "1"}
    return {"openapi": "3.0.3", "info": info, "servers": SERVERS, "paths": paths, **more}


def the_endpoint(operation: dict[str, Any], *, method: str = "post", path: str = "/x", **more: Any) -> Endpoint:
    """What one operation becomes."""
    integration, _ = read(a_document({path: {method: {"operationId": "it", **operation}}}, **more))
    return integration.endpoints["it"]


def the_note(operation: dict[str, Any], *, method: str = "post", path: str = "/x", **more: Any) -> str:
    """Why one operation is left out, which stands beside another one."""
    other = {"/fine": {"get": {"operationId": "fine"}}}
    integration, notes = read(a_document({path: {method: {"operationId": "it", **operation}}, **other}, **more))
    assert list(integration.endpoints) == ["fine"]
    (note,) = notes
    return note


def takes(schema: dict[str, Any]) -> dict[str, Any]:
    """An operation whose body is one field of this schema."""
    whole = {"type": "object", "properties": {"field": schema}}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": whole}}}}


def schema_of(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What a schema becomes as that of a field of a body."""
    return dict(the_endpoint(takes(schema), **more).params[0].schema)
