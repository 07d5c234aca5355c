"""dulwich's client of git's HTTP protocol, which asks through our door and follows nobody elsewhere."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from dulwich.client import AbstractHttpGitClient

from skillyard.infra.git_remote import GitFailed, RepositoryNotFound
from skillyard.infra.outbound import Answer, Bounds, Outbound

_ADVERTISEMENT = "application/x-git-upload-pack-advertisement"
_ABSENT = (401, 403, 404, 410)  # a forge asks for a password rather than say that something is private
_MOST_READS = 400_000  # so that nobody keeps us busy with packets of a byte
_MOST_REDIRECTS = 3
logging.getLogger("dulwich").setLevel(logging.CRITICAL)  # it would log what servers send


class DoorClient(AbstractHttpGitClient):
    """For one conversation: what the server has is found out once, and its end is `within_s` from now."""

    def __init__(self, outbound: Outbound, repository: str, *, within_s: float, max_bytes: int) -> None:
        super().__init__(repository, thin_packs=False, quiet=True)
        self._outbound = outbound
        self._repository = repository
        self._end = time.monotonic() + within_s
        self._max_bytes = max_bytes
        self._discovered: Any = None

    @property
    def can_filter(self) -> bool:
        """Whether the server said so, as it does in version 2 of the protocol only (gitprotocol-v2(5))."""
        said = self._discovered[1] if self._discovered else ()
        return any(b"filter" in line.strip().removeprefix(b"fetch=").split() for line in said if b"fetch=" in line)

    def _discover_references(self, *args: Any, **kwargs: Any) -> Any:
        if self._discovered is None:
            self._discovered = super()._discover_references(*args, **kwargs)
        return self._discovered

    def _http_request(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        data: bytes | Iterator[bytes] | None = None,
        raise_for_status: bool = True,  # noqa: ARG002 (an answer that is none is always a failure here)
    ) -> Any:
        body = data if isinstance(data, bytes) else b"".join(data or ())
        sent = {name: value for name, value in (headers or {}).items() if name.lower() != "content-length"}
        answer = self._outbound.request(
            "POST" if body else "GET", url, headers=sent, body=body, bounds=self._bounds(is_first=not body)
        )
        host = str(urlsplit(answer.url).hostname)
        if answer.status in _ABSENT:
            raise RepositoryNotFound(repository=self._repository)
        if answer.status != 200:
            raise GitFailed(host=host, why=f"it answered with status {answer.status}")
        response = _Response(answer, url)
        if not body and response.content_type != _ADVERTISEMENT:
            raise GitFailed(host=host, why="what is at this address is no git repository")
        return response, _Reads(answer.body)

    def _bounds(self, *, is_first: bool) -> Bounds:
        left_s = max(0.0, self._end - time.monotonic())
        bounds = Bounds(total_s=left_s, phase_s=left_s, max_bytes=self._max_bytes)
        return replace(bounds, max_redirects=_MOST_REDIRECTS) if is_first else bounds


class _Response:
    """As much of an HTTP response as dulwich looks at."""

    def __init__(self, answer: Answer, asked: str) -> None:
        self.content_type = answer.headers.get("content-type", "").partition(";")[0]
        self.redirect_location = answer.url if answer.url != asked else ""

    def close(self) -> None:
        """It is all there already."""


class _Reads:
    """Hands out an answer piece by piece, but not in too many pieces."""

    def __init__(self, body: bytes) -> None:
        self._body = BytesIO(body)
        self._left = _MOST_READS

    def __call__(self, size: int = -1) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise ValueError("it sends its answer in too many pieces")
        return self._body.read(size)


class NothingHere:
    """What we have of the repository."""

    def __next__(self) -> None:
        return None

    def ack(self, oid: bytes) -> None:
        """It never happens, since we name nothing that we have."""

    def nak(self) -> None:
        """As expected."""
