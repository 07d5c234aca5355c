"""Lets libraries that speak through httpx2 call out by the one door, with its rules, and with headers that we know.

Whatever else such a library would send, such as what it finds in the environment, stays here.
"""

from __future__ import annotations

import asyncio
import time

import httpx2

from skillyard.infra.errors import SkillyardError
from skillyard.infra.outbound import Bounds, Outbound

_SENT = frozenset({"accept", "authorization", "content-type", "x-api-key", "anthropic-version"})
_TAKEN = frozenset({"content-type", "retry-after"})


class OutboundTransport(httpx2.AsyncBaseTransport):
    """For one conversation: all its requests together end `within_s` from now."""

    def __init__(self, outbound: Outbound, *, within_s: float, max_bytes: int) -> None:
        self._outbound = outbound
        self._end = time.monotonic() + within_s
        self._max_bytes = max_bytes

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises httpx2.ConnectError with the reason when there is no answer, or none that we take."""
        left_s = self._end - time.monotonic()
        if left_s <= 0:
            raise httpx2.ReadTimeout("time is up", request=request)
        body = await request.aread()
        try:
            answer = await asyncio.to_thread(
                self._outbound.request,
                request.method,
                str(request.url),
                headers={name: value for name, value in request.headers.items() if name.lower() in _SENT},
                body=body,
                bounds=Bounds(total_s=left_s, phase_s=left_s, max_bytes=self._max_bytes),
            )
        except SkillyardError as error:
            raise httpx2.ConnectError(error.message, request=request) from error
        headers = {name: value for name, value in answer.headers.items() if name in _TAKEN}
        return httpx2.Response(answer.status, headers=headers, content=answer.body, request=request)
