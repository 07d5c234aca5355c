"""Answers kept on disk with their ETag: an unchanged document costs one empty answer. Bounded; never private."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from skillyard.sdk.disk import read_if_there, write_atomically

MAX_BODY_BYTES = 4 << 20
MAX_FILES = 512
_KEPT_HEADERS = ("content-type", "etag", "cache-control", "x-request-id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An answer from the cache; good only once the registry has confirmed its ETag."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def etag(self) -> str:
        return self.headers["etag"]


class HttpCache:
    """One file per address and identity: a line of JSON with the headers, then the body."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, url: str, token: str | None) -> Kept | None:
        content = read_if_there(self._path(url, token))
        head, found, body = (content or b"").partition(b"\n")
        if not found:
            return None
        try:
            document = json.loads(head)
            headers = {str(key): str(value) for key, value in document["headers"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        whole = document.get("url") == url and document.get("sha256") == hashlib.sha256(body).hexdigest()
        return Kept(headers=headers, body=body) if whole and "etag" in headers else None

    def keep(self, url: str, token: str | None, headers: Mapping[str, str], body: bytes) -> None:
        """Store an answer that allows it. A cache that cannot be written is no reason to fail."""
        rules = headers.get("cache-control", "").lower()
        if "etag" not in headers or "no-store" in rules or "private" in rules or len(body) > MAX_BODY_BYTES:
            return
        kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
        head = json.dumps({"url": url, "sha256": hashlib.sha256(body).hexdigest(), "headers": kept})
        with suppress(OSError):
            write_atomically(self._path(url, token), head.encode() + b"\n" + body, mode=0o600, durable=False)
            self._drop_oldest()

    def _path(self, url: str, token: str | None) -> Path:
        identity = hashlib.sha256((token or "").encode()).hexdigest()
        return self._folder / hashlib.sha256(f"{identity}\n{url}".encode()).hexdigest()

    def _drop_oldest(self) -> None:
        with os.scandir(self._folder) as entries:
            by_age = sorted((entry.stat().st_mtime, entry.path) for entry in entries)
        for _, path in by_age[:-MAX_FILES]:
            Path(path).unlink(missing_ok=True)
