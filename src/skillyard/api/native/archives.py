"""Send an archive: whole or a range, from memory, as a file that the server sends by itself, or from the store."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from skillyard.api.entrance import Scope, Send
from skillyard.api.native.answers import is_known
from skillyard.app import App
from skillyard.domain.registry import download
from skillyard.domain.registry.model import Blob

IMMUTABLE_CACHE = "public, max-age=31536000, immutable"

_MEDIA_TYPES = {"zip": b"application/zip", "tar.gz": b"application/gzip"}
_IN_MEMORY_BYTES = 64 * 1024
_CHUNK_BYTES = 256 * 1024
_PATHSEND = "http.response.pathsend"
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The bytes of an archive if there are few, or the file that they are in if there is one."""

    blob: Blob
    data: bytes | None
    path: Path | None


def load_content(app: App, blob: Blob) -> Content:
    """Raises BlobMissing for a small one that the store has lost."""
    if blob.size_bytes <= _IN_MEMORY_BYTES:
        return Content(blob=blob, data=app.blobs.read(blob.sha256), path=None)
    return Content(blob=blob, data=None, path=app.blobs.local_path(blob.sha256))


async def send_archive(app: App, content: Content, cache_control: str, scope: Scope, send: Send) -> None:
    """Answer a GET or HEAD. The beginning of an archive counts as a download; the rest of it does not."""
    blob, asked = content.blob, _asked(scope)
    etag = f'"{blob.sha256}"'
    headers = _headers(blob, etag, cache_control)
    if is_known(asked.get("if-none-match"), etag):
        return await _send_nothing(send, 304, headers[:3])
    part = _read_range(asked, etag, blob.size_bytes)
    if part is not None and part[0] >= part[1]:
        return await _send_nothing(send, 416, [*headers[:3], (b"content-range", b"bytes */%d" % blob.size_bytes)])
    begin, end = part or (0, blob.size_bytes)
    headers.append((b"content-length", b"%d" % (end - begin)))
    if part is not None:
        headers.append((b"content-range", b"bytes %d-%d/%d" % (begin, end - 1, blob.size_bytes)))
    status = 200 if part is None else 206
    if scope["method"] == "HEAD":
        return await _send_nothing(send, status, headers)
    if begin == 0:
        download.count(app, blob, client=scope["state"]["client_address"])
    await _send_bytes(app, content, (begin, end), status, headers, scope, send)
    return None


async def _send_bytes(
    app: App,
    content: Content,
    part: tuple[int, int],
    status: int,
    headers: list[tuple[bytes, bytes]],
    scope: Scope,
    send: Send,
) -> None:
    start = {"type": "http.response.start", "status": status, "headers": headers}
    if content.data is not None:
        await send(start)
        await send({"type": "http.response.body", "body": content.data[slice(*part)]})
    elif content.path is not None and status == 200 and _PATHSEND in (scope.get("extensions") or {}):
        await send(start)
        await send({"type": _PATHSEND, "path": str(content.path)})
    else:
        source = await asyncio.to_thread(app.blobs.open, content.blob.sha256)
        await send(start)
        with source:
            async for chunk in _chunks(source, *part):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _chunks(source: BinaryIO, begin: int, end: int) -> AsyncIterator[bytes]:
    await asyncio.to_thread(source.seek, begin)
    while begin < end and (chunk := await asyncio.to_thread(source.read, min(_CHUNK_BYTES, end - begin))):
        begin += len(chunk)
        yield chunk


async def _send_nothing(send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _headers(blob: Blob, etag: str, cache_control: str) -> list[tuple[bytes, bytes]]:
    """The first three also stand in answers without a body."""
    return [
        (b"etag", etag.encode()),
        (b"cache-control", cache_control.encode()),
        (b"accept-ranges", b"bytes"),
        (b"content-type", _MEDIA_TYPES[blob.format]),
        (b"content-disposition", f'attachment; filename="{blob.filename}"'.encode()),
        (b"x-content-type-options", b"nosniff"),
    ]


def _asked(scope: Scope) -> Mapping[str, str]:
    wanted = {b"if-none-match", b"range", b"if-range"}
    return {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in wanted}


def _read_range(asked: Mapping[str, str], etag: str, size_bytes: int) -> tuple[int, int] | None:
    """Begin and end of the one range asked for (RFC 9110, section 14.1.2), empty when there is no such part.

    None for the whole: nothing asked, several ranges, nonsense, or a range of other content.
    """
    match = _RANGE.fullmatch(asked.get("range", ""))
    if match is None or match[0] == "bytes=-" or asked.get("if-range", etag) != etag:
        return None
    first, last = match.groups()
    if not first:
        return max(0, size_bytes - int(last)), size_bytes
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size_bytes) if last else size_bytes
