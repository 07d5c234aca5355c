"""The short way of a call: one thread from the token to the answer, past the framework and its models.

What it does not understand at first sight goes the long way, whose route does the same and says what is wrong.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from skillyard.api.call_threads import in_call_thread
from skillyard.api.entrance import Message, Receive, Scope, Send, Surface
from skillyard.api.native.addresses import PREFIX
from skillyard.api.native.refusal import error_body, refusal_headers
from skillyard.app import App
from skillyard.domain.gateway.calls.call_model import CallRequest
from skillyard.infra.errors import SkillyardError

CALLS = f"{PREFIX}/calls"
_CALL = re.compile(rf"{CALLS}/([a-z0-9-]{{1,100}})/([a-z0-9_]{{1,100}})")
_MOST_BYTES = 16 * 1024 * 1024
_FIELDS = frozenset({"params", "connection"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is answered to whoever is refused."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def _refuse(_: App, error: SkillyardError, request_id: str) -> Refusal:
    from skillyard.api.surface import status_of

    body = error_body(error.code, error.message, error.advice, request_id, facts=error.facts, faults=error.faults)
    return Refusal(status_of(error), body, refusal_headers(error))


class CallRoad:
    """In front of a surface. `path`: how calls look there, with the integration and the endpoint as its groups;
    `refuse`: how the surface spells a refusal of the request with this id.
    """

    def __init__(
        self,
        app: App,
        surface: Surface,
        *,
        path: re.Pattern[str] = _CALL,
        refuse: Callable[[App, SkillyardError, str], Refusal] = _refuse,
    ) -> None:
        self._app = app
        self._surface = surface
        self._path = path
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match = self._path.fullmatch(scope["path"]) if scope["method"] == "POST" else None
        headers = dict(scope["headers"])
        token = _bearer(headers)
        if match is None or token is None or not await self._may_be_short(match, headers):
            return await self._surface(scope, receive, send)
        body = await _read(receive)
        fields = _fields(body)
        if fields is None:
            return await self._surface(scope, _again(body, receive), send)
        request = CallRequest(
            integration=match[1],
            endpoint=match[2],
            params=fields.get("params", {}),
            connection=fields.get("connection"),
            request_id=scope["state"]["request_id"],
            address=scope["state"]["client_address"],
        )
        try:
            answer = await in_call_thread(self._app, partial(_call, self._app, token, request))
        except SkillyardError as error:
            refusal = self._refuse(self._app, error, request.request_id)
            return await _send(send, refusal.status, refusal.body, refusal.headers)
        return await _send(send, 200, answer, {})

    async def _may_be_short(self, match: re.Match[str], headers: Mapping[bytes, bytes]) -> bool:
        """What is to be done once goes the long way, where answers are kept; what only reads is as good twice."""
        if b"idempotency-key" not in headers:
            return True
        return await asyncio.to_thread(_only_reads, self._app, match[1], match[2])


def _only_reads(app: App, integration: str, endpoint: str) -> bool:
    from skillyard.domain.gateway.catalog.lookup import find_endpoint, find_integration

    try:
        return find_endpoint(find_integration(app, integration), endpoint).effect == "read"
    except SkillyardError:
        return False


def _call(app: App, token: str, request: CallRequest) -> bytes:
    from skillyard.api.native.wire.calls import write_result  # these load what a server without calls does not need
    from skillyard.api.surface import caller_with
    from skillyard.domain.gateway.calls.call import call

    return write_result(call(app, caller_with(app, token), request))


def _bearer(headers: Mapping[bytes, bytes]) -> str | None:
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


async def _read(receive: Receive) -> bytes:
    """The body; the entrance stops one that is too large."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _fields(body: bytes) -> dict[str, Any] | None:
    """What is in the body; None when it is not as a call's is."""
    if len(body) > _MOST_BYTES:
        return None
    try:
        fields = orjson.loads(body) if body else {}
    except ValueError:
        return None
    if not isinstance(fields, dict) or not fields.keys() <= _FIELDS:
        return None
    is_right = isinstance(fields.get("params", {}), dict) and isinstance(fields.get("connection"), str | None)
    return fields if is_right else None


def _again(body: bytes, receive: Receive) -> Receive:
    """For whoever reads the body a second time."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def read() -> Message:
        return waiting.pop() if waiting else await receive()

    return read


async def _send(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    named = [(name.encode(), value.encode()) for name, value in headers.items()]
    named += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": named})
    await send({"type": "http.response.body", "body": body})
