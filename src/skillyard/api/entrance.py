"""Where all HTTP comes in: request id, size and rate limits, then a door: hot reads first, else the surface behind it.

Plain ASGI, since every request passes here.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from skillyard.api.native.refusal import error_body
from skillyard.app import App
from skillyard.infra.log import Logger
from skillyard.infra.ratelimit import Verdict
from skillyard.infra.telemetry import observe_request

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Surface = Callable[[Scope, Receive, Send], Awaitable[None]]
HotReads = Callable[[Scope, Receive, Send], Awaitable[bool]]
Spelling = Callable[[str, str, str, str], bytes]  # code, message, hint and request id → the body of a refusal

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
_WINDOW_S = 60
_PROCESS = secrets.token_hex(6)
_numbers = itertools.count()
_SLACK_BYTES = 1024 * 1024
_NO_CHARACTER = "\ufffd"  # in place of a null character, which PostgreSQL takes in no text; nothing is called so
_NO_CHARACTER_QUOTED = b"%EF%BF%BD"

_log = Logger("skillyard.entrance")


async def no_hot_reads(scope: Scope, receive: Receive, send: Send) -> bool:  # noqa: ARG001 (as HotReads)
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A surface, and how requests come to it: by the port they arrive at, by the host they name, else by their path.

    `prefix` is the first segments of such paths, "" for any; the surface does not see them if it `is_prefix_hidden`.
    `hot` may answer a read before the surface does; `spell` makes the body of what is refused before it gets there.
    `writes_are_calls`: of integrations, of which there may be more than of other writes.
    """

    surface: Surface
    prefix: str
    is_prefix_hidden: bool = False
    port: int = 0
    hosts: tuple[str, ...] = ()
    hot: HotReads = no_hot_reads
    spell: Spelling = error_body
    writes_are_calls: bool = False

    def is_named_by(self, path: str) -> bool:
        return path.startswith(self.prefix) and path[len(self.prefix) :][:1] in ("", "/")

    def enter(self, scope: Scope) -> None:
        """Take the hidden prefix out of the path."""
        if self.is_prefix_hidden and self.is_named_by(scope["path"]):
            scope["path"] = scope["path"][len(self.prefix) :]
            scope["raw_path"] = scope["raw_path"][len(self.prefix) :]


def foreign_door(surface: Surface, prefix: str, hosts: str, port: int, hot: HotReads, spell: Spelling) -> Door:
    """A surface whose clients believe that a whole server is theirs. `hosts`: names with commas between them."""
    names = tuple(name.strip().lower() for name in hosts.split(",") if name.strip())
    return Door(surface=surface, prefix=prefix, is_prefix_hidden=True, hosts=names, port=port, hot=hot, spell=spell)


class Entrance:
    """Shows each request to its door. Of several prefixes that match, the longest counts.

    `prepare` makes what is behind the doors and not made yet, as far as nearly every server is asked for it.
    """

    def __init__(self, app: App, doors: Iterable[Door], *, prepare: Callable[[], object] = lambda: None) -> None:
        self._app = app
        self.prepare = prepare
        self._doors = sorted(doors, key=lambda door: -len(door.prefix))
        self._by_port = {str(door.port): door for door in self._doors if door.port}
        self._by_host = {host.encode("idna"): door for door in self._doors for host in door.hosts}
        self._max_body_bytes = app.archive_limits.max_archive_bytes + _SLACK_BYTES

    @property
    def ports(self) -> tuple[int, ...]:
        """Those that doors have for themselves."""
        return tuple(int(port) for port in self._by_port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._lifespan(receive, send) if scope["type"] == "lifespan" else None
        headers = dict(scope["headers"])
        address = _client_address(scope, headers, self._app)
        body = _LimitedBody(receive, self._max_body_bytes)
        scope["path"] = scope["path"].replace("\0", _NO_CHARACTER)
        scope["query_string"] = scope["query_string"].replace(b"%00", _NO_CHARACTER_QUOTED)
        door = self._door(scope, headers)
        verdict = self._rate(door, scope["method"], address)
        door.enter(scope)
        exchange = _Exchange(send, body, _request_id(headers), verdict, door.spell)
        scope["state"] = {"request_id": exchange.request_id, "client_address": address}
        if not verdict.allowed:
            await exchange.refuse_too_many()
        elif _declared_size(headers) > self._max_body_bytes:
            await exchange.refuse_too_large()
        else:
            await self._answer(door, scope, body, exchange)
        observe_request(scope["method"], exchange.status, exchange.seconds())
        return None

    async def _answer(self, door: Door, scope: Scope, body: _LimitedBody, exchange: _Exchange) -> None:
        try:
            if scope["method"] in _READING and await door.hot(scope, body.receive, exchange.send):
                return
            await door.surface(scope, body.receive, exchange.send)
        except BodyTooLarge:
            await exchange.refuse_too_large()
        except BodyBrokeOff:
            return  # there is nobody to answer
        except Exception:
            _log.exception("bug", incident=exchange.request_id, path=scope["path"])
            await exchange.refuse_bug()

    def _door(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Door:
        if self._by_port and scope.get("server") and (door := self._by_port.get(str(scope["server"][1]))):
            return door
        if self._by_host and (door := self._by_host.get(_host_name(headers))):
            return door
        path: str = scope["path"]
        return next(door for door in self._doors if door.is_named_by(path))

    def _rate(self, door: Door, method: str, address: str) -> Verdict:
        settings = self._app.settings
        if method in _READING:
            return self._app.limiter.check(f"read {address}", settings.reads_per_minute, _WINDOW_S)
        if door.writes_are_calls:
            return self._app.limiter.check(f"call {address}", settings.gateway_calls_per_minute, _WINDOW_S)
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


class BodyBrokeOff(Exception):
    """The client left in the middle of the body: what it began is not to be done by half."""


class _LimitedBody:
    """Passes the request body on and stops at the limit, whatever Content-Length claimed, or where it breaks off."""

    def __init__(self, receive: Receive, max_bytes: int) -> None:
        self._receive = receive
        self._left = self.max_bytes = max_bytes
        self._is_whole = False

    @property
    def exceeded(self) -> bool:
        return self._left < 0

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self.exceeded:
                raise BodyTooLarge
            self._is_whole = not message.get("more_body", False)
        elif not self._is_whole:
            raise BodyBrokeOff
        return message


class _Exchange:
    """One request's answer: adds our headers to whatever a surface sends, and refuses what never reached one."""

    def __init__(self, send: Send, body: _LimitedBody, request_id: str, verdict: Verdict, spell: Spelling) -> None:
        self._send = send
        self._body = body
        self.request_id = request_id
        self.verdict = verdict
        self._spell = spell
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
        body = self._spell(code, message, hint, self.request_id)
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


def _host_name(headers: Mapping[bytes, bytes]) -> bytes:
    """Of the Host header, without the port."""
    name, colon, port = headers.get(b"host", b"").lower().rpartition(b":")
    return name if colon and port.isdigit() else headers.get(b"host", b"").lower()


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
