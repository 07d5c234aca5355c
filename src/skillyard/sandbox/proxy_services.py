"""The proxy's desk for services: bodies are read whole and within bounds, and threads of the desk's own ask them."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from skillyard.sandbox.proxy_answer import Refused, whole_answer
from skillyard.sandbox.proxy_relay import read_body
from skillyard.sandbox.proxy_request import ProxyRequest, service_request
from skillyard.sandbox.service import Service, ServiceAnswer, ServiceRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskBounds:
    """Of one run: how often services are asked, and how often at once; the bytes of a request's body; how long that
    may take to come, and the answer.
    """

    calls: int = 10_000
    at_once: int = 4
    body_bytes: int = 4 * 1024 * 1024
    read_s: float = 30.0
    answer_s: float = 620.0  # longer than operators can let a call take


class Desk:
    """Of one run. Requests wait for their turn in the order in which they came."""

    def __init__(self, bounds: DeskBounds) -> None:
        self._bounds = bounds
        self._calls_left = bounds.calls
        self._threads = ThreadPoolExecutor(max_workers=bounds.at_once, thread_name_prefix="sandbox-service")
        self._asked: set[Future[ServiceAnswer]] = set()

    async def answer(self, service: Service, request: ProxyRequest, reader: asyncio.StreamReader) -> bytes:
        """The whole answer, as it is sent. Raises Refused; OSError when the program goes away."""
        self._calls_left -= 1
        if self._calls_left < 0:
            raise Refused(429, f"this run has asked {self._bounds.calls} times, which is the most")
        answer = await self._ask(service, service_request(request, await self._read(request, reader)))
        return whole_answer(answer.status, answer.body, answer.headers)

    def close(self) -> None:
        """What a service has begun comes to its end, as it may have done something; what waits does not begin."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        wait(self._asked, timeout=self._bounds.answer_s)

    async def _read(self, request: ProxyRequest, reader: asyncio.StreamReader) -> bytes:
        try:
            async with asyncio.timeout(self._bounds.read_s):
                return await read_body(request, reader, most=self._bounds.body_bytes)
        except TimeoutError:
            raise Refused(408, f"the body did not come within {self._bounds.read_s:g} s") from None

    async def _ask(self, service: Service, request: ServiceRequest) -> ServiceAnswer:
        asked = self._threads.submit(service, request)
        self._asked.add(asked)
        asked.add_done_callback(self._asked.discard)
        try:
            async with asyncio.timeout(self._bounds.answer_s):
                return await asyncio.wrap_future(asked)
        except TimeoutError:
            raise Refused(504, f"there was no answer within {self._bounds.answer_s:g} s") from None
        except Exception:
            raise Refused(502, "the service failed") from None
