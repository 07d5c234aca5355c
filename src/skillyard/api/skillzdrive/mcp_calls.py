"""Does what a tool says by sending the request that it stands for to the routes, within this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from fastapi import FastAPI
from mcp_types import CallToolResult
from starlette.types import Message, Scope

from skillyard.api.skillzdrive.mcp_answers import refuse, refuse_arguments, show_data
from skillyard.api.skillzdrive.mcp_tools import StandsFor
from skillyard.app import App


async def call_route(
    app: App, routes: FastAPI, found: StandsFor, arguments: Mapping[str, Any], state: Mapping[str, Any]
) -> CallToolResult:
    """`state`: of the request that the tool was called with; the caller in it is not asked for a key again."""
    known = found.in_path | found.in_query | found.in_body
    unknown = sorted(set(arguments) - known)
    missing = sorted(found.in_path - set(arguments))
    if unknown or missing:
        return refuse_arguments(unknown, missing, sorted(known))
    status, body = await _send(routes, _scope(found, arguments, state), _body(found, arguments))
    content = orjson.loads(body)
    if status < 400:
        return show_data(content["data"])
    return await asyncio.to_thread(refuse, app, state["caller"], content["error"], arguments)


def _scope(found: StandsFor, arguments: Mapping[str, Any], state: Mapping[str, Any]) -> Scope:
    """The path as it is after decoding: no argument can add to it."""
    path = found.path
    for name in found.in_path:
        path = path.replace(f"{{{name}}}", _word(arguments[name]).replace("/", "--"))
    query = urlencode({name: _word(arguments[name]) for name in found.in_query if arguments.get(name) is not None})
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": found.method,
        "scheme": "http",
        "path": path,
        "raw_path": quote(path, errors="replace").encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"content-type", b"application/json")],
        "client": None,
        "server": None,
        "state": dict(state),
    }


def _word(value: Any) -> str:
    """An argument as it stands in an address, where the entrance lets no null character pass."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text.replace("\0", "\ufffd")


def _body(found: StandsFor, arguments: Mapping[str, Any]) -> bytes:
    if not found.has_body:
        return b""
    return json.dumps({name: arguments[name] for name in found.in_body if name in arguments}).encode()


async def _send(routes: FastAPI, scope: Scope, body: bytes) -> tuple[int, bytes]:
    """Status and body of the answer."""
    status, parts = 500, []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if waiting:
            return waiting.pop()
        await asyncio.Event().wait()  # the client stays
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        parts.append(message.get("body", b""))

    await routes(scope, receive, send)
    return status, b"".join(parts)
