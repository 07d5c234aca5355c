"""`Idempotency-Key` on writes: the first answer is kept, sealed under the caller's own credentials, and replayed.

Plain ASGI in front of the native surface. What is stored cannot be read without the token that made the request,
so an answer that shows a secret once is still shown to its owner only.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import tempfile
from typing import IO

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from skillyard.api.entrance import Message, Receive, Scope, Send, Surface
from skillyard.api.native.refusal import error_body, refusal_headers
from skillyard.api.surface import status_of
from skillyard.app import App
from skillyard.infra import idempotency
from skillyard.infra.errors import Invalid, SkillyardError

_KEY = re.compile(rb"[!-~]{1,200}")
_IN_MEMORY_BYTES = 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_NONCE = bytes(12)  # every sealing key seals one answer only
_KEPT_HEADERS = (b"content-type", b"content-encoding", b"location", b"etag")


class BadIdempotencyKey(Invalid):
    code = "bad_idempotency_key"
    text = "The Idempotency-Key is not 1 to 200 printable ASCII characters."
    hint = "Send a random UUID."


class Idempotent:
    """Passes requests on to `surface`; a write that names a key is done once and its answer replayed."""

    def __init__(self, app: App, surface: Surface) -> None:
        self._app = app
        self._surface = surface

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        key = headers.get(b"idempotency-key")
        if key is None or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return await self._surface(scope, receive, send)
        try:
            await self._once(_Request(scope, headers, key), receive, send)
        except SkillyardError as error:
            await _refuse(send, error, scope["state"]["request_id"])
        return None

    async def _once(self, request: _Request, receive: Receive, send: Send) -> None:
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as body:
            fingerprint = await request.spool(receive, body)
            claimed = await asyncio.to_thread(self._claim, request.name, fingerprint)
            if isinstance(claimed, idempotency.Replay):
                return await _replay(send, request.open(claimed.sealed))
            answer = _Answer(send)
            try:
                await self._surface(request.scope, _reader(body), answer.send)
            finally:
                await asyncio.to_thread(self._settle, request, answer)
        return None

    def _claim(self, name: str, fingerprint: str) -> idempotency.Replay | None:
        return idempotency.claim(self._app.database, self._app.clock, name, fingerprint)

    def _settle(self, request: _Request, answer: _Answer) -> None:
        """Keep what was done or refused for good; forget what may go differently next time."""
        if answer.is_final:
            idempotency.complete(self._app.database, self._app.clock, request.name, request.seal(answer))
        else:
            idempotency.release(self._app.database, request.name)


class _Request:
    """A write with a key: its name in the table, its fingerprint, and the key that seals its answer."""

    def __init__(self, scope: Scope, headers: dict[bytes, bytes], key: bytes) -> None:
        if not _KEY.fullmatch(key):
            raise BadIdempotencyKey()
        self.scope = scope
        caller = headers.get(b"authorization") or scope["state"]["client_address"].encode()
        self.name = hashlib.sha256(b"name\0" + caller + b"\0" + key).hexdigest()
        self._sealing_key = hashlib.sha256(b"seal\0" + caller + b"\0" + key).digest()
        self._hash = hashlib.sha256()
        for part in (scope["method"].encode(), scope["raw_path"], scope["query_string"]):
            self._hash.update(part + b"\0")
        self._boundary = _boundary(headers.get(b"content-type", b""))

    async def spool(self, receive: Receive, body: IO[bytes]) -> str:
        """Read the body to `body`; the fingerprint of the whole request. A multipart boundary, which clients make
        up anew for each try, does not count."""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            body.write(message.get("body", b""))
            more = message.get("more_body", False)
        body.seek(0)
        content = await asyncio.to_thread(self._hash_content, body)
        body.seek(0)
        return content

    def _hash_content(self, body: IO[bytes]) -> str:
        content = body.read()
        self._hash.update(content.replace(self._boundary, b"") if self._boundary else content)
        return self._hash.hexdigest()

    def seal(self, answer: _Answer) -> bytes:
        plain = orjson.dumps([answer.status, answer.headers(), answer.body.decode("latin-1")])
        return AESGCM(self._sealing_key).encrypt(_NONCE, plain, self.name.encode())

    def open(self, sealed: bytes) -> tuple[int, list[list[str]], bytes]:
        plain = AESGCM(self._sealing_key).decrypt(_NONCE, sealed, self.name.encode())
        status, headers, body = orjson.loads(plain)
        return status, headers, body.encode("latin-1")


class _Answer:
    """Passes an answer on and remembers it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.body = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._finished = False

    @property
    def is_final(self) -> bool:
        """Done, or refused in a way that the same request would meet again."""
        return self._finished and self.status < 500 and self.status not in (401, 402, 429)

    def headers(self) -> list[list[str]]:
        return [[name.decode(), value.decode("latin-1")] for name, value in self._headers if name in _KEPT_HEADERS]

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._headers = list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
            self._finished = not message.get("more_body", False)
        await self._send(message)


def _reader(body: IO[bytes]) -> Receive:
    async def receive() -> Message:
        chunk = body.read(_CHUNK_BYTES)
        return {"type": "http.request", "body": chunk, "more_body": bool(chunk)}

    return receive


def _boundary(content_type: bytes) -> bytes:
    match = re.search(rb'boundary="?([^";]+)', content_type)
    return match[1] if match else b""


async def _replay(send: Send, answer: tuple[int, list[list[str]], bytes]) -> None:
    status, headers, body = answer
    wire = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    wire += [(b"idempotency-replayed", b"true"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": wire})
    await send({"type": "http.response.body", "body": body})


async def _refuse(send: Send, error: SkillyardError, request_id: str) -> None:
    body = error_body(error.code, error.message, error.advice, request_id, facts=error.facts)
    headers = {"content-type": "application/json", "content-length": str(len(body)), **refusal_headers(error)}
    wire = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status_of(error), "headers": wire})
    await send({"type": "http.response.body", "body": body})
