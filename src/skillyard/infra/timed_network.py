"""Connections for outgoing calls: to addresses that were chosen before, with one deadline over all that they do."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore

from skillyard.public_addresses import Address


class Deadline:
    """`at`: the end of everything, on the monotonic clock; `phase_s`: the longest single wait."""

    def __init__(self, at: float, phase_s: float) -> None:
        self._at = at
        self._phase_s = phase_s

    def wait_s(self) -> float:
        """How long the next step may take. Raises httpcore.ReadTimeout when time is up."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("time is up")
        return min(left, self._phase_s)


class TimedNetwork(httpcore.NetworkBackend):
    """Connects to one of `addresses`, whatever host it is asked for: the name was resolved and checked before."""

    def __init__(self, addresses: Sequence[Address], deadline: Deadline) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 (as said above)
        port: int,
        timeout: float | None = None,  # noqa: ARG002 (the deadline knows)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> TimedStream:
        refused: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in self._addresses:
            try:
                stream = self._plain.connect_tcp(
                    str(address), port, self._deadline.wait_s(), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                refused = error
            else:
                return TimedStream(stream, self._deadline)
        raise refused or httpcore.ConnectError("no address")


class TimedStream(httpcore.NetworkStream):
    """Every read and write gets what is left of the time; a trickle of bytes does not stretch it.

    Whoever keeps the connection for the next call sets another `deadline`, and `has_sent` and `has_received` to False.
    """

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self.deadline = deadline
        self.has_sent = self.has_received = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 (the deadline knows)
        data = self._stream.read(max_bytes, self.deadline.wait_s())
        self.has_received = self.has_received or bool(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 (the deadline knows)
        wait_s = self.deadline.wait_s()
        self.has_sent = True
        self._stream.write(buffer, wait_s)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 (the deadline knows)
    ) -> TimedStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self.deadline.wait_s())
        return TimedStream(stream, self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
