"""Calls an ASGI application in this process, as a server would."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson

Application = Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


def call(
    application: Application,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    chunks: list[bytes] | None = None,
    client: str = "192.0.2.1",
    port: int = 80,
) -> Answer:
    """One request, which arrives at `port`; the body comes in the given chunks."""
    return asyncio.run(_call(application, method, path, headers or {}, list(chunks or [b""]), client, port))


async def _call(
    application: Application,
    method: str,
    path: str,
    headers: Mapping[str, str],
    chunks: list[bytes],
    client: str,
    port: int,
) -> Answer:
    path, _, query = path.partition("?")
    scope: MutableMapping[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        "client": (client, 1234),
        "server": ("127.0.0.1", port),
    }
    sent: list[MutableMapping[str, Any]] = []
    is_whole = False

    async def receive() -> MutableMapping[str, Any]:
        """The chunks; after the last one the client is quiet, and stays connected."""
        nonlocal is_whole
        if is_whole:
            await asyncio.Event().wait()
        body = chunks.pop(0) if chunks else b""
        is_whole = not chunks
        return {"type": "http.request", "body": body, "more_body": bool(chunks)}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    body = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    wire = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(start["status"], wire, body)
