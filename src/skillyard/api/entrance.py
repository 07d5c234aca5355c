"""The one door for HTTP: request id, size and rate limits, hot reads, then the surface that the path names.

Plain ASGI, since every request passes here.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import structlog

from skillyard.api.native.dialect import error_body
from skillyard.app import App
from skillyard.infra.ratelimit import Verdict
from skillyard.infra.telemetry import observe_request

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Surface = Callable[[Scope, Receive, Send], Awaitable[None]]
HotReads = Callable[[Scope, Receive, Send], Awaitable[bool]]

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
_WINDOW_S = 60
_PROCESS = secrets.token_hex(6)
_numbers = itertools.count()
_SLACK_BYTES = 1024 * 1024

_log = structlog.get_logger("skillyard.entrance")


class Entrance:
    """Dispatches by the longest matching path prefix in `surfaces`; `hot` may answer a GET before any surface."""

    def __init__(self, app: App, surfaces: Mapping[str, Surface], hot: HotReads) -> None:
        self._app = app
        self._surfaces = sorted(surfaces.items(), key=lambda item: -len(item[0]))
        self._hot = hot
        self._max_body_bytes = app.archive_limits.max_archive_bytes + _SLACK_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._lifespan(receive, send) if scope["type"] == "lifespan" else None
        headers = dict(scope["headers"])
        address = _client_address(scope, headers, self._app)
        verdict = self._rate(scope["method"], address)
        body = _LimitedBody(receive, self._max_body_bytes)
        exchange = _Exchange(send, body, _request_id(headers), verdict)
        scope["state"] = {"request_id": exchange.request_id, "client_address": address}
        if not verdict.allowed:
            await exchange.refuse_too_many()
        elif _declared_size(headers) > self._max_body_bytes:
            await exchange.refuse_too_large()
        else:
            await self._answer(scope, body, exchange)
        observe_request(scope["method"], exchange.status, exchange.seconds())
        return None

    async def _answer(self, scope: Scope, body: _LimitedBody, exchange: _Exchange) -> None:
        try:
            if scope["method"] in _READING and await self._hot(scope, body.receive, exchange.send):
                return
            await self._surface(scope["path"])(scope, body.receive, exchange.send)
        except BodyTooLarge:
            await exchange.refuse_too_large()
        except Exception:
            _log.exception("bug", incident=exchange.request_id, path=scope["path"])
            await exchange.refuse_bug()

    def _surface(self, path: str) -> Surface:
        return next(surface for prefix, surface in self._surfaces if path.startswith(prefix))

    def _rate(self, method: str, address: str) -> Verdict:
        settings = self._app.settings
        if method in _READING:
            return self._app.limiter.check(f"read {address}", settings.reads_per_minute, _WINDOW_S)
        return self._app.limiter.check(f"write {address}", settings.writes_per_minute, _WINDOW_S)

    @staticmethod
    async def _lifespan(receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return


class BodyTooLarge(Exception):
    """The body went past the limit while it was read."""


class _LimitedBody:
    """Passes the request body on and stops at the limit, whatever Content-Length claimed."""

    def __init__(self, receive: Receive, max_bytes: int) -> None:
        self._receive = receive
        self._left = self.max_bytes = max_bytes

    @property
    def exceeded(self) -> bool:
        return self._left < 0

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self.exceeded:
                raise BodyTooLarge
        return message


class _Exchange:
    """One request's answer: adds our headers to whatever a surface sends, and refuses what never reached one."""

    def __init__(self, send: Send, body: _LimitedBody, request_id: str, verdict: Verdict) -> None:
        self._send = send
        self._body = body
        self.request_id = request_id
        self.verdict = verdict
        self.status = 0
        self._began = time.perf_counter()

    def seconds(self) -> float:
        return time.perf_counter() - self._began

    async def send(self, message: Message) -> None:
        """Pass a surface's answer on. Frameworks turn our BodyTooLarge into an answer of their own: replace that."""
        if self._body.exceeded and self.status in (0, 413):
            return await self.refuse_too_large()
        await self._pass_on(message)
        return None

    async def refuse_too_many(self) -> None:
        message = f"Too many requests: the limit is {self.verdict.limit} per minute and address."
        hint = f"Wait {self.verdict.reset_s} seconds, then try again."
        await self._refuse(429, "too_many_requests", message, hint, (b"retry-after", b"%d" % self.verdict.reset_s))

    async def refuse_too_large(self) -> None:
        message = f"The request body is larger than {self._body.max_bytes} bytes."
        await self._refuse(413, "body_too_large", message, "Send a smaller archive.", (b"connection", b"close"))

    async def refuse_bug(self) -> None:
        message = f"Something went wrong on our side (incident {self.request_id})."
        await self._refuse(500, "internal", message, "Try again; if it stays, tell the operator the incident id.")

    async def _refuse(self, status: int, code: str, message: str, hint: str, *more: tuple[bytes, bytes]) -> None:
        if self.status:
            return
        body = error_body(code, message, hint, self.request_id)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *more]
        await self._pass_on({"type": "http.response.start", "status": status, "headers": headers})
        await self._pass_on({"type": "http.response.body", "body": body})

    async def _pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *self._own_headers()]
        await self._send(message)

    def _own_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        return (
            (b"x-request-id", self.request_id.encode()),
            (b"ratelimit-limit", b"%d" % self.verdict.limit),
            (b"ratelimit-remaining", b"%d" % self.verdict.remaining),
            (b"ratelimit-reset", b"%d" % self.verdict.reset_s),
        )


def _request_id(headers: Mapping[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id", b"")
    return given.decode() if _REQUEST_ID.fullmatch(given) else f"req_{_PROCESS}{next(_numbers):06x}"


def _declared_size(headers: Mapping[bytes, bytes]) -> int:
    declared = headers.get(b"content-length", b"0")
    return int(declared) if declared.isdigit() else 0


def _client_address(scope: Scope, headers: Mapping[bytes, bytes], app: App) -> str:
    """The peer's address, or what the outermost trusted proxy saw. An IPv6 client counts as its /64 network."""
    address = scope["client"][0] if scope.get("client") else "unknown"
    if app.settings.trusted_proxies:
        seen = [part.strip() for part in headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")]
        address = (seen[-app.settings.trusted_proxies :] or [address])[0] or address
    if ":" not in address:
        return str(address)
    try:
        return str(ipaddress.ip_network(f"{address}/64", strict=False).network_address)
    except ValueError:
        return str(address)
