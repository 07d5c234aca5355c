"""Connections that are kept for the next call to the same origin, each made to an address that was checked for it.

A name that leads elsewhere meanwhile leads nowhere here: a kept connection stays at the address that was checked, and
is given up after a while.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar
from urllib.parse import SplitResult

import httpcore

from skillyard.infra.timed_network import Deadline, TimedNetwork, TimedStream
from skillyard.public_addresses import Address

_MOST_KEPT = 128
_KEPT_S = 15.0
_MOST_AGE_S = 300.0
_BREAKS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError)
_SURELY_OPEN_S = 2.0  # servers close what is idle for longer, perhaps just as we write


Found = TypeVar("Found")


class Stale(Exception):
    """A kept connection was closed by the other side before a byte of the answer; another one can be asked."""


class Broken(Exception):
    """An exchange ended before its answer was complete. `was_sent`: the other side may have got the request."""

    def __init__(self, why: Exception, *, was_sent: bool) -> None:
        super().__init__(why)
        self.why = why
        self.was_sent = was_sent


class Kept:
    """One connection to one origin."""

    def __init__(self, origin: httpcore.Origin, stream: TimedStream) -> None:
        self._stream = stream
        self._connection = httpcore.HTTP11Connection(origin=origin, stream=stream)
        self._made_at = self.idle_since = time.monotonic()
        self._is_used = False

    def ask(self, request: httpcore.Request, deadline: Deadline, *, may_repeat: bool) -> httpcore.Response:
        """The answer, whose body is still to be read. Raises Stale, what httpcore raises, and OSError."""
        self._stream.deadline = deadline
        self._stream.has_sent = self._stream.has_received = False
        try:
            response = self._connection.handle_request(request)
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
            if self._is_used and not self._stream.has_received and (may_repeat or not self._stream.has_sent):
                raise Stale from None
            raise
        self._is_used = True
        return response

    @property
    def has_sent(self) -> bool:
        """Whether a byte of the last request may have reached the other side."""
        return self._stream.has_sent

    @property
    def is_reusable(self) -> bool:
        """Bytes after the answer would be taken for the answer to the next request, which may be somebody else's."""
        return self._connection.is_idle() and not self._connection._h11_state.trailing_data[0]

    def is_good(self, *, may_repeat: bool) -> bool:
        """Whether it is worth asking; one that must not be asked twice needs a connection that was just used."""
        now = time.monotonic()
        most_s = _KEPT_S if may_repeat else _SURELY_OPEN_S
        young = now - self.idle_since < most_s and now - self._made_at < _MOST_AGE_S
        return young and not self._connection.has_expired()

    def close(self) -> None:
        self._connection.close()


class Pool:
    """Idle connections by origin, the one used last on top; of too many, those idle for longest are closed."""

    def __init__(self, tls: Callable[[], ssl.SSLContext]) -> None:
        self._tls = tls
        self._idle: OrderedDict[Kept, str] = OrderedDict()  # → its origin, in the order in which they became idle
        self._by_origin: dict[str, list[Kept]] = {}
        self._lock = threading.Lock()

    def exchange(
        self,
        request: httpcore.Request,
        origin: httpcore.Origin,
        deadline: Deadline,
        *,
        find: Callable[[], Sequence[Address]],
        read: Callable[[httpcore.Response], Found],
        may_repeat: bool,
    ) -> Found:
        """What `read` makes of the answer. `find` gives checked addresses for a new connection; `may_repeat`: the
        request may reach the other side twice.

        Raises Broken, what `find` and `read` raise, and what httpcore does when there is no connection.
        """
        kept = self._take(str(origin), may_repeat=may_repeat)
        if kept is not None:
            with suppress(Stale):
                return self._ask(kept, request, origin, deadline, read, may_repeat=may_repeat)
        kept = self._open(origin, find(), deadline)
        return self._ask(kept, request, origin, deadline, read, may_repeat=may_repeat)

    def _ask(
        self,
        kept: Kept,
        request: httpcore.Request,
        origin: httpcore.Origin,
        deadline: Deadline,
        read: Callable[[httpcore.Response], Found],
        *,
        may_repeat: bool,
    ) -> Found:
        try:
            response = kept.ask(request, deadline, may_repeat=may_repeat)
            found = read(response)
            response.close()
        except BaseException as error:
            kept.close()
            if isinstance(error, _BREAKS):
                raise Broken(error, was_sent=kept.has_sent) from error
            raise
        self._give_back(str(origin), kept)
        return found

    def _take(self, origin: str, *, may_repeat: bool) -> Kept | None:
        """An idle connection to the origin, which is the caller's from now on."""
        while kept := self._pop(origin):
            if kept.is_good(may_repeat=may_repeat):
                return kept
            kept.close()
        return None

    def _open(self, origin: httpcore.Origin, addresses: Sequence[Address], deadline: Deadline) -> Kept:
        """A new connection, to one of the addresses."""
        host = origin.host.decode("ascii")
        stream = TimedNetwork(addresses, deadline).connect_tcp(host, origin.port)
        if origin.scheme == b"https":
            try:
                stream = stream.start_tls(self._tls(), host)
            except BaseException:
                stream.close()
                raise
        return Kept(origin, stream)

    def _give_back(self, origin: str, kept: Kept) -> None:
        """Keep it for the next call, unless the other side wants it closed."""
        if not kept.is_reusable:
            kept.close()
            return
        kept.idle_since = time.monotonic()
        with self._lock:
            self._idle[kept] = origin
            self._by_origin.setdefault(origin, []).append(kept)
            oldest = next(iter(self._idle)) if len(self._idle) > _MOST_KEPT else None
            if oldest is not None:
                self._forget(oldest)
        if oldest is not None:
            oldest.close()

    def close(self) -> None:
        """All that are idle."""
        with self._lock:
            idle = list(self._idle)
            self._idle.clear()
            self._by_origin.clear()
        for kept in idle:
            kept.close()

    def _pop(self, origin: str) -> Kept | None:
        with self._lock:
            stack = self._by_origin.get(origin)
            kept = stack[-1] if stack else None
            if kept is not None:
                self._forget(kept)
            return kept

    def _forget(self, kept: Kept) -> None:
        origin = self._idle.pop(kept)
        stack = self._by_origin[origin]
        stack.remove(kept)
        if not stack:
            del self._by_origin[origin]


def origin_of(parts: SplitResult) -> httpcore.Origin:
    """Of an address that was read and admitted."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return httpcore.Origin(scheme=parts.scheme.encode(), host=str(parts.hostname).encode("ascii"), port=port)


def request_of(method: str, url: str, headers: Mapping[str, str], body: bytes) -> httpcore.Request:
    """With the length of the body, which every request with one has. Raises ValueError for headers beyond ASCII."""
    length = {"content-length": str(len(body))} if body or method in ("POST", "PUT", "PATCH") else {}
    named = [(name.encode("ascii"), value.encode("ascii")) for name, value in {**headers, **length}.items()]
    return httpcore.Request(method, url, headers=named, content=body)
