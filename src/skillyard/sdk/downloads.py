"""Archives to disk: hashed while they arrive, capped, continued where a lost connection or a killed run left off."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from skillyard.sdk.errors import ApiError, IntegrityError, NetworkError, SdkError
from skillyard.sdk.transport import Request, Transport

if TYPE_CHECKING:
    import urllib3

_CHUNK_BYTES = 256 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An archive and what it must be."""

    url: str
    sha256: str
    size_bytes: int
    name: str


def download(
    transport: Transport,
    wanted: Wanted,
    target: Path,
    *,
    attempts: int = 4,
    is_stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Fetch `wanted` into `target` and check it; what is there already is continued, not fetched again.

    Returns the bytes that went over the network. Raises IntegrityError for other bytes than promised (the file is
    removed), ApiError for a refusal, NetworkError when the connection stays lost (the file is kept, to go on later).
    `is_stopped` is asked between chunks, and ends it with SdkError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    received, lost = 0, 0
    while True:
        with target.open("ab+") as file:
            state = _Partial.of(file, limit_bytes=wanted.size_bytes)
            before = state.size_bytes
            try:
                if state.size_bytes < wanted.size_bytes:
                    _receive(transport, wanted, state, is_stopped)
            except NetworkError:
                lost = 1 if state.received else lost + 1
                if lost >= attempts:
                    raise
                transport.back_off(lost)
                continue
            finally:
                received += state.received
        if state.hash.hexdigest() == wanted.sha256 and state.size_bytes == wanted.size_bytes:
            return received
        target.unlink(missing_ok=True)
        if not before:
            raise IntegrityError(
                f"The archive of {wanted.name} is not what was promised: "
                f"its sha256 is {state.hash.hexdigest()}, expected {wanted.sha256}.",
                code="wrong_bytes",
                hint="Nothing was installed. Try again; if it stays so, tell the operator of the registry.",
                facts={"name": wanted.name, "expected_sha256": wanted.sha256},
            )


class _Partial:
    """A file that grows, and the hash of what it holds."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.restart()
        self.received = 0

    @classmethod
    def of(cls, file: BinaryIO, *, limit_bytes: int) -> _Partial:
        """The state of a file that an earlier attempt left; one that is too long is begun anew."""
        partial = cls(file)
        if 0 < os.fstat(file.fileno()).st_size <= limit_bytes:
            file.seek(0)
            while chunk := file.read(_CHUNK_BYTES):
                partial._count(chunk)
        else:
            file.truncate(0)
        return partial

    def restart(self) -> None:
        self.hash = hashlib.sha256()
        self.size_bytes = 0

    def add(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self.received += len(chunk)
        self._count(chunk)

    def empty(self) -> None:
        self._file.truncate(0)
        self.restart()

    def _count(self, chunk: bytes) -> None:
        self.hash.update(chunk)
        self.size_bytes += len(chunk)


def _receive(transport: Transport, wanted: Wanted, state: _Partial, is_stopped: Callable[[], bool]) -> None:
    headers = {"Accept-Encoding": "identity"}
    if state.size_bytes:
        headers["Range"] = f"bytes={state.size_bytes}-"
    with transport.open(Request(method="GET", url=wanted.url, headers=headers)) as answer:
        if answer.status == 416:
            state.empty()
            raise NetworkError("The part that was asked for is not there.", code="bad_range", hint="Try again.")
        _check_status(answer)
        if answer.status != 206 or not _continues(answer, state.size_bytes):
            state.empty()
            if answer.status == 206:
                raise NetworkError("Another part was sent than asked for.", code="bad_range", hint="Try again.")
        for chunk in answer.stream(_CHUNK_BYTES, decode_content=False):
            if state.size_bytes + len(chunk) > wanted.size_bytes:
                raise _too_long(wanted, state)
            state.add(chunk)
            if is_stopped():
                raise SdkError("The download was stopped.", code="stopped", hint="Run the command again to go on.")


def _continues(answer: urllib3.BaseHTTPResponse, offset: int) -> bool:
    return answer.headers.get("content-range", "").startswith(f"bytes {offset}-")


def _check_status(answer: urllib3.BaseHTTPResponse) -> None:
    if answer.status < 400:
        return
    document = None
    with suppress(ValueError):
        document = answer.json()
    error = ApiError.read(answer.status, document, request_id=answer.headers.get("x-request-id"))
    if answer.status in (429, 500, 502, 503, 504):
        raise NetworkError(error.message, code=error.code, hint=error.hint, request_id=error.request_id)
    raise error


def _too_long(wanted: Wanted, state: _Partial) -> IntegrityError:
    state.empty()
    return IntegrityError(
        f"The archive of {wanted.name} is longer than the {wanted.size_bytes} bytes that were promised.",
        code="wrong_bytes",
        hint="Nothing was installed. Tell the operator of the registry.",
        facts={"name": wanted.name},
    )
